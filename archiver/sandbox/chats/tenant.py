"""The simulated tenant: its chat sessions and messages, in memory, safe to use from several threads.

Message ids come from one auto-increment over all chat sessions, chat session ids from another, as in the CRM's
database. In-process tests call these methods directly, `control.py` offers them over HTTP.
"""

from bisect import bisect_right, insort
from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any, TypeVar

from archiver.sandbox.chats.lifecycle import after_message
from archiver.sandbox.chats.records import ChatSession, Message, MessageType
from archiver.sandbox.chats.wire import UTC_WITH_SUFFIX, message_row

FIRST_ASSOCIATE_ID = 101

_Record = TypeVar("_Record", Message, ChatSession)


class UnknownId(LookupError):
    """The tenant holds no such message or chat session."""


class Tenant:
    """All that the tenant holds. Every method is atomic; what is returned is frozen."""

    def __init__(self, *, first_chat_session_id: int = 1, first_chat_message_id: int = 1) -> None:
        self._lock = Lock()
        self._next_chat_session_id = first_chat_session_id
        self._next_chat_message_id = first_chat_message_id
        self._chat_sessions: dict[int, ChatSession] = {}
        self._messages: dict[int, Message] = {}
        # Ascending message ids of each chat session, by the ids they were posted under: an edit of
        # chat_session_id or chat_message_id changes what is sent, not where it is found.
        self._ids: dict[int, list[int]] = {}
        self._owner: dict[int, int] = {}
        self._associates: dict[str, int] = {}
        self._late: dict[int, int] = {}  # chat session id -> the message id that is to be committed late

    def open_chat_session(
        self,
        *,
        chat_session_id: int | None = None,
        when_requested: datetime | None = None,
        agent: str = "",
        **properties: Any,
    ) -> int:
        """Open a chat session, without messages yet, and return its id.

        Args:
            chat_session_id: to choose the id, for instance one that a deleted chat session had.
            when_requested: aware UTC; default now, whole seconds.
            agent: full name; an associate id is given to each new name.
            properties: further fields of `ChatSession`.
        Raises: ValueError (the id is taken), TypeError (no such field).
        """
        with self._lock:
            new_id = self._next_chat_session_id if chat_session_id is None else chat_session_id
            if new_id in self._chat_sessions:
                raise ValueError(f"Chat session {new_id} exists already.")
            self._chat_sessions[new_id] = ChatSession(
                chat_session_id=new_id,
                session_key=f"SANDBOX-SESSION-KEY-{new_id:08d}",
                when_requested=when_requested or _now(),
                agent=agent,
                agent_id=self._associate_id(agent),
                **properties,
            )
            self._ids[new_id] = []
            self._next_chat_session_id = max(self._next_chat_session_id, new_id + 1)
            return new_id

    def post(
        self,
        chat_session_id: int,
        *,
        type: MessageType = "ToCustomer",  # noqa: A002  the response property's own name
        message: str = "",
        author: str = "",
        special_type: str = "None",
        special_param: str = "",
        when_posted: datetime | None = None,
        read_by_customer: int = 0,
        chat_message_id: int | None = None,
    ) -> int:
        """Add a message to a chat session and return its id.

        Args:
            when_posted: aware UTC; default now, whole seconds.
            chat_message_id: to choose the id: a lower one than the last simulates a late commit.
        Raises: UnknownId (no such chat session), ValueError (the message id is taken).
        """
        posted_at = when_posted or _now()
        with self._lock:
            chat_session = self._chat_session(chat_session_id)
            new_id = self._next_chat_message_id if chat_message_id is None else chat_message_id
            if new_id in self._messages:
                raise ValueError(f"Message {new_id} exists already.")
            new = Message(
                chat_message_id=new_id,
                chat_session_id=chat_session_id,
                type=type,
                message=message,
                author=author,
                read_by_customer=read_by_customer,
                special_type=special_type,
                special_param=special_param,
                when_posted=posted_at,
            )
            self._messages[new_id] = new
            self._owner[new_id] = chat_session_id
            insort(self._ids[chat_session_id], new_id)
            self._chat_sessions[chat_session_id] = after_message(chat_session, new, posted_at)
            self._next_chat_message_id = max(self._next_chat_message_id, new_id + 1)
            return new_id

    def edit(self, chat_message_id: int, /, **changes: Any) -> None:
        """Change any fields of a message; values are taken as they are, odd ones included.

        Names are those of `Message`; any other name becomes a property of its own on the wire, and one of the
        nine PascalCase names replaces that property. A `when_posted` given as str is sent verbatim.
        Raises: UnknownId.
        """
        with self._lock:
            self._messages[chat_message_id] = _changed(self._message(chat_message_id), changes)

    def edit_chat_session(self, chat_session_id: int, /, **changes: Any) -> None:
        """Change any fields of a chat session, as `edit` does for a message. Raises: UnknownId."""
        with self._lock:
            self._chat_sessions[chat_session_id] = _changed(self._chat_session(chat_session_id), changes)

    def delete_message(self, chat_message_id: int) -> None:
        """Remove a message; its id isn't given again. Raises: UnknownId."""
        with self._lock:
            self._message(chat_message_id)
            self._remove(chat_message_id)

    def delete_chat_session(self, chat_session_id: int) -> None:
        """Remove a chat session with its messages. Raises: UnknownId."""
        with self._lock:
            self._chat_session(chat_session_id)
            for chat_message_id in self._ids.pop(chat_session_id):
                del self._messages[chat_message_id]
                del self._owner[chat_message_id]
            del self._chat_sessions[chat_session_id]
            self._late.pop(chat_session_id, None)

    def commit_late(self, chat_session_id: int, **properties: Any) -> int:
        """Post a message in the order that a late commit makes visible, and return its id.

        The first call leaves one message id free and posts under the next; the second posts under the one left free.
        Args: properties: those of `post`. Raises: UnknownId.
        """
        with self._lock:
            self._chat_session(chat_session_id)
            waiting = self._late.pop(chat_session_id, None)
            if waiting is None:
                self._late[chat_session_id] = self._next_chat_message_id
                self._next_chat_message_id += 1
        return self.post(chat_session_id, chat_message_id=waiting, **properties)

    def restore_backup(self, lost: int) -> int:
        """Go back to before the `lost` newest messages: they are gone, and their ids are given again.

        So are chat sessions that held nothing else. Earlier edits and deletions stay as they are.
        Returns: how many are gone.
        """
        with self._lock:
            gone = sorted(self._messages)[-lost:] if lost else []
            touched = {self._owner[each] for each in gone}
            for chat_message_id in gone:
                self._remove(chat_message_id)
            for chat_session_id in touched:
                if not self._ids[chat_session_id]:
                    del self._ids[chat_session_id], self._chat_sessions[chat_session_id]
            self._next_chat_message_id = min(gone, default=self._next_chat_message_id)
            self._next_chat_session_id = max(self._chat_sessions, default=0) + 1
            self._late.clear()
            return len(gone)

    def restore_backup_of(self, at: datetime) -> int:
        """Go back to before the first message that was posted after this moment; returns how many are gone.

        Args: at: aware. A message whose time was edited into a text has none, and is no such message.
        """
        times = [each.when_posted for each in self.all_messages()]
        later = (number for number, when in enumerate(times) if isinstance(when, datetime) and when > at)
        return self.restore_backup(len(times) - next(later, len(times)))

    def shift_times(self, by: timedelta) -> None:
        """Move the times of all messages, as an upgrade may that changes how times are given."""
        with self._lock:
            self._messages |= {
                key: replace(each, when_posted=each.when_posted + by)
                for key, each in self._messages.items()
                if isinstance(each.when_posted, datetime)
            }

    def messages(self, chat_session_id: int, after: int = 0) -> list[Message]:
        """Messages of one chat session with an id above `after`, ascending. Raises: UnknownId."""
        with self._lock:
            self._chat_session(chat_session_id)
            ids = self._ids[chat_session_id]
            return [self._messages[each] for each in ids[bisect_right(ids, after) :]]

    def chat_session(self, chat_session_id: int) -> ChatSession | None:
        """The chat session, or None when there is none of that id."""
        with self._lock:
            return self._chat_sessions.get(chat_session_id)

    def chat_sessions(self) -> list[ChatSession]:
        """All chat sessions, ascending by id."""
        with self._lock:
            return [self._chat_sessions[each] for each in sorted(self._chat_sessions)]

    def all_messages(self) -> list[Message]:
        """The truth, for comparisons: every message, ascending by id."""
        with self._lock:
            return [self._messages[each] for each in sorted(self._messages)]

    def rows(self, chat_session_id: int | None = None) -> list[dict[str, object]]:
        """The truth as the wire shows it to `SO-TimeZone: UTC, includeTZOffset`: times end in Z.

        Raises: UnknownId (a chat session was named and there is none).
        """
        messages = self.all_messages() if chat_session_id is None else self.messages(chat_session_id)
        return [message_row(each, UTC_WITH_SUFFIX) for each in messages]

    def _chat_session(self, chat_session_id: int) -> ChatSession:
        if chat_session_id not in self._chat_sessions:
            raise UnknownId(f"There is no chat session {chat_session_id}.")
        return self._chat_sessions[chat_session_id]

    def _message(self, chat_message_id: int) -> Message:
        if chat_message_id not in self._messages:
            raise UnknownId(f"There is no message {chat_message_id}.")
        return self._messages[chat_message_id]

    def _remove(self, chat_message_id: int) -> None:
        del self._messages[chat_message_id]
        self._ids[self._owner.pop(chat_message_id)].remove(chat_message_id)

    def _associate_id(self, agent: str) -> int:
        return self._associates.setdefault(agent, FIRST_ASSOCIATE_ID + len(self._associates)) if agent else 0


def _changed(record: _Record, changes: Mapping[str, Any]) -> _Record:
    known = {field.name for field in fields(record)} - {"extra"}
    extra = {name: value for name, value in changes.items() if name not in known}
    return replace(
        record,
        **{name: value for name, value in changes.items() if name in known},
        extra={**record.extra, **extra},
    )


def _now() -> datetime:
    # WhenPosted has whole seconds in the reference's realistic sample.
    return datetime.now(UTC).replace(microsecond=0)
