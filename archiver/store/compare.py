"""What a fetched message is to the one that is stored under its key. Pure."""

import enum
import json
from collections.abc import Mapping
from typing import Any

from archiver.model import ChatMessage, ascii_json


class Verdict(enum.Enum):
    SAME = "same"
    READ_MARK = "read mark"
    """Only ReadByCustomer changed, or how it was given: the row is updated, no revision kept."""
    EDIT = "edit"
    """The content changed: the earlier one is kept as a revision."""
    CONFLICT = "conflict"
    """Another message under a known id, as after a restored backup: nothing is overwritten."""
    ERASED = "erased"
    """Erased here on purpose: what the source still says is not stored again."""


_CONTENT = ("type", "message", "author", "special_type", "special_param", "when_posted", "extra")
_READ_MARK = "ReadByCustomer"
_IDENTITY = ("author", "message", "when_posted")


def compare(stored: Mapping[str, Any], fetched: ChatMessage) -> Verdict:
    """Judge a message whose key exists.

    Args:
        stored: the row of `chat_message`, by column name; its `when_posted` an aware UTC instant.
    """
    if stored["erased_at"] is not None:
        return Verdict.ERASED
    if stored["chat_session_id"] != fetched.chat_session_id:
        return Verdict.CONFLICT
    changed = {name for name in _CONTENT if stored[name] != getattr(fetched, name)}
    if changed.issuperset(_IDENTITY):
        return Verdict.CONFLICT
    if changed - {"extra"} or _without_read_mark(stored["extra"]) != _without_read_mark(fetched.extra):
        return Verdict.EDIT
    if changed or stored["read_by_customer"] != fetched.read_by_customer:
        return Verdict.READ_MARK
    return Verdict.SAME


def _without_read_mark(extra: str | None) -> str | None:
    """`extra` without what it tells of ReadByCustomer, for instance that it came as true."""
    if extra is None or _READ_MARK not in extra:
        return extra
    told = json.loads(extra)
    told.pop(_READ_MARK, None)
    return ascii_json(told) if told else None
