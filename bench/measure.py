"""The measurement: all contenders in turn, against one server, each on a database of its own, each one checked."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bench.contenders import PEERS, Contender, Place
from bench.errors import BenchError
from bench.ground import Ground
from bench.jobs import CONTENDERS, DATABASES, Job, Phase
from bench.results import NOBODY, Run
from bench.verify import verify


@dataclass(frozen=True, kw_only=True)
class Bench:
    """The contenders, on one ground."""

    ground: Ground
    contenders: dict[str, Contender]
    say: Callable[[str], None]

    def measure(self, jobs: list[Job], rounds: int) -> Iterator[Run]:
        """Make every run, from the first job to the last. Raises: BenchError for the first that went wrong."""
        for job in jobs:
            self.say(f"{job.name}: the server makes {job.shape.rows:,} messages")
            self.ground.http.load(job.shape, job.latency_ms)
            for round_ in range(1, rounds + 1):
                yield from self._drain(job, round_)
                for database in self.ground.databases:
                    for contender in _turned(job.contenders_on(database, list(self.contenders)), round_):
                        yield from self._do(job, database, contender, round_)

    def _do(self, job: Job, database: str, contender: str, round_: int) -> Iterator[Run]:
        """One contender does one job, phase by phase, on a database of its own."""
        with self.ground.a_place(job.shape, database, job.connections) as place:
            self.contenders[contender].prepare(place)
            for phase in job.phases:
                who = f"{CONTENDERS[contender]}, {job.name}, {DATABASES[database]}, {phase}, round {round_}"
                try:
                    run = self._measured(job, database, contender, round_, place, phase)
                except BenchError as error:
                    raise BenchError(f"{who}: {error}") from None
                self.say(f"  {who}: {run.wall_s:.2f} s, CPU {run.client_cpu_s:.2f} s, {run.peak_mb:.0f} MB")
                yield run

    def _measured(self, job: Job, database: str, name: str, round_: int, place: Place, phase: Phase) -> Run:
        server, contender = self.ground.databases[database], self.contenders[name]
        is_grown = phase == "1 % new"
        if is_grown:
            self.ground.http.grow()
        commands = contender.commands(place, phase)
        server.settle()
        figures = self.ground.metered(commands, place.folder, server)
        if figures["calls"] < job.shape.chat_sessions:
            raise BenchError(f"made {figures['calls']:,} calls for {job.shape.chat_sessions:,} chat sessions")
        rows = verify(contender.rows(place), job.shape, grown=is_grown)
        return Run(job=job.name, phase=phase, database=database, contender=name, round=round_, rows=rows, **figures)

    def _drain(self, job: Job, round_: int) -> Iterator[Run]:
        """What the server gives to a client that does nothing with it."""
        folder = self.ground.folder / "drain"
        folder.mkdir(exist_ok=True)
        for phase in job.phases[:2]:
            after = 0 if phase == "full" else job.shape.rows
            told = [self.ground.http.port, job.shape.chat_sessions, job.connections, after]
            figures = self.ground.metered([[sys.executable, str(PEERS / "drain.py"), *map(str, told)]], folder)
            figures["wall_s"] = float((folder / "stdout").read_text())  # without the start of Python
            yield Run(job=job.name, phase=phase, database="", contender=NOBODY, round=round_, rows=0, **figures)


def _turned(names: list[str], by: int) -> list[str]:
    """Each round another one begins."""
    at = by % len(names) if names else 0
    return names[at:] + names[:at]
