"""SIGINT and SIGTERM as an event that threads wait on."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from archiver.errors import ExitCode

_STOPPING = {signal.SIGINT, signal.SIGTERM}
_END = signal.SIGUSR1
"""Wakes our own waiting thread when there is nothing left to stop."""


@contextmanager
def stop_on_signals(on_stop: Callable[[], None] = lambda: None) -> Iterator[threading.Event]:
    """Within the block, the first SIGINT or SIGTERM sets the event; the second ends the process at once.

    The signals are blocked, which threads made within the block inherit, and one thread waits for them:
    `Event.set` in a signal handler can deadlock a main thread that waits on the same event.

    Args:
        on_stop: called once, in the waiting thread, when the event was set.
    """
    stop = threading.Event()

    def wait() -> None:
        while True:
            if signal.sigwait({*_STOPPING, _END}) == _END:
                return
            if stop.is_set():
                os._exit(ExitCode.INTERRUPTED)
            stop.set()
            on_stop()

    before = signal.pthread_sigmask(signal.SIG_BLOCK, {*_STOPPING, _END})
    waiter = threading.Thread(target=wait, name="signals", daemon=True)
    waiter.start()
    try:
        yield stop
    finally:
        assert waiter.ident is not None
        signal.pthread_kill(waiter.ident, _END)
        waiter.join()
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
