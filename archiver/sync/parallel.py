"""Work on many sources at once, a few at a time, and its results as they come."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TypeVar

from archiver.config.settings import SourceSettings

R = TypeVar("R")


def work_on_each(
    sources: Sequence[SourceSettings],
    work: Callable[[SourceSettings], R],
    *,
    at_once: int,
    stop: threading.Event,
) -> Iterator[R | None]:
    """Do `work` for every source, in their order, and hand out what comes of it in the order in which it ends.

    Args:
        stop: nothing begins after it; what is under way is waited for. It is set when `work` raises, or when whoever
            takes the results goes away.
    Yields: None for a source that was not begun.
    """

    def begin(source: SourceSettings) -> R | None:
        return None if stop.is_set() else work(source)

    with ThreadPoolExecutor(at_once, thread_name_prefix="pass") as passes:
        try:
            for future in as_completed([passes.submit(begin, source) for source in sources]):
                yield future.result()
        except BaseException:
            stop.set()
            raise
