"""`daemon`: passes by the clock until SIGTERM."""

import logging
import sys
from typing import TYPE_CHECKING

import typer

from archiver.cli.options import Options

if TYPE_CHECKING:
    from archiver.config.settings import ScheduleSettings

logger = logging.getLogger(__name__)


def add_to(app: typer.Typer) -> None:
    app.command()(daemon)


def daemon(context: typer.Context) -> None:
    """Make passes on schedule until SIGTERM or Ctrl-C; then commit what was fetched and exit with 0.

    Example: archiver daemon
    """
    from archiver.cli.wiring import open_archive, open_clients, threads_for
    from archiver.config.loading import load_config
    from archiver.daemon.scheduler import run_daemon
    from archiver.daemon.signals import stop_on_signals
    from archiver.sync.passes import PassOrder, run_pass

    options: Options = context.obj
    config = load_config(options.config)
    with (
        open_archive(config) as database,
        open_clients(config, list(config.source)) as clients,
        stop_on_signals() as stop,
    ):

        def tick() -> None:
            for source in config.source:
                if stop.is_set():
                    return
                order = PassOrder(
                    kind="incremental", chosen=source.sessions.chosen, threads=threads_for(config, source)
                )
                result = run_pass(database, clients[source.name], source, order, stop)
                if result.outcome == "failed" and result.error:
                    logger.error(
                        "the pass failed",
                        extra={
                            "event": "pass_failed",
                            "source": source.name,
                            "kind": result.error.kind,
                            "detail": str(result.error),
                            "hint": result.error.hint,
                        },
                    )

        print(f"archiver daemon: {_described(config.schedule)}; stop it with SIGTERM or Ctrl-C", file=sys.stderr)
        run_daemon(config.schedule, tick, stop)


def _described(schedule: "ScheduleSettings") -> str:
    return f"a pass by {schedule.cron!r} (UTC)" if schedule.cron else f"a pass every {schedule.interval}"
