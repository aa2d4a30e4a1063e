"""`daemon`: passes by the clock until SIGTERM."""

import logging
import sys

import typer

from archiver.cli.options import Options, Sources

logger = logging.getLogger(__name__)

SETTLES_OF_A_TICK = 500
"""About four minutes at the usual four calls a second: what is new must not wait longer for what is old."""


def add_to(app: typer.Typer) -> None:
    app.command()(daemon)


def daemon(context: typer.Context, source: Sources = None) -> None:
    """Make passes on schedule until SIGTERM or Ctrl-C. Then what was fetched is committed, and it exits with 0.

    Example: archiver daemon
    """
    from archiver.cli.choosing import choose_sources
    from archiver.cli.wiring import open_archive, open_clients, order_for
    from archiver.config.loading import load_config
    from archiver.config.settings import SourceSettings
    from archiver.daemon.scheduler import run_daemon
    from archiver.daemon.signals import stop_on_signals
    from archiver.daemon.ticks import Ticks
    from archiver.sync.order import PassResult
    from archiver.sync.passes import run_pass
    from archiver.sync.turn import SharedPatience
    from archiver.sync.workers import WorkerPool

    options: Options = context.obj
    config = load_config(options.config)
    sources = choose_sources(config, source)
    pool, patience = WorkerPool(config.schedule.workers), SharedPatience()
    with (
        open_archive(config) as database,
        open_clients(config, sources) as clients,
        stop_on_signals() as stop,
    ):

        def make_pass(source: SourceSettings) -> PassResult:
            order = order_for(config, source, "incremental", spares_failing=True, most_settles=SETTLES_OF_A_TICK)
            client = clients[source.name]
            result = run_pass(database, client, source, order, pool, stop, patience=patience.left)
            if len(sources) > pool.permits:  # a few may keep their connections until the next tick
                client.hang_up()
            return result

        if sys.stderr.isatty():
            print("At work; Ctrl-C commits what was fetched and ends it.", file=sys.stderr)
        with Ticks(sources, make_pass, stop, at_once=pool.permits) as ticks:
            run_daemon(config.schedule, ticks, stop)
        logger.info("the daemon ends", extra={"event": "daemon_stopped"})  # after the passes that were under way
