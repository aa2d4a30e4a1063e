"""What a bench found: the runs, and where they ran. Kept as JSON with a run a line, so that a diff shows runs."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from bench.errors import BenchError

NOBODY = "drain"
"""The contender that only reads replies, and stores nothing: what the bench server allows."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """One contender, one job, one database, one phase, one round."""

    job: str
    phase: str
    database: str
    """Empty for the drain."""
    contender: str
    round: int
    wall_s: float
    client_cpu_s: float
    database_cpu_s: float | None
    """None where the database is a part of the client, or runs on another machine."""
    server_cpu_s: float
    """Of the bench server."""
    peak_mb: float
    calls: int
    rows: int
    """In the contender's table afterwards."""


@dataclass(frozen=True, kw_only=True)
class Results:
    machine: dict[str, str]
    databases: dict[str, str]
    """Kind: version, whereabouts, settings."""
    versions: dict[str, str]
    """Contender: what is installed in its environment."""
    runs: list[Run]

    def save(self, path: Path) -> None:
        head = {"machine": self.machine, "databases": self.databases, "versions": self.versions}
        lines = ",\n".join(json.dumps(_rounded(run)) for run in self.runs)
        shown = json.dumps(head, indent=1, ensure_ascii=False).removesuffix("\n}")
        path.write_text(f'{shown},\n "runs": [\n{lines}\n]}}\n', encoding="utf-8")


def load_results(path: Path) -> Results:
    """Raises: BenchError."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        runs = [Run(**run) for run in told.pop("runs")]
        return Results(**told, runs=runs)
    except FileNotFoundError:
        raise BenchError(f"there is no {path}: nothing was measured yet") from None
    except (ValueError, TypeError, KeyError) as error:
        raise BenchError(f"{path} is not what a bench wrote: {error}") from None


@dataclass(frozen=True, kw_only=True)
class Figures:
    """The medians of the rounds of one contender, and how far its walls lie apart."""

    wall_s: float
    fastest_s: float
    slowest_s: float
    client_cpu_s: float
    database_cpu_s: float | None
    server_cpu_s: float
    peak_mb: float
    calls: int
    rows: int
    rounds: int


def figures_of(runs: list[Run]) -> Figures:
    databases = [run.database_cpu_s for run in runs if run.database_cpu_s is not None]
    return Figures(
        wall_s=median(run.wall_s for run in runs),
        fastest_s=min(run.wall_s for run in runs),
        slowest_s=max(run.wall_s for run in runs),
        client_cpu_s=median(run.client_cpu_s for run in runs),
        database_cpu_s=median(databases) if databases else None,
        server_cpu_s=median(run.server_cpu_s for run in runs),
        peak_mb=median(run.peak_mb for run in runs),
        calls=runs[-1].calls,
        rows=runs[-1].rows,
        rounds=len(runs),
    )


def _rounded(run: Run) -> dict[str, Any]:
    return {name: round(value, 3) if isinstance(value, float) else value for name, value in asdict(run).items()}
