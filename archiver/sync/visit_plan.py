"""The visit plan: how often a chat session is visited, and whether in full. One table, one rule. Pure.

Polling, settling and reconciling are the same thing seen from here: a row says how long a chat session has to have
been quiet, how often it is visited then, and how. When its turn comes within a period is spread by a hash of its id,
so that no pass is heavy, and nothing need be written down to remember it: a visit that finds nothing writes nothing.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from archiver.config.settings import SettleSettings
from archiver.store.ledger import Kind
from archiver.store.state import ChatSessionState

How = Literal["incremental", "full"]

HOLE_EVERY = timedelta(days=1)
"""How often an id is asked again that the source does not know, or not any more."""
_MIXER = 2654435761
"""Knuth's multiplicative hash: neighbouring ids fall far apart."""


@dataclass(frozen=True, kw_only=True)
class PlanRow:
    """How chat sessions are visited that have been quiet for so long."""

    quiet_for: timedelta
    every: timedelta | None
    """None: by each pass."""
    how: How


@dataclass(frozen=True, kw_only=True)
class Window:
    """The time that a pass answers for: what comes round within it is due. Aware UTC."""

    since: datetime | None
    """When the pass before began, exclusive; None: there was none."""
    now: datetime
    """Inclusive."""

    def holds(self, moment: datetime) -> bool:
        return self.since is not None and self.since < moment <= self.now

    def comes_round(self, chat_session_id: int, every: timedelta) -> bool:
        """Whether the id's own moment, which recurs `every` so often, lies in it."""
        if self.since is None:
            return False
        every_s = every.total_seconds()
        offset_s = (chat_session_id * _MIXER % 2**32) / 2**32 * every_s
        recurrences = (math.floor((at.timestamp() - offset_s) / every_s) for at in (self.since, self.now))
        return next(recurrences) < next(recurrences)


def visit_plan(settle: SettleSettings) -> tuple[PlanRow, ...]:
    """The table, ascending by `quiet_for`: every pass asks for what is new, and what is quiet is read in full too."""
    first, *later = settle.again
    return (
        PlanRow(quiet_for=timedelta(0), every=None, how="incremental"),
        PlanRow(quiet_for=settle.after, every=first, how="full"),
        *(PlanRow(quiet_for=max(settle.after, every), every=every, how="full") for every in later),
    )


def how_to_visit(
    chat_session_id: int,
    state: ChatSessionState | None,
    kind: Kind,
    window: Window,
    plan: Sequence[PlanRow],
    *,
    is_at_frontier: bool = False,
) -> How | None:
    """How a pass visits a chosen chat session; None: not this time.

    Args:
        state: None: it was never visited.
        is_at_frontier: it lies where new chat sessions appear.
    """
    if kind != "incremental":
        return "full" if kind == "reconcile" else "incremental"
    if state is None:
        return "incremental"
    if state.state in ("absent", "gone"):
        is_due = is_at_frontier or window.since is None or window.comes_round(chat_session_id, HOLE_EVERY)
        how: How = "full" if state.state == "gone" else "incremental"
        return how if is_due else None
    if _is_to_settle(chat_session_id, state, window, plan):
        return "full"
    polling = _row_for(_quiet_for(state, window.now), [row for row in plan if row.how == "incremental"])
    is_due = polling is not None and (polling.every is None or window.comes_round(chat_session_id, polling.every))
    return "incremental" if is_due else None


def is_quiet(state: ChatSessionState | None, window: Window, plan: Sequence[PlanRow]) -> bool:
    """Whether nobody has written in it for so long that it is to be read in full now and then."""
    rows = [row for row in plan if row.how == "full"]
    return (
        state is not None
        and state.last_activity_at is not None
        and _row_for(_quiet_for(state, window.now), rows) is not None
    )


def _is_to_settle(chat_session_id: int, state: ChatSessionState, window: Window, plan: Sequence[PlanRow]) -> bool:
    """Whether its full visit falls into the window: when it has just become quiet, and again when it comes round.

    What is not settled yet, or was found changed or missing, goes by the first row however long it is quiet: so
    history is settled soon after its backfill, and what is missing is soon confirmed.
    """
    rows = [row for row in plan if row.how == "full"]
    row = _row_for(_quiet_for(state, window.now), rows)
    if state.last_activity_at is None or row is None:
        return False
    if window.holds(state.last_activity_at + rows[0].quiet_for):
        return True
    if state.state != "settled" or state.missing_since is not None:
        row = rows[0]
    return row.every is None or window.comes_round(chat_session_id, row.every)


def _quiet_for(state: ChatSessionState, now: datetime) -> timedelta:
    """Not at all, where the clock was set back behind the last message: it is asked for what is new all the same."""
    return timedelta(0) if state.last_activity_at is None else max(now - state.last_activity_at, timedelta(0))


def _row_for(quiet_for: timedelta, rows: Sequence[PlanRow]) -> PlanRow | None:
    """The last row that asks for no more quiet than that."""
    return next((row for row in reversed(rows) if row.quiet_for <= quiet_for), None)
