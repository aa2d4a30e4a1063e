"""From the bytes of a GetChatMessages reply to ChatMessages.

Two paths give the same rows. The fast one (documented.py) decodes a whole array that looks as documented. When a
single thing in it surprises, the tolerant one (tolerant.py) goes row by row. A documented reply that is very long is
decoded in pieces, when they are asked for (long_replies.py).

A lone surrogate makes msgspec say "Input data was truncated", so a reply is never judged cut by the decoder: that is
the transport's to say.
"""

import json

from archiver.model import ChatMessage, Quarantined, Reply, as_row
from archiver.superoffice.documented import decode_documented
from archiver.superoffice.long_replies import LONG_REPLY_BYTES, ascend, decode_long
from archiver.superoffice.tolerant import decode_rows, decode_tolerantly


def decode_reply(body: bytes, chat_session_id: int) -> Reply:
    """Decode the reply to a call for one chat session.

    Returns: rows ascending by id, each id once.
    Raises: NullReply for `null`; ErrorReply for an object (its keys are named, never its values); MaintenancePage or
    SignInPage for a page; UndecodableReply for whatever else is not a JSON array, with `payload` when it begins like
    one.
    """
    if len(body) > LONG_REPLY_BYTES and (long_reply := decode_long(body)):
        return long_reply
    messages, undecodable = decode_documented(body), list[Quarantined]()
    if messages is None:
        messages, undecodable = decode_tolerantly(body, chat_session_id)
    return _reply(messages, undecodable, chat_session_id)


def decode_quarantined(payload: str, chat_session_id: int) -> Reply:
    """Decode again what is in quarantine, since a later version may be able to.

    Args:
        payload: as in Quarantined and UndecodableReply: one row with notes, or a text that is a whole reply. A row
            that is no object but a text is taken for a reply when it begins like an array.
        chat_session_id: the chat session that was asked for.
    Returns: what `decode_reply` would return now for a reply of that row, or for that reply.
    Raises: UndecodableReply when the reply still can't be read.
    """
    value = json.loads(payload)
    if (body := _whole_body(value)) is not None:
        return decode_reply(body, chat_session_id)
    return _reply(*decode_rows([value], chat_session_id), chat_session_id)


def _whole_body(value: object) -> bytes | None:
    if not isinstance(value, str) or not value.lstrip("\ufeff \t\r\n").startswith("["):
        return None
    try:
        return value.encode("utf-8", errors="surrogateescape")
    except UnicodeEncodeError:  # surrogates of another kind than bytes become
        return None


def _reply(messages: list[ChatMessage], undecodable: list[Quarantined], chat_session_id: int) -> Reply:
    row_count = len(messages) + len(undecodable)
    if not ascend([message.chat_message_id for message in messages]):
        messages.sort(key=lambda message: message.chat_message_id)
        messages, contradicting = _one_each(messages, chat_session_id)
        undecodable = undecodable + contradicting
    return Reply(pieces=[messages], quarantined=undecodable, row_count=row_count)


def _one_each(messages: list[ChatMessage], chat_session_id: int) -> tuple[list[ChatMessage], list[Quarantined]]:
    """The first content that a reply gives for each id, and those that contradict it."""
    unique: dict[int, ChatMessage] = {}
    others = [message for message in messages if unique.setdefault(message.chat_message_id, message) != message]
    contradicting = [
        Quarantined(
            chat_session_id=chat_session_id,
            chat_message_id=message.chat_message_id,
            reason="the same reply says something else under this id",
            payload=as_row(message),
            is_own=message.chat_session_id == chat_session_id,
        )
        for message in others
    ]
    return list(unique.values()), contradicting
