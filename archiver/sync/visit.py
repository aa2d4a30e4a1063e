"""The calls made for one chat session, and what they prove."""

import threading
from array import array
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from archiver.errors import Interrupted, NullReply, SourceDown, SourceError, UndecodableReply
from archiver.model import ChatMessage, Quarantined
from archiver.store.ledger import UNDECODABLE, Failure
from archiver.store.visit import Visit, after_visit, highest_own_id, highest_own_quarantined
from archiver.superoffice.client import SuperOfficeClient
from archiver.superoffice.long_replies import ascend
from archiver.sync.plan import Due

FULL_REPLY_ROWS = 100
"""A reply of so many rows is asked again at once: a hidden cap is possible. The next visit confirms a smaller one; a
full visit, after which the next one would begin anew, asks on until nothing new comes."""
PART_MESSAGES = 5000
"""A visit with more messages comes in parts, so that memory stays flat however long a chat session is."""


def visit_chat_session(
    client: SuperOfficeClient, due: Due, stop: threading.Event
) -> Iterator[tuple[Visit, SourceError | None]]:
    """Fetch what is new, or all.

    Rows that could not be read are a failure too, but no error: the source did answer.

    Yields: the visit, and the error that ended it, if one did; what came before it is kept. A long one comes in
        parts, each of which goes on where the one before it ended.
    Raises: Interrupted, when nothing came before it.
    """
    brought = _Brought(due)
    error: SourceError | None = None
    is_absent = is_whole = False
    lacks_entity: bool | None = None
    try:
        for part in _fetch(client, due, stop, brought):
            yield part, None
        is_whole = due.is_full
        if is_whole and not brought.has_own and _holds_messages(due):
            lacks_entity = not client.chat_session_exists(due.chat_session_id, stop)
        elif brought.is_empty:
            is_absent = _is_absent(client, due, stop)
    except NullReply as null:
        # null is "nothing found" and "failed" alike; the entity may settle which.
        error = null
        if brought.is_empty and _holds_messages(due):
            lacks_entity = _lacks_entity(client, due, stop)
            error = None if lacks_entity and _is_gone(due) else null
        elif brought.is_empty:
            is_absent, error = _judge_null(client, due, stop, null)
    except SourceError as failed:
        error = failed
        brought.add([], _whole_reply(failed, due.chat_session_id))
    except Interrupted:
        if brought.is_empty:
            raise
        yield brought.part(), None  # it is not at its end: to be visited again, by a pass that is resumed too
        return
    is_whole = is_whole and error is None and not lacks_entity
    yield brought.end(error, is_absent=is_absent, is_whole=is_whole, lacks_entity=lacks_entity), error


class _Brought:
    """What a visit has brought so far."""

    def __init__(self, due: Due) -> None:
        self._chat_session_id, self._before = due.chat_session_id, due.before
        self._messages: list[ChatMessage] = []
        self._quarantined: list[Quarantined] = []
        self._own_ids = array("q") if due.is_full else None
        """Of all parts, at eight bytes each, to tell in the end what did not come."""
        self._unreadable: set[int] = set()
        """Hashes of what could not be read: one that came twice is one item, and none of them need be held."""
        self.is_empty = True
        """Whether nothing came, in earlier parts either."""

    def add(self, messages: list[ChatMessage], quarantined: list[Quarantined]) -> None:
        self._messages += messages
        self._quarantined += quarantined
        if self._own_ids is not None:
            own = (each.chat_message_id for each in messages if each.chat_session_id == self._chat_session_id)
            self._own_ids.extend(own)
        self._unreadable.update(hash(item.payload) for item in quarantined)
        self.is_empty = self.is_empty and not messages and not quarantined

    @property
    def has_own(self) -> bool:
        """Of a full visit: whether anything came that may be of this chat session; foreign rows prove nothing."""
        return bool(self._own_ids or self._unreadable)

    def is_long_with(self, more: int) -> bool:
        return bool(self._messages) and len(self._messages) + more > PART_MESSAGES

    def part(self) -> Visit:
        """What was not given out yet, as part of a visit that goes on."""
        visit = self._visit(goes_on=True)
        self._before = after_visit(visit, at=datetime.now(UTC))
        self._messages, self._quarantined = [], []
        return visit

    def end(self, error: SourceError | None, *, is_absent: bool, is_whole: bool, lacks_entity: bool | None) -> Visit:
        failure = _failure(self._chat_session_id, error, len(self._unreadable))
        # What an earlier part had for the quarantine is not seen in the last one, and would be taken for mended.
        is_whole = is_whole and not self._unreadable
        return self._visit(
            failure=failure,
            is_absent=is_absent,
            is_whole=is_whole,
            own_ids=_each_once(self._own_ids) if self._own_ids and is_whole else (),
            lacks_entity=lacks_entity,
        )

    def _visit(self, **outcome: Any) -> Visit:
        return Visit(
            chat_session_id=self._chat_session_id,
            before=self._before,
            messages=self._messages,
            quarantined=self._quarantined,
            **outcome,
        )


