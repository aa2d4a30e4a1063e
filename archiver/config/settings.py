"""The tables of the configuration file, their defaults and bounds."""

import ipaddress
import re
from collections import Counter
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from archiver.config.cron import cron_trigger
from archiver.config.values import Duration, FilePath, Ids, Secret, SecretText, SourceName, Text, folder_of, reason
from archiver.ranges import IdRanges

_MB = 1024 * 1024


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, hide_input_in_errors=True)


class ArchiveSettings(_Table):
    """Where the archive is."""

    url: SecretText = Secret(literal="sqlite:///archive.db")
    db_schema: Text | None = Field(default=None, alias="schema")  # BaseModel has a `schema` of its own
    """Where the tables are, within a PostgreSQL database."""

    @field_validator("db_schema")
    @classmethod
    def _is_plain_name(cls, name: str | None) -> str | None:
        if name is not None and not re.fullmatch(r"(?!pg_)[a-z_][a-z0-9_]{0,62}", name):
            raise ValueError("takes small letters, digits and _, at most 63, and does not begin with a digit or pg_")
        return name


class ScheduleSettings(_Table):
    """When the daemon makes its passes, and with how many threads."""

    every: Duration | None = None
    cron: Text | None = None
    workers: int = Field(default=8, ge=1, le=256)

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if self.every and self.cron:
            raise ValueError("give every or cron, not both")
        if self.cron is not None:
            cron_trigger(self.cron)
        return self

    @property
    def interval(self) -> timedelta:
        """The time between two passes, where no cron line says otherwise."""
        return self.every or timedelta(minutes=1)


class RetrySettings(_Table):
    """How often, and for how long, one call is tried."""

    attempts: int = Field(default=6, ge=1, le=100)
    max_wait: Duration = timedelta(seconds=60)
    """The longest pause between two attempts."""
    max_total: Duration = timedelta(minutes=5)
    """No further attempt of a call begins after this long."""


class SettleSettings(_Table):
    """When quiet chat sessions are read again in full, and what is made of what is found."""

    after: Duration = timedelta(hours=1)
    """Quiet for so long, a chat session is read in full."""
    again: tuple[Duration, ...] = (timedelta(hours=6), timedelta(days=1), timedelta(days=7), timedelta(days=30))
    """Quiet for longer than one of these, it is read in full that often. Ascending."""
    confirm_after: Duration = timedelta(hours=1)
    """What is missing counts as gone when it is still missing so long after it was first missed."""
    keep_read_marks: bool = False
    """Keep a revision of a message of which only ReadByCustomer changed."""
    suspicious_share: float = Field(default=0.1, gt=0, le=1, allow_inf_nan=False)
    """Of what a pass read again: it stops when more than that is edited, or gone."""
    suspicious_from: int = Field(default=10, ge=1)
    """Fewer than so many messages, or chat sessions, are never suspicious."""

    @field_validator("again")
    @classmethod
    def _grows(cls, again: tuple[timedelta, ...]) -> tuple[timedelta, ...]:
        if not again or any(first >= second for first, second in pairwise(again)):
            raise ValueError('takes growing durations, such as ["6h", "1d", "7d"]')
        return again


class BasicAuth(_Table):
    scheme: Literal["basic"]
    username: Text
    password: SecretText


class TicketAuth(_Table):
    scheme: Literal["ticket"]
    token: SecretText


class BearerAuth(_Table):
    scheme: Literal["bearer"]
    token: SecretText


class SessionSettings(_Table):
    """Which chat sessions are archived."""

    include: Ids = IdRanges()
    exclude: Ids = IdRanges()
    discover: bool = False

    @model_validator(mode="after")
    def _chooses_something(self) -> Self:
        if self.discover:
            raise ValueError("discover is not built yet: list ids and ranges in include")
        if not self.chosen:
            raise ValueError('include leaves no chat session: name some, such as include = [606, "1000-1999"]')
        return self

    @property
    def chosen(self) -> IdRanges:
        return self.include.minus(self.exclude)


class LimitSettings(_Table):
    """What we ask of the source, and for how long."""

    concurrency: int = Field(default=4, ge=1, le=256)
    requests_per_second: float = Field(default=4.0, ge=0, allow_inf_nan=False)
    connect_timeout: Duration = timedelta(seconds=10)
    read_timeout: Duration = timedelta(seconds=30)
    """The longest silence within a reply."""
    reply_deadline: Duration = timedelta(minutes=2)
    """For a whole reply, however busily it drips."""
    max_reply_mb: float = Field(default=256, gt=0, le=100_000)

    @field_validator("requests_per_second")
    @classmethod
    def _not_next_to_never(cls, rate: float) -> float:
        if 0 < rate < 1 / 3600:
            raise ValueError("is less than one an hour; 0 means no limit")
        return rate

    @property
    def max_reply_bytes(self) -> int:
        return int(self.max_reply_mb * _MB)


class RequestSettings(_Table):
    """What goes with each request."""

    app_token: SecretText | None = None
    language: Text = ""
    proxy: SecretText | None = None
    ca_file: FilePath | None = None

    @field_validator("ca_file")
    @classmethod
    def _beside_the_file(cls, path: Path | None, info: ValidationInfo) -> Path | None:
        if path is None:
            return None
        path = folder_of(info) / path
        try:
            path.open("rb").close()
        except (OSError, ValueError) as error:
            raise ValueError(f"{path} can't be read: {reason(error)}") from None
        return path


class SourceSettings(_Table):
    """One SuperOffice tenant or installation."""

    name: SourceName
    allow_insecure: bool = False
    base_url: Text
    auth: Annotated[BasicAuth | TicketAuth | BearerAuth, Field(discriminator="scheme")]
    sessions: SessionSettings
    limits: LimitSettings = LimitSettings()
    request: RequestSettings = RequestSettings()

    @field_validator("base_url")
    @classmethod
    def _address_is_safe(cls, base_url: str, info: ValidationInfo) -> str:
        if any(mark in base_url for mark in "@?#"):
            raise ValueError("takes no user, password, ? or #: credentials belong under auth")
        scheme, host = _scheme_and_host(base_url)
        if scheme not in ("http", "https") or not host:
            raise ValueError("is no address: write https://host/SuperOffice/api")
        if scheme == "http" and not info.data.get("allow_insecure") and not is_loopback(host):
            raise ValueError("sends the credentials in the clear: use https://, or set allow_insecure = true")
        return base_url


class Config(_Table):
    """The whole configuration, checked."""

    folder: Path = Field(exclude=True)
    """What relative paths start from: where the file is."""
    archive: ArchiveSettings = ArchiveSettings()
    schedule: ScheduleSettings = ScheduleSettings()
    retry: RetrySettings = RetrySettings()
    settle: SettleSettings = SettleSettings()
    source: tuple[SourceSettings, ...] = ()

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        if problem := repeated_name([source.name for source in self.source]):
            raise ValueError(problem)
        return self


def repeated_name(names: list[str]) -> str:
    """What is wrong with the sources' names; "" when each has one of its own."""
    twice = [name for name, count in Counter(names).items() if count > 1]
    return f"two sources are named {twice[0]!r}: every source needs a name of its own" if twice else ""


def _scheme_and_host(url: str) -> tuple[str, str | None]:
    # Backslashes and blanks are read in different ways by urlsplit and urllib3.
    if "\\" in url or any(character.isspace() or not character.isprintable() for character in url):
        return "", None
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises when it is none
    except ValueError:
        return "", None
    return parts.scheme, parts.hostname


def is_loopback(host: str) -> bool:
    """True for this machine's own addresses, which no wire carries."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
