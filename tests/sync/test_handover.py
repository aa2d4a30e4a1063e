"""What lies between the threads that fetch and the one that writes."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from archiver.sync.handover import Handover

LONG_S = 30.0


def handover(capacity: int) -> "Handover[int]":
    """A number weighs itself."""
    return Handover(capacity, weigh=lambda item: item)


def in_background(work: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def test_all_that_has_come_together_is_taken_at_once_and_in_order() -> None:
    held = handover(100)
    for item in (1, 2, 40):
        held.put(item)
    assert held.take(LONG_S) == [1, 2, 40]
    assert held.take(0) == []


def test_a_little_is_taken_when_the_time_is_over() -> None:
    held = handover(100)
    held.put(1)
    assert held.take(0) == [1]


@pytest.mark.parametrize("is_waiting", [True, False], ids=["a writer that waits", "a writer that comes later"])
def test_what_is_handed_over_at_once_wakes(is_waiting: bool) -> None:
    held, taken = handover(100), list[int]()
    writer = threading.Thread(target=lambda: taken.extend(held.take(LONG_S)))
    if is_waiting:
        writer.start()
    held.put(1, at_once=True)
    if not is_waiting:
        writer.start()
    writer.join(LONG_S / 2)
    assert taken == [1]


def test_more_than_fits_waits_until_the_writer_has_taken() -> None:
    held, put = handover(10), list[int]()

    def put_all() -> None:
        for item in (6, 4, 5):
            held.put(item)
            put.append(item)

    with ThreadPoolExecutor(1) as others:
        done = others.submit(put_all)
        taken = held.take(LONG_S)
        assert 5 not in taken
        while not done.done():
            taken += held.take(0.01)
        done.result()
    assert taken + held.take(0) == put == [6, 4, 5]


def test_a_single_item_may_weigh_more_than_fits() -> None:
    held = handover(10)
    held.put(50)
    assert held.take(LONG_S) == [50]


def test_closing_lets_go_who_waits_for_room_and_drops_what_comes() -> None:
    held = handover(10)
    held.put(10)
    with ThreadPoolExecutor(1) as others:
        waiting = others.submit(held.put, 5)
        held.close()
        waiting.result(LONG_S)
    held.put(1)
    assert held.take(0) == [10]


def test_nothing_is_lost_or_doubled_between_many_threads() -> None:
    held, taken = handover(50), list[int]()
    numbers = [range(start, 4000, 8) for start in range(1, 9)]

    def put_all(mine: range) -> None:
        for item in mine:
            held.put(item)
        held.put(0, at_once=True)

    threads = [in_background(lambda mine=mine: put_all(mine)) for mine in numbers]  # type: ignore[misc]
    while taken.count(0) < len(threads):
        taken += held.take(LONG_S)
    assert sorted(taken) == [0] * len(threads) + list(range(1, 4000))
