"""A uniform shift of all times, as a server upgrade can cause: told apart from edits, so that none is a revision.

The vendor has changed once how times are hinted (NetServer 10.1.5). A server that gives local times for UTC ones, or
the other way round, moves every message at once; a revision of each would bury what really was edited. Pure.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any, Protocol

from msgspec.structs import replace

from archiver.model import ChatMessage, ascii_json
from archiver.store.compare import Verdict, compare

_STEP = timedelta(minutes=15)
"""Every zone's offset from UTC is a multiple of it (Source: IANA time zone database, all offsets in use today)."""
_FARTHEST = timedelta(hours=26)
"""From -12:00 to +14:00: farther apart no two zones are."""
WITNESSES = 2
"""So many messages of a chat session have to differ in nothing but their time: one alone may be an edit."""
_TIME = "WhenPosted"
_UNCHANGED = (Verdict.SAME, Verdict.READ_MARK)


class Stored(Protocol):
    """A loaded row of `chat_message`: the fields of a ChatMessage, and `erased_at`."""

    def _asdict(self) -> dict[str, Any]: ...


Pair = tuple[Mapping[str, Any], ChatMessage]
"""A row of `chat_message`, by column name, and the message that came under its key."""


def is_span(span: timedelta) -> bool:
    """Whether two ways to give the same time can lie so far apart."""
    return bool(span) and abs(span) <= _FARTHEST and span % _STEP == timedelta(0)


def moved_by(stored: Mapping[str, Any], fetched: ChatMessage) -> timedelta:
    """How far a message's time moved; nothing where one of the two has none."""
    before, now = stored["when_posted"], fetched.when_posted
    return timedelta(0) if before is None or now is None else now - before


def find_shifts(pairs: Iterable[Pair]) -> set[timedelta]:
    """The spans by which the times of whole chat sessions moved.

    Of a chat session, the messages up to some id have to have moved by the same span, and none above: those were
    archived after the shift, and are stored with the times that they came with.
    """
    by_chat_session: dict[int, list[Pair]] = {}
    for stored, fetched in pairs:
        if stored["chat_session_id"] == fetched.chat_session_id and stored["erased_at"] is None:
            by_chat_session.setdefault(fetched.chat_session_id, []).append((stored, fetched))
    return set(filter(None, map(_shift_of, by_chat_session.values())))


def _shift_of(pairs: list[Pair]) -> timedelta | None:
    """The span by which the times of one chat session moved, if all did that could."""
    timed = [pair for pair in pairs if pair[0]["when_posted"] and pair[1].when_posted]
    timed.sort(key=lambda pair: pair[1].chat_message_id)
    span = moved_by(*timed[0]) if timed else timedelta(0)
    if not is_span(span):
        return None
    spans = [moved_by(*pair) for pair in timed]
    moved = spans.count(span)
    if moved < WITNESSES or spans != [span] * moved + [timedelta(0)] * (len(spans) - moved):
        return None
    witnesses = (stored for stored, fetched in timed[:moved] if _is_but_moved(stored, fetched))
    return span if sum(1 for _ in witnesses) >= WITNESSES else None


def _is_but_moved(stored: Mapping[str, Any], fetched: ChatMessage) -> bool:
    return compare(stored, with_stored_time(stored, fetched)) in _UNCHANGED


def with_stored_time(stored: Mapping[str, Any], fetched: ChatMessage) -> ChatMessage:
    """The message as if it had come with the time, and its spelling, that is stored."""
    return replace(fetched, when_posted=stored["when_posted"], extra=_respelled(stored["extra"], fetched.extra))


def _respelled(stored: str | None, fetched: str | None) -> str | None:
    if _TIME not in (stored or "") and _TIME not in (fetched or ""):
        return fetched
    before, now = json.loads(stored or "{}"), json.loads(fetched or "{}")
    now.pop(_TIME, None)
    if _TIME in before:
        now[_TIME] = before[_TIME]
    return ascii_json(now) if now else None


def moved_back(
    stored: Mapping[int, Stored], fetched: Mapping[int, ChatMessage], known: Collection[timedelta]
) -> tuple[dict[int, ChatMessage], set[timedelta]]:
    """Messages that a shift moved, as if their times were the stored ones.

    Another message under a known id is none that was moved, whatever its time; it is left as it came.

    Args:
        stored: the rows that are archived, by id.
        fetched: what came; some of it may be new.
        known: shifts that were found before.
    Returns: those messages, and every shift that is known now.
    """
    pairs = list(_moved_pairs(stored, fetched))
    if not pairs:
        return {}, set(known)
    of_interest = {message.chat_session_id for _, message in pairs}
    neighbours = [
        (row._asdict(), fetched[key])
        for key, row in stored.items()
        if key in fetched and fetched[key].chat_session_id in of_interest
    ]
    shifts = find_shifts(neighbours) | set(known)
    return {
        message.chat_message_id: with_stored_time(row, message)
        for row, message in pairs
        if moved_by(row, message) in shifts and compare(row, message) is Verdict.EDIT
    }, shifts


def _moved_pairs(stored: Mapping[int, Stored], fetched: Mapping[int, ChatMessage]) -> Iterator[Pair]:
    """What may have been moved; mostly nothing, and that is soon seen."""
    for key, row in stored.items():
        message = fetched.get(key)
        if message is None or row.when_posted == message.when_posted:  # type: ignore[attr-defined]
            continue
        pair = row._asdict(), message
        if is_span(moved_by(*pair)):
            yield pair
