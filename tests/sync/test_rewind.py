"""The rule that tells a source that went back from one that lost some messages."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.store.compare import Verdict
from archiver.sync.rewind import Answer, find_rewind, gone_from_its_place, suspects


def answer(chat_session_id: int, expected: Sequence[int], came: Sequence[int] = (), **verdicts: Verdict) -> Answer:
    """`verdicts`: m7=Verdict.EDIT for message 7; what else came is as stored."""
    all_that_came = dict.fromkeys(came, Verdict.SAME) | {int(key[1:]): each for key, each in verdicts.items()}
    return Answer(
        chat_session_id=chat_session_id,
        expected=tuple(expected),
        came=all_that_came,
        archived_under=dict.fromkeys(all_that_came, chat_session_id),
    )


CHATS = st.lists(st.integers(1, 5), min_size=2, max_size=30)
"""The chat session that each message is in, by the order of their ids."""


@given(CHATS, st.data())
def test_a_restore_that_cut_a_chat_session_or_left_nothing_is_told_if_it_reached_two(
    chats: list[int], data: st.DataObject
) -> None:
    left = data.draw(st.integers(0, len(chats)))
    ids = {chat: [key for key, each in enumerate(chats, start=1) if each == chat] for chat in set(chats)}
    answers = [answer(chat, keys, [key for key in keys if key <= left]) for chat, keys in ids.items()]
    losing = [keys for keys in ids.values() if keys[-1] > left]
    is_cut = any(keys[0] <= left for keys in losing)
    assert (find_rewind(answers) is not None) == (len(losing) >= 2 and (is_cut or not left))


@pytest.mark.parametrize(
    "answers",
    [
        [],
        [answer(1, [1, 2], [1, 2]), answer(2, [3], [3])],
        [answer(1, [1, 2])],  # alone, it may have been deleted
        [answer(1, [1], [1]), answer(2, [2]), answer(3, [3])],  # two that were deleted whole
        [answer(1, [1, 3], [1]), answer(2, [2, 4], [2, 4])],
        [answer(1, [1, 3], [1]), answer(2, [2, 5], [2]), answer(3, [4], [4])],  # something between is left
        [answer(1, [1, 2], m1=Verdict.EDIT, m2=Verdict.EDIT), answer(2, [3], m3=Verdict.READ_MARK)],
    ],
)
def test_what_a_deletion_or_an_edit_explains_tells_nothing(answers: list[Answer]) -> None:
    assert find_rewind(answers) is None


def test_what_an_edit_seems_to_be_under_an_id_that_is_used_again_does_not_hide_the_loss_of_others() -> None:
    answers = [answer(1, [1, 2, 5], [1], m2=Verdict.EDIT), answer(2, [3, 4])]
    assert find_rewind(answers) == (
        "the newest messages of chat sessions 1, 2 are not there any more, from message 4 on"
    )


def test_one_other_message_is_enough_and_all_are_counted() -> None:
    one = answer(1, [1, 2], [1], m2=Verdict.CONFLICT)
    assert find_rewind([one, answer(2, [3], [3])]) == "message 2 of chat session 1 is another one now"
    both = [one, answer(2, [3], m3=Verdict.CONFLICT)]
    assert find_rewind(both) == "message 2 of chat session 1 is another one now, the first of 2"


def test_what_was_erased_here_tells_nothing_whatever_comes() -> None:
    erased = answer(1, [1, 2], m1=Verdict.ERASED, m2=Verdict.ERASED)
    assert (find_rewind([erased, erased]), erased.is_well) == (None, True)


def test_a_message_that_could_not_be_read_is_neither_lost_nor_well() -> None:
    odd = Answer(chat_session_id=1, expected=(1,), came={}, archived_under={}, unreadable={1})
    assert (find_rewind([odd, odd]), odd.is_well, gone_from_its_place([odd])) == (None, False, {})


def test_suspects_are_where_something_is_lost_or_another_one_now() -> None:
    foreign = Answer(
        chat_session_id=3, expected=(6,), came={6: Verdict.SAME, 2: Verdict.CONFLICT}, archived_under={6: 3, 2: 9}
    )
    assert suspects([answer(1, [1, 2], [2]), answer(2, [5], [5]), foreign]) == {1, 3, 9}


def test_an_edit_in_its_place_is_still_the_archived_message() -> None:
    answers = [answer(1, [1, 2], m1=Verdict.EDIT, m2=Verdict.CONFLICT), answer(2, [3])]
    assert gone_from_its_place(answers) == {2: 1, 3: 2}
