"""What a backfill will cost, from the archive alone: no call is made."""

from dataclasses import dataclass

from archiver.config.settings import SourceSettings
from archiver.ranges import IdRanges
from archiver.store.database import Database
from archiver.store.ledger import load_cut_position
from archiver.store.overview import load_message_count
from archiver.store.sources import load_source_id
from archiver.store.state import load_states
from archiver.sync.plan import PAGE


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
    known = existing = messages = resumes_after = 0
    with database.reading() as connection:
        source_id = load_source_id(connection, source.name)
        if source_id is not None:
            resumes_after = load_cut_position(connection, source_id, chosen)
            messages, existing = load_message_count(connection, source_id)
            chosen = chosen.above(resumes_after)
            known = sum(len(load_states(connection, source_id, page)) for page in chosen.pages(PAGE))
    never_visited = len(chosen) - known
    rate = source.limits.requests_per_second
    return Estimate(
        source=source.name,
        chat_sessions=len(chosen),
        never_visited=never_visited,
        resumes_after=resumes_after,
        calls=len(chosen),
        calls_at_most=len(chosen) + never_visited,
        minutes=len(chosen) / rate / 60 if rate else None,
        rows=round(messages / existing * never_visited) if existing else None,
    )
