"""`demo`: a simulated tenant is archived before your eyes, by the code that archives a real one."""

import logging
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from archiver.errors import Interrupted

if TYPE_CHECKING:
    from archiver.config.settings import Config
    from archiver.sandbox import Sandbox
    from archiver.store.database import Database
    from archiver.store.ledger import Kind, RunCounts
    from archiver.superoffice.client import SuperOfficeClient

CHAT_SESSIONS = 300
ROOM = 40
"""Ids above the last chat session that are configured too: new chats begin there."""
LIVE_PASSES = 3
EVENTS_A_PASS = 25

_CONFIG = """\
# Written by `archiver demo`. The tenant it names was a simulation and is gone; the archive is yours to query.
[archive]
url = "sqlite:///archive.db"

[[source]]
name = "demo"
base_url = "{base_url}"

[source.auth]
scheme = "basic"
username = "{username}"
password = {{ file = "password" }}

[source.sessions]
include = ["1-{last}"]

[source.limits]
requests_per_second = 150   # the default is 4: this tenant is our own
"""

_REAL_TENANT = """\
  cp config.example.toml config.toml     # base_url, how to sign in, which chat sessions
  export SUPEROFFICE_PASSWORD=…
  archiver migrate                       # makes the archive
  archiver backfill --plan               # what the first walk will cost; then without --plan
  archiver daemon                        # from now on"""


def add_to(app: typer.Typer) -> None:
    app.command()(demo)


