"""A chat session as one text, for GetChatTranscript.

The reference says that the reply is one string, plain text or HTML, and not how it is laid out: the layout is ours.
"""

from collections.abc import Iterable
from html import escape

from archiver.sandbox.chats.records import Message


def transcript(messages: Iterable[Message], *, html: bool) -> str:
    """What was said, a line or a paragraph each; system events without text are left out."""
    said = [each for each in messages if each.message]
    if html:
        return "".join(f"<p><b>{escape(each.author)}</b>: {escape(each.message)}</p>\n" for each in said)
    return "".join(f"{each.author}: {each.message}\n" for each in said)
