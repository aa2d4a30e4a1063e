"""Seals within the writer's transaction: whatever changes a sealed chat session appends a seal along with it.

So the rows of a chat session equal its newest seal at any time, unless something else wrote them. Lest a change of
ours cover that up, the transcript as it was before this transaction is computed along with the one after it, and
compared with the seal that was the newest then.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from archiver.store.keyset import chunks
from archiver.store.ledger import SEAL_BROKEN, Failure, save_failure
from archiver.store.sealing.as_before import records_with_before
from archiver.store.sealing.digest import TranscriptDigest, new_key
from archiver.store.sealing.keys import add_keys, load_keys, load_marks, update_marks
from archiver.store.sealing.log import AT_ONCE, NewSeal, Seal, SealKind, append_seals, load_newest_seals
from archiver.store.sealing.mark_differences import compare_marks
from archiver.store.sealing.transcript_rows import read_messages, within

_NAMED = 3
"""Messages that an error names; `verify` names all."""


@dataclass(frozen=True, kw_only=True)
class _Work:
    """A chat session to be read, for a seal that may follow."""

    chat_session_id: int
    is_confirmed: bool
    """Whether a full visit found nothing new; else something changed."""
    newest: Seal | None
    """None: it has no seal, or was erased since."""
    key: str
    is_new_key: bool
    after: TranscriptDigest
    before: TranscriptDigest
    """The transcript as it was when this transaction began."""

    @property
    def is_broken(self) -> bool:
        """Whether something else wrote its rows."""
        return self.newest is not None and self.before.says != self.newest.says

    @property
    def new_seal(self) -> NewSeal | None:
        if self.is_confirmed and self.is_broken:  # nobody confirmed what was sealed
            return None
        count, digest = self.after.says
        if not self.is_confirmed and self.newest and self.newest.says == (count, digest):
            return None
        kind: SealKind = "sealed" if self.is_confirmed else "changed"
        return NewSeal(chat_session_id=self.chat_session_id, kind=kind, message_count=count, digest=digest)


def update_seals(
    connection: Connection,
    source_id: int,
    run_id: int,
    *,
    touched: Collection[int],
    confirmed: Collection[int],
    now: datetime,
) -> int:
    """Seal what was confirmed, and note what changed of what was sealed; nothing is written for all the others.

    Args:
        touched: chat sessions to which this transaction added a message, or of which it kept an earlier content.
        confirmed: quiet chat sessions that a full visit found to be as they are here.
        now: this transaction's time, as in `first_archived_at` and `replaced_at` of what it wrote.
    Returns: how many were sealed.
    """
    sealed = 0
    untouched = set(confirmed).difference(touched)
    for some in chunks({*touched, *untouched}, AT_ONCE):
        newest = load_newest_seals(connection, source_id, some)
        to_read = {key: newest.get(key) for key in some if _may_seal(newest.get(key), is_confirmed=key in untouched)}
        keys = load_keys(connection, source_id, to_read)
        lost = [key for key, seal in to_read.items() if _needs_key(seal) and not _is_usable(keys.get(key))]
        for key in lost:
            _note_broken(connection, source_id, run_id, key, "the key of its seals is missing", now)
        works = [
            _work(key, seal, keys.get(key), is_confirmed=key in untouched)
            for key, seal in to_read.items()
            if key not in lost
        ]
        sealed += _seal(connection, source_id, run_id, works, now)
    return sealed


def _may_seal(newest: Seal | None, *, is_confirmed: bool) -> bool:
    """Whether a seal may follow: one that is sealed and confirmed again is only `verify`'s to read."""
    if newest is None or newest.kind == "erased":
        return is_confirmed
    return not (is_confirmed and newest.kind == "sealed")


def _needs_key(newest: Seal | None) -> bool:
    return newest is not None and newest.kind != "erased"


def _is_usable(key: str | None) -> bool:
    try:
        return key is not None and bool(bytes.fromhex(key))
    except ValueError:
        return False


def _work(chat_session_id: int, newest: Seal | None, known_key: str | None, *, is_confirmed: bool) -> _Work:
    key = known_key if known_key is not None and _is_usable(known_key) else new_key()
    return _Work(
        chat_session_id=chat_session_id,
        is_confirmed=is_confirmed,
        newest=newest if _needs_key(newest) else None,
        key=key,
        is_new_key=known_key is None,
        after=TranscriptDigest(key),
        before=TranscriptDigest(key, has_marks=False),
    )


def _seal(connection: Connection, source_id: int, run_id: int, works: Sequence[_Work], now: datetime) -> int:
    """Read the chat sessions and append their seals. Returns: how many are of kind sealed."""
    _read(connection, source_id, {work.chat_session_id: work for work in works}, now)
    for work in works:
        if work.is_broken:
            sealed_marks = load_marks(connection, source_id, work.chat_session_id)
            said = _broken_by(sealed_marks, _marks_before(connection, source_id, work, now))
            _note_broken(connection, source_id, run_id, work.chat_session_id, said, now)
    new = [(work, seal) for work in works if (seal := work.new_seal)]
    add_keys(connection, source_id, [(w.chat_session_id, w.key, w.after.marks) for w, _ in new if w.is_new_key])
    known = [
        (w.chat_session_id, w.after.marks) for w, _ in new if not (w.is_new_key or (w.is_confirmed and w.newest))
    ]
    update_marks(connection, source_id, known)
    append_seals(connection, source_id, [seal for _, seal in new], now)
    return sum(seal.kind == "sealed" for _, seal in new)


def _read(connection: Connection, source_id: int, works: dict[int, _Work], now: datetime) -> None:
    for message, earlier in read_messages(within(connection), source_id, works):
        work, key = works[message["chat_session_id"]], message["chat_message_id"]
        for as_it_is, as_it_was in records_with_before(message, earlier, now):
            work.after.add(key, as_it_is)
            if as_it_was:
                work.before.add(key, as_it_was)
    for work in works.values():
        work.after.end()
        work.before.end()


def _marks_before(connection: Connection, source_id: int, work: _Work, now: datetime) -> str | None:
    """The marks that go with `before`, read once more: they are hardly ever asked for."""
    before = TranscriptDigest(work.key)
    for message, earlier in read_messages(within(connection), source_id, [work.chat_session_id]):
        for _, as_it_was in records_with_before(message, earlier, now):
            if as_it_was:
                before.add(message["chat_message_id"], as_it_was)
    before.end()
    return before.marks


def _broken_by(sealed_marks: str | None, marks: str | None) -> str:
    found = compare_marks(sealed_marks, marks)
    if not found:
        return "its transcript is not what was sealed"
    named = ", ".join(f"message {each.chat_message_id} was {each.what}" for each in found[:_NAMED])
    return named + (f" and {len(found) - _NAMED} more" if len(found) > _NAMED else "")


def _note_broken(
    connection: Connection, source_id: int, run_id: int, chat_session_id: int, said: str, now: datetime
) -> None:
    detail = f"{said}; that was none of our doing"
    failure = Failure(chat_session_id=chat_session_id, kind=SEAL_BROKEN, detail=detail)
    save_failure(connection, source_id, run_id, failure, now)
