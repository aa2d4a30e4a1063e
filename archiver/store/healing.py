"""Which items of the quarantine a visit settles. Pure.

Where the message's id is known, it is settled when the source says it in a way that can be read. Where it is not, as
for a whole reply that was broken, it is settled by a reading of the whole chat session in which nothing was
unreadable: whatever the item held has then been read.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from archiver.store.visit import Visit


@dataclass(frozen=True, kw_only=True)
class QuarantineItem:
    """A row of `quarantine`, without what it holds."""

    id: int
    chat_session_id: int
    """The chat session that was asked for."""
    chat_message_id: int | None
    """None: it could not be read, or it is a whole reply."""
    reason: str
    payload_bytes: int
    quarantined_at: datetime
    resolved_at: datetime | None
    is_conflict: bool
    """Whether it is kept because another message has its id: nothing that the source says settles that."""


def is_settled(item: QuarantineItem, visit: Visit, conflicting: Collection[int]) -> bool:
    """Whether an open item of the visited chat session is settled by the visit.

    Args:
        conflicting: ids of messages that the visit brought and that were not stored.
    """
    if item.is_conflict:
        return False
    key = item.chat_message_id
    if key is not None:
        if key in conflicting or any(odd.chat_message_id == key for odd in visit.undecodable):
            return False
        if any(message.chat_message_id == key for message in visit.messages):
            return True
    return visit.is_whole and not visit.undecodable and _is_believable(visit)


def _is_believable(visit: Visit) -> bool:
    """Whether a reading may be taken for all there is: an empty one may be a failed one, where there were messages.

    While the cursor is 0 that does no harm, since the next visit reads from the beginning too.
    """
    return bool(visit.messages) or visit.before is None or visit.before.last_message_id == 0
