"""A call in a thread of its own, while the writing thread keeps its lease alive."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import TypeVar

from archiver.errors import Interrupted

T = TypeVar("T")

_POLL_S = 0.2


def work_beside(work: Callable[[], T], meanwhile: Callable[[], None], stop: threading.Event) -> T:
    """Do a piece of work in another thread. Raises: what it raises; Interrupted, which leaves it behind.

    Args:
        meanwhile: called again and again until it is done.
    """
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001 - it is raised where the work was asked for
            future.set_exception(error)

    threading.Thread(target=run, name="canary", daemon=True).start()
    while not wait([future], _POLL_S).done:
        meanwhile()
        if stop.is_set():
            raise Interrupted
    return future.result()
