"""Count, digest and marks of a transcript, from its records as they go by. Pure.

Whatever its length, a transcript is never held: an HMAC is fed record by record. The marks are text from the start,
since a mark in a dict costs five times its letters.
"""

import hmac
import io
import secrets

MOST_MARKS = 100_000
"""A chat session with more messages has none: they would be megabytes, to be written anew with each change."""
MARK_LENGTH = 16
"""Hexadecimal digits of a mark, which only tells which message to look at; the proof is the digest."""

_SHA256 = "sha256"


def new_key() -> str:
    """32 random bytes in hexadecimal."""
    return secrets.token_hex(32)


class TranscriptDigest:
    """A transcript as far as it went by: the records of a message together, messages ascending by id."""

    def __init__(self, key: str, *, has_marks: bool = True) -> None:
        """`key`: as in `seal_key.hmac_key`. Raises: ValueError when it is no hexadecimal."""
        self._key = bytes.fromhex(key)
        self._whole = hmac.new(self._key, digestmod=_SHA256)
        self._marks: io.StringIO | None = io.StringIO() if has_marks else None
        self._at: int | None = None
        self._first = b""
        self._more: hmac.HMAC | None = None
        """Of the message at hand: its first record, and the digest of all when it has several."""
        self.message_count = 0

    def add(self, chat_message_id: int, record: bytes) -> None:
        """Take in the next record."""
        self._whole.update(record)
        if chat_message_id != self._at:
            self._end_message()
            self._at, self._first, self._more = chat_message_id, record, None
            self.message_count += 1
            if self.message_count > MOST_MARKS:
                self._marks = None
        elif self._marks is not None:
            self._more = self._more or hmac.new(self._key, self._first, digestmod=_SHA256)
            self._more.update(record)

    def end(self) -> None:
        """Nothing more comes."""
        self._end_message()
        self._at, self._first, self._more = None, b"", None

    @property
    def says(self) -> tuple[int, str]:
        """Count and digest, as of a seal."""
        return self.message_count, self._whole.hexdigest()

    @property
    def marks(self) -> str | None:
        """As in `seal_key.marks`: ID:MARK for each message, ascending, with blanks between; None for too many."""
        return None if self._marks is None else self._marks.getvalue()

    def _end_message(self) -> None:
        if self._at is None or self._marks is None:
            return
        mark = self._more.digest() if self._more else hmac.digest(self._key, self._first, _SHA256)
        blank = " " if self._marks.tell() else ""
        self._marks.write(f"{blank}{self._at}:{mark.hex()[:MARK_LENGTH]}")


def read_marks(marks: str) -> dict[int, str]:
    """The mark of each message, by id. Raises: ValueError for what is no marks."""
    pairs = (each.split(":") for each in marks.split())
    return {int(key): mark for key, mark in pairs}
