"""What the canary of a pass has to notice, worked out from what is archived and what the tenant holds.

Told a second time and more simply than the archiver does: the tenant answers for itself here, without a reply.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping

from archiver.sandbox.chats.records import Message
from archiver.sandbox.chats.tenant import Tenant
from tests.proofs.listener import content_said
from tests.proofs.witness import Row, Seen, content_of

NEWEST = 5
"""Messages that are asked for, of each chat session."""
Canaries = Mapping[int, list[int]]
"""By chat session: its newest messages that should be there, ascending."""


def is_frozen(seen: Seen) -> bool:
    return any(row["kind"] == "source_rewound" and not row["resolved_at"] for row in seen.tables["sync_error"])


def known_conflicts(seen: Seen) -> set[int]:
    """Ids under which another message came, of which a person knows."""
    open_items = (row for row in seen.tables["quarantine"] if row["kind"] == "conflict" and not row["resolved_at"])
    return {row["chat_message_id"] for row in open_items}


def canaries_of(seen: Seen, left_out: Collection[int]) -> Canaries:
    sound = {
        row["chat_session_id"]: row["last_message_id"]
        for row in seen.tables["chat_session_state"]
        if row["state"] not in ("absent", "gone") and not row["failures"] and not row["missing_since"]
    }
    newest: dict[int, list[int]] = defaultdict(list)
    for key, row in sorted(seen.messages.items()):
        is_there = not row["missing_since"] and not row["gone_at"]
        if is_there and key not in left_out and key <= sound.get(row["chat_session_id"], 0):
            newest[row["chat_session_id"]].append(key)
    return {owner: keys[-NEWEST:] for owner, keys in newest.items()}


def is_another(row: Row, message: Message) -> bool:
    """Whether it is another message than the archived one."""
    if row["chat_session_id"] != message.chat_session_id:
        return True
    if row["author"] is row["message"] is row["when_posted"] is None:
        return False  # withheld, by an odd reply
    return all(row[name] != getattr(message, name) for name in ("author", "message", "when_posted"))


def must_be_noticed(seen: Seen, tenant: Tenant) -> bool:
    """Whether a pass has to stop before it visits anything: another message has a known id, or nothing is left."""
    known = set() if is_frozen(seen) else known_conflicts(seen)
    canaries = canaries_of(seen, known)
    lost = 0
    for owner, keys in canaries.items():
        if tenant.chat_session(owner) is None:
            lost += 1
            continue
        for message in tenant.messages(owner, keys[0] - 1):
            row = seen.messages.get(message.chat_message_id)
            if row and message.chat_message_id not in known and is_another(row, message):
                return True
    return 2 <= lost == len(canaries)


def is_well(seen: Seen, tenant: Tenant) -> bool:
    """Whether all that the canary of a frozen source asks for is as it is archived."""
    held = {message.chat_message_id: message for message in tenant.all_messages()}
    canaries = canaries_of(seen, ())
    wanted = [key for keys in canaries.values() for key in keys]
    return bool(wanted) and all(
        key in held and content_said(held[key]) == content_of(seen.messages[key]) for key in wanted
    )


def say_the_same(seen: Seen, tenant: Tenant) -> bool:
    """Whether the tenant holds every archived message as it is archived, or as it is known to be missing."""
    held = {message.chat_message_id: content_said(message) for message in tenant.all_messages()}
    return all(
        held.get(key) == (None if row["missing_since"] else content_of(row)) for key, row in seen.messages.items()
    )


def lost_from_their_place(seen: Seen, keys: Collection[int], tenant: Tenant) -> set[int]:
    """Archived messages that their own chat session does not hold any more; if it holds nothing, nobody can say."""
    return {key for key in keys if _is_lost(seen.messages[key], tenant)}


def _is_lost(row: Row, tenant: Tenant) -> bool:
    owner, key = row["chat_session_id"], row["chat_message_id"]
    if tenant.chat_session(owner) is None:
        return True
    left = tenant.messages(owner, key - 1)
    return bool(left) and (left[0].chat_message_id != key or is_another(row, left[0]))
