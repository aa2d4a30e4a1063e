"""What `check` looks at, one after the other: the archive's database first, then every source."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing
from dataclasses import dataclass

from archiver.cli.advice import advice_for
from archiver.config.settings import RetrySettings, SourceSettings
from archiver.errors import ArchiverError, ExitCode, Interrupted, NullReply
from archiver.ranges import MAX_ID
from archiver.store.database import Database, database_version
from archiver.store.drift import find_drift
from archiver.store.round_trip import find_losses
from archiver.store.schema import CURRENT_REVISION, require_current_schema

ASKED_AT_ONCE = 8
"""Sources: each may take as long as its time limits to say that it does not answer."""


@dataclass(frozen=True, kw_only=True)
class Check:
    """One thing that was looked at."""

    name: str
    detail: str
    advice: str = ""
    exit_code: ExitCode = ExitCode.COMPLETE
    source: str | None = None

    @property
    def is_ok(self) -> bool:
        return self.exit_code is ExitCode.COMPLETE

    def as_dict(self) -> dict[str, object]:
        about = {"check": self.name} | ({"source": self.source} if self.source else {})
        return about | {"ok": self.is_ok, "detail": self.detail, "advice": self.advice}


def failed(name: str, error: ArchiverError, *, source: str | None = None) -> Check:
    """What an error makes of a check."""
    known = advice_for(error.kind)
    advice = error.hint or (known.do if known else "")
    return Check(
        name=name, detail="; ".join(str(error).splitlines()), advice=advice, exit_code=error.exit_code, source=source
    )


def check_archive(database: Database) -> Iterator[Check]:
    """The database, its schema, and whether text survives there; nothing more is asked of one that fails."""
    steps = (
        ("database", _answers),
        ("schema", _is_current),
        ("schema as declared", _is_as_declared),
        ("round trip", _keeps_all),
    )
    for name, look in steps:
        try:
            check = look(name, database)
        except ArchiverError as error:
            yield failed(name, error)
            return
        yield check


def _answers(name: str, database: Database) -> Check:
    if database.is_missing():  # connecting would make an empty file
        require_current_schema(database)
    with database.reading() as connection:
        return Check(name=name, detail=f"{database} ({database_version(connection)})")


def _is_current(name: str, database: Database) -> Check:
    require_current_schema(database)
    return Check(name=name, detail=f"revision {CURRENT_REVISION}")


def _is_as_declared(name: str, database: Database) -> Check:
    drift = find_drift(database)
    if not drift.differences:
        return Check(name=name, detail="no difference")
    count = len(drift.differences)
    more = f", and {count - 1} more" if count > 1 else ""
    return Check(
        name=name,
        detail=drift.differences[0] + more,
        advice="archiver check --drift lists what somebody changed; change it back",
        exit_code=ExitCode.DIFFERENCES,
    )


def _keeps_all(name: str, database: Database) -> Check:
    losses, tried = find_losses(database)
    if not losses:
        return Check(name=name, detail=f"{tried} kinds of odd text, numbers and times come back as they were")
    return Check(
        name=name,
        detail="; ".join(map(str, losses)),
        advice=losses[0].advice,
        exit_code=ExitCode.FAILED,
    )


def check_sources(
    sources: Sequence[SourceSettings], retry: RetrySettings, stop: threading.Event, report: Callable[[int, int], None]
) -> list[Check]:
    """Sign in to each source and ask it for nothing, several at once; in the order of the configuration.

    Args:
        report: called with how many have been asked, and of how many.
    Raises: Interrupted.
    """
    with ThreadPoolExecutor(ASKED_AT_ONCE, thread_name_prefix="check") as executor:
        asked = [executor.submit(_ask, source, retry, stop) for source in sources]
        for done, _ in enumerate(as_completed(asked), start=1):
            report(done, len(asked))
    if stop.is_set():
        raise Interrupted
    return [each.result() for each in asked]


def _ask(source: SourceSettings, retry: RetrySettings, stop: threading.Event) -> Check:
    """One attempt at a call that asks for nothing: what comes after the highest id there can be."""
    from archiver.superoffice.client import SuperOfficeClient

    chat_session_id = source.sessions.chosen.ranges[0][0]
    began_at = time.monotonic()
    try:
        if stop.is_set():
            raise Interrupted
        with closing(SuperOfficeClient(source, retry)) as client:
            client.fetch_messages(chat_session_id, MAX_ID, stop, is_second_try=True)
    except NullReply:  # what some say of an id that they don't know
        pass
    except ArchiverError as error:
        return failed("source", error, source=source.name)
    took_s = time.monotonic() - began_at
    return Check(name="source", source=source.name, detail=f"signs in and answers, in {took_s:.2f} s")
