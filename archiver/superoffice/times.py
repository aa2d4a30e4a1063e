"""WhenPosted and its kin: the one place that reads the source's times.

There is one parser because two would differ: msgspec rounds a seventh fraction digit, `datetime.fromisoformat` cuts
it, and a fast path that used the one beside a slow path that used the other would invent edits.
"""

import re
from datetime import UTC, datetime

_UNSET_YEAR = "0001"
"""The source's "no date" is any time of year 1, whatever its offset (also 0001-01-01T01:00:00+01:00)."""
_PLAIN = "--T::Z"
"""Every third character from the fifth on of a time such as 2026-03-02T08:15:30Z, which most are."""
_EXACT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6}0*)?(?:Z|[+-]\d\d:?\d\d)", re.ASCII)


def parse_time(text: str) -> tuple[datetime | None, bool]:
    """Read one time of the source.

    Returns: (the instant as aware UTC, whether it says all that the text said). The instant is None for the unset
    date and for what is no time. A bare time is read as UTC, which is what the reference calls WhenPosted; since its
    own samples carry offsets, that reading is not exact.
    """
    if text.startswith(_UNSET_YEAR):  # first: year 1 with a positive offset overflows on conversion
        return None, False
    try:
        parsed = datetime.fromisoformat(text)
        if text[4::3] == _PLAIN:
            return parsed, True
        if parsed.tzinfo is None:
            return parsed.replace(tzinfo=UTC), False
        instant = parsed.astimezone(UTC)
    except (ValueError, OverflowError):
        return None, False
    if instant.year == 1:  # 0002-01-01T00:00:00+01:00
        return None, False
    # fromisoformat takes more than it says, any separator for instance; what is not as documented is kept as it came.
    return instant, _EXACT.fullmatch(text) is not None
