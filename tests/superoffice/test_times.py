"""What the source's times mean."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.superoffice.times import parse_time

AT = datetime(2026, 3, 2, 8, 15, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-02T08:15:30Z",
        "2026-03-02T09:15:30+01:00",
        "2026-03-02T03:15:30-0500",
        "2026-03-02T08:15:30.000000Z",
        "2026-03-02T08:15:30.0000000Z",
        "2026-03-02T09:15:30.0+01:00",
    ],
)
def test_a_time_with_its_offset_is_exact(text: str) -> None:
    assert parse_time(text) == (AT, True)


def test_a_seventh_digit_is_cut_and_told() -> None:
    assert parse_time("2026-03-02T08:15:30.1234567Z") == (AT.replace(microsecond=123456), False)


def test_a_seventh_digit_is_never_rounded_up() -> None:
    assert parse_time("2026-03-02T08:15:30.9999999+00:00") == (AT.replace(microsecond=999999), False)


@pytest.mark.parametrize("text", ["2026-03-02 08:15:30Z", "20260302T081530Z", "2026-03-02T08:15:30 Z"])
def test_an_undocumented_spelling_is_read_and_told(text: str) -> None:
    assert parse_time(text) == (AT, False)


@pytest.mark.parametrize("text", ["2026-03-02T08:15:30", "2026-03-02T08:15:30.000"])
def test_a_bare_time_is_utc_and_flagged(text: str) -> None:
    assert parse_time(text) == (AT, False)


@pytest.mark.parametrize(
    "text",
    [
        "0001-01-01T00:00:00",
        "0001-01-01T00:00:00Z",
        "0001-01-01T01:00:00+01:00",
        "0001-01-01T14:00:00+14:00",
        "0001-01-01T00:00:00.0000000",
        "0001-01-01",
        "00010101T000000Z",
        "0001-12-31T23:59:59-14:00",
        "0002-01-01T00:30:00+01:00",
    ],
)
def test_year_1_is_no_date(text: str) -> None:
    assert parse_time(text) == (None, False)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2026-02-30T00:00:00Z",
        "9999-12-31T23:59:59-01:00",
        "0000-12-31T23:00:00-14:00",
        "\ud800",
        "0",
    ],
)
def test_what_is_no_time_is_none(text: str) -> None:
    assert parse_time(text) == (None, False)


@pytest.mark.parametrize("offset", ["Z", "+00:00", "+01:00", "-0500", "+1400", ""])
@pytest.mark.parametrize("digits", ["", *["123456789"[:count] for count in range(1, 10)]])
def test_each_fraction_with_each_offset_is_cut_at_the_microsecond(digits: str, offset: str) -> None:
    hours = int(offset[:3]) if len(offset) > 1 else 0
    instant = AT.replace(microsecond=int(digits[:6].ljust(6, "0"))) - timedelta(hours=hours)
    spelled = f"2026-03-02T08:15:30{'.' if digits else ''}{digits}{offset}"
    assert parse_time(spelled) == (instant, len(digits) <= 6 and offset != "")


def test_the_last_instant_is_a_time() -> None:
    last = datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
    assert parse_time("9999-12-31T23:59:59.999999Z") == (last, True)
    assert parse_time("9999-12-31T23:59:59.999999+14:00") == (last - timedelta(hours=14), True)


def test_a_time_in_the_future_is_a_time() -> None:
    assert parse_time("2999-01-01T00:00:00Z") == (datetime(2999, 1, 1, tzinfo=UTC), True)


@given(
    st.text(st.characters(exclude_categories=())) | st.from_regex(r"\d{4}-\d\d-\d\dT\d\d:\d\d.{0,14}", fullmatch=True)
)
def test_any_text_gives_an_aware_utc_instant_or_none(text: str) -> None:
    instant, exact = parse_time(text)
    assert instant is None or instant.utcoffset() == timedelta(0)
    assert not (exact and instant is None)


@given(
    st.datetimes(min_value=datetime(2, 1, 2), max_value=datetime(9999, 12, 30)),  # noqa: DTZ001 - gets its zone below
    st.integers(-14 * 60, 14 * 60),
)
def test_every_instant_survives_in_every_zone(naive: datetime, offset_minutes: int) -> None:
    instant = naive.replace(tzinfo=UTC)
    local = naive + timedelta(minutes=offset_minutes)
    sign, minutes = "+-"[offset_minutes < 0], abs(offset_minutes)
    text = f"{local.isoformat()}{sign}{minutes // 60:02}:{minutes % 60:02}"
    assert parse_time(text) == (instant, True)
