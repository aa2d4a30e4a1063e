"""Where row oddities meet a reply: its rows are read, changed and written again."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from archiver.sandbox.chats.tenant import Tenant
from archiver.sandbox.oddities.rows import Reading, Row, change_rows
from archiver.sandbox.oddities.rules import Oddities, Oddity
from archiver.sandbox.webapi.operation import Call, body_int, rest_query_int
from archiver.sandbox.webapi.replies import Reply, json_reply

AGENT, REST = "GetChatMessages", "RestChatMessages"
WITH_ROWS = frozenset({AGENT, REST})
"""The operations whose replies have message rows."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """One of the calls for message rows, and how a healthy server answers it or one like it."""

    operation: str  # of WITH_ROWS
    call: Call
    chat_session_id: int
    answer: Callable[[Call], Reply]

    def after(self) -> int:
        """The request's After. Raises: Refusal (it isn't readable)."""
        if self.operation == AGENT:
            return body_int(self.call, "After", default=0)
        return rest_query_int(self.call, "after", default=0)

    def fetch(self, chat_session_id: int, after: int) -> list[Row]:
        """The rows of the same call with other numbers, in the same time zone; none when it is refused."""
        return rows_of(self.answer(self._like(chat_session_id, after))) or []

    def _like(self, chat_session_id: int, after: int) -> Call:
        if self.operation == AGENT:
            body = {"ChatSessionId": chat_session_id, "After": after}
            return replace(self.call, body=json.dumps(body).encode())
        return replace(self.call, path_id=chat_session_id, query={**self.call.query, "after": str(after)})


def rows_of(reply: Reply) -> list[Row] | None:
    """The rows that a reply holds; None when it holds something else."""
    value = json.loads(reply.body) if reply.status == 200 else None
    return value if isinstance(value, list) else None


def change_reply(question: Question, chosen: Iterable[Oddity], oddities: Oddities, tenant: Tenant) -> Reply:
    """The answer to `question` after the row oddities in `chosen`; as it is when it holds no rows."""
    reply = question.answer(question.call)
    rows = rows_of(reply)
    if rows is None:
        return reply
    reading = Reading(
        seed=oddities.seed,
        chat_session_id=question.chat_session_id,
        after=question.after(),  # readable, since it was answered with rows
        fetch=question.fetch,
        others=lambda: _others(tenant, question.chat_session_id),
    )
    changed = change_rows(rows, chosen, reading, oddities.use)
    return reply if changed is rows else replace(reply, body=json_reply(changed).body)


def _others(tenant: Tenant, chat_session_id: int) -> list[int]:
    known = (each.chat_session_id for each in tenant.chat_sessions())
    return [each for each in known if each != chat_session_id]
