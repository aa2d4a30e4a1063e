"""`make bench`: measure, check, report. `python -m bench --help` tells the options."""

import argparse
import compileall
import sys

from bench.contenders import contender_of
from bench.databases import URLS
from bench.ground import a_ground
from bench.jobs import CONTENDERS, DATABASES, JOBS, chosen_jobs
from bench.machine import describe_machine, versions_of
from bench.measure import Bench
from bench.options import DOCS, SCRATCH, TOP, Names, add_databases, ended, positive, say
from bench.report import write_report
from bench.results import Results, load_results

_EPILOG = f"""\
jobs:
  NUMBERxMESSAGES[@LATENCYms]: chat sessions, messages in each, latency of a reply.
  {", ".join(job.name for job in JOBS)}, or one of your own, as 50x10.

servers:
  The one that {URLS["postgresql"]} or {URLS["mariadb"]} names, else one of this machine,
  else one that is started for the time. Durability has to be on.

examples:
  python -m bench                                            everything, into docs/ (about 40 minutes)
  python -m bench --jobs 500x40 --databases postgresql       one job, into .bench/
  python -m bench --contenders archiver,ceiling --rounds 5
  python -m bench --report                                   docs/ again, from the figures that are there
"""


def main(arguments: list[str] | None = None) -> int:
    chosen = _parser().parse_args(arguments)
    if chosen.report:
        return ended(lambda: write_report(load_results(DOCS / "performance.json"), DOCS))
    return ended(lambda: _measure(chosen))


def _measure(chosen: argparse.Namespace) -> None:
    jobs = chosen_jobs(chosen.jobs)
    is_whole = not (chosen.jobs or chosen.databases or chosen.contenders) and chosen.rounds >= 3
    into = DOCS if is_whole or chosen.publish else SCRATCH
    databases, names = chosen.databases or list(DATABASES), chosen.contenders or list(CONTENDERS)
    contenders = {name: contender_of(name) for name in names}
    compileall.compile_dir(TOP / "archiver", quiet=2)  # as an installed one is: no run pays for it
    with a_ground(databases, SCRATCH) as ground:
        for server in ground.databases.values():
            say(server.label)
        bench = Bench(ground=ground, contenders=contenders, say=say)
        results = Results(
            machine=describe_machine(),
            databases={kind: server.label for kind, server in ground.databases.items()},
            versions={name: versions_of(name) for name in names},
            runs=[],
        )
        try:
            for run in bench.measure(jobs, chosen.rounds):
                results.runs.append(run)
        finally:  # what was measured before something went wrong is worth a look
            results.save(SCRATCH / "performance.json")
    results.save(into / "performance.json")
    write_report(results, into)
    say(f"{into / 'performance.md'} has the figures, {into / 'performance.svg'} the chart")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Measure the archiver beside its peers and beside what this machine can do at most:\n"
        "the same server, the same run, in turn, every row checked. Left out, an option means all.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--jobs", type=Names(), default=[], metavar="JOB,...", help="some of those below")
    add_databases(parser)
    known = ", ".join(CONTENDERS)
    parser.add_argument(
        "--contenders", type=Names(CONTENDERS), default=[], metavar="NAME,...", help=f"some of {known}"
    )
    parser.add_argument("--rounds", type=positive, default=3, metavar="N", help="how often each run is made (3)")
    parser.add_argument(
        "--publish", action="store_true", help="write into docs/ also when not everything was measured"
    )
    parser.add_argument(
        "--report", action="store_true", help="measure nothing; write docs/ from docs/performance.json"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
