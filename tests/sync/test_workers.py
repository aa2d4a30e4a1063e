"""Who may fetch: the rule of the pool, and the waiting."""

import threading

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from archiver.errors import Interrupted
from archiver.sync.workers import Share, Shares, WorkerPool

index = st.integers(0, 1000)


class Pool(RuleBasedStateMachine):
    """Passes come, widen, yield and leave in any order; threads may outlive their pass."""

    @initialize(permits=st.integers(1, 5))
    def begin(self, permits: int) -> None:
        self.permits = permits
        self.shares = Shares(permits)
        self.asked: list[Share] = []
        self.left: list[Share] = []

    @property
    def inside(self) -> list[Share]:
        return [share for share in self.asked if share.is_in]

    @property
    def waiting(self) -> list[Share]:
        return [share for share in self.asked if not share.is_in]

    @rule()
    def a_pass_asks(self) -> None:
        share = Share()
        self.asked.append(share)
        self.shares.ask(share)

    @precondition(lambda self: self.asked)
    @rule(which=index)
    def a_pass_leaves(self, which: int) -> None:
        share = self.asked.pop(which % len(self.asked))
        self.left.append(share)
        self.shares.leave(share)

    @precondition(lambda self: self.inside)
    @rule(which=index)
    def a_pass_wants_a_thread(self, which: int) -> None:
        share = self.inside[which % len(self.inside)]
        had, was_free, had_waiting = share.threads, self.shares.free, bool(self.waiting)
        is_given = self.shares.add_thread(share)
        assert is_given == (had == 0 or (was_free > 0 and not had_waiting))
        assert share.threads == had + is_given

    @precondition(lambda self: any(share.threads for share in [*self.inside, *self.left]))
    @rule(which=index)
    def a_thread_ends_its_visit(self, which: int) -> None:
        fetching = [share for share in [*self.inside, *self.left] if share.threads]
        share, waited = fetching[which % len(fetching)], len(self.waiting)
        if self.shares.must_yield(share):
            self.shares.end_thread(share)
            assert share.held >= 1
            assert len(self.waiting) == waited - 1
        elif share in self.left:
            self.shares.end_thread(share)
        else:
            assert not waited or share.held == 1

    @precondition(lambda self: any(share.threads for share in self.inside))
    @rule(which=index)
    def a_thread_finds_no_more_work(self, which: int) -> None:
        fetching = [share for share in self.inside if share.threads]
        self.shares.end_thread(fetching[which % len(fetching)])

    @invariant()
    def no_more_fetch_than_there_are_permits(self) -> None:
        if hasattr(self, "shares"):
            assert sum(share.held for share in [*self.asked, *self.left]) == self.permits - self.shares.free
            assert self.shares.free >= 0

    @invariant()
    def nobody_waits_while_a_permit_is_free(self) -> None:
        if hasattr(self, "shares"):
            assert not self.waiting or self.shares.free == 0

    @invariant()
    def first_come_first_served(self) -> None:
        if hasattr(self, "asked"):
            assert self.asked == [*self.inside, *self.waiting]


TestPool = Pool.TestCase


def test_a_stop_ends_the_wait_and_the_queue_goes_on_without_it() -> None:
    pool, stop, has_ended = WorkerPool(1), threading.Event(), threading.Event()

    def waits() -> None:
        with pytest.raises(Interrupted), pool.join(stop):
            pass
        has_ended.set()

    waiting = threading.Thread(target=waits)
    with pool.join(threading.Event()):
        waiting.start()
        stop.set()
        assert has_ended.wait(30)
    waiting.join()
    with pool.join(threading.Event()):
        pass


def test_nothing_begins_after_a_stop() -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(Interrupted), WorkerPool(1).join(stop):
        pass


def test_a_thread_that_outlives_its_pass_keeps_its_permit() -> None:
    pool, stop, came = WorkerPool(1), threading.Event(), threading.Event()

    def next_pass() -> None:
        with pool.join(stop):
            came.set()

    with pool.join(stop) as crew:
        assert crew.add_thread()
    waiting = threading.Thread(target=next_pass)
    waiting.start()
    assert not came.is_set()
    crew.end_thread()
    assert came.wait(30)
    waiting.join()