def _fetch(client: SuperOfficeClient, due: Due, stop: threading.Event, brought: _Brought) -> Iterator[Visit]:
    """Ask until nothing more is to be expected. Yields: parts, when it becomes long."""
    after = due.after
    while True:
        reply = client.fetch_messages(due.chat_session_id, after, stop, is_second_try=due.is_second_try)
        highest = highest_own_quarantined(reply.quarantined)
        for piece in reply.pieces:
            if brought.is_long_with(len(piece)):
                yield brought.part()
            brought.add(piece, [])
            highest = max(highest, highest_own_id(piece, due.chat_session_id))
        # Not before its messages: a part that ends between the two would have a cursor beyond them.
        brought.add([], reply.quarantined)
        # That nothing new came ends the loop with a server that is inclusive, or deaf to After, too.
        if highest <= after or (reply.row_count < FULL_REPLY_ROWS and not due.is_full):
            return
        after = highest


def _each_once(ids: "array[int]") -> Sequence[int]:
    """As they came, unless the source repeated some, as one that is inclusive or deaf to After does."""
    return ids if ascend(ids) else array("q", sorted(set(ids)))


def _whole_reply(error: SourceError, chat_session_id: int) -> list[Quarantined]:
    """A reply of which nothing could be read, for the quarantine; it moves no cursor."""
    if not isinstance(error, UndecodableReply) or error.payload is None:
        return []
    return [
        Quarantined(
            chat_session_id=chat_session_id,
            chat_message_id=None,
            reason=str(error),
            payload=error.payload,
            is_own=False,
        )
    ]


def _failure(chat_session_id: int, error: SourceError | None, unreadable: int) -> Failure | None:
    if isinstance(error, SourceDown):  # to be kept only if the source turns out to be well
        error = error.own
    if error:
        return Failure(chat_session_id=chat_session_id, kind=error.kind, detail=str(error))
    if not unreadable:
        return None
    rows = "1 row could not be read and is" if unreadable == 1 else f"{unreadable} rows could not be read and are"
    return Failure(chat_session_id=chat_session_id, kind=UNDECODABLE, detail=f"{rows} in quarantine")


def _is_absent(client: SuperOfficeClient, due: Due, stop: threading.Event) -> bool:
    """Whether an empty answer means that there is no such chat session; asks its entity where that is in doubt."""
    before = due.before
    was_never_answered = before is None or (before.state == "new" and before.failures > 0)
    if was_never_answered or due.is_doubtful:
        return not client.chat_session_exists(due.chat_session_id, stop)
    return before is not None and before.state == "absent"


def _holds_messages(due: Due) -> bool:
    """Whether we hold messages of it: then it is no hole."""
    return due.before is not None and due.before.last_message_id > 0


def _is_gone(due: Due) -> bool:
    return due.before is not None and due.before.state == "gone"


def _lacks_entity(client: SuperOfficeClient, due: Due, stop: threading.Event) -> bool | None:
    """Whether the source knows nothing of it; None when it would not say."""
    try:
        return not client.chat_session_exists(due.chat_session_id, stop)
    except SourceError:
        return None


def _judge_null(
    client: SuperOfficeClient, due: Due, stop: threading.Event, null: NullReply
) -> tuple[bool, SourceError | None]:
    """Whether a chat session of which we hold nothing is absent, and the error if that is not known."""
    if due.is_awaited:
        return True, None
    try:
        exists = client.chat_session_exists(due.chat_session_id, stop)
    except SourceError as error:
        return False, error
    return (False, null) if exists else (True, None)
