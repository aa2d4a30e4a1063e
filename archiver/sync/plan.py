"""Which chat sessions a pass visits. The rule is pure; the walk loads what the rule asks about, a page at a time."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import islice

from sqlalchemy import Connection

from archiver.ranges import IdRanges
from archiver.store.database import Database
from archiver.store.ledger import Kind
from archiver.store.state import ChatSessionState, load_highest_known, load_states
from archiver.sync.route import Route

FRONTIER = 20
"""So many chosen ids just above the highest known chat session, and ids just below it, are asked every pass."""
ABSENT_EVERY = timedelta(days=1)
"""How often a hole is asked again."""
PAGE = 1000
"""Chat sessions whose states are loaded at once: memory stays flat however many are chosen."""

_MIXER = 2654435761
"""Knuth's multiplicative hash: neighbouring ids fall far apart."""


@dataclass(frozen=True, kw_only=True)
class Due:
    """A chat session to visit."""

    chat_session_id: int
    before: ChatSessionState | None
    """None: never visited."""
    after: int
    """The ChatMessageId to read from; 0 to read from the beginning."""
    is_full: bool = False
    """To be read to the very end: until a reply brings nothing new."""
    position: int = 0
    """How many steps of the walk come before it."""
    is_doubtful: bool = False
    """An empty answer would leave open whether it exists: its entity is to be asked."""
    is_awaited: bool = False
    """It lies above all that is known and is asked every pass: that it is absent needs proof but once a day."""
    is_second_try: bool = False
    """Its last visit failed, and it is visited after all the others."""
    is_bystander: bool = False
    """No visit, but a call that asks for nothing, to find out whether the source answers anybody."""


@dataclass(frozen=True, kw_only=True)
class Frontier:
    """The chosen ids around the highest known chat session, where new ones appear; asked every pass."""

    above: frozenset[int] = frozenset()
    """Not absent but not yet."""
    below: frozenset[int] = frozenset()
    """Passed by a moment ago: a hole here may be a chat session that nobody wrote in yet."""

    @property
    def doubtful(self) -> frozenset[int]:
        """Where an empty answer is not enough.

        Above, that is the first one, which is expected next, and the last one, lest a row of empty chats hide more.
        """
        return self.below | {min(self.above), max(self.above)} if self.above else self.below


@dataclass(frozen=True, kw_only=True)
class PassView:
    """What the rule needs to know of the pass."""

    kind: Kind
    now: datetime
    since: datetime | None
    """When the previous pass began; None: there was none."""
    frontier: Frontier


def is_due(chat_session_id: int, state: ChatSessionState | None, view: PassView) -> bool:
    """Whether this pass visits a chosen chat session.

    A backfill and a reconcile visit all. An incremental pass visits all but the holes, which it asks rarely, spread
    over time by a hash of their id: so a visit that finds nothing writes nothing, not even when to come back.
    """
    if view.kind != "incremental" or state is None or state.state != "absent":
        return True
    if chat_session_id in view.frontier.above | view.frontier.below or view.since is None:
        return True
    return _comes_round(chat_session_id, ABSENT_EVERY, view.since, view.now)


def _comes_round(chat_session_id: int, every: timedelta, since: datetime, now: datetime) -> bool:
    """True when the id's own moment, which recurs `every` so often, lies in (since, now]."""
    every_s = every.total_seconds()
    offset_s = (chat_session_id * _MIXER % 2**32) / 2**32 * every_s
    return math.floor((now.timestamp() - offset_s) / every_s) > math.floor((since.timestamp() - offset_s) / every_s)


def walk_due(database: Database, source_id: int, route: Route, view: PassView) -> Iterator[Due]:
    """The chat sessions of a route that are due, in its order."""
    for position, chat_session_id, before in _with_states(database, source_id, route.first.pages(PAGE)):
        if not (before and before.failures) and is_due(chat_session_id, before, view):
            yield _due(chat_session_id, before, view, position, route)
    failing = (list(route.failing[at : at + PAGE]) for at in range(0, len(route.failing), PAGE))
    for position, chat_session_id, before in _with_states(database, source_id, failing):
        due = _due(chat_session_id, before, view, len(route.first) + position, route)
        yield replace(due, is_second_try=True)


def _with_states(
    database: Database, source_id: int, pages: Iterable[list[int]]
) -> Iterator[tuple[int, int, ChatSessionState | None]]:
    """Position, id and state of each chat session, loaded a page at a time."""
    position = 0
    for page in pages:
        states = database.read(partial(load_states, source_id=source_id, ids=page))
        for chat_session_id in page:
            yield position, chat_session_id, states.get(chat_session_id)
            position += 1


def _due(chat_session_id: int, before: ChatSessionState | None, view: PassView, position: int, route: Route) -> Due:
    is_full = view.kind == "reconcile" or chat_session_id in route.to_reread
    after = before.last_message_id if before and not is_full else 0
    was_absent = before is not None and before.state == "absent"
    is_doubtful = was_absent and chat_session_id in view.frontier.doubtful
    return Due(
        chat_session_id=chat_session_id,
        before=before,
        after=after,
        is_full=is_full,
        position=position,
        is_doubtful=is_doubtful,
        is_awaited=was_absent and not is_doubtful and _is_awaited(chat_session_id, view),
    )


def _is_awaited(chat_session_id: int, view: PassView) -> bool:
    """Whether `null` is what is expected of a hole: above the highest known id, in most of the usual passes."""
    if view.kind != "incremental" or view.since is None or chat_session_id not in view.frontier.above:
        return False
    return not _comes_round(chat_session_id, ABSENT_EVERY, view.since, view.now)


def load_frontier(connection: Connection, source_id: int, chosen: IdRanges) -> Frontier:
    """The chosen ids around the highest known chat session."""
    highest = load_highest_known(connection, source_id)
    above = frozenset(islice(chosen.above(highest), FRONTIER))
    below = frozenset(key for key in range(max(highest - FRONTIER, 0) + 1, highest) if key in chosen)
    return Frontier(above=above, below=below)
