"""Reads the file and those it includes, and reports all that is wrong at once."""

import glob
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from archiver.config.sentences import sentences, told_once
from archiver.config.settings import Config, repeated_name
from archiver.config.values import reason
from archiver.errors import ConfigError

_DEFAULTS = {"auth", "limits", "request", "sessions"}
"""A base_url that all sources shared would archive one tenant under another's name."""
_IF_MISSING = "copy config.example.toml to config.toml, or name a file with --config or $ARCHIVER_CONFIG"


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
    if other := sorted(defaults.keys() - _DEFAULTS):
        raise ConfigError(
            f"{path}: defaults holds {', '.join(sorted(_DEFAULTS))} only, not {other[0]!r}",
            hint="what tells one source from another stands in its [[source]]",
        )
    tables["source"] = [_merged(source, defaults) for source in tables["source"]]
    if "folder" in tables:
        raise ConfigError(f"{path}: unknown key 'folder'")
    try:
        config = Config.model_validate({**tables, "folder": folder}, context={"folder": folder})
    except ValidationError as error:
        found = list(sentences(error, tables))
        # pydantic compares the names only when every source is sound.
        repeated = repeated_name([str(source["name"]) for source in tables["source"] if "name" in source])
        if repeated and repeated not in found:
            found.append(repeated)
        problems = [f"{path}: {sentence}" for sentence in told_once(found)]
        raise ConfigError(*problems, hint="see config.example.toml for every setting") from None
    if not config.source:
        raise ConfigError(f"{path}: no [[source]] is configured", hint="see config.example.toml for an example")
    return config


def _read_toml(path: Path, if_missing: str = _IF_MISSING) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"there is no configuration file {path}", hint=if_missing) from None
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
            tables = _read_toml(Path(name), if_missing="make it, or take it out of include")
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
