"""Which messages differ, told from marks. Pure."""

from dataclasses import dataclass
from typing import Literal

from archiver.store.sealing.digest import read_marks

What = Literal["changed", "added", "removed"]


@dataclass(frozen=True, kw_only=True)
class MarkDifference:
    """A message that is not as it was sealed."""

    chat_message_id: int
    what: What


def compare_marks(sealed: str | None, found: str | None) -> list[MarkDifference]:
    """What differs, ascending by message; nothing when either tells no marks that can be read."""
    if sealed is None or found is None:
        return []
    try:
        before, now = read_marks(sealed), read_marks(found)
    except ValueError:
        return []
    return [
        MarkDifference(chat_message_id=key, what=_what(before.get(key), now.get(key)))
        for key in sorted(before.keys() | now.keys())
        if before.get(key) != now.get(key)
    ]


def _what(before: str | None, now: str | None) -> What:
    if before is None:
        return "added"
    return "removed" if now is None else "changed"
