"""How a posted message moves the chat session that it belongs to: a pure decision.

Source: SuperOffice reference, ChatSessionStatus and ChatSessionEntity. That a closing message sets `Finished` and
a reopening one `CustomerLast` is inferred from the enum's comments.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any

from archiver.sandbox.chats.records import CLOSING, REOPENING, ChatSession, Message

FIRST_AND_LAST_MESSAGE_CHARACTERS = 1024  # the database columns' width


def after_message(chat_session: ChatSession, message: Message, posted_at: datetime) -> ChatSession:
    """The chat session as it stands once `message` was posted at `posted_at` (aware UTC)."""
    changes: dict[str, Any] = {"when_idle": posted_at}
    if message.special_type in CLOSING:
        changes.update(status="Finished", when_ended=posted_at)
    elif message.special_type == REOPENING:
        changes.update(status="CustomerLast", when_ended=None)
    elif message.type == "ToUser":
        changes.update(status="CustomerLast")
    elif message.type == "ToCustomer":
        changes.update(status="UserLast")
        if chat_session.when_started is None:
            changes.update(when_started=posted_at)
    if message.type in ("ToUser", "ToCustomer"):
        text = message.message[:FIRST_AND_LAST_MESSAGE_CHARACTERS]
        changes.update(last_message=text, first_message=chat_session.first_message or text)
    return replace(chat_session, **changes)
