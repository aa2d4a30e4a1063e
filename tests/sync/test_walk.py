"""Up to where a walk is done, and when a source is given up."""

from hypothesis import given
from hypothesis import strategies as st

from archiver.errors import (
    AuthenticationFailed,
    NullReply,
    PermissionDenied,
    RateLimited,
    SourceError,
    SourceUnavailable,
    UnexpectedReply,
)
from archiver.sync.outlook import IN_A_ROW_AT_FIRST, IN_A_ROW_LATER, REFUSALS_IN_A_ROW, Outlook
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


def outlook_after(*errors: SourceError | None) -> Outlook:
    outlook = Outlook()
    for error in errors:
        outlook.note(error)
    return outlook


def test_a_source_that_never_answered_is_given_up_after_a_few() -> None:
    assert not outlook_after(*[SourceUnavailable()] * (IN_A_ROW_AT_FIRST - 1)).is_hopeless()
    assert outlook_after(*[SourceUnavailable()] * IN_A_ROW_AT_FIRST).is_hopeless()


def test_a_source_that_never_answered_is_given_up_when_all_was_tried() -> None:
    assert outlook_after(SourceUnavailable()).is_hopeless(is_last=True)
    assert not outlook_after(None, SourceUnavailable()).is_hopeless(is_last=True)


def test_wrong_credentials_are_not_tried_twice() -> None:
    assert outlook_after(AuthenticationFailed()).is_hopeless()


def test_a_source_that_answered_before_is_given_more_time() -> None:
    assert not outlook_after(None, *[RateLimited()] * (IN_A_ROW_LATER - 1)).is_hopeless()
    assert outlook_after(None, *[RateLimited()] * IN_A_ROW_LATER).is_hopeless()
    assert outlook_after(None, *[PermissionDenied()] * REFUSALS_IN_A_ROW).is_hopeless()


def test_an_odd_reply_is_an_answer_all_the_same() -> None:
    assert not outlook_after(*[NullReply(), UnexpectedReply()] * 50).is_hopeless(is_last=True)
