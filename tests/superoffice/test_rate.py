"""The token bucket, by a clock that the tests turn."""

from hypothesis import given
from hypothesis import strategies as st

from archiver.superoffice.rate import TokenBucket


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@given(
    st.floats(0.1, 50),
    st.lists(st.tuples(st.floats(0, 3), st.one_of(st.none(), st.floats(0, 5))), min_size=1, max_size=60),
)
def test_no_window_holds_more_than_the_rate_and_the_burst(
    rate: float, steps: list[tuple[float, float | None]]
) -> None:
    clock, begins = Clock(), list[float]()
    bucket = TokenBucket(rate, clock=clock)
    for passed_s, hold_s in steps:
        clock.now += passed_s
        if hold_s is not None:
            bucket.hold(hold_s)
        begins.append(clock.now + bucket.take())
    for first, begin in enumerate(begins):
        for last in range(first, len(begins)):
            count = last - first + 1
            assert count <= rate * (begins[last] - begin) + max(rate, 1) + 1e-6


def test_a_quiet_second_is_made_up_for_at_once() -> None:
    bucket = TokenBucket(4, clock=Clock())
    assert [bucket.take() for _ in range(6)] == [0, 0, 0, 0, 0.25, 0.5]


def test_a_rate_below_one_has_no_burst() -> None:
    bucket = TokenBucket(0.5, clock=Clock())
    assert [bucket.take() for _ in range(3)] == [0, 2, 4]


def test_rate_0_never_waits() -> None:
    bucket = TokenBucket(0, clock=Clock())
    assert [bucket.take() for _ in range(100)] == [0] * 100


def test_a_hold_keeps_everybody_back_until_it_ends() -> None:
    clock = Clock()
    bucket = TokenBucket(0, clock=clock)
    bucket.hold(30)
    waits = [bucket.take()]
    clock.now += 29
    waits.append(bucket.take())
    clock.now += 1
    assert [*waits, bucket.take(), bucket.held_for()] == [30, 1, 0, 0]


def test_a_shorter_hold_does_not_end_a_longer_one() -> None:
    bucket = TokenBucket(4, clock=Clock())
    bucket.hold(30)
    bucket.hold(5)
    assert bucket.held_for() == 30


def test_after_a_hold_the_calls_are_spaced_again() -> None:
    bucket = TokenBucket(2, clock=Clock())
    bucket.hold(10)
    assert [bucket.take() for _ in range(4)] == [10, 10, 10.5, 11]
