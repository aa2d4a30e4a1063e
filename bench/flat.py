"""`make bench-flat`: how the archiver's cost grows. flat_report.py tells it."""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import sqlalchemy
from sqlalchemy import text

from bench.chats import Shape
from bench.contenders import Archiver, Contender, Place, archiver_of, contender_of
from bench.errors import BenchError
from bench.flat_report import write_flat_report
from bench.ground import Ground, a_ground
from bench.jobs import CONNECTIONS, DATABASES
from bench.options import DOCS, SCRATCH, Names, add_databases, ended, say

Row = dict[str, Any]
FILE, DOCUMENT = "performance-flat.json", "performance.md"
_MEMORY = (Shape(2_000, 50), Shape(20_000, 50), Shape(1, 200_000))
_GROWTH = (1_000, 10_000, 100_000)
_EACH = 2
"""Messages in a chat session of the archives that grow."""
_VISITED = 1_000
_KNOWN = 1_000_000
_WRITES = Shape(2_000, 50)
_WAL = text("SELECT pg_current_wal_lsn() - '0/0'::pg_lsn")
_WROTE = text("SELECT COALESCE(SUM(n_tup_ins + n_tup_upd + n_tup_del), 0) FROM pg_stat_user_tables")
_HOLE = text(
    "INSERT INTO chat_session_state (source_id, chat_session_id, last_message_id, floor_message_id, state, failures) "
    "VALUES (1, :id, 0, 0, 'absent', 0)"
)
_HOLES_AT_ONCE = 10_000


@dataclass(frozen=True, kw_only=True)
class Flatness:
    """The four questions, each asked on one database at a time."""

    ground: Ground
    archiver: Archiver
    ceiling: Contender

    def memory(self, database: str) -> Iterator[Row]:
        """The peak of a first backfill: 100,000 messages, a million, and 200,000 in one chat session."""
        for shape in _MEMORY:
            with self._place(shape, database) as place:
                self.archiver.prepare(place)
                yield {"messages": shape.rows, "chat_sessions": shape.chat_sessions, **self._run(place, "backfill")}

    def growth(self, database: str) -> Iterator[Row]:
        """A pass with nothing new over all of an archive, and over a thousand of its chat sessions."""
        for known in _GROWTH:
            with self._place(Shape(known, _EACH), database) as place:
                self.ceiling.prepare(place)  # fills it quickly; a first pass then makes it one of the archiver's
                self.ground.metered(self.ceiling.commands(place, "full"), place.folder)
                self._run(place, "run")
                yield {"known": known, "visited": known, **self._run(place, "run")}
                self._choose(place, _VISITED)
                yield {"known": known, "visited": _VISITED, **self._run(place, "run")}

    def cursors(self, database: str) -> Iterator[Row]:
        """A pass that loads a million cursors and visits few: nearly all are holes, which are asked once a day."""
        with self._place(Shape(_VISITED, _EACH), database) as place:
            self.archiver.prepare(place)
            self._run(place, "backfill")
            yield {"known": _VISITED, **self._run(place, "run")}
            _add_holes(place.url)
            self._choose(place, _KNOWN)
            yield {"known": _KNOWN, **self._run(place, "run")}

    def writes(self, database: str) -> Iterator[Row]:
        """What PostgreSQL had to write: a first backfill, a pass with nothing new, full visits with nothing new."""
        if database != "postgresql":
            return
        with self._place(_WRITES, database) as place:
            self.archiver.prepare(place)
            for command in ("backfill", "run", "reconcile"):
                wal, wrote = _ask(place.url, _WAL), _ask(place.url, _WROTE)
                figures = self._run(place, command)
                wal, wrote = _ask(place.url, _WAL) - wal, _ask(place.url, _WROTE) - wrote
                yield {"command": command, **figures, "wal_bytes": int(wal), "rows_written": int(wrote)}

    def _place(self, shape: Shape, database: str) -> AbstractContextManager[Place]:
        self.ground.http.load(shape)
        return self.ground.a_place(shape, database, CONNECTIONS["near"])

    def _run(self, place: Place, command: str) -> Row:
        figures = self.ground.metered([self.archiver.command(place, command)], place.folder)
        what = f"{DATABASES[place.kind]}, {place.shape.chat_sessions:,} x {place.shape.messages:,}, {command}"
        say(f"  {what}: {figures['wall_s']:.2f} s, {figures['calls']:,} calls, {figures['peak_mb']:.0f} MB")
        return {name: figures[name] for name in ("wall_s", "client_cpu_s", "peak_mb", "calls")}

    def _choose(self, place: Place, chat_sessions: int) -> None:
        """Have the configuration choose so many, from the first on."""
        self.archiver.prepare(replace(place, shape=replace(place.shape, chat_sessions=chat_sessions)))


