"""Whether a source went back in time, as after a restored backup, told from what it says of archived messages. Pure.

A restored backup loses every message above some id, and the ids are given again. So there are two kinds of evidence:
another message under a known id, of which one is enough, and newest messages that are not there any more, which a
deletion explains too: of these it takes several chat sessions, parted from all that is left by one line through the
ids.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from archiver.store.compare import Verdict

_AS_STORED = (Verdict.SAME, Verdict.READ_MARK, Verdict.ERASED)
ENOUGH = 2
"""Chat sessions that lost their newest message; one may have been deleted."""
_NAMED = 3


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came of asking a chat session for messages that are archived of it. Nothing came: it has none of them."""

    chat_session_id: int
    expected: tuple[int, ...]
    """The ChatMessageIds that were asked for, ascending, at least one."""
    came: Mapping[int, Verdict]
    """What each of the archived messages that came is to the archived one, those not asked for included."""
    archived_under: Mapping[int, int]
    """The chat session that each of these is archived under."""
    unreadable: Collection[int] = ()
    """Messages that came and could not be read."""
    rewritten: Collection[int] = ()
    """Of those that came, the ones with another text and another time; an edit leaves the time alone."""

    @property
    def is_lost(self) -> bool:
        """Whether the newest message did not come back, or as another one by the same author."""
        newest = self.expected[-1]
        return newest in self.rewritten or (newest not in self.came and newest not in self.unreadable)

    @property
    def kept(self) -> list[int]:
        return [key for key in self.expected if self.came.get(key) in _AS_STORED]

    @property
    def others(self) -> list[int]:
        """The known ids under which another message came."""
        return [key for key, verdict in self.came.items() if verdict is Verdict.CONFLICT]

    @property
    def is_well(self) -> bool:
        """Whether all that was asked for came as it is stored."""
        return len(self.kept) == len(self.expected) and not self.others


def find_rewind(answers: Sequence[Answer]) -> str | None:
    """What shows that the source went back, in a sentence of ids alone; None when nothing does."""
    under = {key: answer.archived_under[key] for answer in answers for key in answer.others}
    if under:
        return describe_others(under)
    lost = [answer for answer in answers if answer.is_lost]
    if len(lost) < ENOUGH or not _is_cut_off(answers, lost):
        return None
    first = min(answer.expected[-1] for answer in lost)
    ids = sorted(answer.chat_session_id for answer in lost)
    return f"the newest messages of chat sessions {_listed(ids)} are not there any more, from message {first} on"


def _is_cut_off(answers: Sequence[Answer], lost: Sequence[Answer]) -> bool:
    """Whether what is lost lies above all that is left, and nobody can have deleted just that.

    So nothing is left, or a chat session lost its end alone, or others came in the place of what is lost.
    """
    left = max((key for answer in answers for key in answer.kept), default=0)
    is_above = left < min(answer.expected[-1] for answer in lost)
    return is_above and (not left or any(answer.kept or answer.rewritten for answer in lost))


def describe_others(under: Mapping[int, int]) -> str:
    """A sentence for known ids under which another message came, and the chat sessions they are archived under."""
    first = min(under)
    of = f", the first of {len(under)}" if len(under) > 1 else ""
    return f"message {first} of chat session {under[first]} is another one now{of}"


def suspects(answers: Sequence[Answer]) -> set[int]:
    """The chat sessions to read whole once a person has said that it was no restore.

    Also those in which another message came, wherever the archived one belongs: by being read it goes into
    quarantine, and is known from then on.
    """
    lost = {answer.chat_session_id for answer in answers if not answer.is_well}
    others = {answer.archived_under[key] for answer in answers for key in answer.others}
    return lost | others | edited(answers)


def edited(answers: Sequence[Answer]) -> set[int]:
    """The chat sessions of messages that came with another content."""
    return {
        answer.archived_under[key]
        for answer in answers
        for key, verdict in answer.came.items()
        if verdict is Verdict.EDIT
    }


def gone_from_its_place(answers: Sequence[Answer]) -> dict[int, int]:
    """Of messages under whose ids others came elsewhere: those that their own chat session does not return either."""
    still = (Verdict.SAME, Verdict.READ_MARK, Verdict.EDIT, Verdict.ERASED)
    return {
        key: answer.chat_session_id
        for answer in answers
        for key in answer.expected
        if answer.came.get(key) not in still and key not in answer.unreadable
    }


def _listed(ids: Sequence[int]) -> str:
    more = f" and {len(ids) - _NAMED} more" if len(ids) > _NAMED else ""
    return ", ".join(map(str, ids[:_NAMED])) + more
