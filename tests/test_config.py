"""One file in, one Config out, or sentences that say all that is wrong."""

import contextlib
import json
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archiver.config.loading import load_config
from archiver.config.settings import Config
from archiver.config.values import Secret
from archiver.errors import ConfigError
from archiver.ranges import IdRanges

SOUND = """
[[source]]
name = "acme"
base_url = "https://crm.example.com/SuperOffice/api"
[source.auth]
scheme = "basic"
username = "archive"
password = "pass-K3Y"
[source.sessions]
include = [606, "1000-1999"]
"""
FULL = """
include = ["sources.d/*.toml"]
[archive]
url = "postgresql+psycopg://archive@db/archive"
[schedule]
cron = "*/5 * * * *"
workers = 3
[retry]
attempts = 9
max_wait = "90s"
max_total = "1.5h"
[defaults.limits]
concurrency = 2
[[source]]
name = "acme"
base_url = "http://crm.example.com/SuperOffice/api"
allow_insecure = true
[source.auth]
scheme = "basic"
username = { env = "WHO" }
password = { file = "password.txt" }
[source.sessions]
include = [606, "1000-1999"]
exclude = [1500]
discover = false
[source.limits]
requests_per_second = 0
connect_timeout = "5s"
read_timeout = "1m"
reply_deadline = "10m"
max_reply_mb = 0.5
[source.request]
app_token = { env = "TOKEN" }
language = "nb-NO"
proxy = "http://proxy:3128"
ca_file = "ca.pem"
"""
Load = Callable[[str], Config]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def load_text(text: str) -> Config:
        (tmp_path / "config.toml").write_text(text, encoding="utf-8")
        return load_config(tmp_path / "config.toml")

    return load_text


def problems_of(load: Load, text: str, tmp_path: Path) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(text)
    return [problem.removeprefix(f"{tmp_path / 'config.toml'}: ") for problem in caught.value.problems]


def test_a_small_file_gets_the_defaults(load: Load, tmp_path: Path) -> None:
    config = load(SOUND)
    (source,) = config.source
    assert (config.archive.url.reveal(), config.folder) == ("sqlite:///archive.db", tmp_path)
    assert (config.schedule.interval, config.schedule.cron, config.schedule.workers) == (
        timedelta(minutes=1),
        None,
        8,
    )
    assert (config.retry.attempts, config.retry.max_wait) == (6, timedelta(seconds=60))
    assert (source.limits.concurrency, source.limits.requests_per_second) == (4, 4.0)
    assert (source.request.app_token, source.request.language, source.allow_insecure) == (None, "", False)
    assert source.sessions.chosen == IdRanges.of(606, "1000-1999")


