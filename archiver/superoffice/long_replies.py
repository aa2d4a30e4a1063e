"""A very long reply, decoded piece by piece: its bytes are held once, its messages never all at once. Pure.

The reply is cut between rows. Read as an array of its own, each piece has to hold rows as documented; then the reply
is the array of all their rows, for that is how JSON writes an array. So where it is cut decides nothing but whether
the pieces can be read, and a cut never spoils one: the quote in what we look for is preceded by no backslash, so
within a text it would end that text, and no key can follow there. What is found is structure in any valid JSON.

All pieces are decoded once and forgotten before the first message is given to anybody: nothing of a reply may be
stored that is not valid to its last byte.
"""

import operator
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from archiver.model import ChatMessage, Reply
from archiver.superoffice.documented import decode_documented, documented_rows

LONG_REPLY_BYTES = 1024 * 1024
"""About 4,000 rows. Decoding a reply twice costs more than it saves where it is shorter."""
PIECE_BYTES = 512 * 1024
"""At least, but for the last piece; about 2,000 rows."""
_BETWEEN_ROWS = re.compile(rb'\}[ \t\r\n]*(,)[ \t\r\n]*\{[ \t\r\n]*"ChatMessageId"')


def ascend(ids: Sequence[int]) -> bool:
    """Whether each is larger than the one before."""
    return all(map(operator.lt, ids, ids[1:]))


def decode_long(body: bytes, piece_bytes: int = PIECE_BYTES) -> Reply | None:
    """The reply in pieces; None when it can't be cut, or is not as documented with ascending ids."""
    row_count, last_id = 0, 0
    for piece in _cut(body, piece_bytes):
        if len(piece) == len(body) or (rows := documented_rows(piece)) is None:
            return None
        ids = [last_id, *(row.chat_message_id for row in rows)]
        if not ascend(ids):
            return None
        row_count, last_id = row_count + len(rows), ids[-1]
    return Reply(pieces=_Pieces(body, piece_bytes), quarantined=[], row_count=row_count)


@dataclass(frozen=True)
class _Pieces:
    """The messages of a reply that was found valid, decoded each time somebody goes through them."""

    body: bytes = field(repr=False)
    piece_bytes: int

    def __iter__(self) -> Iterator[list[ChatMessage]]:
        for piece in _cut(self.body, self.piece_bytes):
            messages = decode_documented(piece)
            assert messages is not None
            yield messages


def _cut(body: bytes, piece_bytes: int) -> Iterator[bytes]:
    """An array as shorter arrays; itself where it can't be cut."""
    at, opening = 0, b""
    while cut := _BETWEEN_ROWS.search(body, at + piece_bytes):
        yield b"%b%b]" % (opening, body[at : cut.start(1)])
        at, opening = cut.end(1), b"["
    yield opening + body[at:]
