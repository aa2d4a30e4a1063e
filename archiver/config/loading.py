"""Reads the file and those it includes, and turns what is wrong into sentences, all of them at once."""

import difflib
import glob
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from archiver.config.settings import Config, repeated_name
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
    if not isinstance(defaults, dict):
        raise ConfigError(f"{path}: defaults is a table: write [defaults.limits] and the like")
    tables["source"] = [_merged(source, defaults) for source in tables["source"]]
    if "folder" in tables:
        raise ConfigError(f"{path}: unknown key 'folder'")
    try:
        config = Config.model_validate({**tables, "folder": folder}, context={"folder": folder})
    except ValidationError as error:
        sentences = list(_sentences(error, tables))
        # pydantic compares the names only when every source is sound.
        repeated = repeated_name([str(source["name"]) for source in tables["source"] if "name" in source])
        if repeated and repeated not in sentences:
            sentences.append(repeated)
        problems = [f"{path}: {sentence}" for sentence in sentences]
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
    # ValueError: no TOML, no UTF-8, or a number of thousands of digits; RecursionError: brackets in brackets.
    except (OSError, ValueError, RecursionError) as error:
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
        for name in _matching(pattern, folder):
            tables = _read_toml(Path(name))
            if other := sorted(tables.keys() - {"source"}):
                raise ConfigError(f"{name}: an included file holds [[source]] tables only, not {other[0]!r}")
            yield from _sources_of(tables, Path(name))


def _matching(pattern: str, folder: Path) -> list[str]:
    """The files that a pattern beside the configuration, or an absolute one, names."""
    if "\0" in pattern:
        raise ConfigError("include takes file patterns, which hold no NUL")
    if not glob.has_magic(pattern):
        return [str(folder / pattern)]  # one that is missing is then complained about
    # The folder is escaped: its own brackets are no pattern.
    start = "" if Path(pattern).is_absolute() else glob.escape(str(folder)) + "/"
    return sorted(glob.glob(start + pattern))  # noqa: PTH207 - Path.glob takes no absolute pattern


def _merged(source: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """The source over the defaults, table by table; another auth scheme replaces the whole table."""
    merged = {**defaults, **source}
    for key in defaults.keys() & source.keys():
        ours, theirs = source[key], defaults[key]
        if isinstance(ours, dict) and isinstance(theirs, dict) and not _is_other_scheme(key, ours, theirs):
            merged[key] = {**theirs, **ours}
    return merged


def _is_other_scheme(key: str, ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> bool:
    return key == "auth" and "scheme" in ours and ours["scheme"] != theirs.get("scheme")


def _sentences(error: ValidationError, tables: Mapping[str, Any]) -> Iterator[str]:
    for problem in error.errors(include_url=False, include_input=False):
        loc = problem["loc"]
        if loc[0:1] == ("source",) and loc[2:3] == ("auth",):
            loc = loc[:3] + loc[4:]  # pydantic puts the scheme between auth and the key
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
        case "model_type" | "dict_type" | "model_attributes_type":
            return "expected a table"
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
    keys = [key for model in models for key in model.model_fields if key != "folder"]
    return keys if loc else [*keys, "include", "defaults"]


def _models_in(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)
