"""The tree of errors, against the drawing in its docstring."""

import re

import pytest

from archiver import errors
from archiver.errors import (
    ArchiverError,
    ConfigError,
    ExitCode,
    RateLimited,
    SourceError,
    SourceUnavailable,
    UnexpectedReply,
    WrongAddress,
)

_BRANCH = re.compile(r"^( +)([A-Z]\w+)(?: {2,}\S.*)?$", re.MULTILINE)


def drawn() -> dict[str, str | None]:
    """Class -> the class it stands under."""
    parents: dict[str, str | None] = {}
    above: list[tuple[int, str]] = []
    for indent, name in _BRANCH.findall(errors.__doc__ or ""):
        while above and above[-1][0] >= len(indent):
            above.pop()
        parents[name] = above[-1][1] if above else None
        above.append((len(indent), name))
    return parents


def family(kind: type[ArchiverError] = ArchiverError) -> list[type[ArchiverError]]:
    children = [child for child in kind.__subclasses__() if child.__module__ == errors.__name__]
    return [kind, *(each for child in children for each in family(child))]


_RAISED_BASES = (SourceUnavailable, RateLimited, WrongAddress, UnexpectedReply)


def leaves(kind: type[SourceError] = SourceError) -> set[str]:
    """The kinds of a call's errors that are raised as such, not only caught."""
    below = kind.__subclasses__()
    own = {kind("").kind} if not below or kind in _RAISED_BASES else set()
    return own.union(*map(leaves, below))


def test_the_tree_is_drawn_as_it_is() -> None:
    bases = {kind.__name__: kind.__bases__[0].__name__ for kind in family() if kind is not ArchiverError}
    assert drawn() == {"ArchiverError": None, **bases}


@pytest.mark.parametrize("kind", [kind for kind in family() if kind is not ConfigError])
def test_the_docstring_is_the_default_message(kind: type[ArchiverError]) -> None:
    assert kind.__doc__
    assert str(kind()) == kind.__doc__.splitlines()[0]


@pytest.mark.parametrize("kind", family())
def test_the_kind_is_the_name_in_snake_case(kind: type[ArchiverError]) -> None:
    words = re.findall("[A-Z][a-z]+", kind.__name__)
    assert "".join(words) == kind.__name__
    assert kind("x").kind == "_".join(words).lower()


def test_a_config_error_carries_all_problems() -> None:
    error = ConfigError("one is wrong", "two is missing", hint="look again")
    expected = (("one is wrong", "two is missing"), "one is wrong\ntwo is missing", "look again", ExitCode.USAGE)
    assert (error.problems, str(error), error.hint, error.exit_code) == expected


def test_a_retriable_error_says_how_long_to_wait() -> None:
    error = SourceUnavailable("busy", hint="wait", retry_after_s=7)
    assert (str(error), error.hint, error.retry_after_s, SourceUnavailable().retry_after_s) == (
        "busy",
        "wait",
        7,
        None,
    )
