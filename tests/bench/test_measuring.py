"""The bench from end to end, small: its server, the archiver and the ceiling, on SQLite."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy
from sqlalchemy import text

from archiver.store.canaries import CHAT_SESSIONS
from bench.chats import Shape
from bench.contenders import Archiver, Ceiling, Contender, Place, Rows
from bench.control import BenchServer
from bench.databases import SQLite
from bench.errors import BenchError
from bench.ground import Ground
from bench.jobs import Job, Phase
from bench.measure import Bench
from bench.results import NOBODY, Run
from bench.verify import verify

ARCHIVER = Archiver(Path(sys.executable).parent)
CEILING = Ceiling(Path(sys.executable).parent, ARCHIVER)
SHAPE = Shape(20, 5)


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    folder = tmp_path_factory.mktemp("bench")
    with BenchServer() as http:
        http.load(SHAPE)
        yield Ground(http=http, databases={"sqlite": SQLite(folder)}, folder=folder)


@pytest.fixture(scope="module")
def sound(ground: Ground, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database that the ceiling filled."""
    kept = tmp_path_factory.mktemp("sound") / "chats.db"
    with ground.a_place(SHAPE, "sqlite", 2) as place:
        CEILING.prepare(place)
        ground.metered(CEILING.commands(place, "full"), place.folder)
        shutil.copy(place.url.removeprefix("sqlite:///"), kept)
    return kept


@pytest.fixture
def stored(sound: Path, tmp_path: Path) -> str:
    """The URL of a copy of it."""
    return f"sqlite:///{shutil.copy(sound, tmp_path)}"


def change(url: str, statement: str) -> None:
    with sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool).begin() as connection:
        assert connection.execute(text(statement)).rowcount == 1


def measure(ground: Ground, *phases: Phase, **contenders: Contender) -> list[Run]:
    """Each contender does a tiny job once."""
    job = Job(shape=SHAPE, phases=phases, takes_part=dict.fromkeys(contenders, ("sqlite",)))
    return list(Bench(ground=ground, contenders=contenders, say=lambda _: None).measure([job], 1))


class Forgetful(Ceiling):
    """Loses a row."""

    def rows(self, place: Place) -> Rows:
        change(place.url, "DELETE FROM chat_message WHERE chat_message_id = 42")
        return super().rows(place)


class Lazy(Ceiling):
    """Visits half of the chat sessions."""

    def commands(self, place: Place, phase: Phase) -> list[list[str]]:
        ((program, script, url, port, _, *more),) = super().commands(place, phase)
        return [[program, script, url, port, "10", *more]]


class Unprepared(Ceiling):
    """Finds no tables."""

    def prepare(self, place: Place) -> None:
        """Forget to make them."""


def test_the_archiver_and_the_ceiling_store_what_the_server_holds_and_visit_all_of_it(ground: Ground) -> None:
    runs = measure(ground, "full", "nothing new", "1 % new", archiver=ARCHIVER, ceiling=CEILING)
    for name, more in (("archiver", CHAT_SESSIONS), ("ceiling", 0)):  # the archiver asks its canary first
        done = [(run.phase, run.calls, run.rows) for run in runs if run.contender == name]
        assert done == [("full", 20, 100), ("nothing new", 20 + more, 100), ("1 % new", 20 + more, 101)]
    assert [run.calls for run in runs if run.contender == NOBODY] == [20, 20]
    assert all(run.wall_s > 0 and run.client_cpu_s > 0 and run.peak_mb > 1 for run in runs)


@pytest.mark.parametrize(
    ("contender", "told"),
    [
        (Forgetful, "99 rows are stored, and the server holds 100"),
        (Lazy, "made 10 calls for 20 chat sessions"),
        (Unprepared, r"[\s\S]*no such table"),
    ],
)
def test_who_does_it_wrong_is_named_and_leaves_nothing_behind(
    ground: Ground, contender: type[Ceiling], told: str
) -> None:
    with pytest.raises(BenchError, match="^ceiling, 20x5, SQLite, full, round 1: " + told):
        measure(ground, "full", ceiling=contender(Path(sys.executable).parent, ARCHIVER))
    assert [path.name for path in ground.folder.iterdir()] == ["drain"]


def test_rows_that_are_the_servers_pass_the_check(stored: str) -> None:
    assert verify(Rows(url=stored), SHAPE, grown=False) == 100


def test_a_missing_row_fails_the_check(stored: str) -> None:
    change(stored, "DELETE FROM chat_message WHERE chat_message_id = 42")
    with pytest.raises(BenchError, match="99 rows are stored, and the server holds 100"):
        verify(Rows(url=stored), SHAPE, grown=False)


@pytest.mark.parametrize(
    "alteration",
    [
        "message = message || ' '",
        "author = lower(author)",
        "chat_session_id = chat_session_id + 1",
        "chat_message_id = 1042",
        "when_posted = datetime(when_posted, '+1 second')",
    ],
)
def test_an_altered_row_fails_the_check(stored: str, alteration: str) -> None:
    change(stored, f"UPDATE chat_message SET {alteration} WHERE chat_message_id = 42")
    with pytest.raises(BenchError, match="100 rows are stored, as many as the server holds, but not the same ones"):
        verify(Rows(url=stored), SHAPE, grown=False)
