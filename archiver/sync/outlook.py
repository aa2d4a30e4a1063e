"""When a pass gives up on a source that answers nobody. Pure."""

from archiver.errors import AuthenticationFailed, PermissionDenied, RetriableSourceError, SourceError, WrongAddress

IN_A_ROW_AT_FIRST = 3
"""Before anything was answered, so few failures say that nothing will be."""
IN_A_ROW_LATER = 20
"""Once the source did answer, single chat sessions may well fail side by side."""
REFUSALS_IN_A_ROW = 5
"""Once it did answer: wrong credentials must not be tried for long, some servers lock the account."""


class Outlook:
    """Counts failures in a row that have to do with the source rather than with one chat session."""

    def __init__(self) -> None:
        self._in_a_row = 0
        self._any_answer = False
        self.last_error: SourceError | None = None

    def note(self, error: SourceError | None) -> None:
        """Take in how a visit ended; None for an answer."""
        self.last_error = error
        if isinstance(error, RetriableSourceError | AuthenticationFailed | PermissionDenied | WrongAddress):
            self._in_a_row += 1
        else:  # null or an odd reply is an answer too: somebody is there
            self._in_a_row = 0
            self._any_answer = True

    def is_hopeless(self, *, is_last: bool = False) -> bool:
        """Whether to give up after what was noted last; with `is_last`, whether nothing at all was answered."""
        error = self.last_error
        if self._in_a_row == 0:
            return False
        if not self._any_answer:
            refused = isinstance(error, AuthenticationFailed | WrongAddress)
            return is_last or refused or self._in_a_row >= IN_A_ROW_AT_FIRST
        refused = isinstance(error, AuthenticationFailed | PermissionDenied | WrongAddress)
        return self._in_a_row >= (REFUSALS_IN_A_ROW if refused else IN_A_ROW_LATER)
