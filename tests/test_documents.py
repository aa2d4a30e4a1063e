"""What is written for operators is true to the code."""

import configparser
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import typer.main
import yaml
from pydantic import BaseModel

from archiver.cli.main import app
from archiver.config.loading import load_config
from archiver.config.settings import Config, LimitSettings, RetrySettings, ScheduleSettings
from archiver.errors import ExitCode
from archiver.superoffice.breaker import FAILURES, FIRST_DISTANCE_S, LONGEST_DISTANCE_S
from archiver.sync.outlook import BYSTANDER_EVERY, LONGEST_DOWN_S, Row
from tests.test_errors import leaves

TOP = Path(__file__).parent.parent
DEPLOY = TOP / "deploy"
EXAMPLE = (TOP / "config.example.toml").read_text(encoding="utf-8")
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))


def commands() -> set[str]:
    group = typer.main.get_command(app)
    return set(group.commands)  # type: ignore[attr-defined]


def spellings(group: Any, name: str = "archiver") -> Iterator[str]:
    """Every command as it is typed, those within groups too."""
    if not hasattr(group, "commands"):
        yield name
        return
    if group.invoke_without_command and name != "archiver":
        yield name
    for inner, command in group.commands.items():
        yield from spellings(command, f"{name} {inner}")


def check_arguments(arguments: list[str]) -> None:
    """The command's name, after global options, is one of ours."""
    names = [argument for argument in arguments if argument in commands()]
    assert len(names) == 1, arguments
    assert set(arguments) - set(names) <= {"--log-format", "json"}


def test_the_example_configuration_loads() -> None:
    config = load_config(TOP / "config.example.toml")
    assert [source.name for source in config.source] == ["acme"]


def test_the_example_still_loads_with_every_setting_switched_on(tmp_path: Path) -> None:
    switched_on = re.sub(r"^# (?=[a-z_]+ = )", "", EXAMPLE, flags=re.MULTILINE)
    for either_or in ("include = [", "cron =", "discover", 'scheme = "ticket"', "token =", "ca_file"):
        switched_on = re.sub(rf"^{re.escape(either_or)}.*\n", "", switched_on, flags=re.MULTILINE)
    switched_on = switched_on.replace("exclude = []", 'include = ["1-9"]\nexclude = []')
    switched_on = re.sub(r'^url = "(postgresql|mysql).*\n', "", switched_on, flags=re.MULTILINE)
    (tmp_path / "config.toml").write_text(switched_on, encoding="utf-8")
    assert load_config(tmp_path / "config.toml").source


def tables_of(model: type[BaseModel], name: str = "") -> Iterator[tuple[str, type[BaseModel]]]:
    """Every table of the configuration: its name as the file has it, and its settings."""
    yield name, model
    for key, field in model.model_fields.items():
        for inner in models_in(field.annotation):
            yield from tables_of(inner, f"{name}.{key}" if name else key)


def models_in(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from models_in(argument)


def settings_in_the_example() -> dict[str, set[str]]:
    """The settings under each table's header, commented out or not."""
    found: dict[str, set[str]] = {"": set()}
    table = ""
    for line in EXAMPLE.splitlines():
        if header := re.fullmatch(r"\[\[?([a-z.]+)\]\]?", line):
            table = header[1]
            found.setdefault(table, set())
        elif setting := re.match(r"(?:# )?([a-z_]+) = ", line):
            found[table].add(setting[1])
    return found


@pytest.mark.parametrize(("name", "table"), list(tables_of(Config)), ids=lambda part: getattr(part, "__name__", part))
def test_every_setting_is_in_the_example_where_it_belongs(name: str, table: type[BaseModel]) -> None:
    shown = settings_in_the_example()
    inner = {key for key in table.model_fields if (f"{name}.{key}" if name else key) in shown}
    written = {field.alias or key for key, field in table.model_fields.items()}
    assert written - {"folder"} <= shown[name] | inner


def defaults() -> Iterator[tuple[str, str]]:
    for table in (LimitSettings, RetrySettings, ScheduleSettings):
        for name, field in table.model_fields.items():
            if field.default is not None:
                yield name, str(field.default)


@pytest.mark.parametrize(("name", "default"), list(defaults()))
def test_the_defaults_in_the_example_are_the_codes(name: str, default: str) -> None:
    (shown,) = re.findall(rf'^(?:# )?{name} = "?([^"\s]+)', EXAMPLE, flags=re.MULTILINE)[:1]
    minutes = {"0:00:10": "10s", "0:00:30": "30s", "0:01:00": "60s", "0:02:00": "2m", "0:05:00": "5m"}
    assert shown == minutes.get(default, default)


def test_the_containers_configuration_loads() -> None:
    assert load_config(DEPLOY / "container" / "config.toml").source


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_the_units_run_commands_that_exist(path: Path) -> None:
    unit = configparser.RawConfigParser(strict=False)
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read(path)
    for key in ("ExecStartPre", "ExecStart"):
        program, *arguments = shlex.split(unit["Service"][key])
        assert program.endswith("/bin/archiver")
        check_arguments(arguments)


def test_the_container_and_compose_run_commands_that_exist() -> None:
    compose = yaml.safe_load((DEPLOY / "container" / "compose.yaml").read_text(encoding="utf-8"))
    for name in ("migrate", "archiver"):
        service = compose["services"][name]
        check_arguments(service["command"])
        assert set(service["secrets"]) <= set(compose["secrets"])
        assert set(service["depends_on"]) <= set(compose["services"])
    (run,) = re.findall(r"^CMD (\[.*\])$", (DEPLOY / "container" / "Containerfile").read_text(), flags=re.MULTILINE)
    check_arguments(yaml.safe_load(run))


def test_every_command_and_exit_code_is_in_the_readme() -> None:
    readme = (TOP / "README.md").read_text(encoding="utf-8")
    assert [name for name in spellings(typer.main.get_command(app)) if f"`{name}" not in readme] == []
    assert [code for code in ExitCode if f"| {code.value} |" not in readme] == []


def test_every_error_of_a_call_is_explained() -> None:
    explained = set(re.findall(r"`([a-z_]+)`", (TOP / "docs" / "answers.md").read_text(encoding="utf-8")))
    assert leaves() <= explained


def test_the_documented_patience_is_the_built_one() -> None:
    text = " ".join((TOP / "docs" / "answers.md").read_text(encoding="utf-8").split())
    assert f"{'ten' if FAILURES == 10 else FAILURES} failures in a row" in text
    assert f"every {FIRST_DISTANCE_S:g} to {LONGEST_DISTANCE_S:g} s" in text
    at_first, later = (Row.DOWN.enough(any_answer=known) for known in (False, True))
    assert f"after {at_first} chat sessions that failed so; after {later}, or five minutes, once" in text
    assert LONGEST_DOWN_S == 300
    later_rows = (Row.REFUSED, Row.UNREACHABLE, Row.ON_HOLD)
    assert (
        "later they take {}, {} and {} in a row".format(*(row.enough(any_answer=True) for row in later_rows)) in text
    )
    assert f"when {Row.FAILING.enough(any_answer=True)} chat sessions fail one after the other" in text
    assert f"or {BYSTANDER_EVERY} find the source down" in text
