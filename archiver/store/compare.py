"""What a fetched message is to the one that is stored under its key. Pure."""

import enum
import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from archiver.model import ChatMessage, ascii_json


class Verdict(enum.Enum):
    SAME = "same"
    READ_MARK = "read mark"
    """Only ReadByCustomer changed, or how it or the time was spelled: the row is updated, no revision kept."""
    EDIT = "edit"
    """The content changed: the earlier one is kept as a revision."""
    CONFLICT = "conflict"
    """Another message under a known id, as after a restored backup: nothing is overwritten."""
    ERASED = "erased"
    """Erased here on purpose: what the source still says is not stored again."""


_CONTENT = ("type", "message", "author", "special_type", "special_param", "when_posted", "extra")
_READ_MARK, _TIME = "ReadByCustomer", "WhenPosted"
_MORE_THAN_WE_STORE = re.compile(r"\.\d{6}0*[1-9]")
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
    if changed.issuperset(_IDENTITY) and not _is_withheld(stored, fetched):
        return Verdict.CONFLICT
    told_before, told_now = _told(stored["extra"], stored["when_posted"]), _told(fetched.extra, fetched.when_posted)
    if changed - {"extra"} or told_before != told_now:
        return Verdict.EDIT
    if changed or stored["read_by_customer"] != fetched.read_by_customer:
        return Verdict.READ_MARK
    return Verdict.SAME


def _is_withheld(stored: Mapping[str, Any], fetched: ChatMessage) -> bool:
    """Whether one of the two says nothing of who wrote what and when: that is no other message."""
    both = [stored[name] for name in _IDENTITY], [getattr(fetched, name) for name in _IDENTITY]
    return any(all(value is None for value in each) for each in both)


def _told(extra: str | None, when_posted: datetime | None) -> str | None:
    """`extra` without what it tells of how ReadByCustomer and the time were spelled.

    The vendor changed once how times are hinted (NetServer 10.1.5). A new suffix for the same instant is no edit of
    every message; a fraction finer than we store, or another unset date than none, is content.
    """
    if extra is None or (_READ_MARK not in extra and _TIME not in extra):
        return extra
    told = json.loads(extra)
    told.pop(_READ_MARK, None)
    text = told.get(_TIME)
    if isinstance(text, str):
        if when_posted is not None and not _MORE_THAN_WE_STORE.search(text):
            del told[_TIME]
        elif text.startswith("0001-"):
            told[_TIME] = "unset"
    return ascii_json(told) if told else None
