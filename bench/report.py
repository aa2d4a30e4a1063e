"""The figures as text: tables of ratios and of all that was measured, with the machine and the versions."""

from itertools import product
from pathlib import Path

from bench.chart import draw
from bench.jobs import CONTENDERS, DATABASES, LEFT_OUT
from bench.results import NOBODY, Figures, Results, Run, figures_of
from bench.sections import replace_section

Key = tuple[str, str, str, str]
"""Job, phase, database, contender."""
_MACHINE = {
    "measured": "measured on",
    "processor": "processor",
    "memory": "memory",
    "kernel": "kernel",
    "python": "Python",
    "revision": "archiver's revision",
}


def write_report(results: Results, folder: Path) -> None:
    """Write the chart, and the section of performance.md."""
    (folder / "performance.svg").write_text(draw(gather(results)), encoding="utf-8")
    replace_section(folder / "performance.md", "bench", render(results))


def gather(results: Results) -> dict[Key, Figures]:
    """The figures of each contender at each thing it did, in the order of the measurement."""
    rounds: dict[Key, list[Run]] = {}
    for run in results.runs:
        rounds.setdefault((run.job, run.phase, run.database, run.contender), []).append(run)
    return {key: figures_of(runs) for key, runs in rounds.items()}


def render(results: Results) -> str:
    figures = gather(results)
    many = max((each.rounds for each in figures.values()), default=0)
    parts = [
        "![How long it takes, on each database](performance.svg)",
        _where(results),
        f"### Beside the peers\n\nThe archiver's wall time, the median of {many} rounds, and how many times as long "
        "the others took; below 1 they were faster.",
        *(_ratios(figures, database) for database in results.databases),
        *_derived(figures, results),
        "### All figures\n\nMedians; in brackets the fastest and the slowest round. CPU is user and system time "
        "together, of all processes of the contender and of the database. Server: how busy the bench server was, of "
        "one core.",
        *(_all_figures(figures, database) for database in results.databases),
        _server(figures),
        _left_out(),
    ]
    return "\n\n".join(part for part in parts if part)


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def job_title(job: str, phase: str = "full") -> str:
    """2000x50@30ms as people read it."""
    shape, _, latency = job.partition("@")
    sessions, messages = (f"{int(number):,}" for number in shape.split("x"))
    title = f"{sessions} × {messages}" + (f", {latency.removesuffix('ms')} ms" if latency else "")
    return title if phase == "full" else f"{title}, {phase}"


def _where(results: Results) -> str:
    rows = [[title, results.machine.get(key, "")] for key, title in _MACHINE.items()]
    rows += [[DATABASES[kind], label] for kind, label in results.databases.items()]
    rows += [[CONTENDERS[name], versions] for name, versions in results.versions.items()]
    return "\n".join(f"| {title} | {value} |" for title, value in [["", ""], ["---", "---"], *rows])


def _ratios(figures: dict[Key, Figures], database: str) -> str:
    others = [
        name for name in CONTENDERS if name != "archiver" and any(key[2:] == (database, name) for key in figures)
    ]
    rows = []
    for job, phase in _done_on(figures, database):
        ours = figures.get((job, phase, database, "archiver"))
        if ours:
            theirs = [figures.get((job, phase, database, name)) for name in others]
            ratios = [f"{each.wall_s / ours.wall_s:.2f}" if each else "" for each in theirs]
            rows.append([job_title(job, phase), f"{ours.wall_s:.2f} s", *ratios])
    head = [DATABASES[database], "archiver", *(CONTENDERS[name] for name in others)]
    return table(head, rows) if rows else ""


