"""What a visit to a chat session brought, and where that leaves its cursor. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from archiver.model import ChatMessage, Quarantined
from archiver.ranges import MAX_ID
from archiver.store.ledger import Failure
from archiver.store.state import ChatSessionState

FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=1)
"""How long a chat session that failed is left alone; twice as long after each further failure. The source cleans up
deleted chat sessions within a day, and the longest pause has to stay far below that."""


@dataclass(frozen=True, kw_only=True)
class Visit:
    """What one visit to a chat session brought: any mix of messages and a failure, or proof of absence."""

    chat_session_id: int
    before: ChatSessionState | None
    """Its state when the visit began; None: never visited."""
    messages: Sequence[ChatMessage] = ()
    """Ascending within a reply; of this chat session mostly. Each counts for the chat session it names."""
    quarantined: Sequence[Quarantined] = ()
    failure: Failure | None = None
    is_absent: bool = False
    """The source has no such chat session, and neither have we."""
    is_whole: bool = False
    """Whether it read the chat session from its beginning to its end."""
    own_ids: Sequence[int] = ()
    """Of a whole reading: the ids of all messages that name this chat session, of all its parts, each once."""
    found_before: bool = False
    """Whether an earlier part of it brought something to store."""
    lacks_entity: bool | None = None
    """Whether the source knows nothing of a chat session of which we hold messages and it returned none; None: it was
    not asked."""
    is_gone: bool = False
    """That was so before, long enough ago."""
    goes_on: bool = False
    """Whether it is but a part of a long visit, whose next part begins where this one ended."""

    @property
    def has_news(self) -> bool:
        """Whether there may be something to store."""
        if self.messages or self.quarantined or self.failure or self.is_whole or self.before is None:
            return True
        if self.lacks_entity is not None:
            return True
        was_absent = self.before.state == "absent"
        return self.before.failures > 0 or was_absent != self.is_absent


def confirm_gone(visit: Visit, *, at: datetime, confirm_after: timedelta) -> Visit:
    """The visit as it counts: one that misses the entity for the second time, apart in time, finds the chat session
    gone, and that is no failure."""
    before = visit.before
    if not visit.lacks_entity or before is None:
        return visit
    is_confirmed = before.missing_since is not None and at - before.missing_since >= confirm_after
    return replace(visit, is_gone=True, failure=None) if is_confirmed else visit


def after_visit(
    visit: Visit, *, at: datetime, settle_after: timedelta | None = None, found_nothing: bool = False
) -> ChatSessionState:
    """The state that a visit leaves behind.

    The cursor goes to the largest id returned for this chat session, and never back.

    Args:
        at: now, an aware UTC instant.
        settle_after: how long a chat session has to be quiet to be settled; None: it is not the time to ask.
        found_nothing: a whole reading that found what is archived, and nothing else.
    """
    before = visit.before or ChatSessionState(chat_session_id=visit.chat_session_id)
    if visit.failure:
        failures = before.failures + 1
        retry_at = at + pause_after(failures)
        before = replace(before, failures=failures, last_error=visit.failure.kind, retry_at=retry_at)
    elif before.failures and not visit.goes_on:
        before = replace(before, failures=0, last_error=None, retry_at=None)
    if visit.is_absent:
        return replace(before, state="absent")
    if visit.lacks_entity:
        state = "gone" if visit.is_gone else before.state
        return replace(before, state=state, missing_since=before.missing_since or at)
    cursor = highest_own_id(visit.messages, visit.chat_session_id)
    if visit.quarantined:
        cursor = max(cursor, highest_own_quarantined(visit.quarantined))
    if cursor or visit.lacks_entity is False:  # it is there
        before = replace(before, missing_since=None) if before.missing_since else before
    if cursor > before.last_message_id:
        own = [each.when_posted for each in visit.messages if each.chat_session_id == visit.chat_session_id]
        last_activity_at = min(max(filter(None, own), default=at), at)  # a bot's time may lie in the future
        return replace(before, last_message_id=cursor, state="open", last_activity_at=last_activity_at)
    if before.state == "absent" and not visit.failure:
        return replace(before, state="new")
    if before.state == "gone" and (cursor or visit.lacks_entity is False):
        before = replace(before, state="open")
    if visit.is_whole and settle_after is not None and _may_settle(before, at=at, settle_after=settle_after):
        return _settled(before, at=at) if found_nothing else replace(before, state="quiet")
    return before


def _may_settle(before: ChatSessionState, *, at: datetime, settle_after: timedelta) -> bool:
    """What is settled does not stay so when something is found, though `settle_after` grew meanwhile."""
    return before.state == "settled" or is_quiet(before, at=at, settle_after=settle_after)


def _settled(before: ChatSessionState, *, at: datetime) -> ChatSessionState:
    return before if before.state == "settled" else replace(before, state="settled", settled_at=at)


def is_quiet(state: ChatSessionState, *, at: datetime, settle_after: timedelta) -> bool:
    """Whether nobody has written in a chat session with messages for so long."""
    return state.last_activity_at is not None and at - state.last_activity_at >= settle_after


def pause_after(failures: int) -> timedelta:
    """How long to leave a chat session alone that failed so often in a row, at least once."""
    doublings = min(failures - 1, 16)
    return min(FIRST_PAUSE * (1 << doublings), LONGEST_PAUSE)


def highest_own_id(messages: Sequence[ChatMessage], chat_session_id: int) -> int:
    """How far a cursor may go for these messages, ascending within a reply; 0 for none.

    An id beyond the API's int32 is none to go to, since no later call could name it.
    """
    own = [message.chat_message_id for message in messages if message.chat_session_id == chat_session_id]
    return max([key for key in own if key <= MAX_ID], default=0)


def highest_own_quarantined(items: Sequence[Quarantined]) -> int:
    """As `highest_own_id`, for rows that went into quarantine."""
    own = (item.chat_message_id for item in items if item.is_own and item.chat_message_id is not None)
    return max((key for key in own if key <= MAX_ID), default=0)
