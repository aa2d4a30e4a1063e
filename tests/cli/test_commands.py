"""The commands, typed as a new user would type them."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from archiver import __version__
from archiver.sandbox import Sandbox
from archiver.store.database import Database
from archiver.store.schema import CURRENT_REVISION
from tests.cli.conftest import Run
from tests.support import truth_of, wire_rows, write_config

Chat = Callable[..., int]
Configured = Callable[..., Path]


def rows_at(folder: Path) -> list[dict[str, object]]:
    database = Database(f"sqlite:///{folder / 'archive.db'}")
    try:
        return wire_rows(database)
    finally:
        database.close()


def test_the_walk_of_a_new_user(run: Run, tmp_path: Path, empty_database_url: str) -> None:
    with Sandbox() as full:
        write_config(tmp_path, empty_database_url, full.base_url, include="1-300")
        assert f"the schema is now {CURRENT_REVISION}" in run("migrate").stdout
        first = run("run")
        assert first.returncode == 0
        assert "acme: complete; 300 chat sessions visited, " in first.stdout
        again = run("run")
        assert (again.returncode, "0 new messages" in again.stdout) == (0, True)
        database = Database(empty_database_url)
        assert wire_rows(database) == truth_of(full)
        database.close()
    shown = run("status")
    assert shown.returncode == 0
    assert "300 open" in shown.stdout
    (overview,) = json.loads(run("status", "--json").stdout)
    assert (overview["name"], overview["chat_sessions"], overview["messages"]) == (
        "acme",
        {"open": 300},
        len(truth_of(full)),
    )


def test_backfill_takes_ids_ranges_and_a_file(
    run: Run, configured: Configured, chat: Chat, sandbox: Sandbox, tmp_path: Path
) -> None:
    for _ in range(9):
        chat("Hello")
    configured()
    run("migrate")
    (tmp_path / "ids.txt").write_text("# chosen by hand\n8\n\n6-7 # two more\n", encoding="utf-8")
    result = run("backfill", "--session", "1", "--session", "3-4", "--from-file", "ids.txt")
    assert result.returncode == 0
    assert [row["ChatSessionId"] for row in rows_at(tmp_path)] == [1, 3, 4, 6, 7, 8]


def test_a_plan_says_what_it_takes_and_makes_no_request(
    run: Run, configured: Configured, chat: Chat, sandbox: Sandbox
) -> None:
    configured(include="1-40")
    run("migrate")
    chat("Hello", "Hi")
    run("backfill", "--session", "1")
    sandbox.requests.clear()
    planned = run("backfill", "--plan")
    assert planned.returncode == 0
    assert "40 chat sessions to visit, 39 of them never visited" in planned.stdout
    assert "about 78" in planned.stdout
    (estimate,) = json.loads(run("backfill", "--plan", "--json").stdout)
    assert (estimate["calls"], estimate["calls_at_most"], estimate["minutes"]) == (40, 79, None)
    assert sandbox.requests.all() == []


def test_reconcile_keeps_the_earlier_content(run: Run, configured: Configured, chat: Chat, sandbox: Sandbox) -> None:
    chat("Hello")
    configured()
    run("migrate")
    run("run")
    sandbox.tenant.edit(1, message="Hello!")
    dry = run("reconcile", "--session", "1", "--dry-run").stdout
    assert "1 changed" in dry
    assert "nothing was changed" in dry
    assert "1 changed" in run("reconcile", "--session", "1").stdout


def test_a_partial_pass_exits_3_and_status_says_why(
    run: Run, configured: Configured, chat: Chat, sandbox: Sandbox
) -> None:
    chat("Hello")
    chat("Hi")
    configured(include="1-2")
    run("migrate")
    run("run")
    sandbox.oddities.add("null", chat_session_id=2)
    result = run("run")
    assert result.returncode == 3
    assert "partial; 2 chat sessions visited (1 failed)" in result.stdout
    assert "null" in run("status").stdout


def test_a_wrong_password_is_one_sentence_with_advice(run: Run, configured: Configured, chat: Chat) -> None:
    configured(password="planted-secret")
    run("migrate")
    result = run("run", "--source", "acme")
    assert result.returncode == 1
    assert "archiver: acme: HTTP 401 from the source: it refuses our credentials" in result.stderr
    assert "check auth in the configuration" in result.stderr
    assert "Traceback" not in result.stderr
    assert "planted-secret" not in result.stdout + result.stderr


@pytest.mark.parametrize(
    ("base_url", "says"),
    [
        ("http://127.0.0.1:9", "refuses the connection"),
        ("https://crm.invalid/SuperOffice", "can't be resolved"),
    ],
)
def test_an_address_that_leads_nowhere_is_one_sentence(
    run: Run, configured: Configured, base_url: str, says: str
) -> None:
    configured(base_url=base_url)
    run("migrate")
    result = run("run")
    assert result.returncode == 1
    assert says in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["run"], "there is no archive at"),
        (["run", "--source", "acne"], "there is no source 'acne'"),
        (["run", "--source", "acme@7"], "has no epoch '7'"),
        (["backfill", "--session", "x"], "neither an id such as 606 nor a range"),
        (["backfill", "--session", "9-3"], "runs backwards"),
        (["backfill", "--from-file", "nowhere.txt"], "nowhere.txt can't be read"),
        (["--config", "other.toml", "run"], "there is no configuration file other.toml"),
        (["backfill", "--json"], "--json goes with --plan"),
        (["rnu"], "No such command 'rnu'"),
        (["run", "--sauce", "acme"], "No such option"),
    ],
)
def test_a_users_mistake_gets_a_sentence_and_no_traceback(
    run: Run, configured: Configured, arguments: list[str], says: str
) -> None:
    configured()
    result = run(*arguments)
    assert result.returncode == (1 if arguments == ["run"] else 2)
    assert says in result.stderr
    assert "Traceback" not in result.stderr


def test_ids_of_several_sources_ask_for_the_source(run: Run, configured: Configured, tmp_path: Path) -> None:
    text = configured().read_text(encoding="utf-8")
    second = text[text.index("[[source]]") :].replace('"acme"', '"globex"')
    (tmp_path / "config.toml").write_text(text + second, encoding="utf-8")
    result = run("backfill", "--session", "5")
    assert result.returncode == 2
    assert "name it with --source" in result.stderr


def test_the_configuration_may_be_named_by_the_environment(run: Run, configured: Configured, tmp_path: Path) -> None:
    configured().rename(tmp_path / "elsewhere.toml")
    result = run("migrate", ARCHIVER_CONFIG=str(tmp_path / "elsewhere.toml"))
    assert result.returncode == 0
    assert (tmp_path / "archive.db").exists()


def test_migrate_prints_statements_and_touches_nothing(run: Run, configured: Configured, tmp_path: Path) -> None:
    configured()
    result = run("migrate", "--sql")
    assert "CREATE TABLE chat_message " in result.stdout
    assert not (tmp_path / "archive.db").exists()


def test_log_lines_can_be_json(run: Run, configured: Configured, chat: Chat) -> None:
    chat("Hello")
    configured(include="1")
    run("migrate")
    lines = [json.loads(line) for line in run("--log-format", "json", "run").stderr.splitlines()]
    assert [line["event"] for line in lines] == ["pass_finished"]
    assert (lines[0]["source"], lines[0]["outcome"], lines[0]["messages_added"]) == ("acme", "complete", 1)


def test_no_text_name_or_secret_reaches_a_verbose_log(
    run: Run, configured: Configured, chat: Chat, sandbox: Sandbox
) -> None:
    chat("planted-text")
    chat("planted-text")
    sandbox.tenant.post(1, message="planted-text", author="planted-name")
    sandbox.oddities.add("error_object", chat_session_id=2, message="planted-text")
    sandbox.oddities.add("status", status=503, times=1)
    configured(include="1-3")
    run("migrate")
    result = run("-v", "run")
    assert result.returncode == 3
    assert "calling the source" in result.stderr
    shown = result.stdout + result.stderr + run("status").stdout
    for planted in ("planted", "sandbox:", "YXJjaGl2ZT", "SESSION-KEY", "Kim"):
        assert planted not in shown


def test_the_version_is_shown(run: Run) -> None:
    assert run("--version").stdout == f"archiver {__version__}\n"


@pytest.mark.parametrize(
    "name", ["check", "migrate", "run", "backfill", "reconcile", "daemon", "status", "quarantine", "sandbox", "demo"]
)
def test_every_command_explains_itself_with_an_example(run: Run, name: str) -> None:
    shown = run(name, "--help")
    assert shown.returncode == 0
    assert f"Example: archiver {name}" in shown.stdout


@pytest.mark.parametrize("group", ["", "quarantine", "source"])
def test_the_summary_of_every_command_fits_80_columns(run: Run, group: str) -> None:
    shown = run(*group.split(), "--help", COLUMNS="80").stdout
    summaries = shown.partition("Commands:\n")[2].partition("\n\n")[0].splitlines()
    assert summaries
    assert [line for line in summaries if not line.endswith(".") or line.endswith("...")] == []


def test_a_file_of_ids_may_come_from_windows(run: Run, configured: Configured, chat: Chat, tmp_path: Path) -> None:
    chat("Hello")
    configured()
    run("migrate")
    (tmp_path / "ids.txt").write_bytes(b"\xef\xbb\xbf1\r\n")
    assert run("backfill", "--from-file", "ids.txt").returncode == 0


def test_a_terminal_that_can_not_show_a_letter_is_no_bug(run: Run, tmp_path: Path) -> None:
    result = run("--config", "зимá.toml", "status", PYTHONIOENCODING="ascii")
    assert result.returncode == 2
    assert "there is no configuration file" in result.stderr


def test_a_bug_is_told_without_the_text_it_carries(run: Run, configured: Configured, tmp_path: Path) -> None:
    configured()
    (tmp_path / "sitecustomize.py").write_text(
        "import archiver.config.loading as loading\n"
        "def load_config(path):\n"
        "    raise KeyError('planted-text')\n"
        "loading.load_config = load_config\n"
    )
    here = str(Path(__file__).parents[2])
    result = run("status", PYTHONPATH=f"{tmp_path}{os.pathsep}{here}")
    assert result.returncode == 1
    assert "a bug, sorry: KeyError at " in result.stderr
    assert "planted-text" not in result.stderr