def _derived(figures: dict[Key, Figures], results: Results) -> list[str]:
    """What follows from two figures of one contender: the price of latency, and of another database."""
    rows = []
    for job, phase in _done(figures):
        near = job.partition("@")[0]
        for name in CONTENDERS:
            pairs = [
                (figures.get((job, phase, each, name)), figures.get((near, phase, each, name))) for each in DATABASES
            ]
            ratios = [f"{far.wall_s / close.wall_s:.2f}" if far and close else "" for far, close in pairs]
            if near != job and any(ratios):
                rows.append([f"{CONTENDERS[name]}, {job_title(job)} ÷ {job_title(near)}", *ratios])
    if "mariadb" in results.databases:
        for job, phase in _done(figures):
            mariadb, other = (figures.get((job, phase, each, "archiver")) for each in ("mariadb", "postgresql"))
            if mariadb and other:
                ratio = f"{mariadb.wall_s / other.wall_s:.2f}"
                rows.append([f"archiver, {job_title(job, phase)}: MariaDB ÷ PostgreSQL", "", "", ratio])
    if not rows:
        return []
    return [
        "### What latency costs, and MariaDB beside PostgreSQL",
        table(["wall ÷ wall", *DATABASES.values()], rows),
    ]


def _all_figures(figures: dict[Key, Figures], database: str) -> str:
    rows = []
    for (job, phase), name in product(_done_on(figures, database), CONTENDERS):
        if not (each := figures.get((job, phase, database, name))):
            continue
        rows.append(
            [
                f"{job_title(job, phase)}: {CONTENDERS[name]}",
                f"{each.wall_s:.2f} ({each.fastest_s:.2f}–{each.slowest_s:.2f})",
                f"{each.rows / each.wall_s:,.0f}" if phase == "full" else "",
                f"{each.client_cpu_s:.2f}",
                "" if each.database_cpu_s is None else f"{each.database_cpu_s:.2f}",
                f"{each.peak_mb:.0f}",
                f"{each.calls:,}",
                f"{each.calls / each.wall_s:,.0f}",
                f"{each.rows:,}",
                f"{each.server_cpu_s / each.wall_s:.0%}",
            ]
        )
    head = ["wall s", "rows/s", "CPU s", "database CPU s", "peak MB", "calls", "calls/s", "rows", "server"]
    return table([DATABASES[database], *head], rows)


def _server(figures: dict[Key, Figures]) -> str:
    """That the bench server is not what is measured."""
    rows = []
    for job, phase in _done(figures):
        drained = figures.get((job, phase, "", NOBODY))
        if not drained or "@" in job:  # with latency, that is what limits it
            continue
        measured = {key: each for key, each in figures.items() if key[:2] == (job, phase) and key[2]}
        key, fastest = max(measured.items(), key=lambda item: item[1].calls / item[1].wall_s)
        rows.append(
            [
                job_title(job, phase),
                _rate(drained.calls / drained.wall_s),
                f"{drained.server_cpu_s / drained.calls * 1e6:,.0f}",
                _rate(fastest.calls / fastest.wall_s),
                f"{fastest.server_cpu_s / fastest.wall_s:.0%}",
                f"{CONTENDERS[key[3]]}, {DATABASES[key[2]]}",
            ]
        )
    text = (
        "### The bench server is not the limit\n\nHow many calls a second a client drains out of it that does "
        "nothing with the replies, over as many connections, in the same run, and the CPU a call takes of it; then "
        "the contender that asked most of it, and how busy it was with that, of one core."
    )
    head = ["", "drained, calls/s", "µs a call", "asked for at most, calls/s", "busy then", "by"]
    return f"{text}\n\n{table(head, rows)}" if rows else ""


def _rate(calls_per_s: float) -> str:
    return f"{calls_per_s:,.0f}" if calls_per_s >= 10 else f"{calls_per_s:.1f}"


def _left_out() -> str:
    return "### What is not measured\n\n" + "\n".join(f"- {what}: {why}." for what, why in LEFT_OUT)


def _done(figures: dict[Key, Figures]) -> list[tuple[str, str]]:
    return list(dict.fromkeys(key[:2] for key in figures if key[2]))


def _done_on(figures: dict[Key, Figures], database: str) -> list[tuple[str, str]]:
    return list(dict.fromkeys(key[:2] for key in figures if key[2] == database))
