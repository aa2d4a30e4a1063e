"""The calls made for one chat session, and what they prove."""

import threading

from archiver.errors import Interrupted, NullReply, SourceDown, SourceError, UndecodableReply
from archiver.model import ChatMessage, Quarantined, Reply
from archiver.ranges import MAX_ID
from archiver.store.ledger import UNDECODABLE, Failure
from archiver.store.visit import Visit
from archiver.superoffice.client import SuperOfficeClient
from archiver.sync.plan import Due

FULL_REPLY_ROWS = 100
"""A reply of so many rows is asked again at once: a hidden cap is possible. The next visit confirms a smaller one; a
full visit, after which the next one would begin anew, asks on until nothing new comes."""


def visit_chat_session(
    client: SuperOfficeClient, due: Due, stop: threading.Event
) -> tuple[Visit, SourceError | None]:
    """Fetch what is new, or all.

    Rows that could not be read are a failure too, but no error: the source did answer.

    Returns: the visit, and the error that ended it, if one did; what came before it is kept.
    Raises: Interrupted, when nothing came before it.
    """
    messages: list[ChatMessage] = []
    quarantined: list[Quarantined] = []
    error: SourceError | None = None
    is_absent = is_whole = False
    try:
        _fetch(client, due, stop, messages, quarantined)
        is_whole = due.is_full
        if not messages and not quarantined:
            is_absent = _is_absent(client, due, stop)
    except NullReply as null:
        # null is "nothing found" and "failed" alike; only where we hold nothing can the entity settle which.
        if messages or quarantined:
            error = null
        else:
            is_absent, error = _judge_null(client, due, stop, null)
    except SourceError as failed:
        error = failed
        quarantined += _whole_reply(failed, due.chat_session_id)
    except Interrupted:
        if not messages and not quarantined:
            raise
    visit = Visit(
        chat_session_id=due.chat_session_id,
        before=due.before,
        messages=messages,
        quarantined=quarantined,
        failure=_failure(due.chat_session_id, error, quarantined),
        is_absent=is_absent,
        is_whole=is_whole and error is None,
    )
    return visit, error


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


def _failure(chat_session_id: int, error: SourceError | None, quarantined: list[Quarantined]) -> Failure | None:
    if isinstance(error, SourceDown):  # to be kept only if the source turns out to be well
        error = error.own
    if error:
        return Failure(chat_session_id=chat_session_id, kind=error.kind, detail=str(error))
    count = len({item.payload for item in quarantined})  # one that came twice is one item of the quarantine
    if not count:
        return None
    rows = "1 row could not be read and is" if count == 1 else f"{count} rows could not be read and are"
    detail = f"{rows} in quarantine"
    return Failure(chat_session_id=chat_session_id, kind=UNDECODABLE, detail=detail)


def _fetch(
    client: SuperOfficeClient,
    due: Due,
    stop: threading.Event,
    messages: list[ChatMessage],
    quarantined: list[Quarantined],
) -> None:
    after = due.after
    while True:
        reply = client.fetch_messages(due.chat_session_id, after, stop, is_second_try=due.is_second_try)
        messages += reply.messages
        quarantined += reply.quarantined
        highest = _highest_own_id(reply, due.chat_session_id)
        # That nothing new came ends the loop with a server that is inclusive, or deaf to After, too.
        if highest <= after or (reply.row_count < FULL_REPLY_ROWS and not due.is_full):
            return
        after = highest


def _highest_own_id(reply: Reply, chat_session_id: int) -> int:
    ids = [message.chat_message_id for message in reply.messages if message.chat_session_id == chat_session_id]
    ids += [item.chat_message_id for item in reply.quarantined if item.is_own and item.chat_message_id is not None]
    return max((key for key in ids if key <= MAX_ID), default=0)


def _is_absent(client: SuperOfficeClient, due: Due, stop: threading.Event) -> bool:
    """Whether an empty answer means that there is no such chat session; asks its entity where that is in doubt."""
    before = due.before
    was_never_answered = before is None or (before.state == "new" and before.failures > 0)
    if was_never_answered or due.is_doubtful:
        return not client.chat_session_exists(due.chat_session_id, stop)
    return before is not None and before.state == "absent"


def _judge_null(
    client: SuperOfficeClient, due: Due, stop: threading.Event, null: NullReply
) -> tuple[bool, SourceError | None]:
    if due.before and due.before.last_message_id:
        return False, null
    if due.is_awaited:
        return True, None
    try:
        exists = client.chat_session_exists(due.chat_session_id, stop)
    except SourceError as error:
        return False, error
    return (False, null) if exists else (True, None)
