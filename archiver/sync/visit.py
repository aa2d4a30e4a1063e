"""The calls made for one chat session, and what they prove."""

import threading

from archiver.errors import Interrupted, NullReply, SourceError
from archiver.model import ChatMessage, Reply, Undecodable
from archiver.ranges import MAX_ID
from archiver.store.ledger import Failure
from archiver.store.visit import Visit
from archiver.superoffice.client import SuperOfficeClient
from archiver.sync.plan import Due

FULL_REPLY_ROWS = 100
"""A reply of so many rows is asked again at once: a hidden cap is possible. The next visit confirms a smaller one."""


def visit_chat_session(
    client: SuperOfficeClient, due: Due, stop: threading.Event
) -> tuple[Visit, SourceError | None]:
    """Fetch what is new.

    Returns: the visit, and the error that ended it, if one did; what came before it is kept.
    Raises: Interrupted, when nothing came before it.
    """
    messages: list[ChatMessage] = []
    undecodable: list[Undecodable] = []
    error: SourceError | None = None
    is_absent = False
    try:
        _fetch(client, due, stop, messages, undecodable)
        if not messages and not undecodable:
            is_absent = _is_absent(client, due, stop)
    except NullReply as null:
        # null is "nothing found" and "failed" alike; only where we hold nothing can the entity settle which.
        is_absent, error = _settle_null(client, due, stop, null)
    except SourceError as failed:
        error = failed
    except Interrupted:
        if not messages and not undecodable:
            raise
    failure = Failure(chat_session_id=due.chat_session_id, kind=error.kind, detail=str(error)) if error else None
    visit = Visit(
        chat_session_id=due.chat_session_id,
        before=due.before,
        messages=messages,
        undecodable=undecodable,
        failure=failure,
        is_absent=is_absent,
    )
    return visit, error


def _fetch(
    client: SuperOfficeClient,
    due: Due,
    stop: threading.Event,
    messages: list[ChatMessage],
    undecodable: list[Undecodable],
) -> None:
    after = due.after
    while True:
        reply = client.fetch_messages(due.chat_session_id, after, stop)
        messages += reply.messages
        undecodable += reply.undecodable
        highest = _highest_own_id(reply, due.chat_session_id)
        # The second condition ends the loop with a server that is inclusive, or deaf to After.
        if len(reply.messages) + len(reply.undecodable) < FULL_REPLY_ROWS or highest <= after:
            return
        after = highest


def _highest_own_id(reply: Reply, chat_session_id: int) -> int:
    ids = [message.chat_message_id for message in reply.messages if message.chat_session_id == chat_session_id]
    ids += [item.chat_message_id for item in reply.undecodable if item.is_own and item.chat_message_id is not None]
    return max((key for key in ids if key <= MAX_ID), default=0)


def _is_absent(client: SuperOfficeClient, due: Due, stop: threading.Event) -> bool:
    """Whether an empty answer means that there is no such chat session; asks its entity where that is in doubt."""
    before = due.before
    was_never_answered = before is None or (before.state == "new" and before.failures > 0)
    if was_never_answered or due.is_doubtful:
        return not client.chat_session_exists(due.chat_session_id, stop)
    return before is not None and before.state == "absent"


def _settle_null(
    client: SuperOfficeClient, due: Due, stop: threading.Event, null: NullReply
) -> tuple[bool, SourceError | None]:
    if due.before and due.before.last_message_id:
        return False, null
    if due.before and due.before.state == "absent":
        return True, None
    try:
        exists = client.chat_session_exists(due.chat_session_id, stop)
    except SourceError as error:
        return False, error
    return (False, null) if exists else (True, None)
