"""How often a call is tried again, and how long between: the only place that retries.

Exponential pauses with full jitter (AWS Architecture Blog, "Exponential Backoff And Jitter"), never shorter than what
the source asked for, bounded in attempts and in time.
"""

import logging
import random
import threading
from collections.abc import Callable

import tenacity

from archiver.config.settings import RetrySettings
from archiver.errors import Interrupted, RetriableSourceError

logger = logging.getLogger(__name__)

FIRST_PAUSE_S = 1.0
"""The upper bound of the first pause; each next one is twice as long."""


def retrying(
    settings: RetrySettings, stop: threading.Event, on_retry: Callable[[float, RetriableSourceError], None]
) -> tenacity.Retrying:
    """A retrier for one call.

    Args:
        stop: ends the waiting at once; the retrier then raises Interrupted.
        on_retry: called before each pause with its seconds and what failed.
    """

    def pause(seconds: float) -> None:
        if stop.wait(seconds):
            raise Interrupted

    def before_pause(state: tenacity.RetryCallState) -> None:
        if error := _retriable(state):
            on_retry(state.upcoming_sleep, error)

    return tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(RetriableSourceError),
        wait=_pause_for(settings.max_wait.total_seconds()),
        stop=tenacity.stop_any(
            tenacity.stop_after_attempt(settings.attempts),
            tenacity.stop_before_delay(settings.max_total.total_seconds()),
        ),
        sleep=pause,
        before_sleep=before_pause,
        reraise=True,
    )


def _pause_for(max_wait_s: float) -> Callable[[tenacity.RetryCallState], float]:
    def wait(state: tenacity.RetryCallState) -> float:
        bound = min(FIRST_PAUSE_S * 2 ** min(state.attempt_number - 1, 32), max_wait_s)
        jittered = random.uniform(0, bound)  # noqa: S311 - spreads load, guards nothing
        error = _retriable(state)
        asked = error.retry_after_s if error else None
        # Added to what was asked for, so that "Retry-After: 0" does not burn all attempts at once.
        return jittered + (asked or 0.0)

    return wait


def _retriable(state: tenacity.RetryCallState) -> RetriableSourceError | None:
    error = state.outcome.exception() if state.outcome else None
    return error if isinstance(error, RetriableSourceError) else None
