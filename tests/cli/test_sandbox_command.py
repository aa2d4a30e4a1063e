"""`archiver sandbox`, its list of oddities and how they are switched on."""

import json
import signal
import subprocess
from pathlib import Path

import pytest
import requests

from archiver.sandbox.oddities.catalogue import CATALOGUE
from tests.cli.conftest import ENOUGH_S, Run, command, environment


def test_the_list_of_oddities_is_exactly_the_catalogue(run: Run) -> None:
    listed = run("sandbox", "--list-oddities", COLUMNS="200")
    assert (listed.returncode, listed.stderr) == (0, "")
    lines = [line.split() for line in listed.stdout.splitlines() if line.startswith("  ")]
    assert [line[0] for line in lines if line[0] != "name"] == list(CATALOGUE)
    text = " ".join(listed.stdout.split())
    for entry in CATALOGUE.values():
        assert entry.does in text
        assert entry.why_not in text


def test_the_list_of_oddities_fits_a_terminal(run: Run) -> None:
    listed = run("sandbox", "--list-oddities", COLUMNS="80")
    assert max(len(line) for line in listed.stdout.splitlines()) <= 80


def test_the_list_of_oddities_says_what_all_is(run: Run) -> None:
    text = " ".join(run("sandbox", "--list-oddities").stdout.split())
    assert '--oddities all switches on every one with a number in the column "in all"' in text


def test_the_help_shows_how_oddities_are_written_at_80_columns(run: Run) -> None:
    lines = [line.rstrip() for line in run("sandbox", "--help", COLUMNS="80").stdout.splitlines()]
    assert "      --oddities null@7=0.5,duplicate_rows  several at once" in lines
    assert not [line for line in lines if "…" in line]


def test_the_list_of_oddities_is_there_as_json(run: Run) -> None:
    entries = json.loads(run("sandbox", "--list-oddities", "--json").stdout)
    assert {each["name"]: each["share"] for each in entries} == {name: each.share for name, each in CATALOGUE.items()}


def test_a_wrong_name_is_wrong_usage_and_gets_the_nearest(run: Run) -> None:
    refused = run("sandbox", "--oddities", "null,duplicate_row@7")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert 'There is no oddity "duplicate_row"; the nearest is "duplicate_rows".' in refused.stderr


def test_no_name_at_all_is_wrong_usage(run: Run) -> None:
    refused = run("sandbox", "--oddities", "")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "--oddities '': It names no oddity." in refused.stderr


@pytest.mark.parametrize("more", [[], ["--oddities", "null,empty@7=0.5", "--oddities", "any_order"]])
def test_the_welcome_says_which_oddities_are_on_and_how_they_end(tmp_path: Path, more: list[str]) -> None:
    arguments = ["sandbox", "--port", "0", "--sessions", "1", "--live", "0", *more]
    serving = subprocess.Popen(
        command(*arguments), cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, text=True
    )
    try:
        assert serving.stdout
        welcome = []
        for line in serving.stdout:
            welcome.append(line)
            if "Ctrl-C" in line:
                break
        switches_off = [line.split()[-1] for line in welcome if "curl -X DELETE" in line]
        assert ("# Oddities in force: null, empty, any_order\n" in welcome) == bool(more)
        assert len(switches_off) == bool(more)
        for url in switches_off:
            assert len(requests.get(url, timeout=10).json()["oddities"]) == 3
            assert requests.delete(url, timeout=10).ok
            assert requests.get(url, timeout=10).json() == {"oddities": []}
    finally:
        serving.send_signal(signal.SIGINT)
        serving.communicate(timeout=ENOUGH_S)
