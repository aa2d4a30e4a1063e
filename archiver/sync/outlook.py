"""When a pass gives up on a source that answers nobody. Pure.

A failure of one chat session must never stop the others, so only a long row of failures counts, and any answer ends
the row. Refused credentials and a host that can't even be reached can't be one chat session's doing, and are believed
sooner; credentials above all, since some servers lock an account that is tried for long. A source that fails call
after call is waited for: its circuit breaker lets through a probe every few seconds.
"""

from collections import Counter

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


def is_of_the_source(error: SourceError | None) -> bool:
    """Whether a failure looks like the whole source's, whichever chat session it was met at."""
    return isinstance(error, AuthenticationFailed | SourceUnreachable | SourceDown)


class Outlook:
    """Counts failures in a row that may have to do with the source rather than with one chat session."""

    def __init__(self) -> None:
        self._in_a_row: Counter[tuple[int, int]] = Counter()
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
        if isinstance(error, RetriableSourceError | CredentialRefused | WrongAddress):
            self._in_a_row[_patience(error)] += 1
        else:  # null or an odd reply is an answer too: somebody is there
            self._in_a_row.clear()
            self._any_answer = True

    def check(self, *, is_last: bool = False) -> None:
        """Raise the last error if the source is to be given up: now, or, after the last visit, if nobody answered."""
        is_hopeless = any(count >= patience[self._any_answer] for patience, count in self._in_a_row.items())
        nobody_answered = is_last and not self._any_answer and bool(self._in_a_row)
        if self._last_error and (is_hopeless or nobody_answered):
            raise self._last_error


def _patience(error: SourceError) -> tuple[int, int]:
    if isinstance(error, AuthenticationFailed):
        return REFUSED
    if isinstance(error, SourceUnreachable):
        return UNREACHABLE
    return DOWN if isinstance(error, SourceDown) else OTHERWISE
