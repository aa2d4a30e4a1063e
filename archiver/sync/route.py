"""What a pass walks: first what went well so far, then what failed, so that a few bad neighbours starve nobody."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from archiver.ranges import IdRanges
from archiver.store.ledger import Kind, load_cut_position
from archiver.store.quarantine import load_to_reread
from archiver.store.state import load_failing
from archiver.store.visit import LONGEST_PAUSE


@dataclass(frozen=True, kw_only=True)
class Route:
    """The chat sessions of a pass, in its order."""

    first: IdRanges
    """Ascending; those that failed are left for later."""
    failing: tuple[int, ...] = ()
    """The chosen chat sessions whose last visit failed, those that failed less often first."""
    postponed: int = 0
    """How many more of them are left out, since their pause is not over."""
    to_reread: frozenset[int] = frozenset()
    """Chat sessions of which something is in quarantine: visited in full, since the source may be mended."""
    met: set[int] = field(default_factory=set)
    """Chat sessions to be visited in full since the canary met something there, chosen or not; filled before the
    walk begins."""
    resumed_at: int = 0
    """For a backfill that goes on where one was cut: the chat session it was cut at."""

    def __len__(self) -> int:
        """Steps of the walk; a failing one is passed by once and visited later."""
        return len(self.first) + len(self.failing)


def load_route(
    connection: Connection, source_id: int, kind: Kind, chosen: IdRanges, *, ready_at: datetime | None = None
) -> Route:
    """The route of a pass over what was chosen; a backfill that was cut begins after the cut.

    Args:
        ready_at: leave out what failed and is to be left alone until later than this; None: leave nothing out.
    """
    cut_at = load_cut_position(connection, source_id, chosen) if kind == "backfill" else 0
    failing = [(key, retry_at) for key, retry_at in load_failing(connection, source_id) if key in chosen]
    ready = tuple(key for key, retry_at in failing if not (ready_at and retry_at and _is_paused(retry_at, ready_at)))
    return Route(
        first=chosen.above(cut_at),
        failing=ready,
        postponed=len(failing) - len(ready),
        to_reread=frozenset(load_to_reread(connection, source_id)),
        resumed_at=cut_at,
    )


def _is_paused(retry_at: datetime, now: datetime) -> bool:
    """Whether its pause is not over; one that seems longer than any was given before the clock was set back."""
    return now < retry_at <= now + LONGEST_PAUSE
