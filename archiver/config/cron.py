"""A cron line, read as cron reads it.

APScheduler counts weekdays from Monday = 0, every crontab from Sunday = 0, with 7 for Sunday too; so weekdays are
handed over by name.
"""

import re
from datetime import UTC, datetime

from apscheduler.triggers.cron import CronTrigger

_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat", "sun")
_NUMBERS = re.compile(r"(?:(\*)|(\d)(?:-(\d))?)(?:/(\d))?")


def cron_trigger(line: str) -> CronTrigger:
    """The moments that five fields describe, in UTC.

    Raises: ValueError, with a sentence, for what is no cron line or describes no moment at all.
    """
    fields = line.split()
    if len(fields) != 5:
        raise ValueError('cron takes five fields, such as "*/5 * * * *"')
    fields[4] = ",".join(_by_name(part) for part in fields[4].split(","))
    try:
        trigger = CronTrigger.from_crontab(" ".join(fields), timezone="UTC")
    except ValueError:
        raise ValueError(f"{line!r} is no cron line: minute, hour, day of month, month, day of week") from None
    if trigger.get_next_fire_time(None, datetime.now(UTC)) is None:
        raise ValueError(f"{line!r} never comes")
    return trigger


def _by_name(part: str) -> str:
    """One part of the day-of-week field with its numbers as names; other spellings are left as they are."""
    match = _NUMBERS.fullmatch(part)
    if part == "*" or not match:
        return part
    star, first, last, step = match.groups()
    begin, end = (0, 6) if star else (int(first), int(last or first))
    if begin > 7 or end > 7 or begin > end or step == "0":
        return part  # for APScheduler to refuse
    return ",".join(_WEEKDAYS[day] for day in range(begin, end + 1, int(step or 1)))
