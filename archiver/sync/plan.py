"""Which chat sessions a pass visits. The rule is pure; the walk loads what the rule asks about, a page at a time."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from archiver.ranges import IdRanges
from archiver.store.database import Database
from archiver.store.ledger import Kind
from archiver.store.state import ChatSessionState, load_highest_known, load_states

FRONTIER = 20
"""Chosen ids just above the highest known chat session that are asked every pass: new chats begin there."""
ABSENT_EVERY = timedelta(days=1)
"""How often a hole is asked again."""
PAGE = 500
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
    """The ChatMessageId to read from; 0 for a full visit."""
    position: int = 0
    """How many of the chosen come before it."""


@dataclass(frozen=True, kw_only=True)
class Moment:
    """What the rule needs to know of the pass."""

    kind: Kind
    now: datetime
    since: datetime | None
    """When the previous pass began; None: there was none."""
    frontier: frozenset[int] = frozenset()


def is_due(chat_session_id: int, state: ChatSessionState | None, moment: Moment) -> bool:
    """Whether this pass visits a chosen chat session.

    A backfill and a reconcile visit all. An incremental pass visits all but the holes, which it asks rarely, spread
    over time by a hash of their id: so a visit that finds nothing writes nothing, not even when to come back.
    """
    if moment.kind != "incremental" or state is None or state.state != "absent" or state.failures:
        return True
    if chat_session_id in moment.frontier or moment.since is None:
        return True
    return _comes_round(chat_session_id, ABSENT_EVERY, moment.since, moment.now)


def _comes_round(chat_session_id: int, every: timedelta, since: datetime, now: datetime) -> bool:
    """True when the id's own moment, which recurs `every` so often, lies in (since, now]."""
    every_s = every.total_seconds()
    offset_s = (chat_session_id * _MIXER % 2**32) / 2**32 * every_s
    return math.floor((now.timestamp() - offset_s) / every_s) > math.floor((since.timestamp() - offset_s) / every_s)


def walk_due(database: Database, source_id: int, chosen: IdRanges, moment: Moment) -> Iterator[Due]:
    """The chosen chat sessions that are due, ascending."""
    for number, page in enumerate(chosen.pages(PAGE)):
        with database.reading() as connection:
            states = load_states(connection, source_id, page)
        for position, chat_session_id in enumerate(page, start=number * PAGE):
            before = states.get(chat_session_id)
            if is_due(chat_session_id, before, moment):
                after = before.last_message_id if before and moment.kind != "reconcile" else 0
                yield Due(chat_session_id=chat_session_id, before=before, after=after, position=position)


def load_frontier(database: Database, source_id: int, chosen: IdRanges) -> frozenset[int]:
    """The chosen ids that are not absent but not yet."""
    with database.reading() as connection:
        highest = load_highest_known(connection, source_id)
    return frozenset(islice(chosen.above(highest), FRONTIER))
