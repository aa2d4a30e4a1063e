"""One source of the archive against its own seals: first the log, then what it covers."""

import threading
from collections.abc import Collection
from functools import partial
from typing import Protocol

from archiver.errors import Interrupted
from archiver.ranges import IdRanges
from archiver.store.database import Database, database_now
from archiver.store.sealing.log import load_seal_count
from archiver.store.verifying.differences import Difference
from archiver.store.verifying.log import LogReading
from archiver.store.verifying.results import (
    ArchiveResult,
    Verification,
    load_found_altered,
    load_last_sound_head,
    save_verification,
)
from archiver.store.verifying.scope import (
    ALL,
    load_keys_without_seals,
    load_sealed_count,
    load_unsealed_count,
    sealed_pages,
)
from archiver.store.verifying.transcripts import check_transcripts


class Report(Protocol):
    """To be called with how much is done and how much there is of each phase."""

    def __call__(self, done: int, total: int, phase: str = "") -> None: ...


def verify_archive(
    database: Database,
    source_id: int,
    stop: threading.Event,
    report: Report,
    *,
    ids: IdRanges | None = None,
    anchors: Collection[str] = (),
) -> ArchiveResult:
    """Compare a source with its seals and store what came of it.

    The whole log is followed, since a chain proves nothing in part; of the chat sessions, those chosen are read.

    Args:
        stop: ends it between two pages.
        ids: the chat sessions to read; None: all.
        anchors: hashes that have to be in the log. What the last verification saw as the newest is looked for too.
    Raises: Interrupted; StoreError.
    """
    result = ArchiveResult(scope="all" if ids is None else str(ids), started_at=database.read(database_now))
    _follow_log(database, source_id, stop, report, result, anchors)
    _read_transcripts(database, source_id, stop, report, result, ids or ALL)
    result.finished_at = database.read(database_now)
    database.write(partial(save_verification, verification=as_row(source_id, result)))
    return result


def as_row(source_id: int, result: ArchiveResult) -> Verification:
    """The part of a result that the archive keeps."""
    return Verification(
        source_id=source_id,
        kind="archive",
        started_at=result.started_at,
        finished_at=result.finished_at or result.started_at,
        scope=result.scope,
        chat_sessions=result.chat_sessions,
        messages=result.messages,
        sealed=result.sealed,
        differences=len(result.differences),
        seal_head=result.head.hash if result.head else None,
    )


def _follow_log(
    database: Database,
    source_id: int,
    stop: threading.Event,
    report: Report,
    result: ArchiveResult,
    anchors: Collection[str],
) -> None:
    last_head = database.read(partial(load_last_sound_head, source_id=source_id))
    total, done = database.read(partial(load_seal_count, source_id=source_id)), 0
    log = LogReading(anchors, last_head)

    def tick(seals: int) -> None:
        nonlocal done
        _go_on(stop)
        done += seals
        report(done, max(done, total), "the log of seals")

    result.differences += log.follow(database.read, source_id, tick)
    result.seals, result.head, result.anchored = log.seals, log.head, log.anchored


def _read_transcripts(
    database: Database,
    source_id: int,
    stop: threading.Event,
    report: Report,
    result: ArchiveResult,
    ids: IdRanges,
) -> None:
    total = database.read(partial(load_sealed_count, source_id=source_id, ids=ids))
    for page in sealed_pages(database.read, source_id, ids):
        _go_on(stop)
        checked = check_transcripts(database.read, source_id, page)
        for seal in checked.seals:
            result.take_in(seal)
        result.differences += checked.differences
        result.restless += checked.restless
        report(result.chat_sessions, max(result.chat_sessions, total), "chat sessions")
    for key in database.read(partial(load_keys_without_seals, source_id=source_id, ids=ids)):
        result.differences.append(Difference(kind="seals_missing", chat_session_id=key))
    for key in database.read(partial(load_found_altered, source_id=source_id)):
        if key in ids:
            result.differences.append(Difference(kind="altered_before", chat_session_id=key))
    result.unsealed = database.read(partial(load_unsealed_count, source_id=source_id, ids=ids))


def _go_on(stop: threading.Event) -> None:
    if stop.is_set():
        raise Interrupted
