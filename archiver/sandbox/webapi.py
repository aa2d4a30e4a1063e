"""The SuperOffice endpoints that read chats. Each answers from the tenant; none changes it.

Source: SuperOffice reference, Chat agent and ChatSession REST: an agent answers 200 with null where REST answers 404.
"""

from datetime import UTC, datetime
from typing import Literal

from archiver.sandbox.dates import TimeFormat, time_format, zone
from archiver.sandbox.odata import BadQuery, list_chat_sessions
from archiver.sandbox.operation import (
    Call,
    Operation,
    bad_rest_request,
    body_int,
    path_id,
    query_int,
    rest_query_int,
)
from archiver.sandbox.records import ChatSession
from archiver.sandbox.replies import Refusal, Reply, json_reply, not_found
from archiver.sandbox.tenant import Tenant, UnknownId
from archiver.sandbox.wire import chat_session_entity, message_row


class WebApi:
    """The operations of one tenant."""

    def __init__(
        self, tenant: Tenant, *, time_zone: str = "Europe/Oslo", unknown_chat_session: Literal["[]", "null"] = "[]"
    ) -> None:
        self._tenant = tenant
        self._base_zone = zone(time_zone, 1)
        self._unknown = json_reply([] if unknown_chat_session == "[]" else None)

    def operations(self) -> list[Operation]:
        """All that the sandbox serves below its root path."""
        return [
            Operation(
                name="GetChatMessages",
                method="POST",
                path="/Agents/Chat/GetChatMessages",
                chat_session_id=lambda call: body_int(call, "ChatSessionId"),
                answer=self._get_chat_messages,
            ),
            Operation(
                name="GetChatSessionEntity",
                method="POST",
                path="/Agents/Chat/GetChatSessionEntity",
                chat_session_id=lambda call: query_int(call, "chatSessionEntityId"),
                answer=self._get_chat_session_entity,
            ),
            Operation(
                name="RestChatMessages",
                method="GET",
                path="/ChatSession/{id:int}/Messages",
                chat_session_id=path_id,
                answer=self._rest_chat_messages,
            ),
            Operation(
                name="RestChatSession",
                method="GET",
                path="/ChatSession/{id:int}",
                chat_session_id=path_id,
                answer=self._rest_chat_session,
            ),
            Operation(
                name="ListChatSessions",
                method="GET",
                path="/ChatSession",
                chat_session_id=_no_chat_session,
                answer=self._list_chat_sessions,
            ),
        ]

    def _get_chat_messages(self, call: Call) -> Reply:
        chat_session_id = body_int(call, "ChatSessionId")
        # What a missing After does is undocumented for the agent; REST then gives everything.
        after = body_int(call, "After", default=0)
        try:
            return self._messages(call, chat_session_id, after)
        except UnknownId:
            return self._unknown  # whether [] or null is undocumented

    def _rest_chat_messages(self, call: Call) -> Reply:
        after = rest_query_int(call, "after", default=0)
        try:
            return self._messages(call, path_id(call), after)
        except UnknownId as error:
            raise Refusal(not_found(str(error))) from error

    def _messages(self, call: Call, chat_session_id: int, after: int) -> Reply:
        times = self._times(call)
        return json_reply([message_row(each, times) for each in self._tenant.messages(chat_session_id, after)])

    def _get_chat_session_entity(self, call: Call) -> Reply:
        chat_session = self._tenant.chat_session(query_int(call, "chatSessionEntityId"))
        return json_reply(None if chat_session is None else self._entity(call, chat_session))

    def _rest_chat_session(self, call: Call) -> Reply:
        chat_session = self._tenant.chat_session(path_id(call))
        if chat_session is None:
            return not_found(f"There is no chat session {path_id(call)}.")
        # REST adds _Links; what they hold isn't detailed in the reference.
        return json_reply({**self._entity(call, chat_session), "_Links": {}})

    def _list_chat_sessions(self, call: Call) -> Reply:
        try:
            page = list_chat_sessions(self._tenant.chat_sessions(), call.query, self._times(call), url=call.url)
        except BadQuery as error:
            return bad_rest_request(str(error))
        return json_reply(page)

    def _entity(self, call: Call, chat_session: ChatSession) -> dict[str, object]:
        now = datetime.now(UTC).replace(microsecond=0)
        return chat_session_entity(chat_session, self._times(call), now=now)

    def _times(self, call: Call) -> TimeFormat:
        return time_format(call.headers.get("so-timezone"), self._base_zone)


def _no_chat_session(_call: Call) -> int:
    raise Refusal(bad_rest_request("A list names no chat session."))
