"""The log of seals followed from its beginning: every hash computed anew, every link checked."""

from collections.abc import Callable, Collection, Iterable, Iterator
from functools import partial

from archiver.store.sealing.log import FIRST, Seal, load_log, seal_hash
from archiver.store.sealing.transcript_rows import Read
from archiver.store.verifying.differences import Difference

LOG_PAGE = 1000


class LogReading:
    """What was seen of a source's log, when it has been followed."""

    def __init__(self, anchors: Collection[str] = (), last_head: str | None = None) -> None:
        """`last_head`: what the archive itself says was the newest, when it was last found to be sound."""
        self._anchors, self._last_head = set(anchors), last_head
        self.seals = 0
        self.head: Seal | None = None
        self.anchored: Seal | None = None
        """The newest seal that an anchor names."""

    def follow(self, read: Read, source_id: int, tick: Callable[[int], None]) -> Iterator[Difference]:
        """Follow the log. Yields: what is wrong with it.

        Args:
            tick: called after each page with the number of seals that it had.
        """
        after = 0
        while page := read(partial(load_log, source_id=source_id, after=after, at_most=LOG_PAGE)):
            yield from self._check(page)
            after = page[-1].id
            tick(len(page))
        for anchor in sorted(self._anchors):
            yield Difference(kind="anchor_missing", anchor=anchor)
        if self._last_head:
            yield Difference(kind="head_missing", anchor=self._last_head)

    def _check(self, page: Iterable[Seal]) -> Iterator[Difference]:
        for seal in page:
            found = partial(Difference, seal_id=seal.id, chat_session_id=seal.chat_session_id)
            if seal.previous_hash != (self.head.hash if self.head else FIRST):
                yield found(kind="chain_broken")
            if seal.hash != hash_of(seal):
                yield found(kind="seal_altered")
            if seal.hash in self._anchors:
                self._anchors.remove(seal.hash)
                self.anchored = seal
            if seal.hash == self._last_head:
                self._last_head = None
            self.head = seal
            self.seals += 1


def hash_of(seal: Seal) -> str:
    return seal_hash(
        previous_hash=seal.previous_hash,
        chat_session_id=seal.chat_session_id,
        kind=seal.kind,
        message_count=seal.message_count,
        digest=seal.digest,
        sealed_at=seal.sealed_at,
    )
