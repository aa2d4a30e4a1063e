"""What a tick does with each source."""

import itertools
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from archiver.config.loading import load_config
from archiver.config.settings import SourceSettings
from archiver.daemon.ticks import FIRST_REST_S, LONGEST_REST_S, Ticks
from archiver.errors import AuthenticationFailed, SourceOnHold, SourceUnavailable
from archiver.sync.order import PassResult
from tests.support import write_config


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Passes:
    """Stands for the passes: how they end, and for which sources they were made."""

    ends: Callable[[str], PassResult] = lambda name: PassResult(source=name, outcome="complete")
    made: list[str] = field(default_factory=list)

    def __call__(self, source: SourceSettings) -> PassResult:
        self.made.append(source.name)
        return self.ends(source.name)


@pytest.fixture
def sources(tmp_path: Path) -> list[SourceSettings]:
    (source,) = load_config(write_config(tmp_path, "sqlite:///archive.db", "http://127.0.0.1:9")).source
    return [source, source.model_copy(update={"name": "globex"})]


def refused(name: str) -> PassResult:
    return PassResult(source=name, outcome="failed", error=AuthenticationFailed())


def test_every_source_has_its_pass(sources: list[SourceSettings]) -> None:
    passes = Passes()
    Ticks(sources, passes, threading.Event())()
    assert passes.made == ["acme", "globex"]


def test_a_failing_source_does_not_stop_the_next(sources: list[SourceSettings]) -> None:
    passes = Passes(ends=lambda name: PassResult(source=name, outcome="failed", error=SourceUnavailable()))
    ticks = Ticks(sources, passes, threading.Event())
    ticks()
    ticks()
    assert passes.made == ["acme", "globex"] * 2


def test_no_pass_begins_once_a_stop_is_asked_for(sources: list[SourceSettings]) -> None:
    passes, stop = Passes(), threading.Event()
    stop.set()
    Ticks(sources, passes, stop)()
    assert passes.made == []


def test_a_source_that_refuses_us_rests_longer_each_time_and_the_others_go_on(sources: list[SourceSettings]) -> None:
    clock = Clock()
    passes = Passes(
        ends=lambda name: refused(name) if name == "acme" else PassResult(source=name, outcome="complete")
    )
    ticks = Ticks(sources, passes, threading.Event(), clock=clock)
    tried_at = []
    for _ in range(60 * 12):
        before = passes.made.count("acme")
        ticks()
        if passes.made.count("acme") > before:
            tried_at.append(clock.now - 1000)
        clock.now += 60
    rests = [later - earlier for earlier, later in itertools.pairwise(tried_at)]
    assert rests[:3] == [FIRST_REST_S, 2 * FIRST_REST_S, 4 * FIRST_REST_S]
    assert set(rests[8:]) == {LONGEST_REST_S}
    assert passes.made.count("globex") == 60 * 12


def test_a_source_that_lets_us_in_again_is_as_good_as_new(sources: list[SourceSettings]) -> None:
    clock, ends = Clock(), {"acme": refused}
    passes = Passes(ends=lambda name: ends.get(name, lambda n: PassResult(source=n, outcome="complete"))(name))
    ticks = Ticks(sources[:1], passes, threading.Event(), clock=clock)
    ticks()
    ends.clear()
    clock.now += FIRST_REST_S
    ticks()
    ticks()
    assert passes.made == ["acme"] * 3


def test_a_source_that_asks_us_to_stay_away_is_left_alone_for_so_long(sources: list[SourceSettings]) -> None:
    held = SourceOnHold(retry_after_s=900)
    passes = Passes(ends=lambda name: PassResult(source=name, outcome="failed", error=held))
    clock = Clock()
    tick = Ticks(sources[:1], passes, threading.Event(), clock=clock)
    tick()
    clock.now += 899
    tick()
    assert len(passes.made) == 1
    clock.now += 1
    tick()
    assert len(passes.made) == 2
