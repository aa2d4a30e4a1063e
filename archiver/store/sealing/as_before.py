"""A message's records as they are, beside those that it had before one transaction. Pure.

What the transaction wrote carries its time: a message that it added, an earlier content that it kept.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime

from archiver.store.sealing.transcript import Content, record


def records_with_before(message: Content, earlier: Iterable[Content], now: datetime) -> Iterator[tuple[bytes, bytes]]:
    """Each record of a message, oldest first, with what stood in its place before; b"" for nothing.

    Args:
        message: a row of `chat_message` with `first_archived_at`.
        earlier: its rows of `chat_message_revision` with `replaced_at`, ascending by revision.
        now: the time of the transaction.
    """
    is_over = message["first_archived_at"] == now
    """Whether all that it was before has gone by."""
    for row in earlier:
        as_it_is = record("earlier", row)
        if is_over:
            yield as_it_is, b""
        elif row["replaced_at"] == now:  # what it said when the transaction began
            is_over = True
            yield as_it_is, record("message", row)
        else:
            yield as_it_is, as_it_is
    as_it_is = record("message", message)
    yield as_it_is, b"" if is_over else as_it_is
