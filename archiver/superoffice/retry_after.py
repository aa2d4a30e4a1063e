"""How long a source asks us to wait, however it says so."""

import email.utils
from datetime import UTC, datetime

MAX_RETRY_AFTER_S = 3600.0
"""A source that asks for more is asked again by a later pass."""
NONSENSE_S = 86_400.0
"""A server that asks for more than a day means something else, for instance milliseconds: it counts as silent."""


def parse_retry_after(text: str | None, *, now: datetime | None = None) -> float | None:
    """Seconds to wait by a Retry-After header, from 0 to MAX_RETRY_AFTER_S; None when it says nothing usable.

    `now`: an aware UTC instant; default the clock's. Source: RFC 9110, 10.2.3: a number of seconds or a date.
    """
    if text is None:
        return None
    if text.strip().isdecimal():
        seconds = float(text)
    else:
        try:
            at = email.utils.parsedate_to_datetime(text)
        except (ValueError, OverflowError):  # no date, or one beyond what a datetime holds
            return None
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        seconds = (at - (now or datetime.now(UTC))).total_seconds()
    return None if seconds > NONSENSE_S else min(max(seconds, 0.0), MAX_RETRY_AFTER_S)
