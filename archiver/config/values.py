"""What a setting can be: a text, a secret, a duration, a set of ids.

Secrets are looked up when they are first needed, so that `status` works where the source's password is not at hand;
a Secret never shows its value.
"""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field, PlainSerializer, PlainValidator, ValidationInfo

from archiver.errors import ConfigError
from archiver.ranges import IdRanges

_LONGEST = timedelta(days=36525)
"""A century: more would overflow what threads and sockets can wait."""
_SOURCE_NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"
_LONGEST_SOURCE_NAME = 64
SOURCE_NAME_RULE = "takes letters, digits and . _ -, and begins with a letter or a digit"
_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True)
class Secret:
    """A text that must not be shown, or where to find it: `{ env = "NAME" }` or `{ file = "path" }`."""

    literal: str | None = None
    env: str | None = None
    file: Path | None = None

    @classmethod
    def parse(cls, value: object, folder: Path) -> "Secret":
        match value:
            case Secret():
                return value
            case str():
                return cls(literal=value)
            case {"env": str(name), **rest} if not rest:
                return cls(env=name)
            case {"file": str(name), **rest} if not rest:
                return cls(file=folder / name)
            case {"keyring": _, **rest} if not rest:
                raise ValueError("secrets in a keyring are not built yet: use { env = … } or { file = … }")
        raise ValueError('expected a text, { env = "NAME" } or { file = "path" }')

    def reveal(self) -> str:
        """The value. Raises: ConfigError when it is not where the configuration says."""
        if self.env is not None:
            if (value := os.environ.get(self.env)) is None:
                raise ConfigError(f"the environment variable {self.env} is not set")
            if not _is_utf8(value):
                raise ConfigError(f"the environment variable {self.env} is not UTF-8 text")
            return value
        if self.file is not None:
            try:
                return self.file.read_text(encoding="utf-8").rstrip("\r\n")
            except (OSError, ValueError) as error:  # ValueError: no UTF-8, or a NUL in the path
                raise ConfigError(f"the secret file {self.file} can't be read: {reason(error)}") from None
        return self.literal or ""

    def __repr__(self) -> str:
        return "Secret(…)"


def _is_utf8(text: str) -> bool:
    """False where the environment held other bytes, which Python gives as lone surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def reason(error: Exception) -> str:
    """Why a file can't be read, in words that hold nothing of it."""
    match error:
        case OSError():
            return error.strerror or type(error).__name__
        case UnicodeDecodeError():
            return "it is not UTF-8 text"
    return str(error)


def folder_of(info: ValidationInfo) -> Path:
    """The folder that relative paths start from: load_config passes it along."""
    assert info.context is not None, "validate with load_config"
    folder = info.context["folder"]
    assert isinstance(folder, Path)
    return folder


def source_name_problem(name: str) -> str:
    """What is wrong with a name for a source that doesn't come from the configuration; "" when it may be one."""
    if len(name) > _LONGEST_SOURCE_NAME:
        return f"is too long: at most {_LONGEST_SOURCE_NAME} letters"
    return "" if re.fullmatch(_SOURCE_NAME, name) else SOURCE_NAME_RULE


def _secret(value: object, info: ValidationInfo) -> Secret:
    return Secret.parse(value, folder_of(info))


def _shown(secret: Secret) -> str:  # of `repr` itself pydantic finds out with much ado what it takes
    return repr(secret)


def _text(value: object, info: ValidationInfo) -> object:
    """Any string may be a secret reference; one that is no secret is looked up at once."""
    if isinstance(value, dict):
        try:
            return Secret.parse(value, folder_of(info)).reveal()
        except ConfigError as error:
            raise ValueError(str(error)) from None
    return value


def _duration(written: object, info: ValidationInfo) -> object:
    value = _text(written, info)
    if isinstance(value, timedelta):
        return value
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smhd])", value.strip()) if isinstance(value, str) else None
    if not match:
        raise ValueError('expected a duration such as "30s", "5m", "6h" or "7d"')
    seconds = float(match[1]) * _UNITS_S[match[2]]
    if not 0 < seconds <= _LONGEST.total_seconds():
        raise ValueError("must be more than nothing and at most a century")
    return timedelta(seconds=seconds)


def _ids(value: object) -> object:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return IdRanges.of(*value)
    raise ValueError('expected a list such as [606, "1000-1999"]')


SecretText = Annotated[Secret, PlainValidator(_secret), PlainSerializer(_shown)]
Text = Annotated[str, BeforeValidator(_text)]
SourceName = Annotated[Text, Field(pattern=_SOURCE_NAME, max_length=_LONGEST_SOURCE_NAME)]
FilePath = Annotated[Path, BeforeValidator(_text)]
Duration = Annotated[timedelta, BeforeValidator(_duration)]
Ids = Annotated[IdRanges, BeforeValidator(_ids)]
