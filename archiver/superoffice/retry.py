"""How often a call is tried again, and how long between: the only place that retries.

    RetriableSourceError  as often as configured, after exponential pauses with full jitter (AWS Architecture Blog,
                          "Exponential Backoff And Jitter"), never shorter than what the source asked for
    CredentialRefused     once, at once: the credential was read anew meanwhile
    UnexpectedReply       once, after a pause: a failed call looks like that now and then
    NullReply             never: a second null would prove as little
    FatalSourceError      never

All of it is bounded by the configured attempts and time, and ends when a stop is asked for.
"""

import random
import threading
import time
from collections.abc import Callable
from itertools import chain, repeat
from typing import NoReturn, TypeVar

import tenacity

from archiver.config.settings import RetrySettings
from archiver.errors import (
    CredentialRefused,
    Interrupted,
    NullReply,
    RetriableSourceError,
    SourceError,
    UnexpectedReply,
)

T = TypeVar("T")

FIRST_PAUSE_S = 1.0
"""The upper bound of the first pause; each next one is twice as long."""


def call_with_retries(
    call: Callable[[], T],
    settings: RetrySettings,
    stop: threading.Event,
    on_retry: Callable[[float, SourceError], None],
    is_down: Callable[[], bool],
) -> T:
    """Call until there is an answer.

    Args:
        stop: ends the waiting at once with Interrupted.
        on_retry: called before each pause with its seconds and what failed.
        is_down: whether the source fails every call now: then this call is not tried again.
    Raises: what `call` raised last; Interrupted.
    """
    began_at = time.monotonic()
    try:
        return call()  # nearly all are answered at once: tenacity, which is dear, is for those that are not
    except SourceError as error:
        failed = error
    # tenacity begins with the attempt that has failed already, which counts as one and took some of the time.
    left_s = settings.max_total.total_seconds() - (time.monotonic() - began_at)
    attempts = chain([lambda: _raise(failed)], repeat(call))
    return _retrying(settings, left_s, stop, on_retry, is_down)(lambda: next(attempts)())


def _raise(error: SourceError) -> NoReturn:
    raise error


def _retrying(
    settings: RetrySettings,
    max_total_s: float,
    stop: threading.Event,
    on_retry: Callable[[float, SourceError], None],
    is_down: Callable[[], bool],
) -> tenacity.Retrying:
    had_second_chance: set[type[SourceError]] = set()

    def is_worth_another(state: tenacity.RetryCallState) -> bool:
        error = _error(state)
        if isinstance(error, RetriableSourceError):
            return not is_down()
        for group in (CredentialRefused, UnexpectedReply):
            if isinstance(error, group) and not isinstance(error, NullReply) and group not in had_second_chance:
                had_second_chance.add(group)
                return True
        return False

    def pause(seconds: float) -> None:
        if stop.wait(seconds):
            raise Interrupted

    def before_pause(state: tenacity.RetryCallState) -> None:
        if error := _error(state):
            on_retry(state.upcoming_sleep, error)

    return tenacity.Retrying(
        retry=is_worth_another,
        wait=_pause_for(settings.max_wait.total_seconds()),
        stop=tenacity.stop_any(
            tenacity.stop_after_attempt(settings.attempts),
            tenacity.stop_before_delay(max_total_s),
        ),
        sleep=pause,
        before_sleep=before_pause,
        reraise=True,
    )


def _pause_for(max_wait_s: float) -> Callable[[tenacity.RetryCallState], float]:
    def wait(state: tenacity.RetryCallState) -> float:
        error = _error(state)
        if isinstance(error, CredentialRefused):
            return 0.0
        bound = min(FIRST_PAUSE_S * 2 ** min(state.attempt_number - 1, 32), max_wait_s)
        jittered = random.uniform(0, bound)  # noqa: S311 - spreads load, guards nothing
        asked = error.retry_after_s if isinstance(error, RetriableSourceError) else None
        # Added to what was asked for, so that "Retry-After: 0" does not burn all attempts at once.
        return jittered + (asked or 0.0)

    return wait


def _error(state: tenacity.RetryCallState) -> SourceError | None:
    error = state.outcome.exception() if state.outcome else None
    return error if isinstance(error, SourceError) else None
