"""The canary: a pass first reads a few archived messages again, to notice a source that went back.

A source that did is frozen: no pass visits it until the canary is well again, or a person has decided. The rule is in
rewind.py; what is no answer is no evidence.
"""

import logging
import threading
import time
from collections.abc import Sequence
from functools import partial

from sqlalchemy import Connection

from archiver.config.settings import SourceSettings
from archiver.errors import (
    CredentialRefused,
    FatalSourceError,
    NullReply,
    RateLimited,
    SourceError,
    SourceRewound,
    SourceUnreachable,
)
from archiver.model import ChatMessage
from archiver.store.canaries import Canary, load_canaries, load_canaries_of, load_conflicts
from archiver.store.compare import Verdict
from archiver.store.database import Database
from archiver.store.lease import RENEW_EVERY, renew_lease
from archiver.store.ledger import REWOUND, load_of_pass
from archiver.store.messages import Stored, judge, load_stored
from archiver.store.shifts import moved_back
from archiver.superoffice.client import SuperOfficeClient
from archiver.sync.beside import work_beside
from archiver.sync.opening import OpenedPass
from archiver.sync.order import PassOrder
from archiver.sync.rewind import Answer, describe_others, edited, find_rewind, gone_from_its_place, suspects

logger = logging.getLogger(__name__)

_FAILURES = 2
"""After so many calls that failed, or one that no other would fare better than, the rest is not asked."""
_LOOKED_INTO = 3
"""Conflicts in the middle of a pass for which the source is asked; each of them alone would be enough."""


