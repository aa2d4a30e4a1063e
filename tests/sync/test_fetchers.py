"""The threads and what they hand over."""

import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from archiver.errors import Interrupted, StoreUnavailable
from archiver.sync.fetchers import Fetchers
from archiver.sync.load import Load
from archiver.sync.workers import WorkerPool
from tests.support import without_threads

Fetch = Callable[[int, threading.Event], int]
AHEAD = 8
"""Results that may wait to be taken."""


@contextmanager
def fetching(
    work: Iterator[int], fetch: Fetch, *, threads: int, name: str = "test", pool: WorkerPool | None = None
) -> Iterator["Fetchers[int, int]"]:
    """Fetchers of a pass that has a pool for itself, or shares one; each piece of work gives one result."""

    def fetch_one(item: int, halt: threading.Event) -> Iterator[int]:
        yield fetch(item, halt)

    with (
        (pool or WorkerPool(threads)).join(threading.Event()) as crew,
        Fetchers(
            work,
            fetch_one,
            crew=crew,
            most=threads,
            name=name,
            ahead=AHEAD,
            weigh=lambda _: 1,
            load=Load(cpu_clock=lambda: 0.0),
        ) as fetchers,
    ):
        yield fetchers


def double(item: int, _: threading.Event) -> int:
    return item * 2


def taken_from(fetchers: "Fetchers[int, int]") -> list[int]:
    taken: list[int] = []
    while not fetchers.are_done:
        fetchers.widen()
        taken += fetchers.take(5)
    return taken


def test_every_piece_of_work_gives_one_result() -> None:
    with fetching(iter(range(1, 500)), double, threads=4) as fetchers:
        assert sorted(taken_from(fetchers)) == [item * 2 for item in range(1, 500)]


def test_what_a_thread_raises_is_raised_where_results_are_taken() -> None:
    def fail(item: int, _: threading.Event) -> int:
        raise StoreUnavailable("gone") if item == 3 else Interrupted

    with pytest.raises(StoreUnavailable), fetching(iter([3]), fail, threads=2) as fetchers:
        taken_from(fetchers)


def test_what_the_work_raises_is_raised_too() -> None:
    def work() -> Iterator[int]:
        yield 1
        raise StoreUnavailable("gone")

    with pytest.raises(StoreUnavailable), fetching(work(), lambda item, _: item, threads=2) as fetchers:
        taken_from(fetchers)


def test_a_slow_writer_bounds_what_is_fetched_ahead() -> None:
    begun: list[int] = []
    full = threading.Event()
    bound = 1 + AHEAD + 2  # taken, waiting, and one in the hands of each thread

    def fetch(item: int, _: threading.Event) -> int:
        begun.append(item)
        if len(begun) == bound:
            full.set()
        return item

    with fetching(iter(range(1, 1000)), fetch, threads=2) as fetchers:
        assert fetchers.take(5) == [1]
        fetchers.widen()
        assert full.wait(10)
        assert len(begun) == bound
        assert fetchers.take(1)


def test_halting_ends_waits_and_takes_no_more_work() -> None:
    begun = threading.Event()
    done: list[int] = []

    def wait(item: int, halt: threading.Event) -> int:
        begun.set()
        halt.wait(30)
        done.append(item)
        return item

    with fetching(iter(range(1, 100)), wait, threads=2) as fetchers:
        assert begun.wait(10)
        fetchers.halt()
        assert sorted(taken_from(fetchers)) == sorted(done)
    assert len(done) <= 2


def test_leaving_early_leaves_no_thread_behind() -> None:
    with fetching(iter(range(1, 1000)), lambda item, _: item, threads=3, name="early") as fetchers:
        fetchers.take(5)
        fetchers.widen()
        fetchers.take(5)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("early")]


def test_one_thread_begins_alone_and_waits_for_the_word() -> None:
    begun: list[int] = []

    def fetch(item: int, _: threading.Event) -> int:
        begun.append(item)
        return item

    with fetching(iter(range(1, 9)), fetch, threads=3) as fetchers:
        assert fetchers.take(5) == [1]
        assert begun == [1]
        assert sorted(taken_from(fetchers)) == list(range(2, 9))


def test_a_word_before_the_first_result_lets_nobody_else_begin() -> None:
    begun: list[int] = []
    go_on = threading.Event()

    def fetch(item: int, _: threading.Event) -> int:
        begun.append(item)
        assert go_on.wait(30)
        return item

    with fetching(iter(range(1, 9)), fetch, threads=3) as fetchers:
        fetchers.widen()
        assert fetchers.take(0) == []
        assert len(begun) <= 1
        go_on.set()
        assert len(taken_from(fetchers)) == 8


def test_threads_leave_for_a_pass_that_waits_and_come_back_when_it_is_over() -> None:
    pool, at_work = WorkerPool(2), set()
    is_in, may_leave = threading.Event(), threading.Event()

    def fetch(item: int, halt: threading.Event) -> int:
        at_work.add(threading.current_thread().name)
        halt.wait(0.001)  # the latency that more threads are there to hide
        return item

    def other_pass() -> None:
        with pool.join(threading.Event()):
            is_in.set()
            may_leave.wait(30)

    def take_until(holds: Callable[[], bool]) -> None:
        while not holds():
            fetchers.widen()
            fetchers.take(30)  # nothing: a thread has left

    other = threading.Thread(target=other_pass)
    with fetching(itertools.count(1), fetch, threads=2, pool=pool) as fetchers:
        take_until(lambda: len(at_work) == 2)
        other.start()
        take_until(is_in.is_set)
        at_work.clear()
        taken = 0
        while taken < 100:
            taken += len(fetchers.take(30))
        assert len(at_work) == 1
        may_leave.set()
        take_until(lambda: len(at_work) == 2)
    other.join()


def test_a_thread_that_the_system_refuses_keeps_no_permit() -> None:
    pool = WorkerPool(1)
    with without_threads(), pytest.raises(RuntimeError), fetching(iter([1]), double, threads=1, pool=pool):
        pass
    with fetching(iter([1]), double, threads=1, pool=pool) as fetchers:
        assert taken_from(fetchers) == [2]


def test_a_pass_goes_on_with_the_threads_it_has() -> None:
    with fetching(iter(range(1, 50)), double, threads=3) as fetchers, without_threads():
        assert len(taken_from(fetchers)) == 49
