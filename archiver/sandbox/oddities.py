"""Oddities to switch on: which requests a rule hits, and how often. `misbehaviour.py` says what then happens."""

from dataclasses import dataclass, replace
from random import Random
from threading import Lock
from typing import Any, Literal, get_args

Kind = Literal["status", "null", "error_object", "html", "empty", "cut", "reset", "slow", "drip", "redirect", "huge"]
KINDS: tuple[str, ...] = get_args(Kind)


@dataclass(frozen=True, kw_only=True)
class Oddity:
    """One rule: the requests that it matches are answered in its way.

    Raises: ValueError, with a sentence, for values out of bounds.
    """

    kind: Kind
    operation: str | None = None  # "GetChatMessages", ...; None: any
    chat_session_id: int | None = None  # None: any
    times: int | None = None  # how many requests still fail, from 1; None: until cleared
    probability: float = 1.0  # of failing, for each matching request; above 0, at most 1
    id: int = 0  # given by `Oddities.add`

    status: int = 500  # for "status"
    retry_after: str | None = None  # for "status": the header's value, sent as it stands
    message: str = "Something went wrong."  # for "error_object"
    seconds: float = 1.0  # for "slow": the pause before the reply; for "drip": between two pieces
    piece_bytes: int = 16  # for "drip"
    location: str = "/login"  # for "redirect"
    megabytes: float = 1.0  # for "huge"; a megabyte is 1,000,000 bytes

    def __post_init__(self) -> None:
        _require(self.kind in KINDS, f"kind must be one of {', '.join(KINDS)}.")
        _require(self.times is None or self.times >= 1, "times must be at least 1, or null.")
        _require(0 < self.probability <= 1, "probability must be above 0 and at most 1.")
        _require(200 <= self.status <= 599, "status must be between 200 and 599.")
        _require(self.seconds >= 0, "seconds must not be negative.")
        _require(self.piece_bytes >= 1, "piece_bytes must be at least 1.")
        _require(0 <= self.megabytes <= 1000, "megabytes must be between 0 and 1000.")

    def matches(self, operation: str, chat_session_id: int | None) -> bool:
        """Whether the rule is meant for such a request."""
        return self.operation in (None, operation) and self.chat_session_id in (None, chat_session_id)


class Oddities:
    """The rules in force, in the order in which they were added."""

    def __init__(self, seed: int = 0) -> None:
        self._lock = Lock()
        self._random = Random(seed)
        self._rules: dict[int, Oddity] = {}
        self._next_id = 1

    def add(self, kind: Kind, **parameters: Any) -> int:
        """Switch an oddity on; `parameters` are the other fields of `Oddity`. Returns its id.

        Raises: ValueError (a value out of bounds), TypeError (no such parameter).
        """
        oddity = Oddity(kind=kind, **parameters)
        with self._lock:
            new_id, self._next_id = self._next_id, self._next_id + 1
            self._rules[new_id] = replace(oddity, id=new_id)
            return new_id

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
            return had_some

    def take(self, operation: str, chat_session_id: int | None) -> Oddity | None:
        """The first rule that hits this request, counted as used; None: the request goes well."""
        with self._lock:
            for oddity in self._rules.values():
                if oddity.matches(operation, chat_session_id) and self._strikes(oddity):
                    self._use(oddity)
                    return oddity
            return None

    def _strikes(self, oddity: Oddity) -> bool:
        # Drawn only when it matters, so that certain oddities don't shift the seeded sequence.
        return oddity.probability == 1 or self._random.random() < oddity.probability

    def _use(self, oddity: Oddity) -> None:
        if oddity.times is None:
            return
        if oddity.times == 1:
            del self._rules[oddity.id]
        else:
            self._rules[oddity.id] = replace(oddity, times=oddity.times - 1)


def _require(condition: bool, sentence: str) -> None:
    if not condition:
        raise ValueError(sentence)