class CanaryWatch:
    """Looks for one pass whether its source went back; used by the writing thread alone."""

    def __init__(
        self,
        database: Database,
        client: SuperOfficeClient,
        source: SourceSettings,
        order: PassOrder,
        opened: OpenedPass,
        stop: threading.Event,
    ) -> None:
        self._database, self._client, self._source, self._order = database, client, source, order
        self._lease, self._noticed, self._stop = opened.lease, opened.noticed, stop
        self._known_conflicts: set[int] = set()
        self._looked_into = 0
        self._renewed_at = time.monotonic()

    def look(self) -> set[int]:
        """Before the walk: ask for the newest messages.

        Returns: the chat sessions to be read whole: those of which an edit came, which could be edited again before
            they have their turn, and those that lost something, where a person said that it is no restore.
        Raises: SourceRewound; Interrupted; StoreError.
        """
        frozen, canaries = self._database.read(self._load)
        answers = self._ask(canaries)
        if self._order.is_accepted:
            return suspects(answers)
        is_well = bool(answers) and len(answers) == len(canaries) and all(answer.is_well for answer in answers)
        if rewound := find_rewind(answers) or (None if is_well else frozen):
            raise self._rewound(rewound)
        self._noticed.are_times_well = is_well
        return edited(answers)

    def look_into_conflicts(self) -> None:
        """In the middle of the walk: where another message came under a known id, ask for the archived one.

        Raises: SourceRewound, when it is not in its place any more; Interrupted; StoreError.
        """
        new = self._noticed.conflicts - self._known_conflicts
        if not new or self._order.is_accepted or self._looked_into >= _LOOKED_INTO:
            return
        self._known_conflicts |= new
        chosen = sorted(new)[: _LOOKED_INTO - self._looked_into]
        self._looked_into += len(chosen)
        load = partial(
            load_canaries_of,
            source_id=self._lease.source_id,
            excluded=self._source.sessions.exclude,
            message_ids=chosen,
        )
        gone = gone_from_its_place(self._ask(self._database.read(load)))
        if gone:
            raise self._rewound(describe_others(gone))

    def tell_of_shifts(self) -> None:
        """Warn of what the pass found of shifted times."""
        if self._noticed.shifts:
            minutes = sorted(span.total_seconds() / 60 for span in self._noticed.shifts)
            facts = {"event": "times_shifted", "source": self._source.name, "minutes": minutes}
            logger.warning("the source gives archived times another way; the stored ones stand", extra=facts)

    def _load(self, connection: Connection) -> tuple[str | None, list[Canary]]:
        """Why the source is frozen, if it is, and what to ask it for.

        What is known to be another message now tells nothing new; but a source that is frozen for it stays so.
        """
        source_id, sessions = self._lease.source_id, self._source.sessions
        frozen = load_of_pass(connection, source_id, REWOUND)
        self._known_conflicts = load_conflicts(connection, source_id)
        if frozen is None:
            return None, load_canaries(connection, source_id, sessions.chosen, self._known_conflicts)
        about = load_canaries_of(connection, source_id, sessions.exclude, self._known_conflicts)
        if not self._order.is_accepted:
            self._known_conflicts = set()
        return frozen, [*load_canaries(connection, source_id, sessions.chosen, self._known_conflicts), *about]

    def _ask(self, canaries: Sequence[Canary]) -> list[Answer]:
        """Those of the canaries that were answered."""
        if not canaries:
            return []
        return work_beside(partial(self._ask_in_turn, canaries), self._keep_alive, self._stop)

    def _ask_in_turn(self, canaries: Sequence[Canary]) -> list[Answer]:
        answers, failures = [], 0
        for canary in canaries:
            try:
                answer = self._ask_one(canary)
            except SourceError as error:  # the walk finds out what that means
                failures += _FAILURES if _is_of_all(error) else 1
                if failures >= _FAILURES:
                    break
            else:
                answers += [answer] if answer else []
        return answers

    def _ask_one(self, canary: Canary) -> Answer | None:
        """One call, of one attempt, which says nothing of the source when it fails. None: no answer."""
        chat_session_id, after = canary.chat_session_id, canary.expected[0] - 1
        came: dict[int, Verdict] = {}
        under: dict[int, int] = {}
        unreadable: set[int] = set()
        rewritten: set[int] = set()
        try:
            reply = self._client.fetch_messages(chat_session_id, after, self._stop, is_second_try=True)
        except NullReply:
            if self._client.chat_session_exists(chat_session_id, self._stop):
                return None
        else:
            for piece in reply.pieces:
                for row, message, verdict in self._judge(piece):
                    came[row.chat_message_id], under[row.chat_message_id] = verdict, row.chat_session_id
                    if verdict is Verdict.EDIT and _is_rewritten(row, message):
                        rewritten.add(row.chat_message_id)
            unreadable.update(item.chat_message_id for item in reply.quarantined if item.chat_message_id is not None)
        return Answer(
            chat_session_id=chat_session_id,
            expected=canary.expected,
            came=came,
            archived_under=under,
            unreadable=unreadable,
            rewritten=rewritten,
        )

    def _judge(self, messages: list[ChatMessage]) -> list[tuple[Stored, ChatMessage, Verdict]]:
        """What each message that is archived is to its row; conflicts that a person knows of are left out."""
        ids = [message.chat_message_id for message in messages]
        stored = self._database.read(partial(load_stored, source_id=self._lease.source_id, keys=ids))
        fetched = {message.chat_message_id: message for message in messages}
        back, self._noticed.shifts = moved_back(stored, fetched, self._noticed.shifts)
        fetched |= back
        judged = [(row, fetched[key], judge(row, fetched[key])) for key, row in stored.items()]
        return [
            (row, message, verdict)
            for row, message, verdict in judged
            if not (verdict is Verdict.CONFLICT and row.chat_message_id in self._known_conflicts)
        ]

    def _keep_alive(self) -> None:
        if time.monotonic() - self._renewed_at >= RENEW_EVERY.total_seconds():
            self._database.write(partial(renew_lease, lease=self._lease))
            self._renewed_at = time.monotonic()

    def _rewound(self, evidence: str) -> SourceRewound:
        name = self._source.name
        return SourceRewound(
            evidence,
            hint=f"was a backup restored? Then archiver source new-epoch {name}, else archiver run --source {name} "
            "--accept",
        )


def _is_rewritten(stored: Stored, fetched: ChatMessage) -> bool:
    """Whether both text and time are others, and neither was withheld."""
    before, now = (stored.message, stored.when_posted), (fetched.message, fetched.when_posted)
    return None not in (*before, *now) and before[0] != now[0] and before[1] != now[1]


def _is_of_all(error: SourceError) -> bool:
    """Whether the next call will fare no better."""
    return isinstance(error, SourceUnreachable | RateLimited | CredentialRefused | FatalSourceError)
