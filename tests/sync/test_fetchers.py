"""The threads and their queue."""

import threading
from collections.abc import Iterator

import pytest

from archiver.errors import Interrupted, StoreUnavailable
from archiver.sync.fetchers import QUEUED_PER_THREAD, Fetchers


def taken_from(fetchers: "Fetchers[int, int]") -> list[int]:
    taken = []
    fetchers.widen()
    while not fetchers.are_done:
        if (result := fetchers.get(5)) is not None:
            taken.append(result)
    return taken


def test_every_piece_of_work_gives_one_result() -> None:
    with Fetchers(iter(range(1, 500)), lambda item, _: item * 2, threads=4, name="test") as fetchers:
        assert sorted(taken_from(fetchers)) == [item * 2 for item in range(1, 500)]


def test_what_a_thread_raises_is_raised_where_results_are_taken() -> None:
    def fail(item: int, _: threading.Event) -> int:
        raise StoreUnavailable("gone") if item == 3 else Interrupted

    with pytest.raises(StoreUnavailable), Fetchers(iter([3]), fail, threads=2, name="test") as fetchers:
        taken_from(fetchers)


def test_what_the_work_raises_is_raised_too() -> None:
    def work() -> Iterator[int]:
        yield 1
        raise StoreUnavailable("gone")

    with pytest.raises(StoreUnavailable), Fetchers(work(), lambda item, _: item, threads=2, name="test") as fetchers:
        taken_from(fetchers)


def test_a_slow_writer_bounds_what_is_fetched_ahead() -> None:
    begun: list[int] = []
    full = threading.Event()
    bound = 2 * QUEUED_PER_THREAD + 2  # queued, and one in the hands of each thread

    def fetch(item: int, _: threading.Event) -> int:
        begun.append(item)
        if len(begun) == bound:
            full.set()
        return item

    with Fetchers(iter(range(1, 1000)), fetch, threads=2, name="test") as fetchers:
        fetchers.widen()
        assert full.wait(10)
        assert len(begun) == bound
        assert fetchers.get(1) is not None


def test_halting_ends_waits_and_takes_no_more_work() -> None:
    begun = threading.Event()
    done: list[int] = []

    def wait(item: int, halt: threading.Event) -> int:
        begun.set()
        halt.wait(30)
        done.append(item)
        return item

    with Fetchers(iter(range(1, 100)), wait, threads=2, name="test") as fetchers:
        assert begun.wait(10)
        fetchers.halt()
        assert sorted(taken_from(fetchers)) == sorted(done)
    assert len(done) <= 2


def test_leaving_early_leaves_no_thread_behind() -> None:
    with Fetchers(iter(range(1, 1000)), lambda item, _: item, threads=3, name="early") as fetchers:
        fetchers.widen()
        fetchers.get(5)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("early")]


def test_one_thread_begins_alone_and_waits_for_the_word() -> None:
    begun: list[int] = []

    def fetch(item: int, _: threading.Event) -> int:
        begun.append(item)
        return item

    with Fetchers(iter(range(1, 9)), fetch, threads=3, name="alone") as fetchers:
        assert fetchers.get(5) == 1
        assert begun == [1]
        assert sorted(taken_from(fetchers)) == list(range(2, 9))
