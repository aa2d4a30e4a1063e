"""What the oddities of group "events" do to the tenant: one small function each, which decides and leaves the deed
to be done.

None means that there is nothing to do, as when nobody's message is unread; then nothing is counted either.
"""

from collections.abc import Callable

from archiver.sandbox.chats.records import REOPENING, ChatSession, Message
from archiver.sandbox.chats.tenant import Tenant
from archiver.sandbox.oddities.rules import Strike

Deed = Callable[[], object]
Event = Callable[[Tenant, ChatSession, Strike], Deed | None]

IN_QUEUE = "InQueue"


def plan(tenant: Tenant, chat_session: ChatSession, strike: Strike) -> Deed | None:
    """What an event that hit a request for `chat_session` will do; UnknownId if somebody deleted it meanwhile."""
    return EVENTS[strike.oddity.kind](tenant, chat_session, strike)


def _reopened(tenant: Tenant, chat_session: ChatSession, _strike: Strike) -> Deed | None:
    if not chat_session.over:
        return None
    author = chat_session.customer_name
    return lambda: tenant.post(chat_session.chat_session_id, type="Special", special_type=REOPENING, author=author)


def _session_reset(tenant: Tenant, chat_session: ChatSession, _strike: Strike) -> Deed | None:
    # What ResetChatSession does is undocumented; its name and the status list suggest a fresh start in the queue.
    if chat_session.status == IN_QUEUE:
        return None
    fresh = {"status": IN_QUEUE, "agent": "", "agent_id": 0, "when_started": None, "when_ended": None}
    return lambda: tenant.edit_chat_session(chat_session.chat_session_id, **fresh)


def _read(tenant: Tenant, chat_session: ChatSession, _strike: Strike) -> Deed | None:
    messages = tenant.messages(chat_session.chat_session_id)
    unread = [each.chat_message_id for each in messages if each.read_by_customer == 0]

    def deed() -> None:
        for chat_message_id in unread:
            tenant.edit(chat_message_id, read_by_customer=1)

    return deed if unread else None


def _edited(tenant: Tenant, chat_session: ChatSession, strike: Strike) -> Deed | None:
    message = _chosen(tenant, chat_session, strike)
    if message is None:
        return None
    return lambda: tenant.edit(message.chat_message_id, message=f"{message.message} (edited)")


def _deleted_message(tenant: Tenant, chat_session: ChatSession, strike: Strike) -> Deed | None:
    message = _chosen(tenant, chat_session, strike)
    return None if message is None else lambda: tenant.delete_message(message.chat_message_id)


def _deleted(tenant: Tenant, chat_session: ChatSession, _strike: Strike) -> Deed | None:
    return lambda: tenant.delete_chat_session(chat_session.chat_session_id)


def _late_commit(tenant: Tenant, chat_session: ChatSession, _strike: Strike) -> Deed | None:
    return lambda: tenant.commit_late(chat_session.chat_session_id, message="Two of us were typing at once.")


def _restored(tenant: Tenant, _chat_session: ChatSession, strike: Strike) -> Deed | None:
    return lambda: tenant.restore_backup(strike.oddity.messages)


EVENTS: dict[str, Event] = {
    "reopened": _reopened,
    "session_reset": _session_reset,
    "read": _read,
    "edited": _edited,
    "deleted_message": _deleted_message,
    "deleted": _deleted,
    "late_commit": _late_commit,
    "restored": _restored,
}


def _chosen(tenant: Tenant, chat_session: ChatSession, strike: Strike) -> Message | None:
    messages = tenant.messages(chat_session.chat_session_id)
    return messages[strike.number // 2**16 % len(messages)] if messages else None
