"""Whose fault a failure is: the chat session's, which is then recorded, or the source's, which is then waited for.

What looks like the source's failure is set aside as a suspect until somebody answers. If a chat session does that
is visited in its turn, the source is well again and the suspects are tried once more. If only a bystander answers,
which was asked to find out, they are bad neighbours, and believed to have failed themselves.
"""

from collections import deque
from collections.abc import Callable

from archiver.errors import SourceError
from archiver.ranges import MAX_ID
from archiver.store.visit import Visit
from archiver.sync.outlook import Outlook, is_of_the_source
from archiver.sync.plan import Due
from archiver.sync.walk import Walk

_REMEMBERED = 8
"""Chat sessions that answered last, of which one can be the bystander."""


class Doubts:
    """The suspects of one pass; used by the writing thread alone."""

    def __init__(self, walk: Walk, find_bystander: Callable[[], int]) -> None:
        """`find_bystander`: a chat session to ask where none has answered in this pass yet."""
        self._walk, self._find_bystander = walk, find_bystander
        self._outlook = Outlook()
        self._suspects: list[tuple[Due, Visit]] = []
        self._answered: deque[int] = deque(maxlen=_REMEMBERED)
        self._bystander_is_out = False

    def take(self, due: Due, visit: Visit, error: SourceError | None) -> list[Visit]:
        """Take in a visit and the error that ended it. Returns: the visits that are beyond doubt now."""
        self._outlook.note(error, is_second_try=due.is_second_try)
        if error is None:
            self._answered.append(due.chat_session_id)
        if self._outlook.wants_bystander and not self._bystander_is_out:
            self._send_bystander()
        brought_something = visit.messages or visit.quarantined
        if error and is_of_the_source(error) and not brought_something:
            self._suspects.append((due, visit))
            return []
        believed = [] if error else self.clear()
        return [*believed, visit]

    def take_bystander(self, *, is_answered: bool) -> list[Visit]:
        """Take in what became of a bystander. Returns: as `take`."""
        self._bystander_is_out = False
        was_dead = self._outlook.dead_bystanders > 0
        self._outlook.note_bystander(is_answered=is_answered)
        if not is_answered:
            if self._outlook.wants_bystander:
                self._send_bystander()
            return []
        if was_dead:  # an outage that is over
            return self.clear()
        suspects, self._suspects = self._suspects, []
        return [visit for _, visit in suspects]

    def clear(self) -> list[Visit]:
        """Since the source does answer, try the suspects again. Returns: those that had their second try."""
        suspects, self._suspects = self._suspects, []
        for due, _ in suspects:
            if not due.is_second_try:
                self._walk.again(due)
        return [visit for due, visit in suspects if due.is_second_try]

    def check(self, *, is_last: bool = False) -> None:
        """Raise what the source failed with, when it is to be given up; see Outlook.check."""
        self._outlook.check(is_last=is_last)

    def _send_bystander(self) -> None:
        chat_session_id = self._answered[0] if self._answered else self._find_bystander()
        self._answered.rotate(-1)
        self._bystander_is_out = True
        self._walk.ask_first(Due(chat_session_id=chat_session_id, before=None, after=MAX_ID, is_bystander=True))
