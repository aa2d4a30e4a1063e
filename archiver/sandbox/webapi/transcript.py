"""A chat session as one text, for GetChatTranscript.

The reference says that the reply is one string, plain text or HTML, and not how it is laid out: the layout is ours.
"""

from collections.abc import Iterable
from html import escape

from archiver.sandbox.chats.records import Message
from archiver.sandbox.webapi.replies import to_json


def transcript(messages: Iterable[Message], *, html: bool) -> str:
    """What was said, a line or a paragraph each; system events without text are left out."""
    said = [(_text(each.author), _text(each.message)) for each in messages if each.message]
    if html:
        return "".join(f"<p><b>{escape(author)}</b>: {escape(message)}</p>\n" for author, message in said)
    return "".join(f"{author}: {message}\n" for author, message in said)


def _text(value: object) -> str:
    # An edit may put anything in: null is no text, any other value is shown as its JSON.
    if isinstance(value, str):
        return value
    return "" if value is None else to_json(value).decode()
