"""What is wrong with a configuration, in sentences that name the setting and never show its value."""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from archiver.config.settings import Config
from archiver.config.values import SOURCE_NAME_RULE

NOT_YET = {
    "tenant": "following an online tenant's address is not built yet: give its base_url",
    "environment": "following an online tenant's address is not built yet: give its base_url",
}
"""Keys of the contract that this version knows of and can't obey."""


def sentences(error: ValidationError, tables: Mapping[str, Any]) -> Iterator[str]:
    """A sentence for each problem that pydantic found; `tables`: what it looked at."""
    for problem in error.errors(include_url=False, include_input=False):
        loc = problem["loc"]
        if loc[0:1] == ("source",) and loc[2:3] == ("auth",):
            loc = loc[:3] + loc[4:]  # pydantic puts the scheme between auth and the key
        yield f"{_where(loc, tables)}{_what(problem, loc)}"


def told_once(sentences: Iterable[str]) -> Iterator[str]:
    """What is wrong with several sources in the same way, as a key of [defaults] is, in one sentence."""
    sources: dict[str, list[str]] = {}
    for sentence in sentences:
        label, is_of_source, problem = sentence.partition(": ")
        if is_of_source and label.startswith("source '"):
            sources.setdefault(problem, []).append(label)
        else:
            sources.setdefault(sentence, [])
    for problem, labels in sources.items():
        others = f" and {len(labels) - 1:,} other{'s' * (len(labels) > 2)}" if len(labels) > 1 else ""
        yield f"{labels[0]}{others}: {problem}" if labels else problem


def _where(loc: tuple[int | str, ...], tables: Mapping[str, Any]) -> str:
    match loc:
        case ("source", int(index), *rest):
            name = tables["source"][index].get("name")
            label = repr(name) if isinstance(name, str) else f"number {index + 1}"
            return f"source {label}: " + (".".join(map(str, rest)) + ": " if rest else "")
        case ():
            return ""
    return ".".join(map(str, loc)) + ": "


def _what(problem: ErrorDetails, loc: tuple[int | str, ...]) -> str:
    bounds = problem.get("ctx", {})
    match problem["type"]:
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
        case "string_pattern_mismatch":
            return SOURCE_NAME_RULE
        case "greater_than_equal":
            return f"must be at least {bounds['ge']}"
        case "less_than_equal":
            return f"must be at most {bounds['le']}"
        case "greater_than":
            return f"must be more than {bounds['gt']}"
        case "string_too_long" | "too_long":
            return f"is too long: at most {bounds['max_length']} letters"
        case "path_type":
            return "expected a path"
        case "int_type" | "int_parsing" | "int_parsing_size" | "int_from_float":
            return "expected a whole number"
        case "float_type" | "float_parsing" | "finite_number":
            return "expected a number"
        case "string_type":
            return "expected a text"
        case "bool_type" | "bool_parsing":
            return "expected true or false"
        case "value_error":
            return problem["msg"].removeprefix("Value error, ")
    return "can't be used as it is written"


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
    keys = [field.alias or key for model in models for key, field in model.model_fields.items() if key != "folder"]
    return keys if loc else [*keys, "include", "defaults"]


def _models_in(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)
