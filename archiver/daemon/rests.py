"""How long a source is left alone after a pass that failed: its server and our workers have better to do."""

from archiver.errors import (
    ArchiverError,
    AuthenticationFailed,
    SourceOnHold,
    SourceRewound,
    SourceUnavailable,
    StoreError,
)

FIRST_REST_S = 60.0
"""Twice as long each time."""
LONGEST_REST_S = 3600.0
"""For a source that refused our credentials, since some servers lock an account that is tried too often, and for one
that is frozen. One whose passes stop and ask is not left alone: they go on to store what is new."""
LONGEST_REST_OF_A_DOWN_SOURCE_S = 300.0
"""A pass over a source that is down holds a worker for as long as its retries last; but who comes back shall not be
missed for long."""
_DOUBLINGS = 10
"""More would only overflow."""


def rest_s(error: ArchiverError | None, in_a_row: int) -> float:
    """Seconds to leave a source alone.

    Args:
        error: why the pass failed, if it did.
        in_a_row: how many passes, this one included, have failed for a reason of the same kind of rest.
    """
    growing = FIRST_REST_S * float(2 ** min(in_a_row - 1, _DOUBLINGS))
    match error:
        case AuthenticationFailed() | SourceRewound():
            return min(growing, LONGEST_REST_S)
        case SourceOnHold():
            return error.retry_after_s or 0.0
        case SourceUnavailable():
            return min(growing, LONGEST_REST_OF_A_DOWN_SOURCE_S)
    return 0.0


def kind_of_rest(error: ArchiverError | None) -> type[ArchiverError] | None:
    """What makes rests grow as one row; None for what needs none."""
    kinds = (AuthenticationFailed, SourceRewound, SourceUnavailable)
    return next((kind for kind in kinds if isinstance(error, kind)), None)


class Rests:
    """Which sources rest, and until when. A source's passes are taken in one after another."""

    def __init__(self) -> None:
        self._row: dict[str, tuple[type[ArchiverError] | None, int]] = {}
        self._until: dict[str, float] = {}

    def note(self, source: str, error: ArchiverError | None, now: float) -> float:
        """Take in how a pass ended. Returns: the seconds for which its source rests from now on."""
        if isinstance(error, StoreError):  # tells of the archive; what we know of the source stays as it is
            return 0.0
        kind = kind_of_rest(error)
        last, in_a_row = self._row.get(source, (None, 0))
        in_a_row = in_a_row + 1 if kind is last else 1
        self._row[source] = kind, in_a_row
        seconds = rest_s(error, in_a_row)
        self._until[source] = now + seconds
        return seconds

    def is_resting(self, source: str, now: float) -> bool:
        return now < self._until.get(source, now)
