"""Oddities as one writes them on a command line: `null`, `null@7`, `null=0.5`, `null@7=0.5`, several with commas."""

import re
from typing import Any

from archiver.sandbox.oddities.catalogue import ALL, CATALOGUE, nearest
from archiver.sandbox.oddities.rules import Oddities, Oddity

_SWITCH = re.compile(r"(?P<kind>[^@=]+)(@(?P<session>\d+))?(=(?P<share>\d*\.?\d+))?")


def switch_on(oddities: Oddities, switches: str) -> None:
    """Switch on what `switches` names, `all` included, or nothing when one of them is wrong.

    Raises: ValueError, with a sentence.
    """
    parsed = [_parse(each.strip()) for each in switches.split(",") if each.strip()]
    if not parsed:
        raise ValueError("It names no oddity.")
    for kind, parameters in parsed:
        if kind == ALL:
            oddities.add_all(**parameters)
        else:
            oddities.add(kind, **parameters)


def _parse(switch: str) -> tuple[str, dict[str, Any]]:
    found = _SWITCH.fullmatch(switch)
    kind = re.split("[@=]", switch)[0]
    if kind not in (ALL, *CATALOGUE):
        raise ValueError(f'There is no oddity "{kind}"; the nearest is "{nearest(kind, (ALL, *CATALOGUE))}".')
    if found is None:
        raise ValueError(f'"{switch}" should look like {kind}, {kind}@7, {kind}=0.5 or {kind}@7=0.5.')
    parameters: dict[str, Any] = {}
    if found["session"]:
        parameters["chat_session_id"] = int(found["session"])
    if found["share"]:
        parameters["probability"] = float(found["share"])
    Oddity(kind="null", **parameters)  # its bounds are those of all
    return kind, parameters
