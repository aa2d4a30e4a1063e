"""What people do at a tenant, one small act each, for machine.py to draw from."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from archiver.sandbox.chats.records import Message
from archiver.sandbox.chats.tenant import Tenant

CHATS = 5
"""Chat sessions there are at most, all of them chosen."""

T = TypeVar("T")


class Scene:
    """A tenant, and what has to be remembered to act in it."""

    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant
        self.deleted: list[Message] = []
        """Messages that were deleted alone and may come back."""
        self._written = self._restores = 0
        self._began_at = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=30)

    def chat_sessions(self) -> list[int]:
        return [each.chat_session_id for each in self.tenant.chat_sessions()]

    def text(self) -> str:
        """One that was never said before."""
        self._written += 1
        return f"text {self._written}"

    def says(self) -> dict[str, Any]:
        """What nobody said before, at a time of its own; after a restored backup by somebody else.

        So all of it differs from what was lost with the backup under the same id.
        """
        text = self.text()
        when = self._began_at + timedelta(seconds=self._written)
        return {"message": text, "author": f"Kim {self._restores}", "when_posted": when}

    def say(self, chat_session_id: int) -> None:
        self.tenant.post(chat_session_id, **self.says())

    def restore_backup(self, lost: int) -> None:
        """The newest messages are gone, and their ids are given again."""
        self.tenant.restore_backup(lost)
        self._restores += 1


Act = Callable[[Scene, int], None]


def pick(items: Sequence[T], number: int) -> T:
    return items[number % len(items)]


def in_a_chat_session(act: Callable[[Scene, int], None]) -> Act:
    """Something done in one of the chat sessions, if there are any."""

    def do(scene: Scene, which: int) -> None:
        if chat_sessions := scene.chat_sessions():
            act(scene, pick(chat_sessions, which))

    return do


def to_a_message(act: Callable[[Scene, Message], None]) -> Act:
    """Something done to one of the messages, if there are any."""

    def do(scene: Scene, which: int) -> None:
        if messages := scene.tenant.all_messages():
            act(scene, pick(messages, which))

    return do


def open_chat_session(scene: Scene, _: int) -> None:
    if max([0, *scene.chat_sessions()]) < CHATS:
        scene.tenant.open_chat_session()


def post_late(scene: Scene, chat_session_id: int) -> None:
    """Every other time, in one chat session, a lower id than the one before."""
    scene.tenant.commit_late(chat_session_id, **scene.says())


def edit(scene: Scene, message: Message) -> None:
    scene.tenant.edit(message.chat_message_id, message=scene.text())


def read(scene: Scene, message: Message) -> None:
    scene.tenant.edit(message.chat_message_id, read_by_customer=1 - message.read_by_customer)


def delete_message(scene: Scene, message: Message) -> None:
    scene.tenant.delete_message(message.chat_message_id)
    scene.deleted.append(message)


def undelete_message(scene: Scene, _: int) -> None:
    if scene.deleted and scene.deleted[-1].chat_session_id in scene.chat_sessions():
        said = asdict(scene.deleted.pop())
        del said["extra"]
        with suppress(ValueError):  # after a restored backup its id may be another's
            scene.tenant.post(said.pop("chat_session_id"), **said)


def delete_chat_session(scene: Scene, chat_session_id: int) -> None:
    scene.tenant.delete_chat_session(chat_session_id)


def undelete_chat_session(scene: Scene, which: int) -> None:
    """An id that was deleted is there again, as after a rollback; nobody has written in it."""
    if gone := sorted(set(range(1, CHATS + 1)) - set(scene.chat_sessions())):
        scene.tenant.open_chat_session(chat_session_id=pick(gone, which))


def reset(scene: Scene, chat_session_id: int) -> None:
    fresh: dict[str, Any] = {"status": "InQueue", "agent": "", "agent_id": 0}
    scene.tenant.edit_chat_session(chat_session_id, **fresh)


def reopen(scene: Scene, chat_session_id: int) -> None:
    scene.tenant.post(chat_session_id, type="Special", special_type="ReopenedByCustomer", author="Kim")


ACTS: dict[str, Act] = {
    "post": in_a_chat_session(lambda scene, chat_session_id: scene.say(chat_session_id)),
    "post late": in_a_chat_session(post_late),
    "edit": to_a_message(edit),
    "delete a message": to_a_message(delete_message),
    "undelete a message": undelete_message,
    "read": to_a_message(read),
    "open": open_chat_session,
    "delete a chat session": in_a_chat_session(delete_chat_session),
    "undelete a chat session": undelete_chat_session,
    "reset": in_a_chat_session(reset),
    "reopen": in_a_chat_session(reopen),
}
"""What people do, by name; the number says in which chat session, or to which message."""
