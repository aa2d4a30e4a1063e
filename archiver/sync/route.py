"""What a pass walks: first what went well so far, then what failed, so that a few bad neighbours starve nobody."""

from dataclasses import dataclass

from sqlalchemy import Connection

from archiver.ranges import IdRanges
from archiver.store.ledger import Kind, load_cut_position
from archiver.store.state import load_failing


@dataclass(frozen=True, kw_only=True)
class Route:
    """The chat sessions of a pass, in its order."""

    first: IdRanges
    """Ascending; those that failed are left for later."""
    failing: tuple[int, ...] = ()
    """The chosen chat sessions whose last visit failed, those that failed less often first."""
    resumed_at: int = 0
    """For a backfill that goes on where one was cut: the chat session it was cut at."""

    def __len__(self) -> int:
        """Steps of the walk; a failing one is passed by once and visited later."""
        return len(self.first) + len(self.failing)


def load_route(connection: Connection, source_id: int, kind: Kind, chosen: IdRanges) -> Route:
    """The route of a pass over what was chosen; a backfill that was cut begins after the cut."""
    cut_at = load_cut_position(connection, source_id, chosen) if kind == "backfill" else 0
    failing = tuple(key for key in load_failing(connection, source_id) if key in chosen)
    return Route(first=chosen.above(cut_at), failing=failing, resumed_at=cut_at)
