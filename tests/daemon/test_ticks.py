"""What a tick does with each source."""

import itertools
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from archiver.config.loading import load_config
from archiver.config.settings import SourceSettings
from archiver.daemon.rests import FIRST_REST_S, LONGEST_REST_OF_A_DOWN_SOURCE_S, LONGEST_REST_S, Rests
from archiver.daemon.ticks import Ticks
from archiver.errors import (
    AuthenticationFailed,
    LeaseHeld,
    SourceDown,
    SourceOnHold,
    SourceRewound,
    SourceUnreachable,
    StoreError,
    StoreRefused,
    StoreUnavailable,
    SuspiciousChanges,
)
from archiver.sync.order import PassResult
from tests.support import without_threads, write_config


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


def unreachable(name: str) -> PassResult:
    return PassResult(source=name, outcome="failed", error=SourceUnreachable())


def complete(name: str) -> PassResult:
    return PassResult(source=name, outcome="complete")


@contextmanager
def ticking(
    sources: list[SourceSettings], passes: Passes, clock: Clock | None = None
) -> Iterator[Callable[[], None]]:
    """A tick to call, which here waits for its passes."""
    with Ticks(sources, passes, threading.Event(), at_once=2, clock=clock or Clock()) as ticks:

        def tick() -> None:
            ticks()
            ticks.wait()

        yield tick


def test_every_source_has_its_pass(sources: list[SourceSettings]) -> None:
    passes = Passes()
    with ticking(sources, passes) as tick:
        tick()
    assert sorted(passes.made) == ["acme", "globex"]


def test_a_failing_source_does_not_stop_the_next(sources: list[SourceSettings]) -> None:
    failed = StoreRefused()
    passes = Passes(ends=lambda name: PassResult(source=name, outcome="failed", error=failed))
    with ticking(sources, passes) as tick:
        tick()
        tick()
    assert sorted(passes.made) == ["acme", "acme", "globex", "globex"]


def test_a_pass_that_breaks_is_logged_without_its_text_and_the_next_tick_makes_another(
    sources: list[SourceSettings], caplog: pytest.LogCaptureFixture
) -> None:
    def breaks(name: str) -> PassResult:
        raise KeyError("planted-text")

    passes = Passes(ends=breaks)
    with ticking(sources[:1], passes) as tick:
        tick()
        tick()
    assert passes.made == ["acme", "acme"]
    assert [record.__dict__["kind"] for record in caplog.records] == ["KeyError", "KeyError"]
    assert "planted-text" not in caplog.text


def test_a_source_that_no_thread_was_left_for_has_its_turn_at_the_next_tick(sources: list[SourceSettings]) -> None:
    passes = Passes()
    with ticking(sources, passes) as tick:
        with without_threads(), pytest.raises(RuntimeError):
            tick()
        tick()
    assert set(passes.made) == {"acme", "globex"}


def test_no_pass_begins_once_a_stop_is_asked_for(sources: list[SourceSettings]) -> None:
    passes, stop = Passes(), threading.Event()
    stop.set()
    with Ticks(sources, passes, stop, at_once=2) as ticks:
        ticks()
    assert passes.made == []


