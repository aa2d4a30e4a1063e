"""What is measured, and who takes part in what."""

import re
from dataclasses import dataclass
from typing import Literal

from bench.chats import Shape
from bench.errors import BenchError

Phase = Literal["full", "nothing new", "1 % new"]
ALL_PHASES: tuple[Phase, ...] = ("full", "nothing new", "1 % new")
"""In this order, on the same archive: the first backfill, a pass over what is unchanged, a pass after growth."""
DATABASES = {"sqlite": "SQLite", "postgresql": "PostgreSQL", "mariadb": "MariaDB"}
CONTENDERS = {"archiver": "archiver", "ceiling": "ceiling", "dlt": "dlt", "singer": "Singer", "orm": "ORM loop"}
CONNECTIONS = {"near": 8, "far": 64}
"""Parallel calls, the same number for all who can make any. Eight keep a client busy whose replies come at once. At
30 ms, 64 could bring 2,100 replies a second: enough that the clients, and not the latency, are what is measured."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """One tenant, and what is done with it."""

    shape: Shape
    latency_ms: int = 0
    phases: tuple[Phase, ...] = ALL_PHASES
    takes_part: dict[str, tuple[str, ...]]
    """The databases that a contender does this job on; left out: on none."""

    @property
    def name(self) -> str:
        latency = f"@{self.latency_ms}ms" if self.latency_ms else ""
        return f"{self.shape.chat_sessions}x{self.shape.messages}{latency}"

    @property
    def connections(self) -> int:
        return CONNECTIONS["far" if self.latency_ms else "near"]

    def contenders_on(self, database: str, chosen: list[str]) -> list[str]:
        return [each for each in chosen if database in self.takes_part.get(each, ())]


_EVERYWHERE = tuple(DATABASES)
_POSTGRESQL = ("postgresql",)
_THE_TWO = {"archiver": _EVERYWHERE, "ceiling": _EVERYWHERE}
_WITH_DLT = {**_THE_TWO, "dlt": _EVERYWHERE}
_WITH_SINGER = {**_WITH_DLT, "singer": _POSTGRESQL}
_ALL = {**_WITH_SINGER, "orm": _EVERYWHERE}

JOBS = (
    Job(shape=Shape(500, 40), takes_part=_ALL),
    Job(shape=Shape(500, 40), latency_ms=30, phases=("full",), takes_part=_WITH_SINGER),
    Job(shape=Shape(2_000, 50), takes_part=_WITH_SINGER),
    Job(shape=Shape(2_000, 50), latency_ms=30, phases=("full",), takes_part=_WITH_DLT),
    Job(shape=Shape(20_000, 2), takes_part={**_THE_TWO, "dlt": ("sqlite", "postgresql")}),
    Job(shape=Shape(1, 200_000), phases=("full",), takes_part=_THE_TWO),
    Job(shape=Shape(20_000, 50), phases=("full",), takes_part=_THE_TWO),
)
"""From the small to the large; three rounds of all end within some 40 minutes on two cores."""

LEFT_OUT = (
    ("Singer on SQLite and MariaDB", "the maintained target is PostgreSQL's"),
    (
        "Singer at 2,000 × 50 with 30 ms, and beyond",
        "minutes a run: its SDK asks one chat session after the other, and looks each bookmark up in a list",
    ),
    ("the ORM loop beyond 500 × 40", "minutes a run: 500 × 40 shows what a row costs, and rows only add up"),
    ("dlt at 20,000 × 2 on MariaDB", "a minute a round; SQLite and PostgreSQL show how its state grows"),
    (
        "dlt at one chat session of 200,000, and at 1,000,000 messages",
        "minutes a run; 2,000 × 50 shows what a row costs",
    ),
    ("nothing new and 1 % new at 30 ms", "the first backfill shows whether latency is hidden"),
)
"""What is not measured, and why."""


def chosen_jobs(names: list[str]) -> list[Job]:
    """The jobs of those names; another one, as 50x10@30ms, is done whole by all. Raises: BenchError."""
    known = {job.name: job for job in JOBS}
    return [known.get(name) or _job_of(name) for name in names] or list(JOBS)


def _job_of(name: str) -> Job:
    parts = re.fullmatch(r"(\d+)x(\d+)(?:@(\d+)ms)?", name)
    if not parts or not int(parts[1]) or not int(parts[2]):
        known = ", ".join(job.name for job in JOBS)
        raise BenchError(
            f"--jobs: {name!r} is no job: take some of {known}, or one of your own, as 50x10 or 50x10@30ms"
        )
    return Job(shape=Shape(int(parts[1]), int(parts[2])), latency_ms=int(parts[3] or 0), takes_part=_ALL)
