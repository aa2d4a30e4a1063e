"""The contenders: how each is prepared and called, in an environment of its own, and where its rows lie."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bench.chats import Shape
from bench.errors import BenchError
from bench.jobs import Phase

PEERS = Path(__file__).parent / "peers"
ENVIRONMENTS = Path(__file__).parent.parent / ".venv-bench"
CONFIG = """
[archive]
url = "{url}"

[schedule]
workers = {connections}

[[source]]
name = "bench"
base_url = "http://127.0.0.1:{port}/SuperOffice/api"

[source.auth]
scheme = "basic"
username = "archive"
password = "x"

[source.sessions]
include = ["1-{chat_sessions}"]

[source.limits]
concurrency = {connections}
requests_per_second = 0
"""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a contender works: a database, a folder, the bench server, and how much there is."""

    name: str
    """Of the database; a contender may make more whose names begin with it."""
    url: str
    folder: Path
    port: int
    shape: Shape
    connections: int

    @property
    def kind(self) -> str:
        """As the jobs name databases."""
        dialect = self.url.split(":")[0].split("+")[0]
        return {"mysql": "mariadb"}.get(dialect, dialect)


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Where a contender's messages are."""

    url: str
    table: str = "chat_message"


class Contender(Protocol):
    def prepare(self, place: Place) -> None:
        """What a user does once, before the first run; not measured."""

    def commands(self, place: Place, phase: Phase) -> list[list[str]]:
        """What is run and measured; each is piped into the next."""

    def rows(self, place: Place) -> Rows: ...


class _Script:
    """A script of ours that takes the database, the port, and how many chat sessions there are."""

    script: str

    def __init__(self, bin_folder: Path) -> None:
        self._bin = bin_folder

    def prepare(self, place: Place) -> None:
        """Nothing to do."""

    def commands(self, place: Place, _phase: Phase) -> list[list[str]]:
        told = [place.url, str(place.port), str(place.shape.chat_sessions), *self._more(place)]
        return [[str(self._bin / "python"), str(PEERS / self.script), *told]]

    def rows(self, place: Place) -> Rows:
        return Rows(url=place.url)

    def _more(self, _place: Place) -> list[str]:
        return []


class Archiver:
    """As a user runs it: the whole process of `archiver backfill`, then of `archiver run`."""

    def __init__(self, bin_folder: Path) -> None:
        self._program = str(bin_folder / "archiver")

    def prepare(self, place: Place) -> None:
        """Write a configuration, and make the archive's tables."""
        config = CONFIG.format(
            url=place.url, port=place.port, chat_sessions=place.shape.chat_sessions, connections=place.connections
        )
        (place.folder / "config.toml").write_text(config, encoding="utf-8")
        made = subprocess.run(self.command(place, "migrate"), capture_output=True, text=True, check=False)
        if made.returncode:
            raise BenchError(f"archiver migrate failed: {made.stderr}{made.stdout}")

    def commands(self, place: Place, phase: Phase) -> list[list[str]]:
        return [self.command(place, "backfill" if phase == "full" else "run")]

    def command(self, place: Place, command: str) -> list[str]:
        return [self._program, "--config", str(place.folder / "config.toml"), command]

    def rows(self, place: Place) -> Rows:
        return Rows(url=place.url)


class Ceiling(_Script):
    """Writes into the tables that `archiver migrate` makes."""

    script = "ceiling.py"

    def __init__(self, bin_folder: Path, archiver: Archiver) -> None:
        super().__init__(bin_folder)
        self._archiver = archiver

    def prepare(self, place: Place) -> None:
        self._archiver.prepare(place)

    def _more(self, place: Place) -> list[str]:
        return [str(place.connections)]


class Dlt(_Script):
    script = "dlt_pipeline.py"

    def rows(self, place: Place) -> Rows:
        if place.kind == "sqlite":  # it gives each dataset a file of its own
            return Rows(url=place.url.removesuffix(".db") + f"__{_dataset(place)}.db")
        return Rows(url=place.url, table=f"{_dataset(place)}.chat_message")

    def _more(self, place: Place) -> list[str]:
        return [str(place.connections), str(place.folder / "dlt"), _dataset(place)]


class Orm(_Script):
    script = "orm_loop.py"


class Singer:
    """A tap and a target, piped; the state that the target gives back is the tap's next time."""

    def __init__(self, bin_folder: Path) -> None:
        self._bin = bin_folder

    def prepare(self, place: Place) -> None:
        tap = {"port": place.port, "chat_sessions": place.shape.chat_sessions}
        target = {
            "sqlalchemy_url": place.url,
            "default_target_schema": "singer",
            # What it offers for speed, and nothing that the rows don't need.
            "use_copy": True,
            "validate_records": False,
            "add_record_metadata": False,
            "activate_version": False,
        }
        (place.folder / "tap.json").write_text(json.dumps(tap), encoding="ascii")
        (place.folder / "target.json").write_text(json.dumps(target), encoding="ascii")

    def commands(self, place: Place, phase: Phase) -> list[list[str]]:
        tap = [str(self._bin / "python"), str(PEERS / "singer_tap.py"), "--config", "tap.json"]
        if phase != "full" and (states := (place.folder / "stdout").read_text(encoding="utf-8").splitlines()):
            (place.folder / "state.json").write_text(states[-1], encoding="utf-8")
        if (place.folder / "state.json").exists():
            tap += ["--state", "state.json"]
        return [tap, [str(self._bin / "target-postgres"), "--config", "target.json"]]

    def rows(self, place: Place) -> Rows:
        return Rows(url=place.url, table="singer.chat_message")


def contender_of(name: str, environments: Path = ENVIRONMENTS) -> Contender:
    """The contender of that name, in its own environment. Raises: BenchError when that was not made."""
    bin_folder = _programs_of(name, environments)
    if name == "ceiling":
        return Ceiling(bin_folder, archiver_of(environments))
    makers: dict[str, type[Archiver | Dlt | Singer | Orm]]
    makers = {"archiver": Archiver, "dlt": Dlt, "singer": Singer, "orm": Orm}
    return makers[name](bin_folder)


def archiver_of(environments: Path = ENVIRONMENTS) -> Archiver:
    return Archiver(_programs_of("archiver", environments))


def _programs_of(name: str, environments: Path) -> Path:
    bin_folder = environments / name / "bin"
    if not (bin_folder / "python").exists():
        raise BenchError(f"{environments / name} is not there: `make bench` makes it")
    return bin_folder


def _dataset(place: Place) -> str:
    """On MariaDB a dataset is a database."""
    return f"{place.name}_dlt"
