"""What a source said, call by call, and what may be concluded from it: the model that the archive is held against.

It listens where a reply has been read, so it knows what the source returned and not just what it held.
"""

import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import takewhile

import pytest

from archiver.model import ChatMessage, Reply
from archiver.ranges import MAX_ID
from archiver.sandbox.chats.records import Message
from archiver.store.canaries import Canary
from archiver.superoffice.client import SuperOfficeClient
from archiver.sync.canary import CanaryWatch
from archiver.sync.rewind import Answer
from tests.proofs.witness import CONTENT, Content, Seen


@dataclass(kw_only=True)
class Call:
    """One call for messages."""

    chat_session_id: int
    after: int
    messages: list[ChatMessage] = field(default_factory=list)
    unread: set[int] = field(default_factory=set)
    """Ids of its own rows that could not be read and go to the quarantine."""
    is_answered: bool = False
    is_canary: bool = False
    """It asked for what is archived, to find a source that went back; what it brings is not stored."""


@contextmanager
def listening(calls: list[Call]) -> Iterator[None]:
    """Note all calls for messages that clients of this process make within the block."""
    ask, ask_one, canary = SuperOfficeClient.fetch_messages, CanaryWatch._ask_one, threading.local()

    def ask_canary(watch: CanaryWatch, each: Canary) -> Answer | None:
        canary.is_asking = True
        try:
            return ask_one(watch, each)
        finally:
            canary.is_asking = False

    def fetch_messages(
        client: SuperOfficeClient, chat_session_id: int, after: int, stop: threading.Event, **options: bool
    ) -> Reply:
        is_canary = getattr(canary, "is_asking", False)
        call = Call(chat_session_id=chat_session_id, after=after, is_canary=is_canary)
        if after != MAX_ID:  # MAX_ID asks for nothing
            calls.append(call)
        reply = ask(client, chat_session_id, after, stop, **options)
        call.messages = reply.messages
        unread = {item.chat_message_id for item in reply.quarantined if item.is_own}
        call.unread = {key for key in unread if key is not None}
        call.is_answered = True
        return reply

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SuperOfficeClient, "fetch_messages", fetch_messages)
        patch.setattr(CanaryWatch, "_ask_one", ask_canary)
        yield


def readings(calls: list[Call]) -> Iterator[tuple[int, set[int]]]:
    """Chat sessions that were read from their beginning without any failure, with the ids that came."""
    began: dict[int, list[Call]] = {}
    for call in calls:
        if call.after == 0:
            if call.chat_session_id in began:
                yield from _reading(began[call.chat_session_id])
            began[call.chat_session_id] = []
        if call.chat_session_id in began:
            began[call.chat_session_id].append(call)
    for each in began.values():
        yield from _reading(each)


def _reading(calls: list[Call]) -> Iterator[tuple[int, set[int]]]:
    if all(call.is_answered for call in calls):
        yield calls[0].chat_session_id, {message.chat_message_id for call in calls for message in call.messages}


class Listener:
    """What the archive of one epoch may and what it must hold, by what its source has said so far."""

    def __init__(self, calls: list[Call]) -> None:
        """`calls`: of the pass that is under way; cleared when they are taken in."""
        self.calls = calls
        self._returned: set[tuple[int, int]] = set()
        self._missed: dict[int, int] = defaultdict(int)
        """How many readings of its chat session did not bring a message, since one did."""
        self._highest: dict[int, int] = defaultdict(int)
        """The largest id that a chat session's own calls ever brought."""
        self._cursors: dict[int, int] = {}
        """Where they stood before the pass that is under way."""

    def take_in(self, seen: Seen, held: Mapping[int, int], *, is_kept: bool) -> None:
        """Take in the calls of a pass that has ended.

        Args:
            seen: the archive after it.
            held: the messages that the source holds now, and the chat session of each.
            is_kept: it went through; else some of what it was told may never have been committed.
        """
        met = list(takewhile(lambda call: call.is_canary, self.calls))
        calls = [call for call in self.calls if not call.is_canary]
        self.calls.clear()
        said = [(call, message) for call in calls for message in call.messages]
        for chat_session_id, came in readings(calls):
            for key, row in seen.messages.items():
                if row["chat_session_id"] == chat_session_id and key not in came:
                    self._missed[key] += 1
        if is_kept:
            for _, message in said:
                if content_said(message) in seen.contents:  # else another message came under its id
                    self._missed[message.chat_message_id] = 0
            self._assert_kept(seen, said)
            self._assert_read_again(seen, met, calls)
        for call in calls:
            own = [each.chat_message_id for each in call.messages if each.chat_session_id == call.chat_session_id]
            self._highest[call.chat_session_id] = max([self._highest[call.chat_session_id], *own, *call.unread])
            # What comes late is below the cursor when it is returned; a crash may lose it until it comes again.
            before = self._cursors.get(call.chat_session_id, 0)
            self._returned.update((call.chat_session_id, key) for key in own if is_kept or key > before)
        # What is lost with a crash and deleted before anybody asks again, nobody can have.
        self._returned = {
            (owner, key) for owner, key in self._returned if held.get(key) == owner or key in seen.messages
        }
        self._cursors = seen.cursors

    def _assert_kept(self, seen: Seen, said: list[tuple[Call, ChatMessage]]) -> None:
        """Each content that was returned is there, now or as a revision; or the whole message is in quarantine."""
        for _, message in said:
            assert seen.holds(content_said(message), message.message), (
                f"message {message.chat_message_id} was returned and its content is nowhere"
            )

    def _assert_read_again(self, seen: Seen, met: Iterable[Call], calls: Sequence[Call]) -> None:
        """Where the canary met what is not archived under a known id, the pass asked for it: it may change again."""
        for message in (message for call in met for message in call.messages):
            key = message.chat_message_id
            owner = seen.chat_session_of(key)
            if owner is None or seen.holds(content_said(message), message.message):
                continue
            assert any(call.chat_session_id == owner and call.after < key for call in calls), (
                f"the canary met another content of message {key}, and nobody asked for it"
            )

    def assert_cursors_covered(self, seen: Seen) -> None:
        ahead = {owner for owner, cursor in seen.cursors.items() if cursor > self._highest[owner]}
        assert not ahead, f"the cursors of {ahead} are beyond all that was returned"
        passed = {key for owner, key in self._returned if key <= seen.cursors.get(owner, 0)}
        missing = passed - seen.messages.keys() - seen.quarantined
        assert not missing, f"cursors passed messages {sorted(missing)}, which the source had returned"

    def assert_tombstones_deserved(self, seen: Seen) -> None:
        for key, row in seen.messages.items():
            if row["missing_since"]:
                assert self._missed[key] >= 1, f"message {key} is called missing, and was missed by no reading"
            if row["gone_at"]:
                assert self._missed[key] >= 2, f"message {key} has a tombstone after {self._missed[key]} readings"
                assert row["missing_since"], f"message {key} is gone, and was never missing"


def content_said(message: ChatMessage | Message) -> Content:
    return (message.chat_message_id, *(getattr(message, name) for name in CONTENT))
