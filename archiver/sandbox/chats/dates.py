"""How the WebAPI writes times, which depends on the request's `SO-TimeZone` header.

Source: SuperOffice reference, `so-timezone.md` and HTTP headers: without the header the tenant's base time zone and
no suffix; with a zone converted; with `includeTZOffset` a suffix, `Z` for UTC.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

UNSET = "0001-01-01T00:00:00"
UNSET_AT = datetime(1, 1, 1, tzinfo=UTC)
LAST_SECOND = datetime(9999, 12, 31, 23, 59, 59)  # noqa: DTZ001  of whatever zone it is written in
SUFFIX_OPTION = "includetzoffset"


def zone(name: str, standard_offset_hours: int) -> tzinfo:
    """The named zone, or its standard offset for the whole year where the machine has no zone data."""
    try:
        return ZoneInfo(name)
    except ZoneInfoNotFoundError:
        return timezone(timedelta(hours=standard_offset_hours))


# The header takes a name or an id; these are the ones that the reference shows.
_NAMED: tuple[tuple[str, str, tzinfo], ...] = (
    ("1", "utc", UTC),
    ("36", "au-act", zone("Australia/Canberra", 10)),
    ("50", "bd", zone("Asia/Dhaka", 6)),
    ("114", "ca-qc", zone("America/Montreal", -5)),
    ("140", "dk", zone("Europe/Copenhagen", 1)),
    ("156", "fr", zone("Europe/Paris", 1)),
    ("261", "no", zone("Europe/Oslo", 1)),
    ("425", "us-ca", zone("America/Los_Angeles", -8)),
    ("433", "us-hi", zone("Pacific/Honolulu", -10)),
    ("460", "us-ny", zone("America/New_York", -5)),
)
_ZONES = {key: each for number, name, each in _NAMED for key in (number, name)}


@dataclass(frozen=True, kw_only=True)
class TimeFormat:
    """One request's way of writing and reading times."""

    zone: tzinfo
    suffix: bool  # whether the offset is written behind the time

    def text(self, at: datetime | None) -> str:
        """Write an aware time, trailing zeros of its fraction cut; None is the unset date of year 1.

        So is that instant itself, and what lies before year 1 in the zone. What lies after year 9999 there is written
        as that year's last second.
        """
        if at is None or at == UNSET_AT:
            return self._unset()
        try:
            local = _with_whole_minutes(at.astimezone(self.zone))
        except OverflowError:
            if at.year == 1:
                return self._unset()
            local = LAST_SECOND.replace(tzinfo=self.zone)
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
        """Year 1 in its three spellings: bare, with Z, and as "0001-01-01T01:00:00+01:00".

        The samples show no zone west of UTC, where that instant would lie before year 1: midnight then.
        """
        if not self.suffix:
            return UNSET
        if self.zone is UTC:
            return UNSET + "Z"
        # The zone's standard offset today: in year 1 the zone data has the sun's own time, as +00:43 for Oslo.
        local = min((datetime(2026, month, 1, tzinfo=self.zone) for month in (1, 7)), key=_offset_of)
        standard = _offset_of(local)
        at = datetime(1, 1, 1) + max(standard, timedelta(0))  # noqa: DTZ001  written with its offset below
        return at.isoformat() + self._offset(local)

    def _offset(self, local: datetime) -> str:
        return "Z" if self.zone is UTC else local.isoformat()[-6:]


def time_format(header: str | None, base: tzinfo) -> TimeFormat:
    """Read a `SO-TimeZone` header, whatever its case and spacing; the vendor's client may send the option alone.

    A zone that the sandbox doesn't know counts as the tenant's base zone, which is a choice: it's undocumented.
    """
    parts = [part.strip() for part in (header or "").lower().split(",")]
    name = next((part for part in parts if part not in ("", SUFFIX_OPTION)), "")
    return TimeFormat(zone=_ZONES.get(name, base), suffix=SUFFIX_OPTION in parts)


def _offset_of(at: datetime) -> timedelta:
    return at.utcoffset() or timedelta(0)


def _with_whole_minutes(local: datetime) -> datetime:
    """The same instant, its offset without seconds, which a suffix can't hold; the sun's own time has some."""
    offset = _offset_of(local)
    seconds = offset % timedelta(minutes=1)
    return (local - seconds).replace(tzinfo=timezone(offset - seconds)) if seconds else local
