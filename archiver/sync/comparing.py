"""One chat session at the source against what the archive holds of it, message by message. Pure.

What a message may be: the same; different, in these of its properties; missing on one side; or returned though we
call it gone. Some are expected to be on one side alone, and no difference: what was archived and is gone, what was
erased, what is not to be stored, and what came since the last visit.
"""

import enum
from array import array
from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from msgspec.structs import replace

from archiver.model import PROPERTIES, ChatMessage
from archiver.store.verifying.holdings import Held, Known
from archiver.store.verifying.tally import DayTallies, records_of

_CONTENT = [*(name for name in PROPERTIES.values() if name not in ("chat_message_id", "read_by_customer")), "extra"]


class Kind(enum.StrEnum):
    """In which way the two sides differ about a message."""

    MISSING_HERE = "missing here"
    """The source has it; the archive should and doesn't."""
    MISSING_THERE = "missing there"
    """The archive holds it, not as gone, and the source doesn't return it."""
    DIFFERENT = "different"
    RETURNED_AGAIN = "returned again"
    """The archive calls it gone."""


class Expected(enum.StrEnum):
    """Why a message is no difference."""

    SAME = "same"
    NOT_YET = "not archived yet"
    """It came after the last visit: above the cursor."""
    GONE = "gone"
    """A tombstone, or a message of a chat session that is gone."""
    ERASED = "erased"
    BELOW_FLOOR = "below floor"
    IN_MOTION = "in motion"
    """One reading saw it differ and another did not: it changed meanwhile, here or there."""


@dataclass(frozen=True, kw_only=True)
class How:
    """How a message differs."""

    kind: Kind
    properties: tuple[str, ...] = ()
    """Of a different one: which of its properties differ."""
    moved_by: timedelta | None = None
    """From the archive's time to the source's, where nothing but the time differs."""


_TOLD_ONCE = 2
"""So many messages of a chat session, all moved by the same span, are one difference."""


@dataclass(frozen=True, kw_only=True)
class ChatSessionDifferences:
    """All that differs in one chat session."""

    chat_session_id: int
    found: Mapping[How, "array[int]"] = field(default_factory=dict)
    """ChatMessageIds, ascending; eight bytes each, since all of a tenant may differ."""

    @property
    def shifted_by(self) -> timedelta | None:
        """The span by which the times of all differing messages moved; None: that is not what happened."""
        if len(self.found) != 1:
            return None
        ((how, ids),) = self.found.items()
        return how.moved_by if len(ids) >= _TOLD_ONCE else None

    @property
    def count(self) -> int:
        """Differences; a uniform shift is one."""
        return 1 if self.shifted_by is not None else sum(map(len, self.found.values()))

    def ids(self, kind: Kind) -> list[int]:
        return sorted(key for how, ids in self.found.items() if how.kind is kind for key in ids)

    def has(self, kind: Kind, chat_message_id: int) -> bool:
        return any(how.kind is kind and _holds(ids, chat_message_id) for how, ids in self.found.items())


class Reading:
    """One reading of a chat session, compared part by part."""

    def __init__(self, chat_session_id: int, confirms: ChatSessionDifferences | None = None) -> None:
        """`confirms`: what an earlier reading found; what differs now alone is in motion."""
        self.chat_session_id, self._confirms = chat_session_id, confirms
        self._returned = array("q")
        self._found: dict[How, array[int]] = {}
        self.tallies = DayTallies()
        self.expected: Counter[Expected] = Counter()

    @property
    def differences(self) -> ChatSessionDifferences:
        found = {how: array("q", sorted(ids)) for how, ids in self._found.items()}
        return ChatSessionDifferences(chat_session_id=self.chat_session_id, found=found)

    def take_returned(self, messages: Sequence[ChatMessage], held: Mapping[int, Held], known: Known) -> None:
        """Compare what the source returned. What it repeats counts once.

        Args:
            held: those of the messages that the archive holds, by id.
        """
        for message in messages:
            if self._is_new(message.chat_message_id):
                here = held.get(message.chat_message_id)
                self._note(judge_returned(message, here, known), message, here.message if here else None)

    def take_held(self, held: Iterable[Held], known: Known) -> None:
        """Compare what the archive holds of the chat session, once the source has returned all."""
        for each in held:
            if not _holds(self._returned, each.message.chat_message_id):
                self._note(judge_not_returned(each, known), None, each.message)

    def _is_new(self, chat_message_id: int) -> bool:
        if not self._returned or chat_message_id > self._returned[-1]:
            self._returned.append(chat_message_id)
            return True
        if _holds(self._returned, chat_message_id):
            return False
        insort(self._returned, chat_message_id)
        return True

    def _note(self, verdict: How | Expected, there: ChatMessage | None, here: ChatMessage | None) -> None:
        message = there or here
        assert message
        is_own = message.chat_session_id == self.chat_session_id  # another counts where it belongs
        if isinstance(verdict, How):
            if self._confirms and not self._confirms.has(verdict.kind, message.chat_message_id):
                verdict = Expected.IN_MOTION
            else:
                self._found.setdefault(verdict, array("q")).append(message.chat_message_id)
        if isinstance(verdict, Expected):
            self.expected[verdict] += is_own
            if verdict is Expected.SAME and is_own:
                self.tallies.add_same(message)
            return
        if not is_own:
            return
        if there:
            self.tallies.add_there(there)
        if here and verdict.kind is not Kind.RETURNED_AGAIN:
            self.tallies.add_here(here)


def judge_returned(message: ChatMessage, held: Held | None, known: Known) -> How | Expected:
    """What a message that the source returned is to what the archive holds under its id."""
    if held is None:
        if message.chat_message_id <= known.floor:
            return Expected.BELOW_FLOOR
        return Expected.NOT_YET if message.chat_message_id > known.cursor else How(kind=Kind.MISSING_HERE)
    if held.erased_at:
        return Expected.ERASED
    if held.gone_at or known.is_gone:
        return How(kind=Kind.RETURNED_AGAIN)
    if held.message == message or records_of(held.message) == records_of(message):
        return Expected.SAME
    return _different(message, held.message)


def judge_not_returned(held: Held, known: Known) -> How | Expected:
    """What a message is that the archive holds and the source did not return."""
    if held.erased_at:
        return Expected.ERASED
    if held.gone_at or known.is_gone:
        return Expected.GONE
    return How(kind=Kind.MISSING_THERE)


def _different(there: ChatMessage, here: ChatMessage) -> How:
    says = records_of(here)
    properties = tuple(name for name in _CONTENT if records_of(replace(here, **{name: getattr(there, name)})) != says)
    moved_by = None
    if properties == ("when_posted",) and there.when_posted and here.when_posted:
        moved_by = there.when_posted - here.when_posted
    return How(kind=Kind.DIFFERENT, properties=properties, moved_by=moved_by)


def _holds(ids: "array[int]", key: int) -> bool:
    at = bisect_left(ids, key)
    return at < len(ids) and ids[at] == key
