"""How the WebAPI writes times, which depends on the request's `SO-TimeZone` header.

Source: SuperOffice reference, `so-timezone.md` and HTTP headers: without the header the tenant's base time zone and
no suffix; with a zone converted; with `includeTZOffset` a suffix, `Z` for UTC.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

UNSET = "0001-01-01T00:00:00"


def zone(name: str, standard_offset_hours: int) -> tzinfo:
    """The named zone, or its standard offset for the whole year where the machine has no zone data."""
    try:
        return ZoneInfo(name)
    except ZoneInfoNotFoundError:
        return timezone(timedelta(hours=standard_offset_hours))


OSLO = zone("Europe/Oslo", 1)

# The header takes a name or an id; these are the ones that the reference shows.
_ZONES: dict[str, tzinfo] = {
    "utc": UTC,
    "1": UTC,
    "no": OSLO,
    "261": OSLO,
    "dk": zone("Europe/Copenhagen", 1),
    "140": zone("Europe/Copenhagen", 1),
    "us-ny": zone("America/New_York", -5),
    "460": zone("America/New_York", -5),
}


@dataclass(frozen=True, kw_only=True)
class TimeFormat:
    """One request's way of writing and reading times."""

    zone: tzinfo
    suffix: bool  # whether the offset is written behind the time

    def text(self, at: datetime | None) -> str:
        """Write an aware time, trailing zeros of its fraction cut; None is the unset date of year 1."""
        if at is None:
            return self._unset()
        local = at.astimezone(self.zone)
        text = local.replace(tzinfo=None).isoformat()
        if local.microsecond:
            text = text.rstrip("0")
        return text + self._offset(local) if self.suffix else text

    def parse_literal(self, text: str) -> datetime:
        """Read `YYYY-MM-DDTHH:MM:SS` of a filter. Raises: ValueError.

        Which zone a literal is in is undocumented; here it's the one that the reply is written in.
        """
        at = datetime.fromisoformat(text)
        return at if at.tzinfo else at.replace(tzinfo=self.zone)

    def _unset(self) -> str:
        if not self.suffix:
            return UNSET
        # As the reference's samples have it: "0001-01-01T01:00:00+01:00", so year 1 is also that for UTC.
        return UNSET + "Z" if self.zone is UTC else "0001-01-01T01:00:00+01:00"

    def _offset(self, local: datetime) -> str:
        return "Z" if self.zone is UTC else local.isoformat()[-6:]


def time_format(header: str | None, base: tzinfo) -> TimeFormat:
    """Read a `SO-TimeZone` header, whatever its case and spacing.

    A zone that the sandbox doesn't know counts as the tenant's base zone.
    """
    name, _, option = (header or "").lower().partition(",")
    return TimeFormat(zone=_ZONES.get(name.strip(), base), suffix=option.strip() == "includetzoffset")
