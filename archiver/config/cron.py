"""A cron line, read as crontab(5) reads it.

APScheduler counts weekdays from Monday = 0, every crontab from Sunday = 0, with 7 for Sunday too, so the days are
handed over by name, one by one. And where both the day of the month and the weekday are restricted, cron comes when
either fits, APScheduler when both do.
"""

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apscheduler.triggers.base import BaseTrigger

_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_DAY = r"(\d|[a-z]{3})"
_WEEKDAY_PART = re.compile(rf"(?:\*|{_DAY}(?:-{_DAY})?)(?:/(\d))?")


def cron_trigger(line: str) -> "BaseTrigger":
    """The moments that five fields describe, in UTC.

    Raises: ValueError, with a sentence, for what is no cron line or describes no moment at all.
    """
    from apscheduler.triggers.combining import OrTrigger
    from apscheduler.triggers.cron import CronTrigger

    fields = line.split()
    if len(fields) != 5:
        raise ValueError('cron takes five fields, such as "*/5 * * * *"')
    *time_of_day, day, month, weekday = fields
    try:
        weekday = ",".join(_by_name(part) for part in weekday.lower().split(","))
        days = [(day, weekday)]
        if not day.startswith("*") and not fields[4].startswith("*"):
            days = [(day, "*"), ("*", weekday)]
        triggers = [
            CronTrigger.from_crontab(" ".join([*time_of_day, of_month, month, of_week]), timezone="UTC")
            for of_month, of_week in days
        ]
    except ValueError:
        raise ValueError(f"{line!r} is no cron line: minute, hour, day of month, month, day of week") from None
    trigger = triggers[0] if len(triggers) == 1 else OrTrigger(triggers)
    if trigger.get_next_fire_time(None, datetime.now(UTC)) is None:
        raise ValueError(f"{line!r} never comes")
    return trigger


def _by_name(part: str) -> str:
    """One part of the weekday field as names. Raises: ValueError."""
    match = _WEEKDAY_PART.fullmatch(part)
    if not match:
        raise ValueError(part)
    if part == "*":
        return part
    first, last, step = match.groups()
    begin, end = (_number(first), _number(last or first)) if first else (0, 6)
    if begin > end or step == "0":
        raise ValueError(part)
    return ",".join(_WEEKDAYS[day % 7] for day in range(begin, end + 1, int(step or 1)))


def _number(day: str) -> int:
    """0 to 7, both of them Sunday."""
    if not day.isdecimal():
        return _WEEKDAYS.index(day)
    if int(day) > 7:
        raise ValueError(day)
    return int(day)
