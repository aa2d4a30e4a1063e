"""Reads the file and those it includes, and turns what is wrong into sentences, all of them at once."""

import difflib
import glob
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from archiver.config.settings import Config
from archiver.config.values import reason
from archiver.errors import ConfigError

NOT_YET = {
    "tenant": "following an online tenant's address is not built yet: give its base_url",
    "environment": "following an online tenant's address is not built yet: give its base_url",
}
"""Keys of the contract that this version knows of and can't obey."""


def load_config(path: Path) -> Config:
    """Read and check a configuration file and those it includes.

    Raises: ConfigError with every problem found, each one sentence.
    """
    tables = _read_toml(path)
    folder = path.parent.absolute()
    tables["source"] = [*_sources_of(tables, path), *_included(tables.pop("include", []), folder)]
    defaults = tables.pop("defaults", {})
    tables["source"] = [_merged(source, defaults) for source in tables["source"]]
    if "folder" in tables:
        raise ConfigError(f"{path}: unknown key 'folder'")
    try:
        config = Config.model_validate({**tables, "folder": folder}, context={"folder": folder})
    except ValidationError as error:
        problems = [f"{path}: {problem}" for problem in _sentences(error, tables)]
        raise ConfigError(*problems, hint="see config.example.toml for every setting") from None
    if not config.source:
        raise ConfigError(f"{path}: no [[source]] is configured", hint="see config.example.toml for an example")
    return config


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(
            f"there is no configuration file {path}",
            hint="copy config.example.toml to config.toml, or name a file with --config or $ARCHIVER_CONFIG",
        ) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path} can't be read: {reason(error)}") from None


def _sources_of(tables: Mapping[str, Any], path: Path) -> list[dict[str, Any]]:
    sources = tables.get("source", [])
    if not isinstance(sources, list) or not all(isinstance(source, dict) for source in sources):
        raise ConfigError(f"{path}: write [[source]], with two brackets, for each source")
    return sources


def _included(patterns: object, folder: Path) -> Iterator[dict[str, Any]]:
    if not isinstance(patterns, list) or not all(isinstance(pattern, str) for pattern in patterns):
        raise ConfigError('include takes a list of file patterns, such as ["sources.d/*.toml"]')
    for pattern in patterns:
        for name in sorted(glob.glob(str(folder / pattern))):  # noqa: PTH207 - the pattern may be absolute
            tables = _read_toml(Path(name))
            if other := sorted(tables.keys() - {"source"}):
                raise ConfigError(f"{name}: an included file holds [[source]] tables only, not {other[0]!r}")
            yield from _sources_of(tables, Path(name))


def _merged(source: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """The source over the defaults, table by table; another auth scheme replaces the whole table."""
    merged = {**defaults, **source}
    for key in defaults.keys() & source.keys():
        ours, theirs = source[key], defaults[key]
        if isinstance(ours, dict) and isinstance(theirs, dict) and not (key == "auth" and "scheme" in ours):
            merged[key] = {**theirs, **ours}
    return merged


def _sentences(error: ValidationError, tables: Mapping[str, Any]) -> Iterator[str]:
    for problem in error.errors(include_url=False, include_input=False):
        loc = tuple(part for part in problem["loc"] if part not in ("basic", "ticket", "bearer"))
        yield f"{_where(loc, tables)}{_what(problem['type'], problem['msg'], loc)}"


def _where(loc: tuple[int | str, ...], tables: Mapping[str, Any]) -> str:
    match loc:
        case ("source", int(index), *rest):
            name = tables["source"][index].get("name", f"number {index + 1}")
            return f"source {name!r}: " + (".".join(map(str, rest)) + ": " if rest else "")
        case ():
            return ""
    return ".".join(map(str, loc)) + ": "


def _what(kind: str, message: str, loc: tuple[int | str, ...]) -> str:
    match kind:
        case "extra_forbidden":
            return _unknown_key(loc)
        case "missing":
            return "is missing"
        case "union_tag_invalid":
            return "scheme must be basic, ticket or bearer (oauth and system_user are not built yet)"
        case "union_tag_not_found":
            return "scheme is missing: basic, ticket or bearer"
    return message.removeprefix("Value error, ")


def _unknown_key(loc: tuple[int | str, ...]) -> str:
    key = str(loc[-1])
    if key in NOT_YET:
        return NOT_YET[key]
    nearest = difflib.get_close_matches(key, _known_keys(loc[:-1]), n=1)
    return "unknown key" + (f"; did you mean {nearest[0]!r}?" if nearest else "")


def _known_keys(loc: tuple[int | str, ...]) -> list[str]:
    models: list[type[BaseModel]] = [Config]
    for part in loc:
        if isinstance(part, str):
            fields = [model.model_fields[part] for model in models if part in model.model_fields]
            models = [model for field in fields for model in _models_in(field.annotation)]
    return [key for model in models for key in model.model_fields if key != "folder"] + [
        "include",
        "defaults",
    ]


def _models_in(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)
