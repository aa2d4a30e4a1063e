"""`demo`: a simulated tenant is archived before your eyes, by the code that archives a real one."""

import logging
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from archiver.errors import Interrupted

if TYPE_CHECKING:
    from archiver.sandbox import Sandbox
    from archiver.store.ledger import Kind
    from archiver.sync.passes import PassResult

CHAT_SESSIONS = 300
ROOM = 100
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
    """Archive a simulated tenant into an SQLite file and show what that gives; takes half a minute.

    Example: archiver demo
    """
    from archiver.daemon.signals import stop_on_signals
    from archiver.sandbox import Sandbox, SandboxSettings

    if not context.obj.verbose:
        logging.getLogger("archiver").setLevel(logging.WARNING)  # what goes well is in the story already
    folder = _empty_folder(folder)
    tenant = Sandbox(SandboxSettings(seed=seed, chat_sessions=CHAT_SESSIONS))
    with stop_on_signals() as stop, tenant:
        _Demo(tenant, folder, stop).play()


def _empty_folder(folder: Path | None) -> Path:
    from archiver.errors import ConfigError

    if folder is None:
        return Path(tempfile.mkdtemp(prefix="archiver-demo-"))
    folder = folder.absolute()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigError(f"{folder} is not an empty folder", hint="name one that does not exist yet")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


class _Demo:
    def __init__(self, tenant: "Sandbox", folder: Path, stop: threading.Event) -> None:
        from archiver.cli.wiring import open_clients
        from archiver.config.loading import load_config

        self._tenant, self._folder, self._stop = tenant, folder, stop
        self._write_config()
        self._config = load_config(folder / "config.toml")
        self._open_clients = open_clients

    def play(self) -> None:
        """The whole story. Raises: Interrupted."""
        from archiver.cli import demo_report
        from archiver.store.database import Database
        from archiver.store.schema import migrate

        messages = len(self._tenant.tenant.all_messages())
        _title("A simulated SuperOffice tenant")
        print(f"  {CHAT_SESSIONS} chat sessions with {messages:,} messages in seven languages, over HTTP at")
        print(f"  {self._tenant.base_url}")
        self._database = Database(self._config.archive_url)
        try:
            _title("An archive, and the first walk of history", "archiver migrate; archiver backfill")
            migrate(self._database)
            with self._open_clients(self._config, list(self._config.source)) as self._clients:
                self._pass("backfill")
                self._live_passes()
                self._trouble()
                self._edit()
        finally:
            self._database.close()
        demo_report.show(self._folder / "archive.db")
        _title("A real tenant")
        print(_REAL_TENANT)
        print(f"\nThe archive stays in {self._folder}: query it, or")
        print(f"  archiver --config {self._folder / 'config.toml'} status")

    def _write_config(self) -> None:
        known = self._tenant.settings.credentials
        (self._folder / "password").write_text(known.password, encoding="utf-8")
        (self._folder / "password").chmod(0o600)
        text = _CONFIG.format(base_url=self._tenant.base_url, username=known.username, last=CHAT_SESSIONS + ROOM)
        (self._folder / "config.toml").write_text(text, encoding="utf-8")

    def _pass(self, kind: "Kind") -> "PassResult":
        from archiver.cli.watching import print_result, watch_pass
        from archiver.cli.wiring import threads_for
        from archiver.sync.passes import PassOrder, run_pass

        (source,) = self._config.source
        order = PassOrder(kind=kind, chosen=source.sessions.chosen, threads=threads_for(self._config, source))
        began_at = time.monotonic()
        with watch_pass(f"  {kind}") as report:
            result = run_pass(self._database, self._clients[source.name], source, order, self._stop, report)
        print("  ", end="")
        print_result(result, time.monotonic() - began_at)
        if result.outcome == "interrupted":
            raise Interrupted
        return result

    def _live_passes(self) -> None:
        _title("Customers keep typing; each pass fetches what is new", "archiver run")
        for _ in range(LIVE_PASSES):
            for _ in range(EVENTS_A_PASS):
                self._tenant.live.step()
            self._pass("incremental")

    def _trouble(self) -> None:
        _title("The source answers 503 in a burst, then drops a connection and cuts a reply")
        for _ in range(EVENTS_A_PASS):
            self._tenant.live.step()
        self._tenant.failures.add("status", status=503, retry_after="1", times=6)
        self._tenant.failures.add("reset", times=1)
        self._tenant.failures.add("cut", times=1)
        result = self._pass("incremental")
        print(f"  {result.counts.retries} calls were tried again; nothing is missing, nothing is there twice:")
        held, truth = self._held(), len(self._tenant.tenant.all_messages())
        print(f"  the tenant has {truth:,} messages, the archive {held:,}")

    def _held(self) -> int:
        from archiver.store.overview import load_overviews

        with self._database.reading() as connection:
            return sum(overview.messages for overview in load_overviews(connection))

    def _edit(self) -> None:
        _title("Somebody edits a message in the CRM; a full visit finds it", "archiver reconcile")
        chosen = next(m for m in self._tenant.tenant.all_messages() if m.type == "ToCustomer" and len(m.message) > 30)
        self._tenant.tenant.edit(chosen.chat_message_id, message="(this answer was changed afterwards)")
        self._pass("reconcile")


def _title(text: str, command: str = "") -> None:
    from rich.console import Console

    print()
    Console(highlight=False).print(f"[bold]{text}[/bold]" + (f"   [dim]{command}[/dim]" if command else ""))
