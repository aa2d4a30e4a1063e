"""What a pass notices of its source that is more than one chat session's affair."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection

from archiver.store.ledger import TIMES_SHIFTED, Failure, resolve_of_pass, save_failure


@dataclass(kw_only=True)
class Noticed:
    """Gathered while a pass runs, by transactions that may be tried again: what is noted twice counts once."""

    conflicts: set[int] = field(default_factory=set)
    """Ids under which another message came than is archived."""
    shifts: set[timedelta] = field(default_factory=set)
    """The spans by which times moved; see shifts.py."""
    are_times_well: bool = False
    """Whether the newest messages came with the times that are stored."""


def note_times(connection: Connection, source_id: int, run_id: int, noticed: Noticed, now: datetime) -> None:
    """Keep an error open while times are shifted; resolve it when a pass met the stored ones alone."""
    if noticed.shifts:
        failure = Failure(chat_session_id=None, kind=TIMES_SHIFTED, detail=describe_shifts(noticed))
        save_failure(connection, source_id, run_id, failure, now)
    elif noticed.are_times_well:
        resolve_of_pass(connection, source_id, TIMES_SHIFTED, now)


def describe_shifts(noticed: Noticed) -> str:
    """One sentence, with the spans in minutes."""
    spans = ", ".join(f"{span // timedelta(minutes=1):+d}" for span in sorted(noticed.shifts))
    return f"the source gives the times of archived messages moved by {spans} minutes; the stored ones stand"