def test_a_tick_passes_over_a_source_still_at_work_and_serves_the_others(
    sources: list[SourceSettings], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    go_on = threading.Event()

    def end(name: str) -> PassResult:
        assert name == "globex" or go_on.wait(30)
        return complete(name)

    passes = Passes(ends=end)
    with Ticks(sources, passes, threading.Event(), at_once=2) as ticks:
        for _ in range(3):
            ticks()
            ticks.wait(most=1)
        assert sorted(passes.made) == ["acme", "globex", "globex", "globex"]
        go_on.set()
    said = [record.__dict__ for record in caplog.records]
    assert [(each["event"], each["count"]) for each in said] == [("sources_passed_over", 1)] * 2


def test_a_stop_drops_the_passes_that_wait_and_waits_for_those_under_way(sources: list[SourceSettings]) -> None:
    stop, begun = threading.Event(), threading.Event()

    def end(name: str) -> PassResult:
        begun.set()
        assert stop.wait(30)
        return PassResult(source=name, outcome="interrupted")

    passes = Passes(ends=end)
    with Ticks(sources, passes, stop, at_once=1) as ticks:
        ticks()
        assert begun.wait(30)
        stop.set()
    assert passes.made == ["acme"]


def test_a_source_that_refuses_us_rests_longer_each_time_and_the_others_go_on(sources: list[SourceSettings]) -> None:
    clock = Clock()
    passes = Passes(ends=lambda name: refused(name) if name == "acme" else complete(name))
    tried_at = []
    with ticking(sources, passes, clock) as tick:
        for _ in range(60 * 12):
            before = passes.made.count("acme")
            tick()
            if passes.made.count("acme") > before:
                tried_at.append(clock.now - 1000)
            clock.now += 60
    rests = [later - earlier for earlier, later in itertools.pairwise(tried_at)]
    assert rests[:3] == [FIRST_REST_S, 2 * FIRST_REST_S, 4 * FIRST_REST_S]
    assert set(rests[8:]) == {LONGEST_REST_S}
    assert passes.made.count("globex") == 60 * 12


@pytest.mark.parametrize("ends", [refused, unreachable])
def test_a_source_that_lets_us_in_again_is_as_good_as_new(
    sources: list[SourceSettings], ends: Callable[[str], PassResult]
) -> None:
    clock, now = Clock(), {"acme": ends}
    passes = Passes(ends=lambda name: now.get(name, complete)(name))
    with ticking(sources[:1], passes, clock) as tick:
        tick()
        now.clear()
        clock.now += FIRST_REST_S
        tick()
        tick()
    assert passes.made == ["acme"] * 3


def test_a_source_that_asks_us_to_stay_away_is_left_alone_for_so_long(sources: list[SourceSettings]) -> None:
    held = SourceOnHold(retry_after_s=900)
    passes = Passes(ends=lambda name: PassResult(source=name, outcome="failed", error=held))
    clock = Clock()
    with ticking(sources[:1], passes, clock) as tick:
        tick()
        clock.now += 899
        tick()
        assert len(passes.made) == 1
        clock.now += 1
        tick()
        assert len(passes.made) == 2


def test_a_source_that_is_down_rests_a_minute_at_first_and_five_at_most() -> None:
    rests = Rests()
    errors = (SourceUnreachable(), SourceDown(), SourceDown(), SourceDown())
    longest = LONGEST_REST_OF_A_DOWN_SOURCE_S
    assert [rests.note("acme", error, 0.0) for error in errors] == [FIRST_REST_S, 120.0, 240.0, longest]
    assert rests.note("acme", None, 0.0) == 0.0
    assert rests.note("acme", SourceDown(), 0.0) == FIRST_REST_S


@pytest.mark.parametrize("ours", [LeaseHeld(), StoreUnavailable(), StoreRefused()])
def test_a_failure_of_the_archive_says_nothing_of_the_source(ours: StoreError) -> None:
    rests = Rests()
    assert [rests.note("acme", AuthenticationFailed(), 0.0) for _ in range(3)] == [60.0, 120.0, 240.0]
    assert rests.note("acme", ours, 240.0) == 0.0
    assert rests.note("acme", AuthenticationFailed(), 240.0) == 480.0


def test_a_source_may_fail_for_years() -> None:
    rests = Rests()
    assert [rests.note("acme", AuthenticationFailed(), 0.0) for _ in range(3000)][-1] == LONGEST_REST_S


def test_a_frozen_source_rests_longer_each_time() -> None:
    rests = Rests()
    assert [rests.note("acme", SourceRewound(), 0.0) for _ in range(3)] == [60.0, 120.0, 240.0]
    assert [rests.note("acme", SourceRewound(), 0.0) for _ in range(10)][-1] == LONGEST_REST_S
    assert rests.note("acme", None, 0.0) == 0.0


def test_a_source_whose_passes_ask_is_not_left_alone_since_they_go_on_to_store_what_is_new() -> None:
    assert Rests().note("acme", SuspiciousChanges(), 0.0) == 0.0
