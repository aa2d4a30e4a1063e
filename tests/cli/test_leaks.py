"""Nothing private leaves the archive: every oddity and every database error, at -v, searched for what was planted.

Chat text, names, addresses, credentials and SessionKey may be in `chat_message`, its revisions and the quarantine,
and nowhere else: not on the terminal, not in a log line, not in the ledger, not in a traceback.
"""

import base64
import contextlib
import logging
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from archiver.cli.main import main
from archiver.config.loading import load_config
from archiver.errors import SourceError
from archiver.sandbox import Credentials, Sandbox
from archiver.sandbox.oddities.catalogue import CATALOGUE
from archiver.store.database import Database
from archiver.superoffice.client import SuperOfficeClient
from tests.superoffice.conftest import RawServer
from tests.support import dump

USERNAME, PASSWORD, APP_TOKEN = "kim-K3Y", "pass-K3Y", "app-K3Y"
BASIC = base64.b64encode(f"{USERNAME}:{PASSWORD}".encode()).decode()
PLANTED = ("K3Y", BASIC, BASIC[:24], "SESSION-KEY")
"""K3Y is part of every secret, text, name and address here."""
HOLDS_CHATS = ("chat_message", "chat_message_revision", "quarantine")

CONFIG = """
[archive]
url = "{url}"

[retry]
attempts = 2
max_wait = "0.01s"

[[source]]
name = "acme"
base_url = "{base_url}"
auth = {{ scheme = "basic", username = "{username}", password = "{password}" }}
sessions = {{ include = ["1-4"] }}
limits = {{ requests_per_second = 0, read_timeout = "0.2s", reply_deadline = "0.4s", max_reply_mb = 0.5 }}
request = {{ app_token = "{app_token}" }}
"""

Tell = Callable[..., str]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A tenant in which everything private is marked."""
    with Sandbox.empty(credentials=Credentials(username=USERNAME, password=PASSWORD)) as running:
        for _ in range(3):
            chat_session_id = running.tenant.open_chat_session(
                agent="Ann K3Y",
                customer_name="Kim K3Y",
                customer_email="kim@K3Y.example",
                customer_phone="K3Y-555",
                customer_host="K3Y.example",
            )
            for number in range(3):
                running.tenant.post(chat_session_id, message=f"text-K3Y {number}", author="Kim K3Y")
        yield running


@pytest.fixture
def tell(
    tmp_path: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Iterator[Tell]:
    """Runs `archiver -v ARGUMENTS` with a configuration of its own and returns all that it says."""
    ours = logging.getLogger("archiver")
    level = ours.level

    def tell_all(*arguments: str, url: str, base_url: str = sandbox.base_url) -> str:
        config = tmp_path / "config.toml"
        words = {"username": USERNAME, "password": PASSWORD, "app_token": APP_TOKEN}
        config.write_text(CONFIG.format(url=url, base_url=base_url, **words))
        monkeypatch.setattr(sys, "argv", ["archiver", "--config", str(config), "-v", *arguments])
        with pytest.raises(SystemExit):
            main()
        out, err = capfd.readouterr()
        return out + err

    yield tell_all
    ours.setLevel(level)


def assert_nothing_private(said: str, database: Database | None = None) -> None:
    kept = repr(dump(database, without=HOLDS_CHATS)) if database else ""
    for planted in PLANTED:
        assert planted not in said
        assert planted not in kept


@pytest.mark.parametrize("kind", CATALOGUE)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_no_oddity_of_the_source_tells_anything(
    tell: Tell, sandbox: Sandbox, database: Database, database_url: str, tmp_path: Path, kind: str
) -> None:
    tell("backfill", "--session", "1-2", url=database_url)
    sandbox.oddities.add(kind, seconds=0.001, retry_after="0")
    said = tell("run", url=database_url)
    said += tell("--log-format", "json", "reconcile", url=database_url)
    assert "calling the source" in said
    said += tell("status", url=database_url) + tell("status", "--json", url=database_url)
    assert_nothing_private(said + traceback_of_a_call(tmp_path / "config.toml"), database)


def traceback_of_a_call(path: Path) -> str:
    """What Python would print, were the call's error not caught; "" when it has none."""
    config = load_config(path)
    with contextlib.closing(SuperOfficeClient(config.source[0], config.retry)) as client:
        try:
            client.fetch_messages(1, 0, threading.Event())
        except SourceError as error:
            # The payload is what the quarantine keeps whole, on purpose; that it isn't told is shown by the commands.
            kept = {name: value for name, value in vars(error).items() if name != "payload"}
            return "".join(traceback.format_exception(error)) + repr(kept)
    return ""


@pytest.mark.parametrize("status", [400, 401, 403, 404, 418, 421, 429, 500])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_no_status_tells_anything(
    tell: Tell, sandbox: Sandbox, database: Database, database_url: str, status: int
) -> None:
    sandbox.oddities.add("status", status=status)
    assert_nothing_private(tell("run", url=database_url) + tell("status", url=database_url), database)


_CHECK = "ALTER TABLE chat_message ADD CONSTRAINT refuses CHECK (message NOT LIKE '%K3Y%')"
REFUSALS = {
    "sqlite": "CREATE TRIGGER refuses BEFORE INSERT ON chat_message BEGIN SELECT RAISE(ABORT, 'text-K3Y'); END",
    "postgresql": _CHECK,
    "mysql": _CHECK,
}


def test_a_row_that_the_database_refuses_is_not_told(tell: Tell, database: Database, database_url: str) -> None:
    with database.writing() as connection:
        connection.execute(text(REFUSALS[connection.dialect.name]))
    said = tell("run", url=database_url)
    assert "the archive's database refused" in said
    assert_nothing_private(said + tell("status", url=database_url), database)


@pytest.mark.parametrize("damage", ["DROP TABLE chat_message", "ALTER TABLE chat_message DROP COLUMN author"])
def test_a_damaged_schema_tells_no_row(tell: Tell, database: Database, database_url: str, damage: str) -> None:
    with database.writing() as connection:
        connection.execute(text(damage))
    said = tell("run", url=database_url)
    assert "the archive's database" in said
    assert_nothing_private(said)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://kim-K3Y:pass-K3Y@127.0.0.1:9/archive",
        "postgresql+psycopg://kim-K3Y:pass-K3Y@127.0.0.1:9/archive?sslmode=K3Y",
        "sqlite:////nowhere/archive.db",
    ],
)
def test_a_database_that_is_out_of_reach_tells_no_password(tell: Tell, url: str) -> None:
    said = tell("run", url=url) + tell("migrate", url=url) + tell("status", url=url)
    assert said
    assert_nothing_private(said)


def test_an_address_that_leads_nowhere_tells_no_credential(tell: Tell, database: Database, database_url: str) -> None:
    said = tell("run", url=database_url, base_url="http://127.0.0.1:9")
    assert "refuses the connection" in said
    assert_nothing_private(said, database)


@pytest.mark.parametrize("header", [b"Set-Cookie session-K3Y", b" folded-K3Y", b"X-Host: K3Y\r\nbroken K3Y line"])
def test_a_broken_header_is_quoted_by_no_library(
    tell: Tell, database: Database, database_url: str, header: bytes
) -> None:
    reply = b"HTTP/1.1 200 OK\r\n%b\r\nContent-Length: 2\r\n\r\n[]" % header
    with RawServer([[reply]] * 50) as server:
        said = tell("run", url=database_url, base_url=f"http://127.0.0.1:{server.port}")
    assert "calling the source" in said
    assert_nothing_private(said, database)
