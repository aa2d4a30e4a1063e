"""Fills a tenant with believable chats, and gives the live ones their lines.

The same seed, counts and `ends_at` give the same content and the same ids. All conversations are written with their
times first and then posted in the order of time, so message ids interleave between chats that go on together.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, cast

from archiver.sandbox.chats.dialogue import Dialogue, Utterance
from archiver.sandbox.chats.phrases.language import Language
from archiver.sandbox.chats.phrases.languages import LANGUAGES
from archiver.sandbox.chats.records import ChatSession, MessageType
from archiver.sandbox.chats.tenant import Tenant

CHAT_SESSIONS_A_DAY = 15
LONGEST_PAST_DAYS = 56
STILL_OPEN_SHARE = 0.02  # of the chats, begun in the last minutes
REOPENED_SHARE = 0.08


@dataclass(frozen=True, kw_only=True)
class Line(Utterance):
    """An utterance with its time."""

    at: datetime  # aware UTC, whole seconds
    read_by_customer: int


@dataclass(frozen=True, kw_only=True)
class Conversation:
    """One chat from its request to its end."""

    starts_at: datetime
    properties: dict[str, Any]  # for Tenant.open_chat_session
    lines: tuple[Line, ...]  # ascending by time, at least one


def populate(
    tenant: Tenant, *, seed: int, chat_sessions: int, messages_per_chat_session: int, ends_at: datetime | None
) -> dict[int, list[Line]]:
    """Fill the tenant up to `ends_at` (aware; default now).

    Returns: chat session id -> the lines that come after `ends_at`, for chats that are still open then.
    """
    end = (ends_at or datetime.now(UTC)).astimezone(UTC).replace(microsecond=0)
    random = Random(seed)
    starts = sorted(_start(random, number, chat_sessions, end) for number in range(chat_sessions))
    conversations = [write_conversation(random, starts_at=at, length=messages_per_chat_session) for at in starts]
    ids = [open_chat_session(tenant, each) for each in conversations]
    spoken = [
        (line.at, chat_session_id, line)
        for chat_session_id, each in zip(ids, conversations, strict=True)
        for line in each.lines
    ]
    unfinished: dict[int, list[Line]] = {}
    # Stable, so that lines of one chat with the same second stay in their order.
    for at, chat_session_id, line in sorted(spoken, key=lambda each: each[:2]):
        if at <= end:
            post_line(tenant, chat_session_id, line)
        else:
            unfinished.setdefault(chat_session_id, []).append(line)
    return unfinished


def write_conversation(random: Random, *, starts_at: datetime, length: int) -> Conversation:
    """Invent one chat of about `length` messages that begins at `starts_at`."""
    topic_id = random.randrange(len(LANGUAGES)) + 1
    language = LANGUAGES[topic_id - 1]
    agent = random.choice(language.agents)
    customer, mail_name = random.choice(language.customers)
    dialogue = Dialogue(random, language, customer, agent)
    said = dialogue.full(_length(random, length))
    lines = _timed(random, said, starts_at)
    if random.random() < REOPENED_SHARE:
        comes_back_at = lines[-1].at + timedelta(minutes=random.randint(5, 600))
        lines += _timed(random, dialogue.reopening(), comes_back_at)
    properties = _properties(random, topic_id, language, agent, customer, mail_name)
    return Conversation(starts_at=starts_at, properties=properties, lines=tuple(lines))


def reopening_lines(random: Random, chat_session: ChatSession, at: datetime) -> list[Line]:
    """The lines with which a customer comes back to a chat session, the first at `at`."""
    language = LANGUAGES[(chat_session.topic_id - 1) % len(LANGUAGES)]
    dialogue = Dialogue(random, language, chat_session.customer_name, chat_session.agent)
    return _timed(random, dialogue.reopening(), at)


def open_chat_session(tenant: Tenant, conversation: Conversation) -> int:
    """Open the conversation's chat session, without its lines, and return its id."""
    return tenant.open_chat_session(when_requested=conversation.starts_at, **conversation.properties)


def post_line(tenant: Tenant, chat_session_id: int, line: Line) -> int:
    """Post one line and return its message id."""
    return tenant.post(
        chat_session_id,
        type=cast("MessageType", line.type),
        message=line.message,
        author=line.author,
        special_type=line.special_type,
        special_param=line.special_param,
        when_posted=line.at,
        read_by_customer=line.read_by_customer,
    )


def _start(random: Random, number: int, chat_sessions: int, end: datetime) -> datetime:
    """When a chat begins: some minutes before `end` for the last few, else on a weekday between 7 and 16 UTC."""
    if number < max(3, int(chat_sessions * STILL_OPEN_SHARE)):
        return end - timedelta(seconds=random.randint(10, 240))
    past_days = min(chat_sessions // CHAT_SESSIONS_A_DAY + 1, LONGEST_PAST_DAYS)
    day = end - timedelta(days=random.randint(1, past_days))
    if day.weekday() >= 5 and random.random() < 0.9:
        day -= timedelta(days=2)
    midnight = day.replace(hour=0, minute=0, second=0)
    return midnight + timedelta(seconds=int(random.triangular(7, 16, 9) * 3600))


def _length(random: Random, mean: int) -> int:
    return max(3, round(random.gauss(mean, mean * 0.3)))


def _timed(random: Random, said: Iterable[Utterance], starts_at: datetime) -> list[Line]:
    lines, at = [], starts_at
    for utterance in said:
        lines.append(Line(at=at, read_by_customer=int(utterance.type == "ToCustomer"), **_fields(utterance)))
        at += timedelta(seconds=_pause_s(random, utterance))
    return lines


def _pause_s(random: Random, utterance: Utterance) -> int:
    # Bots and welcomes follow at once; people read and type.
    if utterance.special_type in ("Welcome", "BotMessage"):
        return 1
    return int(random.triangular(4, 150, 20))


def _fields(utterance: Utterance) -> dict[str, Any]:
    return {
        "type": utterance.type,
        "message": utterance.message,
        "author": utterance.author,
        "special_type": utterance.special_type,
        "special_param": utterance.special_param,
    }


def _properties(
    random: Random, topic_id: int, language: Language, agent: str, customer: str, mail_name: str
) -> dict[str, Any]:
    known_person = random.random() < 0.5
    number = random.randrange(1, 1000)
    return {
        "topic_id": topic_id,
        "topic_name": language.channel,
        "agent": agent,
        "person_id": number if known_person else 0,
        "contact_id": number // 3 + 1 if known_person else 0,
        "customer_name": customer,
        # Domains and addresses that are reserved for documentation.
        "customer_email": f"{mail_name}@example.com",
        "customer_phone": f"+47 555 {number:05d}",
        "customer_company_name": random.choice(("Example Ltd", "Example AS", "Example GmbH", "")),
        "customer_host": f"192.0.2.{number % 250 + 1}",
        "initial_queue_pos": random.randrange(4),
        "rating": random.choice((0, 0, 3, 4, 5)),
    }
