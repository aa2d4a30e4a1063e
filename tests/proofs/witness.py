"""Somebody who looks at an archive again and again, and remembers: what was there once has to be there for good."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from archiver.store.database import Database
from tests.support import dump

CONTENT = ("chat_session_id", "type", "message", "author", "special_type", "special_param", "when_posted")
"""What a message says. ReadByCustomer alone is no content, and `extra` may tell how it was spelled."""

Content = tuple[Any, ...]
Row = dict[str, Any]


def content_of(row: Row) -> Content:
    return (row["chat_message_id"], *(row[name] for name in CONTENT))


@dataclass(kw_only=True)
class Seen:
    """What an archive holds of its source at one moment, in the current epoch."""

    source_id: int | None
    """None: nothing yet."""
    messages: dict[int, Row]
    contents: set[Content]
    """Of the messages and of their revisions."""
    cursors: dict[int, int]
    quarantined: set[int]
    """Ids of messages of which something is in quarantine."""
    tables: dict[str, list[Row]] = field(repr=False)
    ended: dict[str, list[Row]] = field(repr=False)
    """The rows of earlier epochs."""

    def chat_session_of(self, chat_message_id: int) -> int | None:
        """The one that a message is archived under."""
        row = self.messages.get(chat_message_id)
        return row["chat_session_id"] if row else None

    def holds(self, content: Content, text: str | None) -> bool:
        """Whether a content that the source said is there: now, as a revision or in quarantine, as `text` tells."""
        if content in self.contents:
            return True
        kept = [row["payload"] for row in self.tables["quarantine"] if row["chat_message_id"] == content[0]]
        return any(text is None or json.dumps(text) in payload for payload in kept)


def look_at(database: Database) -> Seen:
    everything = dump(database)
    epochs = sorted((row["epoch"], row["id"]) for row in everything["source"])
    source_id = epochs[-1][1] if epochs else None
    tables = {name: [row for row in rows if _source_of(row) == source_id] for name, rows in everything.items()}
    ended = {name: [row for row in rows if _source_of(row) != source_id] for name, rows in everything.items()}
    messages, revisions = tables["chat_message"], tables["chat_message_revision"]
    quarantined = (row["chat_message_id"] for row in tables["quarantine"])
    return Seen(
        source_id=source_id,
        messages={row["chat_message_id"]: row for row in messages},
        contents={content_of(row) for row in [*messages, *revisions]},
        cursors={row["chat_session_id"]: row["last_message_id"] for row in tables["chat_session_state"]},
        quarantined={key for key in quarantined if key is not None},
        tables=tables,
        ended=ended,
    )


def _source_of(row: Row) -> Any:
    return row["source_id"] if "source_id" in row else row["id"]


class Witness:
    """Looks at the archive of one source, through its epochs, and asserts the promises that hold at any time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._before: Seen | None = None

    def look(self) -> Seen:
        """Look, compare with the last time, and remember."""
        seen = look_at(self._database)
        assert_sound(seen)
        if self._before and self._before.source_id in (None, seen.source_id):
            assert_nothing_lost(self._before, seen)
            assert_untouched(self._before.ended, seen.ended)
        elif self._before:
            assert_ended(self._before, seen)
        self._before = seen
        return seen


def assert_sound(seen: Seen) -> None:
    """What one look can tell: everything once, no gap in the revisions, no row beyond the cursor of its visit."""
    assert len(seen.messages) == len(seen.tables["chat_message"]), "a message is there twice"
    earlier = defaultdict(list)
    for row in seen.tables["chat_message_revision"]:
        earlier[row["chat_message_id"]].append(row["revision"])
    assert earlier.keys() <= seen.messages.keys(), "there is an earlier content of no message"
    for key, message in seen.messages.items():
        assert sorted(earlier[key]) == list(range(1, message["revision"])), f"message {key} lacks a revision"
        assert message["first_archived_at"] <= message["last_changed_at"]
    _assert_once(seen, "sync_error", "chat_session_id", "kind", unless="resolved_at")
    running = [row for row in seen.tables["sync_run"] if row["outcome"] == "running"]
    assert len(running) <= 1, "two passes of one source are under way"
    assert all(row["finished_at"] for row in seen.tables["sync_run"] if row["outcome"] != "running")


def _assert_once(seen: Seen, table: str, *names: str, unless: str) -> None:
    counts = Counter(tuple(row[name] for name in names) for row in seen.tables[table] if row[unless] is None)
    assert not [key for key, count in counts.items() if count > 1], f"something is in {table} twice"


def assert_nothing_lost(before: Seen, after: Seen) -> None:
    """Every content ever stored is still there, here or as a revision; no cursor and no fencing number went back."""
    assert not before.contents - after.contents, "a content is lost"
    for key, message in before.messages.items():
        now = after.messages[key]
        assert now["revision"] >= message["revision"]
        assert now["first_archived_at"] == message["first_archived_at"]
    went_back = {key for key, cursor in before.cursors.items() if after.cursors[key] < cursor}
    assert not went_back, f"the cursors of {went_back} went back"
    for table in ("quarantine", "sync_run", "sync_error"):
        lost = {row["id"] for row in before.tables[table]} - {row["id"] for row in after.tables[table]}
        assert not lost, f"rows of {table} are lost"
    assert _fencing(before) <= _fencing(after)


def assert_ended(before: Seen, after: Seen) -> None:
    """A new epoch began, and what was archived by then is there to the byte; no error is resolved but the freeze."""
    for name in before.tables.keys() - {"lease", "sync_error", "verification"}:
        ended = [row for row in after.ended[name] if _source_of(row) == before.source_id]
        assert ended == before.tables[name], f"the end of an epoch changed {name}"
    older = after.ended.items()
    earlier = {name: [row for row in rows if _source_of(row) != before.source_id] for name, rows in older}
    assert_untouched(before.ended, earlier)


def assert_untouched(before: dict[str, list[Row]], after: dict[str, list[Row]]) -> None:
    """Of epochs that have ended; they may be verified and renamed all the same."""
    changed = [name for name in before.keys() - {"lease", "verification"} if after[name] != before[name]]
    assert not changed, f"{changed} of an epoch that has ended were written to"


def _fencing(seen: Seen) -> int:
    return max((row["fencing"] for row in seen.tables["lease"]), default=0)


def assert_cursors_covered(seen: Seen, returned: Iterable[tuple[int, int]]) -> None:
    """No cursor is beyond a message that is neither stored nor in quarantine.

    Args:
        returned: (chat session id, message id) of what the source said.
    """
    passed = {key for owner, key in returned if key <= seen.cursors.get(owner, 0)}
    missing = passed - seen.messages.keys() - seen.quarantined
    assert not missing, f"cursors passed messages {sorted(missing)}"


def assert_cursors_at_rows(seen: Seen) -> None:
    """Rows and the cursor that covers them come together; a source without odd rows is taken for granted."""
    strangers = {cursor for cursor in seen.cursors.values() if cursor and cursor not in seen.messages}
    assert not strangers, f"cursors stand at {strangers}, which are no messages"
    beyond = {key for key, row in seen.messages.items() if key > seen.cursors.get(row["chat_session_id"], 0)}
    assert not beyond, f"messages {sorted(beyond)} lie beyond their cursors"
