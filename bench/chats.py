"""What the bench server holds: chat sessions and messages that follow from their numbers alone.

The server renders them, the check computes from them what a contender has to have stored.
"""

import hashlib
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

GROWS_EVERY = 100
"""One chat session in so many gets another message when the server grows: 1 %."""
_STARTS_AT = datetime(2025, 1, 1, tzinfo=UTC)
_PAUSE_S = 20
_TEXTS = 997
"""A prime, so that texts and chat sessions don't march in step."""
_WORDS = (
    "hello thank you for waiting could please tell me your order number it should arrive on Friday I will look into "
    "that right away is there anything else we can help with today no was all have a nice day hei gerne får du hjelp "
    "Størrelse größer müssen naïve déjà ça żółty 注文 番号 שלום \"invoice\" 'copy' C:\\temp <b> 100% 😀"
)
_AUTHORS = ("Ann Customer", "Kim Agent", "Bjørn Åsen", 'Zoë "Zed" O\'Hara')
_ROW = (
    '{"ChatMessageId":%d,"ChatSessionId":%d,"Type":"%s","Message":%s,"Author":%s,"ReadByCustomer":%d,'
    '"SpecialType":"None","SpecialParam":"","WhenPosted":"%sZ"}'
)


class Message(NamedTuple):
    """What the check compares, and what the server renders the rest around."""

    chat_message_id: int
    chat_session_id: int
    author: str
    message: str
    when_posted: str
    """UTC to the second: 2025-01-01T00:00:20."""


@dataclass(frozen=True)
class Shape:
    """How many chat sessions there are, and how many messages each has."""

    chat_sessions: int
    messages: int

    @property
    def rows(self) -> int:
        return self.chat_sessions * self.messages

    @property
    def growing(self) -> range:
        """The chat sessions that get another message when the server grows."""
        return range(1, self.chat_sessions + 1, GROWS_EVERY)

    def messages_of(self, chat_session_id: int) -> Iterator[Message]:
        """Before the server grew; ids ascend within a chat session and over all of them."""
        first = (chat_session_id - 1) * self.messages + 1
        return (_message(number, chat_session_id) for number in range(first, first + self.messages))

    def new_message_of(self, chat_session_id: int) -> Message:
        """What comes to a growing chat session."""
        return _message(self.rows + 1 + self.growing.index(chat_session_id), chat_session_id)

    def all_messages(self, *, grown: bool) -> Iterator[Message]:
        for chat_session_id in range(1, self.chat_sessions + 1):
            yield from self.messages_of(chat_session_id)
        if grown:
            yield from map(self.new_message_of, self.growing)


def render(message: Message) -> str:
    """The row as the WebAPI sends it."""
    is_answer = message.chat_message_id & 1
    return _ROW % (
        message.chat_message_id,
        message.chat_session_id,
        "ToCustomer" if is_answer else "ToUser",
        _AS_JSON[message.message],
        _AS_JSON[message.author],
        is_answer,
        message.when_posted,
    )


class Digest:
    """Of a set of messages: their number and a sum of hashes, so that no order matters.

    A row that is missing, doubled or altered in any of the compared columns makes another one.
    """

    def __init__(self) -> None:
        self.rows = 0
        self._sum = 0

    def add(self, message: Message) -> None:
        line = "\0".join(map(str, message))
        self.rows += 1
        self._sum += int.from_bytes(hashlib.blake2b(line.encode(), digest_size=16).digest())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Digest) and (self.rows, self._sum) == (other.rows, other._sum)

    __hash__ = None  # type: ignore[assignment]  # it changes


def digest_of(shape: Shape, *, grown: bool) -> Digest:
    """Of what a contender has to have stored."""
    digest = Digest()
    for message in shape.all_messages(grown=grown):
        digest.add(message)
    return digest


def _texts() -> list[str]:
    chance, words = random.Random(1), _WORDS.split()
    return [" ".join(chance.choices(words, k=chance.randint(3, 24))).capitalize() + "." for _ in range(_TEXTS)]


_MESSAGES = _texts()
_AS_JSON = {text: json.dumps(text, ensure_ascii=False) for text in [*_MESSAGES, *_AUTHORS]}


def _message(number: int, chat_session_id: int) -> Message:
    posted = _STARTS_AT + timedelta(seconds=number * _PAUSE_S)
    author = _AUTHORS[(chat_session_id + (number & 1) * 2) % len(_AUTHORS)]
    return Message(number, chat_session_id, author, _MESSAGES[number * 7 % _TEXTS], posted.isoformat()[:19])
