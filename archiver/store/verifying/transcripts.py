"""The transcripts of sealed chat sessions, computed anew and compared with their newest seals.

Passes may commit meanwhile: a legitimate change appends a seal in its own transaction, so a difference counts only
when the newest seal is the same before and after the rows were read. Else they are read again.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from functools import partial

from sqlalchemy import Connection

from archiver.store.sealing.digest import TranscriptDigest
from archiver.store.sealing.keys import load_keys, load_marks
from archiver.store.sealing.log import Seal, load_newest_seals
from archiver.store.sealing.mark_differences import What, compare_marks
from archiver.store.sealing.transcript import record
from archiver.store.sealing.transcript_rows import Read, read_messages
from archiver.store.verifying.differences import Difference, DifferenceKind

TRIES = 10
"""Readings of a chat session that changes each time it is read; after that it is left for the next verification."""

_KINDS: dict[What, DifferenceKind] = {
    "changed": "message_changed",
    "added": "message_added",
    "removed": "message_removed",
}


@dataclass(kw_only=True)
class Checked:
    """What came of some chat sessions."""

    seals: list[Seal] = field(default_factory=list)
    """The newest of each that was compared."""
    restless: int = 0
    """Chat sessions that changed each time they were read."""
    differences: list[Difference] = field(default_factory=list)


def check_transcripts(read: Read, source_id: int, chat_session_ids: Collection[int]) -> Checked:
    """Compare chat sessions, at most some hundreds, with their newest seals. Those without any are passed over."""
    checked, left = Checked(), set(chat_session_ids)
    for _ in range(TRIES):
        if not left:
            return checked
        left = _check_once(read, source_id, left, checked)
    checked.restless = len(left)
    return checked


def _check_once(read: Read, source_id: int, chat_session_ids: Collection[int], checked: Checked) -> set[int]:
    """One reading. Returns: those that changed while they were read."""
    seals, keys = read(partial(_load_proofs, source_id=source_id, chat_session_ids=chat_session_ids))
    sound = {key: digest for key in seals if (digest := _digest(keys.get(key)))}
    for message, earlier in read_messages(read, source_id, sound):
        digest, key = sound[message["chat_session_id"]], message["chat_message_id"]
        for row in earlier:
            digest.add(key, record("earlier", row))
        digest.add(key, record("message", message))
    for digest in sound.values():
        digest.end()
    differing = {key for key, seal in seals.items() if key not in sound or sound[key].says != seal.says}
    newest = read(partial(load_newest_seals, source_id=source_id, chat_session_ids=differing))
    changed = {key for key in differing if newest.get(key) != seals[key]}
    for key, seal in seals.items():
        if key in changed:
            continue
        checked.seals.append(seal)
        if key in differing:
            checked.differences += _differences(read, seal, sound.get(key))
    return changed


def _load_proofs(
    connection: Connection, source_id: int, chat_session_ids: Collection[int]
) -> tuple[dict[int, Seal], dict[int, str]]:
    """The newest seals, and their keys. Nothing erases yet, so a seal that says so is compared as any other."""
    seals = load_newest_seals(connection, source_id, chat_session_ids)
    return seals, load_keys(connection, source_id, seals)


def _digest(key: str | None) -> TranscriptDigest | None:
    try:
        return TranscriptDigest(key) if key else None
    except ValueError:  # somebody altered it
        return None


def _differences(read: Read, seal: Seal, digest: TranscriptDigest | None) -> Iterator[Difference]:
    found = partial(Difference, chat_session_id=seal.chat_session_id, seal_id=seal.id)
    if digest is None:
        yield found(kind="key_missing")
        return
    marks = read(partial(load_marks, source_id=seal.source_id, chat_session_id=seal.chat_session_id))
    named = compare_marks(marks, digest.marks)
    for each in named:
        yield found(kind=_KINDS[each.what], chat_message_id=each.chat_message_id)
    if not named:
        yield found(kind="transcript_differs")
