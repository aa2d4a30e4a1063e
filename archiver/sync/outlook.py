"""When a pass gives up on a source that answers nobody. Pure, but for a clock.

A failure of one chat session must never stop the others, so only a long row of failures counts, and any answer ends
the row. Refused credentials and a host that can't even be reached can't be one chat session's doing, and are believed
sooner; credentials above all, since some servers lock an account that is tried for long. All else might be the doing
of a few bad neighbours, so before it is believed a bystander is to be asked: a chat session that has nothing to do
with them.
"""

import enum
import time
from collections import Counter
from collections.abc import Callable

from archiver.errors import (
    AuthenticationFailed,
    CredentialRefused,
    NullReply,
    RetriableSourceError,
    SourceDown,
    SourceError,
    SourceOnHold,
    SourceUnreachable,
    WrongAddress,
)


class Row(enum.Enum):
    """A kind of failures, with how many in a row are enough: before anything was answered in this pass, and after."""

    ON_HOLD = "on hold", 1, 1
    REFUSED = "refused", 1, 5
    UNREACHABLE = "unreachable", 1, 20
    DOWN = "down", 5, 60
    """With probes five seconds apart, it outlasts a restart of some minutes once the source has answered."""
    FAILING = "failing", 20, 20
    ODD = "odd", 20, 20
    """Somebody replies, and what comes is of no use."""

    def enough(self, any_answer: bool) -> int:
        _, before, after = self.value
        return after if any_answer else before


CERTAIN = (Row.ON_HOLD, Row.REFUSED, Row.UNREACHABLE)
"""What can't be the doing of single chat sessions."""
LONGEST_DOWN_S = 300.0
"""A row of DOWN is long enough after this time too: probes that meet silence take half a minute each."""
BYSTANDERS = 3
"""So many in a row have to go unanswered, since one may be a bad neighbour itself."""
BYSTANDER_EVERY = 5
"""So often within a row of DOWN a bystander is asked, and before any row that might be a few chat sessions' doing
ends the pass."""


def is_of_the_source(error: SourceError | None) -> bool:
    """Whether a failure looks like the whole source's, whichever chat session it was met at."""
    return isinstance(error, AuthenticationFailed | SourceUnreachable | SourceDown | SourceOnHold)


def row_of(error: SourceError) -> Row | None:
    """The row in which a failure counts; None for what is an answer of sorts."""
    match error:
        case SourceOnHold():
            return Row.ON_HOLD
        case AuthenticationFailed():
            return Row.REFUSED
        case SourceUnreachable():
            return Row.UNREACHABLE
        case SourceDown():
            return Row.DOWN
        case RetriableSourceError() | CredentialRefused() | WrongAddress():
            return Row.FAILING
        case NullReply():
            return None
    return Row.ODD


class Outlook:
    """Counts failures in a row that may have to do with the source rather than with one chat session."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._in_a_row: Counter[Row] = Counter()
        self._down_since = 0.0
        self._any_answer = False
        self._any_reply = False
        self._last_error: SourceError | None = None
        self.wants_bystander = False
        """Whether it is time to ask a chat session that has nothing to do with those that failed."""
        self.dead_bystanders = 0
        """How many were asked in vain since the last answer."""

    def note(self, error: SourceError | None, *, is_second_try: bool = False) -> None:
        """Take in how a visit ended; None for an answer.

        That a second try fails again says nothing of a source that answered others, unless no chat session could be
        the cause.
        """
        row = row_of(error) if error else None
        if row and is_second_try and self._any_answer and row not in CERTAIN:
            return
        self.wants_bystander = False
        if row is None:
            self._note_answer()
        else:
            self._last_error = error
            self._any_reply |= row is Row.ODD
            self._count(row)

    def note_bystander(self, *, is_answered: bool) -> None:
        """Take in whether a bystander was answered."""
        if is_answered:
            self._note_answer()
        else:
            self.dead_bystanders += 1
            self.wants_bystander = self.dead_bystanders < BYSTANDERS and any(map(self._is_long, Row))

    def check(self, *, is_last: bool = False) -> None:
        """Raise the last error if the source is to be given up: now, or, after the last visit, if nobody replied."""
        if self._last_error is None:
            return
        is_certain = any(map(self._is_long, CERTAIN))
        is_hopeless = is_certain or (self.dead_bystanders >= BYSTANDERS and any(map(self._is_long, Row)))
        nobody_replied = is_last and not self._any_answer and not self._any_reply
        if is_hopeless or nobody_replied:
            raise self._last_error

    def _count(self, row: Row) -> None:
        if row is Row.DOWN and not self._in_a_row[row]:
            self._down_since = self._clock()
        self._in_a_row[row] += 1
        is_time = row is Row.DOWN and self._in_a_row[row] % BYSTANDER_EVERY == 0
        self.wants_bystander = row not in CERTAIN and (is_time or self._is_long(row))

    def _note_answer(self) -> None:
        self._in_a_row.clear()
        self._last_error = None
        self._any_answer = True
        self.wants_bystander = False
        self.dead_bystanders = 0

    def _is_long(self, row: Row) -> bool:
        count = self._in_a_row[row]
        is_over = row is Row.DOWN and count > 0 and self._clock() - self._down_since >= LONGEST_DOWN_S
        return count >= row.enough(self._any_answer) or is_over
