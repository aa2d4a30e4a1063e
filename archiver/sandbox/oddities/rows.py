"""What the oddities of group "rows" make of the rows of a reply: one small pure function each.

Which rows one changes, and how, is drawn by message id or chat session id: a second reading says the same. They are
applied in the catalogue's order: a cap counts before rows are doubled, times are written before they vanish.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from archiver.sandbox.oddities.catalogue import CATALOGUE
from archiver.sandbox.oddities.chance import is_hit, number
from archiver.sandbox.oddities.rules import Oddity

Row = Mapping[str, Any]

ID = "ChatMessageId"
# Without an id a row can't be told from others, so the ids are only spoilt when they are named.
PROPERTIES = ("Type", "Message", "Author", "ReadByCustomer", "SpecialType", "SpecialParam", "WhenPosted")
IN_PLACE_OF_TEXT: tuple[object, ...] = (42, ["a", "list"], {"an": "object"}, 1.5)
IN_PLACE_OF_NUMBER: tuple[object, ...] = ("some", ["a", "list"], {"an": "object"}, 1.5)

FUTURE = timedelta(days=3653)
OUT_OF_ORDER_S = 3600
YEAR_1 = ("0001-01-01T00:00:00", "0001-01-01T00:00:00Z", "0001-01-01T01:00:00+01:00")
_TIME = re.compile(r"(?P<second>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?P<fraction>\.\d+)?(?P<suffix>Z|[+-]\d\d:?\d\d)?")


@dataclass(frozen=True, kw_only=True)
class Reading:
    """The request whose rows are changed, and what else a healthy server would say."""

    seed: int
    chat_session_id: int
    after: int
    fetch: Callable[[int, int], list[Row]]  # chat session id and After -> rows, in the request's own way
    others: Callable[[], list[int]]  # the ids of the other chat sessions


@dataclass(frozen=True, kw_only=True)
class _Draw:
    """One oddity at one reading."""

    oddity: Oddity
    reading: Reading

    def number(self, drawn_for: object) -> int:
        return number(self.reading.seed, self.oddity.kind, drawn_for)

    def hits(self, drawn_for: object) -> bool:
        return is_hit(number(self.reading.seed, "hit", self.oddity.kind, drawn_for), self.oddity.probability)


def change_rows(
    rows: list[Row], oddities: Iterable[Oddity], reading: Reading, use: Callable[[Oddity], bool]
) -> list[Row]:
    """The rows after all of `oddities`; each that changes something is counted by `use`, which may still say no."""
    order = list(CATALOGUE)
    for oddity in sorted(oddities, key=lambda each: order.index(each.kind)):
        changed = _changed(rows, _Draw(oddity=oddity, reading=reading))
        # As text, since False equals 0.
        if json.dumps(changed) != json.dumps(rows) and use(oddity):
            rows = changed
    return rows


def _changed(rows: list[Row], draw: _Draw) -> list[Row]:
    kind = draw.oddity.kind
    if kind in BY_REPLY:
        is_by_message = CATALOGUE[kind].per == "message"
        return BY_REPLY[kind](rows, draw) if is_by_message or draw.hits(draw.reading.chat_session_id) else rows
    rule = BY_ROW[kind]
    return [rule(row, draw.oddity, draw.number(row.get(ID))) if draw.hits(row.get(ID)) else row for row in rows]


def _inclusive_after(rows: list[Row], draw: _Draw) -> list[Row]:
    reading = draw.reading
    earlier = reading.fetch(reading.chat_session_id, reading.after - 1)[:1] if reading.after > 0 else []
    return [*(row for row in earlier if row.get(ID) == reading.after), *rows]


def _capped(rows: list[Row], draw: _Draw) -> list[Row]:
    return rows[: draw.oddity.rows]


def _foreign_row(rows: list[Row], draw: _Draw) -> list[Row]:
    others = draw.reading.others() if rows else []
    first = draw.number(draw.reading.chat_session_id) % max(len(others), 1)
    for other in others[first:] + others[:first]:
        foreign = draw.reading.fetch(other, 0)[:1]
        if foreign:
            return [*rows, *foreign]
    return rows


def _duplicate_rows(rows: list[Row], draw: _Draw) -> list[Row]:
    return [row for row in rows for _ in range(1 + draw.hits(row.get(ID)))]


def _any_order(rows: list[Row], draw: _Draw) -> list[Row]:
    return sorted(rows, key=lambda row: draw.number(row.get(ID)))


BY_REPLY: dict[str, Callable[[list[Row], _Draw], list[Row]]] = {
    "inclusive_after": _inclusive_after,
    "capped": _capped,
    "foreign_row": _foreign_row,
    "duplicate_rows": _duplicate_rows,
    "any_order": _any_order,
}


def _unknown_enum(row: Row, _oddity: Oddity, _drawn: int) -> Row:
    return {**row, "Type": "ToSupervisor", "SpecialType": "VideoCallStarted"}


def _extra_property(row: Row, _oddity: Oddity, drawn: int) -> Row:
    return {**row, "SandboxProperty": {"Number": drawn % 1000, "Nothing": None}}


def _read_as_bool(row: Row, _oddity: Oddity, _drawn: int) -> Row:
    read = row.get("ReadByCustomer")
    return {**row, "ReadByCustomer": bool(read)} if _is_number(read) else row


def _number_as_text(row: Row, oddity: Oddity, _drawn: int) -> Row:
    name = oddity.property_name or "ReadByCustomer"
    return {**row, name: str(row[name])} if _is_number(row.get(name)) else row


def _wrong_type(row: Row, oddity: Oddity, drawn: int) -> Row:
    name = _property(oddity, drawn)
    wrong = IN_PLACE_OF_NUMBER if _is_number(row.get(name)) else IN_PLACE_OF_TEXT
    return {**row, name: wrong[drawn // len(PROPERTIES) % len(wrong)]}


def _null_property(row: Row, oddity: Oddity, drawn: int) -> Row:
    return {**row, _property(oddity, drawn): None}


def _missing_property(row: Row, oddity: Oddity, drawn: int) -> Row:
    missing = _property(oddity, drawn)
    return {name: value for name, value in row.items() if name != missing}


def _time_out_of_order(row: Row, _oddity: Oddity, drawn: int) -> Row:
    # Never by nothing: from an hour earlier to an hour later.
    off_s = drawn % OUT_OF_ORDER_S + 1
    return _shifted(row, timedelta(seconds=off_s if drawn & (1 << 40) else -off_s))


def _time_in_future(row: Row, _oddity: Oddity, _drawn: int) -> Row:
    return _shifted(row, FUTURE)


def _time_seven_digits(row: Row, _oddity: Oddity, drawn: int) -> Row:
    fraction = f".{drawn % 10**6:06}{drawn % 9 + 1}"
    return _rewritten(row, lambda time: time["second"] + fraction + (time["suffix"] or ""))


def _time_without_suffix(row: Row, _oddity: Oddity, _drawn: int) -> Row:
    return _rewritten(row, lambda time: time["second"] + (time["fraction"] or ""))


def _time_year_1(row: Row, _oddity: Oddity, drawn: int) -> Row:
    return {**row, "WhenPosted": YEAR_1[drawn % len(YEAR_1)]}


BY_ROW: dict[str, Callable[[Row, Oddity, int], Row]] = {
    "unknown_enum": _unknown_enum,
    "extra_property": _extra_property,
    "read_as_bool": _read_as_bool,
    "number_as_text": _number_as_text,
    "wrong_type": _wrong_type,
    "null_property": _null_property,
    "missing_property": _missing_property,
    "time_out_of_order": _time_out_of_order,
    "time_in_future": _time_in_future,
    "time_seven_digits": _time_seven_digits,
    "time_without_suffix": _time_without_suffix,
    "time_year_1": _time_year_1,
}


def _property(oddity: Oddity, drawn: int) -> str:
    return oddity.property_name or PROPERTIES[drawn % len(PROPERTIES)]


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _shifted(row: Row, by: timedelta) -> Row:
    def text(time: re.Match[str]) -> str:
        try:
            second = datetime.fromisoformat(time["second"]) + by
        except (ValueError, OverflowError):  # no date of the calendar, or year 1 moved back: it stays
            return time[0]
        return second.isoformat() + (time["fraction"] or "") + (time["suffix"] or "")

    return _rewritten(row, text)


def _rewritten(row: Row, text: Callable[[re.Match[str]], str]) -> Row:
    """The row with another WhenPosted; as it is where that isn't a time."""
    posted = row.get("WhenPosted")
    time = _TIME.fullmatch(posted) if isinstance(posted, str) else None
    return {**row, "WhenPosted": text(time)} if time else row
