"""When the circuit breaker opens, how probes are let through, and what closes it."""

import threading

import pytest

from archiver.errors import Interrupted, NullReply, SourceError, SourceUnavailable
from archiver.superoffice.breaker import CircuitBreaker


class Clock:
    """A clock that stands still until it is told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> CircuitBreaker:
    return CircuitBreaker(failures=3, longest_distance_s=5, clock=clock)


def call(breaker: CircuitBreaker, error: SourceError | None = None) -> None:
    """One call that ends as said; it must not have to wait."""
    try:
        with breaker.attempt(_Impatient()):
            if error:
                raise error
    except SourceError:
        pass


class _Impatient(threading.Event):
    """Ends every wait as a stop does: whoever waits is interrupted."""

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        assert timeout > 0
        return True


def must_wait(breaker: CircuitBreaker) -> bool:
    try:
        call(breaker)
    except Interrupted:
        return True
    return False


def opened(breaker: CircuitBreaker) -> None:
    for _ in range(3):
        call(breaker, SourceUnavailable())


def test_a_row_of_failures_opens_it(breaker: CircuitBreaker) -> None:
    for failures in (1, 2):
        call(breaker, SourceUnavailable())
        assert (breaker.failures, breaker.is_open) == (failures, False)
    call(breaker, SourceUnavailable())
    assert breaker.is_open
    assert must_wait(breaker)


@pytest.mark.parametrize("answer", [None, NullReply()], ids=["an answer", "null"])
def test_any_reply_ends_the_row(breaker: CircuitBreaker, answer: SourceError | None) -> None:
    for _ in range(2):
        call(breaker, SourceUnavailable())
    call(breaker, answer)
    assert breaker.failures == 0


def test_probes_come_at_growing_distances(breaker: CircuitBreaker, clock: Clock) -> None:
    opened(breaker)
    distances = []
    for _ in range(5):
        began_at = clock.now
        while must_wait_to_fail(breaker):
            clock.now += 0.5
        distances.append(clock.now - began_at)
    assert distances == [1, 2, 4, 5, 5]


def must_wait_to_fail(breaker: CircuitBreaker) -> bool:
    try:
        call(breaker, SourceUnavailable())
    except Interrupted:
        return True
    return False


def test_one_probe_at_a_time(breaker: CircuitBreaker, clock: Clock) -> None:
    opened(breaker)
    clock.now += 1
    with breaker.attempt(_Impatient()):
        assert must_wait(breaker)
        clock.now += 100
        assert must_wait(breaker)
    assert not must_wait(breaker)


def test_an_answered_probe_lets_everybody_through(breaker: CircuitBreaker, clock: Clock) -> None:
    opened(breaker)
    clock.now += 1
    call(breaker)
    assert not breaker.is_open
    with breaker.attempt(_Impatient()), breaker.attempt(_Impatient()):
        pass


def test_a_probe_that_is_interrupted_leaves_its_place(breaker: CircuitBreaker, clock: Clock) -> None:
    opened(breaker)
    clock.now += 1
    with pytest.raises(Interrupted), breaker.attempt(_Impatient()):
        raise Interrupted
    assert breaker.is_open
    assert not must_wait(breaker)


def test_calls_that_wait_go_on_when_a_probe_was_answered(breaker: CircuitBreaker, clock: Clock) -> None:
    opened(breaker)
    clock.now += 1
    gone_through = threading.Semaphore(0)

    def waiting() -> None:
        with breaker.attempt(threading.Event()):
            gone_through.release()

    with breaker.attempt(_Impatient()):
        threads = [threading.Thread(target=waiting) for _ in range(4)]
        for thread in threads:
            thread.start()
        assert not gone_through.acquire(blocking=False)
    for thread in threads:
        thread.join(10)
    assert [gone_through.acquire(blocking=False) for _ in threads] == [True] * 4
