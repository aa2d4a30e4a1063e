"""Many sources in one process: the slow and the dead hold up nobody."""

import logging
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from archiver.config.loading import load_config
from archiver.config.settings import SourceSettings
from archiver.daemon.ticks import Ticks
from archiver.errors import SourceUnreachable
from archiver.sandbox import Sandbox
from archiver.store import tables
from archiver.store.database import Database
from archiver.superoffice.client import SuperOfficeClient
from archiver.sync.order import PassOrder, PassResult
from archiver.sync.parallel import work_on_each
from archiver.sync.passes import run_pass
from archiver.sync.turn import taking_turn
from archiver.sync.workers import WorkerPool
from tests.held import Gate, gate_before
from tests.support import write_config

Chat = Callable[..., int]
CHATS = 3


class Passes:
    """Passes over sources that differ by name and address, with one pool."""

    def __init__(self, database: Database, folder: Path, permits: int) -> None:
        config = load_config(write_config(folder, "sqlite:///x.db", "http://127.0.0.1:9", attempts=1, include="1-9"))
        (self._template,) = config.source
        self._retry = config.retry
        self._database = database
        self.pool, self.stop = WorkerPool(permits), threading.Event()

    def sources(self, base_url: str, *names: str) -> list[SourceSettings]:
        return [self._template.model_copy(update={"name": name, "base_url": base_url}) for name in names]

    def make(self, source: SourceSettings) -> PassResult:
        order = PassOrder(kind="incremental", chosen=source.sessions.chosen)
        with closing(SuperOfficeClient(source, self._retry)) as client:
            return run_pass(self._database, client, source, order, self.pool, self.stop, patience=timedelta(0))

    def messages(self) -> Counter[str]:
        """How many are archived, by source."""
        message, source = tables.chat_message, tables.source
        joined = message.join(source, source.c.id == message.c.source_id)
        counted = select(source.c.name, func.count().label("messages")).select_from(joined).group_by(source.c.name)
        with self._database.reading() as connection:
            return Counter({row.name: row.messages for row in connection.execute(counted)})


@pytest.fixture
def passes(database: Database, tmp_path: Path) -> Passes:
    """With two workers, and chat sessions to be found everywhere."""
    return Passes(database, tmp_path, 2)


@pytest.fixture
def sandbox(sandbox: Sandbox) -> Sandbox:
    for _ in range(CHATS):
        sandbox.tenant.post(sandbox.tenant.open_chat_session(), message="Hello")
    return sandbox


@pytest.fixture
def gate(sandbox: Sandbox) -> Iterator[Gate]:
    with gate_before(sandbox) as made:
        yield made


@pytest.fixture
def dead_url() -> Iterator[str]:
    """An address at which nobody listens."""
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


def test_thirty_tenants_are_served_while_one_is_slow_and_one_is_dead(
    passes: Passes, sandbox: Sandbox, gate: Gate, dead_url: str
) -> None:
    healthy = [f"tenant-{number}" for number in range(30)]
    sources = [
        *passes.sources(gate.base_url, "slow"),
        *passes.sources(dead_url, "dead"),
        *passes.sources(sandbox.base_url, *healthy),
    ]
    ended: list[PassResult] = []
    for result in work_on_each(sources, passes.make, at_once=2, stop=passes.stop):
        assert result
        ended.append(result)
        if len(ended) == len(sources) - 1:  # all but the slow one
            gate.open()
    assert ended[-1].source == "slow"
    outcomes = {result.source: result.outcome for result in ended}
    assert outcomes == dict.fromkeys([*healthy, "slow"], "complete") | {"dead": "failed"}
    (dead,) = [result for result in ended if result.source == "dead"]
    assert isinstance(dead.error, SourceUnreachable)
    assert passes.messages() == dict.fromkeys([*healthy, "slow"], CHATS)


def test_a_slow_tenant_that_has_every_worker_gives_one_back_after_its_visit(
    passes: Passes, sandbox: Sandbox, gate: Gate
) -> None:
    (slow,), (other,) = passes.sources(gate.base_url, "slow"), passes.sources(sandbox.base_url, "other")
    gate.let_pass(1)
    with ThreadPoolExecutor() as threads:
        slow_one = threads.submit(passes.make, slow)
        gate.wait_for(3)  # the first was answered, and both workers are in a visit now
        other_one = threads.submit(passes.make, other)
        gate.let_pass(1)
        assert other_one.result(30).outcome == "complete"
        assert not slow_one.done()
        gate.open()
        assert slow_one.result(30).outcome == "complete"
    assert passes.messages() == {"slow": CHATS, "other": CHATS}


def test_a_stop_ends_the_passes_that_wait_and_commits_what_the_others_fetched(
    database: Database, tmp_path: Path, sandbox: Sandbox, gate: Gate
) -> None:
    passes = Passes(database, tmp_path, 1)
    names = ["slow", "waiting", "queued", "queued too"]
    gate.let_pass(1)

    def make(source: SourceSettings) -> PassResult:
        if source.name == "waiting":  # it can't have a worker, since the other one has it
            gate.wait_for(2)
            passes.stop.set()
            gate.open()
        return passes.make(source)

    sources = passes.sources(gate.base_url, *names)
    results = list(work_on_each(sources, make, at_once=2, stop=passes.stop))
    begun = {result.source: result for result in results if result}
    assert {name: begun[name].outcome for name in begun} == {"slow": "interrupted", "waiting": "interrupted"}
    assert results.count(None) == 2
    assert begun["waiting"].run_id is None
    assert passes.messages()["slow"] >= 1


def test_a_tick_passes_over_the_source_still_at_work_and_serves_the_others(
    passes: Passes, sandbox: Sandbox, gate: Gate
) -> None:
    names = ["acme", "globex", "initech"]
    sources = [*passes.sources(gate.base_url, "slow"), *passes.sources(sandbox.base_url, *names)]
    with Ticks(sources, passes.make, passes.stop, at_once=2) as ticks:
        for said in ("Are you there?", "Anybody?"):
            ticks()
            ticks.wait(most=1)
            sandbox.tenant.post(1, message=said)
        ticks()
        ticks.wait(most=1)
        assert passes.messages() == dict.fromkeys(names, CHATS + 2)
        gate.open()
    assert passes.messages() == dict.fromkeys([*names, "slow"], CHATS + 2)


def test_a_tick_passes_over_what_another_archiver_has_and_a_later_one_serves_it(
    database: Database, passes: Passes, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    taken, *others = passes.sources(sandbox.base_url, "taken", "acme", "globex")
    with Ticks([taken, *others], passes.make, passes.stop, at_once=1) as ticks:
        with taking_turn(database, taken, passes.stop, timedelta(0)):
            ticks()
            ticks.wait()
            assert passes.messages() == dict.fromkeys(["acme", "globex"], CHATS)
        ticks()
        ticks.wait()
    assert passes.messages() == dict.fromkeys(["taken", "acme", "globex"], CHATS)
    levels = {record.__dict__["event"]: record.levelname for record in caplog.records}
    assert levels == {"source_taken": "INFO", "pass_finished": "INFO"}


def test_what_one_raises_stops_the_others_and_is_raised(passes: Passes, sandbox: Sandbox) -> None:
    def make(source: SourceSettings) -> PassResult:
        if source.name == "broken":
            raise KeyError(source.name)
        return passes.make(source)

    sources = passes.sources(sandbox.base_url, "broken", "acme")
    with pytest.raises(KeyError):
        list(work_on_each(sources, make, at_once=1, stop=passes.stop))
    assert passes.stop.is_set()