QUESTIONS: dict[str, Callable[[Flatness, str], Iterator[Row]]] = {
    "memory": Flatness.memory,
    "growth": Flatness.growth,
    "cursors": Flatness.cursors,
    "writes": Flatness.writes,
}


def main(arguments: list[str] | None = None) -> int:
    chosen = _parser().parse_args(arguments)
    if chosen.report:
        return ended(lambda: write_flat_report(_load(DOCS / FILE), DOCS / DOCUMENT))
    return ended(lambda: _measure(chosen))


def _measure(chosen: argparse.Namespace) -> None:
    is_whole = not (chosen.databases or chosen.only)
    into, document = (DOCS, DOCUMENT) if is_whole or chosen.publish else (SCRATCH, "performance-flat.md")
    kinds = chosen.databases or list(DATABASES)
    archiver, ceiling = archiver_of(), contender_of("ceiling")
    rows: list[Row] = []
    with a_ground(kinds, SCRATCH) as ground:
        flatness = Flatness(ground=ground, archiver=archiver, ceiling=ceiling)
        for name in chosen.only or QUESTIONS:
            say(name)
            for kind in kinds:
                rows += [{"question": name, "database": kind, **row} for row in QUESTIONS[name](flatness, kind)]
    (into / FILE).write_text("[\n" + ",\n".join(map(json.dumps, rows)) + "\n]\n", encoding="ascii")
    write_flat_report(rows, into / document)
    say(f"{into / document} has the figures")


def _load(path: Path) -> list[Row]:
    try:
        rows: list[Row] = json.loads(path.read_text(encoding="ascii"))
    except FileNotFoundError:
        raise BenchError(f"there is no {path}: nothing was measured yet") from None
    except ValueError as error:
        raise BenchError(f"{path} is not what a bench wrote: {error}") from None
    return rows


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.flat",
        description="Measure how the archiver's cost grows. Left out, an option means all; a part goes into .bench/.",
    )
    add_databases(parser)
    known = dict.fromkeys(QUESTIONS, "")
    parser.add_argument(
        "--only", type=Names(known), default=[], metavar="NAME,...", help=f"some of {', '.join(known)}"
    )
    parser.add_argument(
        "--publish", action="store_true", help="write into docs/ also when not everything was measured"
    )
    parser.add_argument("--report", action="store_true", help=f"measure nothing; write docs/ from docs/{FILE}")
    return parser


def _add_holes(url: str) -> None:
    engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)
    for first in range(_VISITED + 1, _KNOWN + 1, _HOLES_AT_ONCE):
        with engine.begin() as connection:
            ids = range(first, min(first + _HOLES_AT_ONCE, _KNOWN + 1))
            connection.execute(_HOLE, [{"id": number} for number in ids])


def _ask(url: str, question: sqlalchemy.TextClause) -> Any:
    engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)
    with engine.connect() as connection:
        return connection.execute(question).scalar_one()


if __name__ == "__main__":
    sys.exit(main())
