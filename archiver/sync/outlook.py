"""When a pass gives up on a source that answers nobody. Pure, but for a clock.

A failure of one chat session must never stop the others, so only a long row of failures counts, and any answer ends
the row. Refused credentials and a host that can't even be reached can't be one chat session's doing, and are believed
sooner; credentials above all, since some servers lock an account that is tried for long. All else might be the doing
of a few bad neighbours, so before it is believed a canary is to be asked: a chat session that has nothing to do with
them.
"""

import time
from collections import Counter
from collections.abc import Callable

from archiver.errors import (
    AuthenticationFailed,
    CredentialRefused,
    RetriableSourceError,
    SourceDown,
    SourceError,
    SourceUnreachable,
    WrongAddress,
)

REFUSED = (1, 5)
UNREACHABLE = (1, 20)
DOWN = (5, 60)
OTHERWISE = (20, 20)
"""How many failures of a kind in a row are enough: before anything was answered in this pass, and after. With probes
five seconds apart, DOWN outlasts a restart of some minutes once the source has answered."""
LONGEST_DOWN_S = 300.0
"""A row of DOWN is long enough after this time too: probes that meet silence take half a minute each."""
CANARY_EVERY = 5
"""So often within a row of DOWN a canary is asked, and before any row that might be a few chat sessions' doing ends
the pass."""


def is_of_the_source(error: SourceError | None) -> bool:
    """Whether a failure looks like the whole source's, whichever chat session it was met at."""
    return isinstance(error, AuthenticationFailed | SourceUnreachable | SourceDown)


class Outlook:
    """Counts failures in a row that may have to do with the source rather than with one chat session."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._in_a_row: Counter[tuple[int, int]] = Counter()
        self._down_since = 0.0
        self.wants_canary = False
        """Whether it is time to ask a chat session that has nothing to do with those that failed."""
        self.is_canary_dead = False
        """Whether one was asked in vain since the last answer."""
        self._any_answer = False
        self._last_error: SourceError | None = None

    def note(self, error: SourceError | None, *, is_second_try: bool = False) -> None:
        """Take in how a visit ended; None for an answer.

        That a second try fails again says nothing of a source that answered others, unless no chat session could be
        the cause.
        """
        is_its_own = not isinstance(error, AuthenticationFailed | SourceUnreachable)
        if error and is_second_try and self._any_answer and is_its_own:
            return
        self._last_error = error
        self.wants_canary = False
        if isinstance(error, RetriableSourceError | CredentialRefused | WrongAddress):
            self._count(_row(error))
        else:  # null or an odd reply is an answer too: somebody is there
            self._note_answer()

    def note_canary(self, *, is_answered: bool) -> None:
        """Take in whether a canary was answered."""
        if is_answered:
            self._note_answer()
        else:
            self.is_canary_dead = True

    def check(self, *, is_last: bool = False) -> None:
        """Raise the last error if the source is to be given up: now, or, after the last visit, if nobody answered."""
        is_certain = self._is_long(REFUSED) or self._is_long(UNREACHABLE)
        is_hopeless = is_certain or (self.is_canary_dead and (self._is_long(DOWN) or self._is_long(OTHERWISE)))
        nobody_answered = is_last and not self._any_answer and bool(self._in_a_row)
        if self._last_error and (is_hopeless or nobody_answered):
            raise self._last_error

    def _count(self, row: tuple[int, int]) -> None:
        if row == DOWN and not self._in_a_row[DOWN]:
            self._down_since = self._clock()
        self._in_a_row[row] += 1
        if row in (DOWN, OTHERWISE):
            self.wants_canary = self._is_long(row) or (row == DOWN and self._in_a_row[row] % CANARY_EVERY == 0)

    def _note_answer(self) -> None:
        self._in_a_row.clear()
        self._any_answer = True
        self.wants_canary = self.is_canary_dead = False

    def _is_long(self, row: tuple[int, int]) -> bool:
        count = self._in_a_row[row]
        is_over = row == DOWN and count > 0 and self._clock() - self._down_since >= LONGEST_DOWN_S
        return count >= row[self._any_answer] or is_over


def _row(error: SourceError) -> tuple[int, int]:
    """The row in which a failure counts."""
    if isinstance(error, AuthenticationFailed):
        return REFUSED
    if isinstance(error, SourceUnreachable):
        return UNREACHABLE
    return DOWN if isinstance(error, SourceDown) else OTHERWISE
