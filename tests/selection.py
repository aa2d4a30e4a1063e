"""Which databases the tests use, and what is told of them in the end: the decisions; servers.py acts."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

KINDS = {"sqlite": "SQLite", "postgresql": "PostgreSQL", "mariadb": "MariaDB"}
REQUIRED = "ARCHIVER_TEST_REQUIRE"
NAMED = {"postgresql": "ARCHIVER_TEST_POSTGRESQL_URL", "mariadb": "ARCHIVER_TEST_MARIADB_URL"}
USUAL_MARIADB = "mysql+pymysql://root@127.0.0.1:3306"


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One of: a server that runs, a program to start one with, why there is none."""

    url: str | None = None
    binary: Path | None = None
    why_none: str = ""


def choose_mariadb(environment: Mapping[str, str], *, is_usual_open: bool, binary: Path | None) -> Choice:
    """The named server, else one that runs here, else one of our own.

    Args:
        is_usual_open: whether a MariaDB at USUAL_MARIADB lets us in.
        binary: mariadbd, where it was found.
    """
    if named := environment.get(NAMED["mariadb"]):
        return Choice(url=named)
    if is_usual_open:
        return Choice(url=USUAL_MARIADB)
    if binary:
        return Choice(binary=binary)
    return Choice(why_none=f"none runs or can be started: install mariadb-server, or name one by {NAMED['mariadb']}")


def required_kinds(environment: Mapping[str, str]) -> set[str]:
    """The kinds without which a run fails. Raises: ValueError for a kind that we don't know."""
    kinds = {each.strip() for each in environment.get(REQUIRED, "").split(",") if each.strip()}
    if unknown := sorted(kinds - KINDS.keys()):
        raise ValueError(f"{REQUIRED}: {unknown[0]!r} is none of {', '.join(KINDS)}")
    return kinds


class UsedDatabases:
    """Counts the tests that ran on each database, and those that were left out for want of one."""

    def __init__(self) -> None:
        self._ran: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        self._left_out: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))

    def add(self, test: str, kind: str, server: str, *, is_run: bool) -> None:
        """Note a test, under its id; `server`: which one it had, or why it had none."""
        (self._ran if is_run else self._left_out)[kind][server].add(test)

    def missing(self, required: Iterable[str]) -> list[str]:
        """A sentence for each required kind that no test ran on, or that some went without."""
        sentences = []
        for kind in sorted(required):
            if not self._ran[kind]:
                sentences.append(f"{REQUIRED} names {kind}, and no test ran on it")
            else:
                left_out = sorted(self._left_out[kind].items())
                sentences += [f"{REQUIRED} names {kind}, and {_tests(ids)} had none: {why}" for why, ids in left_out]
        return sentences

    def __str__(self) -> str:
        """One line: "SQLite 3.40.1 (163 tests); PostgreSQL 18.4, brought along (163 tests); no MariaDB: ..."."""
        parts = []
        for kind in KINDS:
            parts += [f"{server} ({_tests(ids)})" for server, ids in sorted(self._ran[kind].items())]
            left_out = sorted(self._left_out[kind].items())
            parts += [f"no {KINDS[kind]}: {reason} ({_tests(ids)} left out)" for reason, ids in left_out]
        return "; ".join(parts)


def _tests(ids: Collection[str]) -> str:
    return "1 test" if len(ids) == 1 else f"{len(ids)} tests"
