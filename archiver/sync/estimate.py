"""What a backfill will cost, from the archive alone: no call is made."""

from dataclasses import dataclass

from archiver.config.settings import SourceSettings
from archiver.ranges import IdRanges
from archiver.store.database import Database
from archiver.store.overview import load_message_count
from archiver.store.sources import load_source_id
from archiver.store.state import load_visited_count
from archiver.sync.route import Route, load_route


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """The cost of a backfill of one source."""

    source: str
    chat_sessions: int
    """To visit."""
    never_visited: int
    """Of these."""
    resumes_after: int
    """The chat session at which the same backfill was cut; 0: it starts from the beginning."""
    calls: int
    """At least: one a visit."""
    calls_at_most: int
    """If every chat session that was never visited turns out to be a hole, which takes a second call to tell.
    Very long chat sessions and retries come on top."""
    minutes: float | None
    """For `calls`, by the rate limit; None without one."""
    rows: int | None
    """New messages, if what was never visited is as long as what was; None when nothing was visited yet."""


def estimate_backfill(database: Database, source: SourceSettings, chosen: IdRanges) -> Estimate:
    """What `backfill` would do with this selection now. Raises: StoreError."""
    known = existing = messages = 0
    route = Route(first=chosen)
    with database.reading() as connection:
        source_id = load_source_id(connection, source.name)
        if source_id is not None:
            route = load_route(connection, source_id, "backfill", chosen)
            messages, existing = load_message_count(connection, source_id)
            known = load_visited_count(connection, source_id, route.first)
    retried = sum(key <= route.resumed_at for key in route.failing)
    calls = len(route.first) + retried
    never_visited = len(route.first) - known
    rate = source.limits.requests_per_second
    return Estimate(
        source=source.name,
        chat_sessions=calls,
        never_visited=never_visited,
        resumes_after=route.resumed_at,
        calls=calls,
        calls_at_most=calls + never_visited,
        minutes=calls / rate / 60 if rate else None,
        rows=round(messages / existing * never_visited) if existing else None,
    )
