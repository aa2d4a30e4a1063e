"""`archiver check`: a tick for each thing that an archive needs, and what to do where one is missing."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from archiver.sandbox import Sandbox
from archiver.store.database import Database
from tests.cli.conftest import Run
from tests.support import Archive, dump, write_config

Configured = Callable[..., Path]


def ticks(shown: str) -> dict[str, bool]:
    """Which checks there were, and whether each held."""
    return {f"{each['check']} {each.get('source', '')}".strip(): each["ok"] for each in json.loads(shown)}


def the_one_that_failed(shown: str) -> dict[str, Any]:
    (found,) = [each for each in json.loads(shown) if not each["ok"]]
    return dict(found)


def execute(folder: Path, statement: str) -> None:
    database = Database(f"sqlite:///{folder / 'archive.db'}")
    with database.writing() as connection:
        connection.execute(text(statement))
    database.close()


def test_all_that_holds_is_ticked_and_nothing_is_left_behind(
    run: Run, tmp_path: Path, database: Database, database_url: str, sandbox: Sandbox
) -> None:
    write_config(tmp_path, database_url, sandbox.base_url)
    before = dump(database)
    result = run("check")
    assert (result.returncode, result.stderr) == (0, "")
    assert "FAILED" not in result.stdout
    assert "All is well." in result.stdout
    assert ticks(run("check", "--json").stdout) == dict.fromkeys(
        ["configuration", "database", "schema", "schema as declared", "round trip", "source acme"], True
    )
    assert dump(database) == before


def test_without_an_archive_the_source_is_asked_all_the_same_and_no_file_is_made(
    run: Run, configured: Configured, tmp_path: Path
) -> None:
    configured()
    result = run("check", "--json")
    assert result.returncode == 1
    assert ticks(result.stdout) == {"configuration": True, "database": False, "source acme": True}
    assert the_one_that_failed(result.stdout)["advice"] == "archiver migrate makes one"
    assert not (tmp_path / "archive.db").exists()


@pytest.mark.parametrize(
    ("settings", "says", "advice"),
    [
        ({"password": "planted-secret"}, "refuses our credentials", "check auth in the configuration"),
        ({"base_url": "http://127.0.0.1:9"}, "refuses the connection", "check base_url"),
    ],
)
def test_a_source_that_fails_is_one_line_with_its_advice(
    run: Run, configured: Configured, settings: dict[str, str], says: str, advice: str
) -> None:
    configured(**settings)
    run("migrate")
    result = run("check", "--json")
    failed = the_one_that_failed(result.stdout)
    assert (result.returncode, failed["check"], failed["source"]) == (1, "source", "acme")
    assert says in failed["detail"]
    assert advice in failed["advice"]
    assert "planted-secret" not in result.stdout + result.stderr


def test_a_source_that_answers_null_to_what_it_does_not_know_is_well(
    run: Run, configured: Configured, sandbox: Sandbox
) -> None:
    sandbox.oddities.add("null")
    configured()
    run("migrate")
    assert run("check").returncode == 0


def test_offline_asks_no_source(run: Run, configured: Configured, sandbox: Sandbox) -> None:
    configured()
    run("migrate")
    assert "source acme" not in ticks(run("check", "--offline", "--json").stdout)
    assert sandbox.requests.all() == []


def test_a_source_is_asked_for_no_message(run: Run, archive: Archive, chat: Callable[..., int]) -> None:
    chat("Hello")
    assert run("check").returncode == 0
    (request,) = archive.sandbox.requests.all()
    assert "2147483647" in str(request)


def configure_many(path: Path, count: int, *, dead: tuple[int, ...]) -> None:
    """So many sources in place of one; those that are dead are at an address where nobody listens."""
    written = path.read_text(encoding="utf-8")
    begins_at = written.index("[[source]]")
    one = written[begins_at:]
    address = one.split('base_url = "')[1].split('"')[0]
    many = [
        one.replace('"acme"', f'"tenant-{n}"').replace(address, "http://127.0.0.1:9" if n in dead else address)
        for n in range(count)
    ]
    path.write_text(written[:begins_at] + "\n".join(many), encoding="utf-8")


def test_of_many_sources_those_that_fail_are_shown_and_a_count(run: Run, configured: Configured) -> None:
    configure_many(configured(), 40, dead=(7, 33))
    run("migrate")
    result = run("check")
    assert result.returncode == 1
    assert "38 of 40 sign in and answer" in result.stdout
    shown = [line.split()[2] for line in result.stdout.splitlines() if "source tenant-" in line]
    assert shown == ["tenant-7", "tenant-33"]
    assert run("check", "--source", "tenant-1", "--source", "tenant-2").returncode == 0


def test_a_configuration_with_problems_is_a_tick_too(run: Run, configured: Configured) -> None:
    path = configured()
    path.write_text(path.read_text(encoding="utf-8").replace("attempts", "atempts"), encoding="utf-8")
    result = run("check", "--json")
    assert result.returncode == 2
    assert "atempts" in the_one_that_failed(result.stdout)["detail"]


def test_a_secret_that_is_missing_fails_its_source_alone(run: Run, configured: Configured) -> None:
    path = configured()
    written = path.read_text(encoding="utf-8").replace('"sandbox"', '{ env = "NO_SUCH_SECRET" }')
    path.write_text(written, encoding="utf-8")
    run("migrate")
    result = run("check", "--json")
    assert (result.returncode, the_one_that_failed(result.stdout)["source"]) == (2, "acme")


def test_text_that_would_be_spoiled_is_told_with_advice(run: Run, configured: Configured, tmp_path: Path) -> None:
    configured()
    run("migrate")
    execute(
        tmp_path, "CREATE TRIGGER cut AFTER INSERT ON chat_message BEGIN UPDATE chat_message SET author = 'x'; END"
    )
    result = run("check", "--offline", "--json")
    failed = the_one_that_failed(result.stdout)
    assert (result.returncode, failed["check"]) == (1, "round trip")
    assert "emoji: comes back changed from chat_message.author" in failed["detail"]
    assert "has to hold every text" in failed["advice"]
    assert "Traceback" not in result.stderr


def test_drift_exits_with_4_and_a_sentence_for_each_difference(
    run: Run, configured: Configured, tmp_path: Path
) -> None:
    configured()
    run("migrate")
    assert run("check", "--drift").returncode == 0
    execute(tmp_path, "ALTER TABLE chat_message ADD COLUMN sentiment INTEGER")
    execute(tmp_path, "DROP TABLE sync_error")
    execute(tmp_path, "CREATE INDEX by_author ON chat_message (author)")
    told = run("check", "--drift")
    assert told.returncode == 4
    assert told.stdout.splitlines() == [
        "chat_message has a column that the archiver doesn't know: sentiment",
        "table sync_error is missing",
        "chat_message has an index that the archiver doesn't know: by_author; it does no harm",
    ]
    assert json.loads(run("check", "--drift", "--json").stdout)["differences"] == told.stdout.splitlines()[:2]
    plain = run("check", "--json", "--offline")
    assert (plain.returncode, the_one_that_failed(plain.stdout)["check"]) == (4, "schema as declared")


def test_drift_of_another_revision_is_told_as_that(run: Run, configured: Configured, tmp_path: Path) -> None:
    configured()
    run("migrate")
    execute(tmp_path, "UPDATE alembic_version SET version_num = '0001'")
    result = run("check", "--drift")
    assert result.returncode == 1
    assert "archiver migrate brings it up to date" in result.stderr


def test_drift_goes_with_no_source(run: Run, configured: Configured) -> None:
    configured()
    assert run("check", "--drift", "--source", "acme").returncode == 2
