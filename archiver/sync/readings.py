"""A chat session read in full from the source, and compared with the archive's rows; nothing is written.

First the source and then the archive, so that what a pass stores meanwhile is never taken for missing here.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from sqlalchemy import Connection

from archiver.errors import Interrupted, SourceError
from archiver.model import ChatMessage
from archiver.store.database import Database
from archiver.store.ledger import Failure
from archiver.store.verifying.holdings import HELD_AT_ONCE, Held, Known, load_held, load_held_of, load_known
from archiver.superoffice.client import SuperOfficeClient
from archiver.sync.comparing import ChatSessionDifferences, Reading
from archiver.sync.plan import Due
from archiver.sync.visit import visit_chat_session

_UNKNOWN = Known(cursor=0, floor=0, is_gone=False)
"""What is known of a chat session that was removed from the archive while it was read."""


@dataclass(frozen=True, kw_only=True)
class Compared:
    """What one reading of a chat session showed."""

    due: Due
    reading: Reading
    failure: Failure | None = None
    """Why it could not be compared, or not all of it."""
    error: SourceError | None = None
    """The source's failure, after which the reading says nothing; None with a failure: some rows were unreadable."""


class Reader:
    """Reads and compares chat sessions of one source; used by many threads."""

    def __init__(self, database: Database, client: SuperOfficeClient, source_id: int) -> None:
        self._database, self._client, self._source_id = database, client, source_id

    def read(self, due: Due, confirms: ChatSessionDifferences | None, stop: threading.Event) -> Compared:
        """Read a chat session to its end, and compare it part by part.

        Args:
            confirms: what an earlier reading of it found.
        Raises: Interrupted; StoreError.
        """
        reading = Reading(due.chat_session_id, confirms)
        for visit, error in visit_chat_session(self._client, due, stop):
            self._compare_returned(reading, visit.messages)
            if visit.goes_on:
                continue
            is_deleted = bool(visit.lacks_entity)  # that makes null an answer
            if visit.failure and not is_deleted:
                return Compared(due=due, reading=reading, failure=visit.failure, error=error)
            if visit.is_whole or visit.is_absent or is_deleted:
                self._compare_held(reading, exists=visit.lacks_entity is False)
            return Compared(due=due, reading=reading)
        raise Interrupted

    def _compare_returned(self, reading: Reading, messages: Sequence[ChatMessage]) -> None:
        for at in range(0, len(messages), HELD_AT_ONCE):
            some = messages[at : at + HELD_AT_ONCE]
            known, held = self._database.read(
                partial(self._load_both, chat_session_id=reading.chat_session_id, messages=some)
            )
            reading.take_returned(some, held, known)

    def _load_both(
        self, connection: Connection, chat_session_id: int, messages: Sequence[ChatMessage]
    ) -> tuple[Known, dict[int, Held]]:
        # The cursor first: what it covers then is there, whatever is committed between the two queries.
        known = load_known(connection, self._source_id, chat_session_id) or _UNKNOWN
        ids = {message.chat_message_id for message in messages}
        return known, load_held(connection, self._source_id, ids)

    def _compare_held(self, reading: Reading, *, exists: bool) -> None:
        """Look for what the archive holds and the source did not return.

        Args:
            exists: whether the source was asked for the chat session itself, and knows it: then it is not gone.
        """
        above: int | None = None
        while True:
            known, page = self._database.read(
                partial(self._load_page, chat_session_id=reading.chat_session_id, above=above)
            )
            reading.take_held(page, replace(known, is_gone=False) if exists else known)
            if len(page) < HELD_AT_ONCE:
                return
            above = page[-1].message.chat_message_id

    def _load_page(self, connection: Connection, chat_session_id: int, above: int | None) -> tuple[Known, list[Held]]:
        known = load_known(connection, self._source_id, chat_session_id) or _UNKNOWN
        return known, load_held_of(connection, self._source_id, chat_session_id, above)
