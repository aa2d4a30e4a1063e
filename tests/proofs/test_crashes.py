"""Commands killed with SIGKILL, again and again: nothing is lost, nothing is there twice, the next pass converges."""

import random
import signal
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from archiver.sandbox import Sandbox, SandboxSettings
from archiver.store.database import Database
from tests.cli.conftest import ENOUGH_S, run_in
from tests.databases import migrate_at
from tests.proofs.children import child, died_at
from tests.proofs.soak import SEED, often
from tests.proofs.witness import Seen, Witness, assert_cursors_at_rows, assert_cursors_covered
from tests.support import dump, truth_of, wire_rows, write_config

CHAT_SESSIONS = 60
POINTS = ("written", "fetched", "committing", "committed", "inserted", "begun", "renewed")
COMMANDS = ("backfill", "run", "reconcile")
KILLS = often(3, 32)
"""On each database; each fourth or so at a random moment, the others at named points."""
_MOST_PASSINGS = {"random": CHAT_SESSIONS // 2, "fetched": CHAT_SESSIONS // 2, "committing": 6, "committed": 6}
"""A pass that finds nothing new to write passes the other points once or twice."""


@dataclass(frozen=True, kw_only=True)
class Crash:
    """What is killed, and where: `at` after so many passings of a point, or of requests for a random moment."""

    command: str
    at: str
    passing: int


def crashes(rng: random.Random) -> Iterator[Crash]:
    """Commands and their ends; every point has its turn."""
    points = rng.sample(POINTS, len(POINTS))
    number = 0
    while True:
        at = "random" if number % 4 == 2 else points[number % len(points)]
        command = "reconcile" if at == "random" else rng.choice(COMMANDS)  # that makes a call for each chat session
        yield Crash(command=command, at=at, passing=rng.randint(1, _MOST_PASSINGS.get(at, 2)))
        number += 1


@pytest.fixture
def full() -> Iterator[Sandbox]:
    with Sandbox(SandboxSettings(chat_sessions=CHAT_SESSIONS, messages_per_chat_session=10)) as running:
        yield running


def was_killed(folder: Path, sandbox: Sandbox, crash: Crash) -> bool:
    """Returns: False when the command was done before it came there."""
    if crash.at != "random":
        return died_at(folder, crash.command, at=crash.at, passing=crash.passing)
    sandbox.requests.clear()
    with child(folder, crash.command) as process:
        sandbox.requests.wait_for(crash.passing, timeout_s=ENOUGH_S)
        process.kill()
        process.communicate(timeout=ENOUGH_S)
    assert process.returncode in (0, -signal.SIGKILL)
    return process.returncode != 0


def type_on(sandbox: Sandbox, rng: random.Random) -> None:
    """Some messages come, one of them late, one is edited and one is read."""
    tenant = sandbox.tenant
    chat_sessions = [each.chat_session_id for each in tenant.chat_sessions()]
    for chat_session_id in rng.sample(chat_sessions, 12):
        tenant.post(chat_session_id, message=f"said {rng.random()}", author="Kim")
    for _ in range(2):
        tenant.commit_late(chat_sessions[0], message=f"said late {rng.random()}", author="Kim")
    known = [each.chat_message_id for each in tenant.all_messages()]
    tenant.edit(rng.choice(known), message=f"edited {rng.random()}")
    tenant.edit(rng.choice(known), read_by_customer=1)


def returned_if_asked(sandbox: Sandbox, before: Seen | None) -> list[tuple[int, int]]:
    """What a visit brings whose cursor moves: all but what came late, below a cursor that stood there already."""
    cursors = before.cursors if before else {}
    return [
        (each.chat_session_id, each.chat_message_id)
        for each in sandbox.tenant.all_messages()
        if each.chat_message_id > cursors.get(each.chat_session_id, 0)
    ]


def test_a_command_killed_again_and_again_loses_nothing_and_stores_nothing_twice(
    database: Database, database_url: str, full: Sandbox, tmp_path: Path
) -> None:
    rng = random.Random(f"{SEED} {database.dialect}")
    write_config(tmp_path, database_url, full.base_url, include=f"1-{CHAT_SESSIONS}")
    witness = Witness(database)
    story: list[Crash] = []
    try:
        kill_again_and_again(tmp_path, full, witness, rng, story)
    except BaseException as error:
        error.add_note(f"with ARCHIVER_TEST_SEED={SEED}, after {story}")
        raise
    done = run_in(tmp_path, "reconcile")
    assert done.returncode == 0, done.stderr
    outcomes = [row["outcome"] for row in witness.look().tables["sync_run"]]
    assert (outcomes[-1], set(outcomes)) == ("complete", {"abandoned", "complete"})
    assert wire_rows(database) == truth_of(full)
    before = dump(database, without=("sync_run", "lease"))
    assert run_in(tmp_path, "run").returncode == 0
    assert dump(database, without=("sync_run", "lease")) == before


def kill_again_and_again(
    folder: Path, sandbox: Sandbox, witness: Witness, rng: random.Random, story: list[Crash]
) -> None:
    """Until KILLS commands died, with a look at the archive after each; `story`: what was done, for whoever fails."""
    killed, seen = 0, None
    for crash in crashes(rng):
        story.append(crash)
        killed += was_killed(folder, sandbox, crash)
        returned = returned_if_asked(sandbox, seen)
        seen = witness.look()
        assert_cursors_covered(seen, returned)
        assert_cursors_at_rows(seen)
        if killed == KILLS:
            return
        assert len(story) < 3 * KILLS, "hardly any command was killed: the points are passed too seldom"
        type_on(sandbox, rng)


@pytest.mark.parametrize("at", ["fetched", "renewed", "inserted"])
def test_a_pass_killed_before_its_first_batch_is_committed_has_written_its_ledger_row_alone(
    tmp_path: Path, full: Sandbox, at: str
) -> None:
    url = f"sqlite:///{tmp_path / 'archive.db'}"
    write_config(tmp_path, url, full.base_url, include=f"1-{CHAT_SESSIONS}")
    migrate_at(url)
    assert died_at(tmp_path, "backfill", at=at, passing=1)
    with closing(Database(url)) as database:
        held = {name: rows for name, rows in dump(database).items() if rows}
    assert held.keys() == {"source", "lease", "sync_run"}
    assert [run["outcome"] for run in held["sync_run"]] == ["running"]
