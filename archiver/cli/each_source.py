"""The loop of every command that works on several sources: a few at once, each shown while it is under way."""

import threading
import time
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Protocol, TypeVar

from archiver.cli.progress import say_stopping
from archiver.cli.watching import Report, watch_passes
from archiver.cli.wiring import open_archive, open_clients
from archiver.config.settings import Config, SourceSettings
from archiver.daemon.signals import stop_on_signals
from archiver.store.database import Database
from archiver.superoffice.client import SuperOfficeClient
from archiver.sync.order import PassOrder
from archiver.sync.parallel import work_on_each
from archiver.sync.workers import WorkerPool

R_co = TypeVar("R_co", covariant=True)
R = TypeVar("R")


class Work(Protocol[R_co]):
    """What is done for one source: run_pass or the like."""

    def __call__(
        self,
        database: Database,
        client: SuperOfficeClient,
        source: SourceSettings,
        order: PassOrder,
        pool: WorkerPool,
        stop: threading.Event,
        report: Report,
        /,
    ) -> R_co: ...


def each_source(
    config: Config,
    sources: list[SourceSettings],
    orders: Mapping[str, PassOrder],
    work: Work[R],
    label: str,
    on_stop: str = "committing what was fetched",
) -> Iterator[tuple[R | None, float]]:
    """Do `work` for every source, by its order, until a signal comes.

    Yields: as they end, what came of it, None for a source that a signal came before, and the seconds it took.
    """
    pool = WorkerPool(config.schedule.workers)
    with (
        open_archive(config) as database,
        open_clients(config, sources) as clients,
        stop_on_signals(partial(say_stopping, on_stop)) as stop,
        watch_passes(len(sources)) as watch,
    ):

        def work_on(source: SourceSettings) -> tuple[R, float]:
            began_at = time.monotonic()
            with watch(f"{source.name} {label}") as report:
                result = work(database, clients[source.name], source, orders[source.name], pool, stop, report)
            clients[source.name].hang_up()
            return result, time.monotonic() - began_at

        for ended in work_on_each(sources, work_on, at_once=pool.permits, stop=stop):
            yield ended or (None, 0.0)
