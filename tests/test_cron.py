"""Cron lines mean what crontab(5) says."""

from datetime import UTC, datetime, timedelta

import pytest

from archiver.config.cron import cron_trigger

MONDAY = datetime(2026, 11, 23, tzinfo=UTC)


def days_of(weekday_field: str) -> list[str]:
    """The days of one week on which a line fires."""
    trigger, at, days = cron_trigger(f"0 6 * * {weekday_field}"), MONDAY, []
    while (at := trigger.get_next_fire_time(None, at)) < MONDAY + timedelta(days=7):
        days.append(at.strftime("%a"))
        at += timedelta(seconds=1)
    return days


@pytest.mark.parametrize(
    ("field", "days"),
    [
        ("*", ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]),
        ("1", ["Mon"]),
        ("0", ["Sun"]),
        ("7", ["Sun"]),
        ("1-5", ["Mon", "Tue", "Wed", "Thu", "Fri"]),
        ("5-7", ["Fri", "Sat", "Sun"]),
        ("0-6", ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]),
        ("1,3", ["Mon", "Wed"]),
        ("*/2", ["Tue", "Thu", "Sat", "Sun"]),
        ("mon-fri", ["Mon", "Tue", "Wed", "Thu", "Fri"]),
        ("sat,0", ["Sat", "Sun"]),
        ("sun-thu", ["Mon", "Tue", "Wed", "Thu", "Sun"]),
        ("mon-5", ["Mon", "Tue", "Wed", "Thu", "Fri"]),
        ("1-sat", ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]),
    ],
)
def test_weekdays_are_counted_from_sunday(field: str, days: list[str]) -> None:
    assert days_of(field) == days


@pytest.mark.parametrize(
    "line",
    ["", "hourly", "* * * *", "99 * * * *", "* * * * 8", "* * * * 5-1", "* * * * mon#1", "* * * * fro", "0 0 31 2 *"],
)
def test_what_is_no_cron_line_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r"cron|never comes"):
        cron_trigger(line)


def test_a_day_of_the_month_and_a_weekday_are_alternatives() -> None:
    trigger = cron_trigger("0 0 25 * 5")
    first = trigger.get_next_fire_time(None, MONDAY)
    second = trigger.get_next_fire_time(None, first + timedelta(seconds=1))
    assert [at.strftime("%a %d") for at in (first, second)] == ["Wed 25", "Fri 27"]