def demo(
    context: typer.Context,
    folder: Annotated[
        Path | None, typer.Option("--to", help="An empty folder for the archive; left out, a new temporary one.")
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed makes the same chats.")] = 1,
) -> None:
    """Archive a simulated tenant into an SQLite file. Shows what that gives; takes half a minute.

    Example: archiver demo
    """
    from archiver.daemon.signals import stop_on_signals
    from archiver.sandbox import Sandbox, SandboxSettings

    if not context.obj.verbose:
        logging.getLogger("archiver").setLevel(logging.WARNING)  # what goes well is in the story already
    folder = _empty_folder(folder)
    tenant = Sandbox(SandboxSettings(seed=seed, chat_sessions=CHAT_SESSIONS))
    with stop_on_signals() as stop, tenant:
        _play(tenant, folder, stop)


def _empty_folder(folder: Path | None) -> Path:
    from archiver.errors import ConfigError

    if folder is None:
        return Path(tempfile.mkdtemp(prefix="archiver-demo-"))
    folder = folder.absolute()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigError(f"{folder} is not an empty folder", hint="name one that does not exist yet")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@dataclass(frozen=True, kw_only=True)
class _Stage:
    """What the acts of the story share."""

    tenant: "Sandbox"
    config: "Config"
    database: "Database"
    client: "SuperOfficeClient"
    stop: threading.Event


def _play(tenant: "Sandbox", folder: Path, stop: threading.Event) -> None:
    """The whole story. Raises: Interrupted."""
    from archiver.cli import demo_report
    from archiver.cli.wiring import connect, open_clients
    from archiver.config.loading import load_config
    from archiver.store.schema import migrate

    _title("A simulated SuperOffice tenant")
    messages = len(tenant.tenant.all_messages())
    print(f"  {CHAT_SESSIONS} chat sessions with {messages:,} messages in seven languages, over HTTP at")
    print(f"  {tenant.base_url}")
    _title("An archive, and the first walk of history", "archiver migrate; archiver backfill")
    config = load_config(_write_config(tenant, folder))
    with closing(connect(config)) as database, open_clients(config, list(config.source)) as clients:
        migrate(database)
        stage = _Stage(tenant=tenant, config=config, database=database, client=clients["demo"], stop=stop)
        _make_pass(stage, "backfill", chosen=f"1-{CHAT_SESSIONS}")
        _live_passes(stage)
        _trouble(stage)
        _edit(stage)
    demo_report.show(folder / "archive.db")
    _title("A real tenant")
    print(_REAL_TENANT)
    print("\nThe archive is yours to keep. Query it with any SQL tool, or look at its state:")
    print(f"  sqlite3 {folder / 'archive.db'}")
    print(f"  archiver --config {folder / 'config.toml'} status")


def _write_config(tenant: "Sandbox", folder: Path) -> Path:
    known = tenant.settings.credentials
    (folder / "password").write_text(known.password, encoding="utf-8")
    (folder / "password").chmod(0o600)
    text = _CONFIG.format(base_url=tenant.base_url, username=known.username, last=CHAT_SESSIONS + ROOM)
    (folder / "config.toml").write_text(text, encoding="utf-8")
    return folder / "config.toml"


def _make_pass(
    stage: _Stage, kind: "Kind", *, chosen: str | None = None, halfway: Callable[[], None] = lambda: None
) -> "RunCounts":
    """A pass as a command makes it; `halfway` happens once while it goes on."""
    from archiver.cli.watching import print_result, watch_pass
    from archiver.cli.wiring import order_for
    from archiver.ranges import IdRanges
    from archiver.sync.order import Progress
    from archiver.sync.passes import run_pass
    from archiver.sync.workers import WorkerPool

    once = iter([halfway])

    def step(progress: Progress) -> None:
        report(progress)
        if progress.passed > progress.chosen // 2:
            next(once, lambda: None)()

    (source,) = stage.config.source
    order = order_for(stage.config, source, kind, IdRanges.of(chosen) if chosen else None)
    began_at = time.monotonic()
    with watch_pass(f"  {kind}") as report:
        pool = WorkerPool(stage.config.schedule.workers)
        result = run_pass(stage.database, stage.client, source, order, pool, stage.stop, step)
    print("  ", end="")
    print_result(result, time.monotonic() - began_at)
    if result.outcome == "interrupted":
        raise Interrupted
    return result.counts


def _live_passes(stage: _Stage) -> None:
    _title("Customers keep typing; each pass fetches what is new", "archiver run")
    for _ in range(LIVE_PASSES):
        _let_them_type(stage)
        _make_pass(stage, "incremental")


def _trouble(stage: _Stage) -> None:
    _title("503s in a burst, a dropped connection, a cut reply", "archiver run")

    def burst() -> None:
        stage.tenant.oddities.add("status", status=503, retry_after="1", times=6)
        stage.tenant.oddities.add("reset_before", times=1)
        stage.tenant.oddities.add("short_body", times=1)

    _let_them_type(stage)
    counts = _make_pass(stage, "incremental", halfway=burst)
    held, there = _held(stage), len(stage.tenant.tenant.all_messages())
    print(f"  {counts.retries} calls were tried again. The tenant has {there:,} messages, the archive {held:,}:")
    _bold(
        "  nothing is missing, nothing is there twice."
        if held == there
        else "  that should not be: please report it."
    )


def _let_them_type(stage: _Stage) -> None:
    for _ in range(EVENTS_A_PASS):
        stage.tenant.live.step()


def _held(stage: _Stage) -> int:
    from archiver.store.overview import load_overviews

    with stage.database.reading() as connection:
        return sum(overview.messages for overview in load_overviews(connection))


def _edit(stage: _Stage) -> None:
    _title("Somebody edits a message in the CRM; a full visit finds it", "archiver reconcile")
    sent = (message for message in stage.tenant.tenant.all_messages() if message.type == "ToCustomer")
    chosen = next(message for message in sent if len(message.message) > 30)
    stage.tenant.tenant.edit(chosen.chat_message_id, message="(this answer was changed afterwards)")
    _make_pass(stage, "reconcile")


def _title(text: str, command: str = "") -> None:
    from rich.console import Console

    print()
    Console(highlight=False).print(f"[bold]{text}[/bold]" + (f"   [dim]{command}[/dim]" if command else ""))


def _bold(text: str) -> None:
    from rich.console import Console

    Console(highlight=False).print(f"[bold]{text}[/bold]")