def test_every_key_is_read(load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHO", "ola")
    monkeypatch.setenv("TOKEN", "tok")
    (tmp_path / "password.txt").write_text("pass wörd\n", encoding="utf-8")
    (tmp_path / "ca.pem").touch()
    config = load(FULL)
    (source,) = config.source
    assert config.archive.url.reveal() == "postgresql+psycopg://archive@db/archive"
    assert config.schedule.model_dump() == {"every": None, "cron": "*/5 * * * *", "workers": 3}
    assert config.retry.model_dump() == {
        "attempts": 9,
        "max_wait": timedelta(seconds=90),
        "max_total": timedelta(minutes=90),
    }
    assert source.limits.model_dump() == {
        "concurrency": 2,
        "requests_per_second": 0,
        "connect_timeout": timedelta(seconds=5),
        "read_timeout": timedelta(minutes=1),
        "reply_deadline": timedelta(minutes=10),
        "max_reply_mb": 0.5,
    }
    assert source.limits.max_reply_bytes == 524288
    assert source.sessions.chosen == IdRanges.of(606, "1000-1499", "1501-1999")
    assert source.auth.scheme == "basic"
    assert (source.auth.username, source.auth.password.reveal()) == ("ola", "pass wörd")
    assert source.request.app_token is not None
    assert source.request.proxy is not None
    assert (source.request.app_token.reveal(), source.request.proxy.reveal()) == ("tok", "http://proxy:3128")
    assert (source.request.language, source.request.ca_file) == ("nb-NO", tmp_path / "ca.pem")


@pytest.mark.parametrize("scheme", ["ticket", "bearer"])
def test_ticket_and_bearer_take_a_token(load: Load, scheme: str) -> None:
    text = SOUND.replace('"basic"', f'"{scheme}"').replace('username = "archive"\npassword', "token")
    auth = load(text).source[0].auth
    assert auth.model_dump() == {"scheme": scheme, "token": "Secret(…)"}


def test_all_problems_are_reported_at_once(load: Load, tmp_path: Path) -> None:
    text = """
    shedule = 1
    basic = 2
    [archive]
    url = 5
    [retry]
    atempts = 3
    max_wait = "soon"
    [[source]]
    base_url = "ftp://x"
    tenant = "Cust1"
    basic = 3
    [source.auth]
    scheme = "basic"
    pasword = "pass-K3Y"
    [source.limits]
    concurrency = 0
    [source.sessions]
    include = ["9-3"]
    [[source]]
    name = "acme"
    [[source]]
    name = "acme"
    base_url = "https://x"
    auth = { scheme = "oauth" }
    sessions = { include = [1], exclude = [1] }
    """
    assert sorted(problems_of(load, text, tmp_path)) == sorted(
        [
            "shedule: unknown key; did you mean 'schedule'?",
            "basic: unknown key",
            'archive.url: expected a text, { env = "NAME" } or { file = "path" }',
            "retry.atempts: unknown key; did you mean 'attempts'?",
            'retry.max_wait: expected a duration such as "30s", "5m", "6h" or "7d"',
            "source number 1: name: is missing",
            "source number 1: base_url: is no address: write https://host/SuperOffice/api",
            "source number 1: tenant: following an online tenant's address is not built yet: give its base_url",
            "source number 1: basic: unknown key",
            "source number 1: auth.username: is missing",
            "source number 1: auth.password: is missing",
            "source number 1: auth.pasword: unknown key; did you mean 'password'?",
            "source number 1: limits.concurrency: must be at least 1",
            "source number 1: sessions.include: the range 9-3 runs backwards; write 3-9",
            "source 'acme': base_url: is missing",
            "source 'acme': auth: is missing",
            "source 'acme': sessions: is missing",
            "source 'acme': auth: scheme must be basic, ticket or bearer (oauth and system_user are not built yet)",
            "source 'acme': sessions: include leaves no chat session: name some, such as "
            'include = [606, "1000-1999"]',
            "two sources are named 'acme': every source needs a name of its own",
        ]
    )


def test_two_sources_of_one_name_are_refused(load: Load, tmp_path: Path) -> None:
    expected = ["two sources are named 'acme': every source needs a name of its own"]
    assert problems_of(load, SOUND + SOUND, tmp_path) == expected


@pytest.mark.parametrize(
    ("base_url", "problem"),
    [
        ("http://crm.example.com", "sends the credentials in the clear: use https://, or set allow_insecure = true"),
        (
            "http://localhost.example.com",
            "sends the credentials in the clear: use https://, or set allow_insecure = true",
        ),
        ("http://10.0.0.1", "sends the credentials in the clear: use https://, or set allow_insecure = true"),
        ("https://u:K3Y@crm.example.com", "takes no user, password, ? or #: credentials belong under auth"),
        ("https://@crm.example.com", "takes no user, password, ? or #: credentials belong under auth"),
        ("https://crm.example.com?key=K3Y", "takes no user, password, ? or #: credentials belong under auth"),
        ("https://crm.example.com#K3Y", "takes no user, password, ? or #: credentials belong under auth"),
        ("crm.example.com", "is no address: write https://host/SuperOffice/api"),
        ("", "is no address: write https://host/SuperOffice/api"),
        ("https://", "is no address: write https://host/SuperOffice/api"),
        ("https://[", "is no address: write https://host/SuperOffice/api"),
        ("https://archive:K3Y", "is no address: write https://host/SuperOffice/api"),
        ("http://127.0.0.1\\\\.example.com", "is no address: write https://host/SuperOffice/api"),
        ("http://127.0.0.1 .example.com", "is no address: write https://host/SuperOffice/api"),
        ("ftp://127.0.0.1", "is no address: write https://host/SuperOffice/api"),
    ],
)
def test_an_unsafe_address_is_refused(load: Load, tmp_path: Path, base_url: str, problem: str) -> None:
    text = SOUND.replace("https://crm.example.com/SuperOffice/api", base_url)
    assert problems_of(load, text, tmp_path) == [f"source 'acme': base_url: {problem}"]


@pytest.mark.parametrize(
    "base_url", ["http://127.0.0.1:8080", "http://localhost/api", "http://[::1]:1", "http://127.9.9.9"]
)
def test_http_is_fine_on_loopback(load: Load, base_url: str) -> None:
    assert load(SOUND.replace("https://crm.example.com/SuperOffice/api", base_url)).source[0].base_url == base_url


def test_a_secret_is_looked_up_only_when_needed(load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOWHERE", raising=False)
    auth = load(SOUND.replace('"pass-K3Y"', '{ env = "NOWHERE" }')).source[0].auth
    assert auth.scheme == "basic"
    with pytest.raises(ConfigError, match=r"^the environment variable NOWHERE is not set$"):
        auth.password.reveal()


def test_a_text_that_is_no_secret_is_looked_up_at_once(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NOWHERE", raising=False)
    text = SOUND.replace('"archive"', '{ env = "NOWHERE" }')
    expected = "source 'acme': auth.username: the environment variable NOWHERE is not set"
    assert problems_of(load, text, tmp_path) == [expected]


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("none.txt", None, "No such file or directory"),
        ("odd.txt", b"\xff", "it is not UTF-8 text"),
        ("nul\0.txt", None, "embedded null byte"),
    ],
)
def test_a_secret_file_that_cannot_be_read_is_named(
    tmp_path: Path, name: str, content: bytes | None, problem: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        Secret.parse({"file": name}, tmp_path).reveal()
    assert str(caught.value) == f"the secret file {tmp_path / name} can't be read: {problem}"


def test_an_environment_variable_that_is_no_text_is_not_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ODD", "K3Y\udcff")
    with pytest.raises(ConfigError, match=r"^the environment variable ODD is not UTF-8 text$"):
        Secret(env="ODD").reveal()


@pytest.mark.parametrize(
    ("reference", "problem"),
    [
        ('{ keyring = "a/b" }', "secrets in a keyring are not built yet: use { env = … } or { file = … }"),
        ('{ env = "A", file = "b" }', 'expected a text, { env = "NAME" } or { file = "path" }'),
        ("{ env = 5 }", 'expected a text, { env = "NAME" } or { file = "path" }'),
        ('["K3Y"]', 'expected a text, { env = "NAME" } or { file = "path" }'),
    ],
)
def test_what_is_no_secret_is_refused_without_quoting_it(
    load: Load, tmp_path: Path, reference: str, problem: str
) -> None:
    problems = problems_of(load, SOUND.replace('"pass-K3Y"', reference), tmp_path)
    assert problems == [f"source 'acme': auth.password: {problem}"]


def test_a_secret_never_shows_its_value(load: Load) -> None:
    config = load(SOUND)
    shown = [
        str(config),
        repr(config),
        str(config.model_dump()),
        config.model_dump_json(),
        repr(config.source[0].auth),
    ]
    assert [text for text in shown if "K3Y" in text] == []


@pytest.mark.parametrize("auth", ['scheme = "basik"', 'scheme = "bearer"', "scheme = 5", ""])
def test_a_problem_never_quotes_a_secret_beside_it(load: Load, tmp_path: Path, auth: str) -> None:
    problems = problems_of(load, SOUND.replace('scheme = "basic"', auth), tmp_path)
    assert "K3Y" not in str(problems)


@pytest.mark.parametrize(
    ("text", "duration"),
    [("30s", timedelta(seconds=30)), ("5m", timedelta(minutes=5)), ("6 h", timedelta(hours=6)), ("7d", timedelta(7))],
)
def test_durations_are_numbers_with_a_unit(load: Load, text: str, duration: timedelta) -> None:
    assert load(f'[schedule]\nevery = "{text}"\n{SOUND}').schedule.interval == duration


@pytest.mark.parametrize(
    "value", ['"0s"', '"-1s"', '"5"', '"5w"', "5", '""', "true", '"9999999d"', f'"{"9" * 400}d"']
)
def test_what_is_no_duration_is_refused(load: Load, tmp_path: Path, value: str) -> None:
    (problem,) = problems_of(load, f"[schedule]\nevery = {value}\n{SOUND}", tmp_path)
    assert problem.startswith("schedule.every: ")


@pytest.mark.parametrize("rate", ["-1", "nan", "inf", "1e-9", '"fast"'])
def test_an_impossible_rate_is_refused(load: Load, tmp_path: Path, rate: str) -> None:
    (problem,) = problems_of(load, f"{SOUND}\n[source.limits]\nrequests_per_second = {rate}", tmp_path)
    assert problem.startswith("source 'acme': limits.requests_per_second: ")


@pytest.mark.parametrize(
    ("schedule", "problem"),
    [
        ('every = "1m"\ncron = "* * * * *"', "give every or cron, not both"),
        ('cron = "hourly"', 'cron takes five fields, such as "*/5 * * * *"'),
        ('cron = "99 * * * *"', "'99 * * * *' is no cron line: minute, hour, day of month, month, day of week"),
        ('cron = "0 0 31 2 *"', "'0 0 31 2 *' never comes"),
    ],
)
def test_a_schedule_is_one_of_two(load: Load, tmp_path: Path, schedule: str, problem: str) -> None:
    assert problems_of(load, f"[schedule]\n{schedule}\n{SOUND}", tmp_path) == [f"schedule: {problem}"]


def test_discovery_says_that_it_is_not_built_yet(load: Load, tmp_path: Path) -> None:
    problems = problems_of(load, SOUND + "discover = true", tmp_path)
    assert problems == ["source 'acme': sessions: discover is not built yet: list ids and ranges in include"]


def test_included_files_add_sources_in_their_order(tmp_path: Path) -> None:
    folder = tmp_path / "etc[1]"  # brackets of the folder are no pattern
    (folder / "sources.d").mkdir(parents=True)
    for name in ("b", "a"):
        (folder / "sources.d" / f"{name}.toml").write_text(SOUND.replace("acme", name))
    (folder / "config.toml").write_text('include = ["sources.d/*.toml"]' + SOUND)
    config = load_config(folder / "config.toml")
    assert [source.name for source in config.source] == ["acme", "a", "b"]


def test_an_included_file_holds_sources_only(load: Load, tmp_path: Path) -> None:
    (tmp_path / "more.toml").write_text("[archive]\nurl = 'x'")
    problems = problems_of(load, 'include = ["more.toml"]' + SOUND, tmp_path)
    assert problems == [f"{tmp_path}/more.toml: an included file holds [[source]] tables only, not 'archive'"]


def test_an_included_file_that_is_named_and_missing_is_a_problem(load: Load, tmp_path: Path) -> None:
    problems = problems_of(load, 'include = ["more.toml"]' + SOUND, tmp_path)
    assert problems == [f"there is no configuration file {tmp_path}/more.toml"]


def test_the_advice_for_a_missing_included_file_is_about_include(load: Load) -> None:
    with pytest.raises(ConfigError) as caught:
        load('include = ["more.toml"]' + SOUND)
    assert "include" in caught.value.hint


def test_defaults_are_merged_under_each_source(load: Load) -> None:
    defaults = '[defaults.limits]\nconcurrency = 2\nread_timeout = "9s"\n[defaults.request]\nlanguage = "en-US"\n'
    (source,) = load(f"{defaults}{SOUND}\n[source.limits]\nconcurrency = 3").source
    assert (source.limits.concurrency, source.limits.read_timeout) == (3, timedelta(seconds=9))
    assert source.request.language == "en-US"


@pytest.mark.parametrize("scheme", ["", 'scheme = "basic"'])
def test_auth_of_the_same_scheme_is_merged(load: Load, scheme: str) -> None:
    defaults = '[defaults.auth]\nscheme = "basic"\nusername = "everybody"\n'
    text = SOUND.replace('scheme = "basic"', scheme).replace('username = "archive"', "")
    auth = load(defaults + text).source[0].auth
    assert auth.model_dump() == {"scheme": "basic", "username": "everybody", "password": "Secret(…)"}


def test_auth_of_another_scheme_replaces_the_table(load: Load) -> None:
    defaults = '[defaults.auth]\nscheme = "bearer"\ntoken = "t"\n'
    auth = load(defaults + SOUND).source[0].auth
    assert auth.model_dump() == {"scheme": "basic", "username": "archive", "password": "Secret(…)"}


def test_a_missing_file_is_named_with_advice(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(tmp_path / "none.toml")
    assert caught.value.problems == (f"there is no configuration file {tmp_path}/none.toml",)
    assert "config.example.toml" in caught.value.hint


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"\xff", "it is not UTF-8 text"),
        (b"a = K3Y", "Invalid value (at line 1, column 5)"),
        (b"a = " + b"[" * 5000, "maximum recursion depth exceeded"),
        (b"a = " + b"9" * 5000, "Exceeds the limit (4300 digits) for integer string conversion"),
    ],
    ids=["bytes", "syntax", "brackets", "digits"],
)
def test_a_file_that_is_no_toml_is_named(tmp_path: Path, content: bytes, problem: str) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert str(caught.value).startswith(f"{path} can't be read: {problem}")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"can't be read: Is a directory$"):
        load_config(tmp_path)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "no [[source]] is configured"),
        ("source = 5", "write [[source]], with two brackets, for each source"),
        ("source = [5]", "write [[source]], with two brackets, for each source"),
        ('[source]\nname = "acme"', "write [[source]], with two brackets, for each source"),
        ("include = 5", 'include takes a list of file patterns, such as ["sources.d/*.toml"]'),
        ("include = [5]", 'include takes a list of file patterns, such as ["sources.d/*.toml"]'),
        ('include = ["a\\u0000/*"]', "include takes file patterns, which hold no NUL"),
        (f"defaults = 3\n{SOUND}", "defaults is a table: write [defaults.limits] and the like"),
        (
            f"defaults.base_url = 'https://x/api'\n{SOUND}",
            "defaults holds auth, limits, request, sessions only, not 'base_url'",
        ),
        (
            f"defaults.limits.foo = 1\n{SOUND}\n{SOUND.replace('acme', 'globex')}",
            "source 'acme' and 1 other: limits.foo: unknown key",
        ),
        (f"archive = 3\n{SOUND}", "archive: expected a table"),
        (f"folder = 'x'\n{SOUND}", "unknown key 'folder'"),
        (SOUND.replace('"acme"', "5"), "source number 1: name: expected a text"),
        (
            SOUND.replace('"acme"', '"a b"'),
            "source 'a b': name: takes letters, digits and . _ -, and begins with a letter or a digit",
        ),
        (
            f"{SOUND}\n[source.limits]\nmax_reply_mb = inf",
            "source 'acme': limits.max_reply_mb: must be at most 100000.0",
        ),
        (
            f'{SOUND}\n[source.request]\nca_file = "a\\u0000"',
            "source 'acme': request.ca_file: {}/a\0 can't be read: embedded null byte",
        ),
    ],
)
def test_a_wrong_shape_gets_a_sentence(load: Load, tmp_path: Path, text: str, problem: str) -> None:
    assert problems_of(load, text, tmp_path) == [problem.replace("{}", str(tmp_path))]


