"""Oddities to switch on: which requests a rule hits, and how often. `catalogue.py` lists them all."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any

from archiver.sandbox.chats.wire import MESSAGE_PROPERTIES
from archiver.sandbox.oddities.catalogue import CATALOGUE, Group, nearest
from archiver.sandbox.oddities.chance import is_hit, number
from archiver.sandbox.webapi.operation import OPERATIONS, UNKNOWN

# What arrives in a header as it was sent: Latin-1, and no blank at its ends, which HTTP takes away.
_VISIBLE = r"[!-~\xa1-\xff]"
_HEADER_VALUE = re.compile(rf"({_VISIBLE}([ -~\xa1-\xff]*{_VISIBLE})?)?")
_OPERATIONS = (*OPERATIONS, UNKNOWN)


@dataclass(frozen=True, kw_only=True)
class Oddity:
    """One rule: the requests that it matches are answered in its way.

    Made by `Oddities.add`, which gives what the catalogue says of the kind; the numbers here are those of no effect.

    Raises: ValueError, with a sentence, for values out of bounds.
    """

    kind: str  # a name of the catalogue
    operation: str | None = None  # "GetChatMessages", ..., or "Unknown"; None: any
    chat_session_id: int | None = None  # None: any
    times: int | None = None  # how many requests it still hits, from 1; None: until cleared
    probability: float = 1.0  # above 0, at most 1; of what, is the catalogue's `per`
    id: int = 0  # given by `Oddities.add`

    status: int = 200  # for "status"
    retry_after: str | None = None  # for all with an error status: the header's value, sent as it stands
    message: str = "Something went wrong."  # for the error objects
    seconds: float = 0.0  # for "slow": the pause before the reply; for "drip": between two pieces
    piece_bytes: int = 1  # for "drip"
    location: str = "/login"  # for "redirect"
    megabytes: float = 0.0  # for "huge"; a megabyte is 1,000,000 bytes
    rows: int = 0  # for "capped": how many come at most
    property_name: str | None = None  # for those about one property; None: chosen by message id
    messages: int = 1  # for "restored": how many of the newest are lost

    def __post_init__(self) -> None:
        if self.kind not in CATALOGUE:
            raise ValueError(f'There is no kind "{self.kind}"; the nearest is "{nearest(self.kind)}".')
        _require_known("operation", self.operation, _OPERATIONS)
        _require_known("property", self.property_name, MESSAGE_PROPERTIES)
        _require_header_value("retry_after", self.retry_after)
        _require_header_value("location", self.location)
        _require(self.times is None or self.times >= 1, "times must be at least 1, or null.")
        _require(0 < self.probability <= 1, "probability must be above 0 and at most 1.")
        _require(200 <= self.status <= 599, "status must be between 200 and 599.")
        _require(self.seconds >= 0, "seconds must not be negative.")
        _require(self.piece_bytes >= 1, "piece_bytes must be at least 1.")
        _require(0 <= self.megabytes <= 1000, "megabytes must be between 0 and 1000.")
        _require(self.rows >= 0, "rows must not be negative.")
        _require(self.messages >= 1, "messages must be at least 1.")

    @property
    def group(self) -> Group:
        """The catalogue's group of its kind."""
        return CATALOGUE[self.kind].group

    def matches(self, operation: str, chat_session_id: int | None) -> bool:
        """Whether the rule is meant for such a request."""
        return self.operation in (None, operation) and self.chat_session_id in (None, chat_session_id)


@dataclass(frozen=True, kw_only=True)
class Strike:
    """An oddity that hits a request."""

    oddity: Oddity
    number: int  # drawn for this request, from 0 to 2**64 - 1: what is to be chosen is chosen by it


class Oddities:
    """The rules in force, in the order in which they were added."""

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed
        self._lock = Lock()
        self._rules: dict[int, Oddity] = {}
        self._next_id = 1
        self._seen: Counter[tuple[str, int | None]] = Counter()

    def add(self, kind: str, **parameters: Any) -> int:
        """Switch an oddity on; `parameters` are the other fields of `Oddity`. Returns its id.

        What isn't given is as the catalogue has it: an event happens once, unless `times` or a probability is given.
        Raises: ValueError (no such kind, a value out of bounds), TypeError (no such parameter).
        """
        oddity = Oddity(kind=kind, **_with_defaults(kind, parameters))
        with self._lock:
            new_id, self._next_id = self._next_id, self._next_id + 1
            self._rules[new_id] = replace(oddity, id=new_id)
            return new_id

    def add_all(self, **parameters: Any) -> list[int]:
        """Switch on every oddity that has a share in `all`, with that probability. Returns their ids.

        `parameters` go before what the catalogue says. Raises: as `add`.
        """
        chosen = [entry for entry in CATALOGUE.values() if entry.share is not None]
        return [
            self.add(entry.name, **{"probability": entry.share, **entry.in_all, **parameters}) for entry in chosen
        ]

    def all(self) -> list[Oddity]:
        """The rules in force; `times` is what is left."""
        with self._lock:
            return list(self._rules.values())

    def clear(self, oddity_id: int | None = None) -> bool:
        """Switch one oddity off, or all. Returns whether there was one."""
        with self._lock:
            if oddity_id is not None:
                return self._rules.pop(oddity_id, None) is not None
            had_some = bool(self._rules)
            self._rules.clear()
            self._seen.clear()
            return had_some

    def draw(self, operation: str, chat_session_id: int | None) -> list[Strike]:
        """The rules that hit this request, in the order in which they were added; `use` then counts them.

        A draw depends on the seed and on how often this was asked before, not on other threads. Rows always strike:
        which messages they change is drawn for each message.
        """
        with self._lock:
            if not self._rules:
                return []
            about = (operation, chat_session_id)
            self._seen[about] += 1
            strikes = [
                Strike(oddity=each, number=number(self.seed, each.kind, each.id, *about, self._seen[about]))
                for each in self._rules.values()
                if each.matches(operation, chat_session_id)
            ]
        return [each for each in strikes if _strikes(each)]

    def use(self, oddity: Oddity) -> bool:
        """Count a rule as used. Returns whether it was still in force: otherwise it must not strike."""
        with self._lock:
            rule = self._rules.get(oddity.id)
            if rule is None:
                return False
            if rule.times == 1:
                del self._rules[rule.id]
            elif rule.times is not None:
                self._rules[rule.id] = replace(rule, times=rule.times - 1)
            return True


def _strikes(strike: Strike) -> bool:
    return strike.oddity.group == "rows" or is_hit(strike.number, strike.oddity.probability)


def _with_defaults(kind: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    entry = CATALOGUE.get(kind)
    if entry is None:
        return dict(parameters)
    values = {**entry.defaults, **parameters}
    if "probability" in parameters and "times" not in parameters:
        values.pop("times", None)
    return values


def _require_known(what: str, name: str | None, known: tuple[str, ...]) -> None:
    if name is not None and name not in known:
        raise ValueError(f'There is no {what} "{name}"; the nearest is "{nearest(name, known)}".')


def _require_header_value(field: str, value: str | None) -> None:
    sentence = f"{field} must be visible Latin-1 characters, without a line break, and no blank at either end."
    _require(value is None or _HEADER_VALUE.fullmatch(value) is not None, sentence)


def _require(condition: bool, sentence: str) -> None:
    if not condition:
        raise ValueError(sentence)
