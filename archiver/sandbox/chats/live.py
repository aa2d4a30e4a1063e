"""Chats that go on while the sandbox runs: a thread at a given rate, or one event at a time by `step`.

With the same seed and the same tenant the sequence of events is the same; only the times are the clock's.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from random import Random
from threading import Event, Lock, Thread
from time import monotonic

from archiver.sandbox.chats.populate import Line, open_chat_session, post_line, reopening_lines, write_conversation
from archiver.sandbox.chats.tenant import Tenant, UnknownId

# Out of a hundred events; the others continue an open chat session.
OPENING_PERCENT = 15
REOPENING_PERCENT = 4


class LiveChats:
    """The chat sessions that are going on, each with the lines that are still to come.

    Args:
        unfinished: chat session id -> its remaining lines; their times are ignored.
    """

    def __init__(
        self,
        tenant: Tenant,
        unfinished: Mapping[int, Sequence[Line]],
        *,
        seed: int = 1,
        messages_per_chat_session: int = 12,
    ) -> None:
        self._tenant = tenant
        self._random = Random(f"live {seed}")
        self._length = messages_per_chat_session
        self._open = {chat_session_id: deque(lines) for chat_session_id, lines in unfinished.items()}
        self._finished: list[int] = []  # by us; may be reopened
        self._lock = Lock()
        self._stop = Event()
        self._thread: Thread | None = None

    def step(self, now: datetime | None = None) -> int:
        """Make one event, a message posted at `now` (aware; default the clock's), and return its id."""
        at = (now or datetime.now(UTC)).replace(microsecond=0)
        with self._lock:
            self._forget_deleted()
            chosen = self._random.randrange(100)
            if not self._open or chosen < OPENING_PERCENT:
                chat_session_id = self._begin(at)
            elif self._finished and chosen < OPENING_PERCENT + REOPENING_PERCENT:
                chat_session_id = self._reopen(at)
            else:
                chat_session_id = self._random.choice(list(self._open))
            return self._say_next(chat_session_id, at)

    def start(self, rate: float) -> None:
        """Make `rate` events a second on a thread, until `stop`."""
        if self._thread is not None:
            raise RuntimeError("The live chats run already.")
        self._stop.clear()
        self._thread = Thread(target=self._run, args=(rate,), name="sandbox-live", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread, if there is one, and wait for it."""
        if self._thread is not None:
            self._stop.set()
            self._thread.join()
            self._thread = None

    def _run(self, rate: float) -> None:
        for wait_s in _pauses(rate):
            if self._stop.wait(wait_s):
                return
            # A test may delete a chat session between our choosing and posting.
            with suppress(UnknownId):
                self.step()

    def _begin(self, at: datetime) -> int:
        conversation = write_conversation(self._random, starts_at=at, length=self._length)
        chat_session_id = open_chat_session(self._tenant, conversation)
        self._open[chat_session_id] = deque(conversation.lines)
        return chat_session_id

    def _reopen(self, at: datetime) -> int:
        chat_session_id = self._finished.pop(self._random.randrange(len(self._finished)))
        chat_session = self._tenant.chat_session(chat_session_id)
        assert chat_session is not None
        self._open[chat_session_id] = deque(reopening_lines(self._random, chat_session, at))
        return chat_session_id

    def _say_next(self, chat_session_id: int, at: datetime) -> int:
        lines = self._open[chat_session_id]
        chat_message_id = post_line(self._tenant, chat_session_id, replace(lines.popleft(), at=at))
        if not lines:
            del self._open[chat_session_id]
            self._finished.append(chat_session_id)
        return chat_message_id

    def _forget_deleted(self) -> None:
        gone = [each for each in self._open if self._tenant.chat_session(each) is None]
        for chat_session_id in gone:
            del self._open[chat_session_id]
        self._finished = [each for each in self._finished if self._tenant.chat_session(each) is not None]


def _pauses(rate: float) -> Iterator[float]:
    """Seconds to wait before each event, so that `rate` holds on average however long an event takes."""
    started = monotonic()
    for number in count(1):
        yield max(started + number / rate - monotonic(), 0.0)