@pytest.mark.parametrize("key", ["auth", "sessions", "limits", "request"])
@pytest.mark.parametrize("value", ["5", '"x"', "[]", "true"])
def test_a_table_of_a_source_is_a_table(load: Load, tmp_path: Path, key: str, value: str) -> None:
    tables = {"auth": '{ scheme = "bearer", token = "t" }', "sessions": "{ include = [1] }", key: value}
    lines = [f"{name} = {table}" for name, table in tables.items()]
    text = '[[source]]\nname = "acme"\nbase_url = "https://x"\n' + "\n".join(lines)
    assert problems_of(load, text, tmp_path) == [f"source 'acme': {key}: expected a table"]


SCALARS = (
    st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.sampled_from(["", "basic", "bearer", "https://x", "1m", "a", "*.toml", "\0", "[", "9" * 400 + "d", "3-1"])
    | st.text(max_size=5)
)
KEYS = st.sampled_from(
    re.findall(
        r"\w+",
        """source include defaults archive schedule retry name base_url auth sessions limits
        request scheme token env file keyring url every cron workers attempts
        exclude discover ca_file proxy app_token basic folder max_wait""",
    )
)
TREES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)
SOURCES = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("name", "base_url", "auth", "sessions", "limits", "request", "basic"), TREES)
)


@given(st.dictionaries(KEYS, TREES, max_size=4), st.none() | st.lists(SOURCES, max_size=2), st.none() | SOURCES)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
def test_any_toml_is_a_config_or_a_config_error(
    tmp_path: Path, tables: dict[str, Any], sources: list[dict[str, Any]] | None, defaults: dict[str, Any] | None
) -> None:
    if sources is not None:
        tables["source"] = sources
    if defaults is not None:
        tables["defaults"] = defaults
    path = tmp_path / "config.toml"
    path.write_text(toml_of(tables), encoding="utf-8")
    with contextlib.suppress(ConfigError):
        assert load_config(path).source


def toml_of(tables: dict[str, Any]) -> str:
    return "".join(f"{key} = {_value(value)}\n" for key, value in tables.items())


def _value(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case dict():
            return "{" + ", ".join(f"{key} = {_value(each)}" for key, each in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(_value, value)) + "]"
        case str():
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return str(value)
