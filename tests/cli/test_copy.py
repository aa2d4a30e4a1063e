"""`archiver copy`, typed as somebody would who moves an archive."""

import json
import signal
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import insert

from archiver.sandbox import Sandbox, SandboxSettings
from archiver.store import tables
from archiver.store.database import Database
from archiver.store.schema import migrate
from archiver.store.sources import ensure_source
from tests.cli.conftest import ENOUGH_S, Run
from tests.cli.test_processes import peak_memory_kb, started
from tests.support import dump, truth_of, wire_rows, write_config

Configured = Callable[..., Path]
Chat = Callable[..., int]


@pytest.fixture
def moving(run: Run, configured: Configured, chat: Chat, tmp_path: Path) -> Path:
    """A folder with an archive, and with new.toml, which names another database."""
    path = configured(url="sqlite:///archive.db", include="1")
    chat("Hello", "Hi")
    run("migrate")
    assert run("run").returncode == 0
    text = path.read_text(encoding="utf-8")
    new = text.replace('url = "sqlite:///archive.db"', 'url = { env = "NEW_URL" }')
    (tmp_path / "new.toml").write_text(new, encoding="utf-8")
    return tmp_path


def held_at(url: str) -> dict[str, list[dict[str, object]]]:
    database = Database(url)
    try:
        return dump(database, without=("lease",))
    finally:
        database.close()


def test_who_began_on_sqlite_goes_on_in_another_database(
    run: Run, moving: Path, other_database: Database, sandbox: Sandbox
) -> None:
    url = other_database.url.render_as_string(hide_password=False)
    copied = run("copy", "--to-config", "new.toml", NEW_URL=url)
    assert (copied.returncode, copied.stderr.count("ERROR")) == (0, 0)
    assert "chat_message             2           2  yes" in copied.stdout
    assert "use new.toml from now on" in copied.stdout
    assert "archiver --config new.toml daemon" in copied.stdout
    assert held_at(url) == held_at(f"sqlite:///{moving / 'archive.db'}")
    sandbox.tenant.post(1, message="after the move")
    assert "1 new message" in run("--config", "new.toml", "run", NEW_URL=url).stdout
    assert wire_rows(other_database) == truth_of(sandbox)
    refused = run("copy", "--to-config", "new.toml", NEW_URL=url)
    assert (refused.returncode, refused.stdout) == (5, "")
    assert "has gone its own way" in refused.stderr


def test_it_tells_scripts_what_it_compared(run: Run, moving: Path) -> None:
    told = json.loads(run("copy", "--to", "sqlite:///new.db", "--json").stdout)
    assert (told["same"], told["inserted"], told["updated"], told["deleted"]) == (True, 4, 0, 0)
    (messages,) = [each for each in told["tables"] if each["table"] == "chat_message"]
    assert (messages["same"], messages["origin"]["rows"], len(messages["target"]["sha256"])) == (True, 2, 64)
    again = json.loads(run("copy", "--to", "sqlite:///new.db", "--json").stdout)
    assert (again["inserted"], again["tables"]) == (0, told["tables"])


def test_a_target_that_changes_what_is_written_exits_4(run: Run, moving: Path) -> None:
    run("copy", "--to", "sqlite:///new.db")
    new = Database(f"sqlite:///{moving / 'new.db'}")
    with new.writing() as connection:
        connection.exec_driver_sql("DELETE FROM chat_message")
        connection.exec_driver_sql(
            "CREATE TRIGGER t AFTER INSERT ON chat_message BEGIN UPDATE chat_message SET author = 'x'; END"
        )
    new.close()
    found = run("copy", "--to", "sqlite:///new.db")
    assert (found.returncode, "What next" in found.stdout) == (4, False)
    assert "chat_message             2           2   NO" in found.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "name the other database with --to URL or with --to-config FILE"),
        (["--to", "sqlite:///a.db", "--to-config", "new.toml"], "name the other database with --to URL or with"),
        (["--to", "mysql://root:s3cr3t@host/name"], "--to: mysql:// means another driver"),
        (["--to", "sqlite:///archive.db"], "is the archive itself"),
        (["--to-config", "none.toml"], "there is no configuration file none.toml"),
        (["--to-config", "new.toml"], "the environment variable NEW_URL is not set"),
    ],
)
def test_a_target_that_is_none_is_refused(run: Run, moving: Path, arguments: list[str], says: str) -> None:
    refused = run("copy", *arguments)
    assert refused.returncode == 2
    assert says in " ".join(refused.stderr.replace("│", " ").split())
    assert "s3cr3t" not in refused.stderr + refused.stdout


def test_an_unreachable_target_is_named_without_its_password(run: Run, moving: Path) -> None:
    refused = run("copy", "--to", "postgresql://kim:s3cr3t@127.0.0.1:1/name")
    assert refused.returncode == 1
    assert "postgresql://kim:***@127.0.0.1:1/name: the archive's database is unavailable" in refused.stderr
    assert "s3cr3t" not in refused.stderr + refused.stdout


def test_a_copy_that_is_stopped_or_killed_goes_on_when_it_is_run_again(
    run: Run, tmp_path: Path, other_database: Database
) -> None:
    url = other_database.url.render_as_string(hide_password=False)
    with Sandbox(SandboxSettings(chat_sessions=300)) as full:
        write_config(tmp_path, "sqlite:///archive.db", full.base_url, include="1-300")
        run("migrate")
        run("backfill")
    for number, code in ((signal.SIGTERM, 130), (signal.SIGKILL, -signal.SIGKILL)):
        with started(tmp_path, "--log-format", "json", "copy", "--to", url) as process:
            assert process.stderr
            for line in process.stderr:  # until it is under way; it has pages left, since each takes a transaction
                if json.loads(line)["event"] == "copy_phase":
                    break
            process.send_signal(number)
            process.communicate(timeout=ENOUGH_S)
        assert process.returncode == code
    assert run("copy", "--to", url).returncode == 0
    assert held_at(url) == held_at(f"sqlite:///{tmp_path / 'archive.db'}")


def fill(folder: Path, name: str, *, rows: int, long: int) -> None:
    """An archive of so many short messages, and so many with a million letters."""
    database = Database(f"sqlite:///{folder / name}")
    migrate(database)
    now = datetime(2026, 3, 2, tzinfo=UTC)
    ours = {"source_id": 1, "chat_session_id": 1, "first_archived_at": now, "last_changed_at": now}
    ours |= {"last_changed_run": 1, "revision": 1}
    with database.writing() as connection:
        ensure_source(connection, "acme", "https://crm.example.com")
        short = ({**ours, "chat_message_id": number, "message": "short" * 20} for number in range(long + 1, rows + 1))
        connection.execute(insert(tables.chat_message), list(short))
        for number in range(1, long + 1):
            values = {**ours, "chat_message_id": number, "message": "ä" * 1_000_000}
            connection.execute(insert(tables.chat_message).values(values))
    database.close()


def test_ten_times_the_rows_and_long_ones_take_the_same_memory(configured: Configured, tmp_path: Path) -> None:
    peaks = []
    for name, rows, long in (("few.db", 1500, 3), ("many.db", 15_000, 30)):
        fill(tmp_path, name, rows=rows, long=long)
        configured(url=f"sqlite:///{name}")
        peaks.append(peak_memory_kb(tmp_path, "copy", "--to", f"sqlite:///copy-of-{name}"))
    few, many = peaks
    assert many < 1.2 * few
