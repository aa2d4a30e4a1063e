"""Up to where a walk is done."""

from hypothesis import given
from hypothesis import strategies as st

from archiver.sync.plan import Due
from archiver.sync.walk import Walk


def due(chat_session_id: int) -> Due:
    return Due(chat_session_id=chat_session_id, before=None, after=0)


@given(st.sets(st.integers(min_value=1, max_value=10_000), min_size=1), st.data())
def test_the_mark_never_passes_what_is_not_done(ids: set[int], data: st.DataObject) -> None:
    walk = Walk(iter(due(key) for key in sorted(ids)))
    handed: list[int] = []
    done: set[int] = set()
    for _ in range(len(ids)):
        handed.append(next(walk).chat_session_id)
        now_done = data.draw(st.sets(st.sampled_from(handed)))
        walk.done(now_done)
        done |= now_done
        undone = sorted(ids - done)
        assert not undone or walk.mark() < undone[0]


def test_the_mark_counts_what_is_about_to_be_committed() -> None:
    walk = Walk(iter([due(3), due(5), due(9)]))
    next(walk), next(walk)
    assert walk.mark() == 2
    assert walk.mark(finished=[3]) == 4
    assert walk.mark(finished=[3, 5]) == 5


def test_a_resumed_walk_that_looks_back_does_not_take_its_mark_back() -> None:
    walk = Walk(iter([due(2), due(900)]), starts_above=800)
    next(walk)
    assert walk.mark() == 800


def test_a_second_try_neither_holds_the_mark_nor_moves_it() -> None:
    second = Due(chat_session_id=2, before=None, after=0, is_second_try=True, is_in_order=False)
    walk = Walk(iter([due(5), second]))
    next(walk), next(walk)
    walk.done([5])
    assert walk.mark() == 5


def test_what_is_tried_again_comes_next_and_holds_the_mark_until_it_is_done() -> None:
    walk = Walk(iter([due(3), due(5), due(9)]))
    first = next(walk)
    walk.again(first)
    again = next(walk)
    assert (again.chat_session_id, again.is_second_try) == (3, True)
    assert next(walk).chat_session_id == 5
    assert walk.mark() == 2
    walk.done([3])
    assert walk.mark() == 4


def test_what_is_tried_again_is_handed_out_when_the_walk_is_over_too() -> None:
    walk = Walk(iter([due(3)]))
    first = next(walk)
    assert list(walk) == []
    walk.again(first)
    assert [each.chat_session_id for each in walk] == [3]
