"""The SuperOffice endpoints that read chats. Each answers from the tenant; none changes it.

Source: SuperOffice reference, Chat agent, ChatSession and ChatTopic REST: an agent answers 200 with null where REST
answers 404.
"""

from collections.abc import Callable
from datetime import UTC, datetime

from archiver.sandbox.chats.dates import TimeFormat, time_format, zone
from archiver.sandbox.chats.records import ChatSession
from archiver.sandbox.chats.tenant import Tenant, UnknownId
from archiver.sandbox.chats.wire import chat_session_entity, message_row
from archiver.sandbox.webapi.negotiation import negotiated
from archiver.sandbox.webapi.odata import list_chat_sessions
from archiver.sandbox.webapi.odata_filter import BadQuery
from archiver.sandbox.webapi.operation import (
    Call,
    Operation,
    bad_rest_request,
    body_bool,
    body_int,
    path_id,
    query_int,
    rest_query_bool,
    rest_query_int,
)
from archiver.sandbox.webapi.replies import Refusal, Reply, json_reply, not_found
from archiver.sandbox.webapi.selecting import selected
from archiver.sandbox.webapi.topics import Topic, chat_topic_entity, topics_of
from archiver.sandbox.webapi.transcript import transcript


class WebApi:
    """The operations of one tenant."""

    def __init__(self, tenant: Tenant, *, time_zone: str = "Europe/Oslo") -> None:
        self._tenant = tenant
        self._base_zone = zone(time_zone, 1)

    def operations(self) -> list[Operation]:
        """All that the sandbox serves below its root path."""
        agent, chat_session, topic = "/Agents/Chat", "/ChatSession", "/ChatTopic"
        no_id, entity_id = _no_chat_session, _agent_entity_id
        served = [
            _operation("GetChatMessages", "POST", f"{agent}/GetChatMessages", _agent_body_id, self._messages_of),
            _operation("GetChatSessionEntity", "POST", f"{agent}/GetChatSessionEntity", entity_id, self._entity_of),
            _operation(
                "GetChatTranscript", "POST", f"{agent}/GetChatTranscript", _agent_body_id, self._transcript_of
            ),
            _operation("ChatSessionsForUser", "POST", f"{agent}/ChatSessionsForUser", no_id, self._entities),
            _operation("GetChatTopicEntity", "POST", f"{agent}/GetChatTopicEntity", no_id, self._topic_of),
            _operation("ChatTopicsForUser", "POST", f"{agent}/ChatTopicsForUser", no_id, self._topics),
            _operation("ListChatSessions", "GET", chat_session, no_id, self._list),
            _operation("ListChatSessions", "GET", "/Archive/ChatSession", no_id, self._list),
            _operation("RestChatSession", "GET", chat_session + "/{id:id}", path_id, self._rest_entity),
            _operation("RestChatMessages", "GET", chat_session + "/{id:id}/Messages", path_id, self._rest_messages),
            _operation(
                "RestChatTranscript", "POST", chat_session + "/{id:id}/Transcript", path_id, self._rest_transcript
            ),
            _operation("RestChatSessionsForUser", "GET", f"{chat_session}/ForCurrentUser", no_id, self._entities),
            _operation("RestChatTopic", "GET", topic + "/{id:id}", no_id, self._rest_topic),
            _operation("RestChatTopicSessions", "GET", topic + "/{id:id}/Sessions", no_id, self._list_of_topic),
            _operation("RestChatTopicsForUser", "GET", f"{topic}/ForCurrentUser", no_id, self._topics),
        ]
        return [negotiated(each) for each in served]

    # Agents: 200 whatever happens, but for what can't be parsed.

    def _messages_of(self, call: Call) -> Reply:
        chat_session_id = body_int(call, "ChatSessionId")
        # What a missing After does is undocumented for the agent; REST then gives everything.
        after = body_int(call, "After", default=0)
        try:
            return self._messages(call, chat_session_id, after)
        except UnknownId:
            return json_reply([])  # undocumented; the oddity `unknown_null` has the other way

    def _entity_of(self, call: Call) -> Reply:
        found = self._tenant.chat_session(query_int(call, "chatSessionEntityId"))
        return json_reply(None if found is None else self._entity(call, found))

    def _transcript_of(self, call: Call) -> Reply:
        chat_session_id, html = body_int(call, "ChatSessionId"), body_bool(call, "Html")
        try:
            return json_reply(transcript(self._tenant.messages(chat_session_id), html=html))
        except UnknownId:
            return json_reply(None)

    def _topic_of(self, call: Call) -> Reply:
        topic = self._topic(query_int(call, "chatTopicEntityId"))
        return json_reply(None if topic is None else self._topic_entity(call, topic))

    # REST: HTTP's own statuses.

    def _rest_messages(self, call: Call) -> Reply:
        after = rest_query_int(call, "after", default=0)
        try:
            return self._messages(call, path_id(call), after)
        except UnknownId as error:
            raise Refusal(not_found(str(error))) from error

    def _rest_entity(self, call: Call) -> Reply:
        found = self._tenant.chat_session(path_id(call))
        if found is None:
            return not_found(f"There is no chat session {path_id(call)}.")
        # REST adds _Links; what they hold isn't detailed in the reference.
        return json_reply({**self._entity(call, found), "_Links": {}})

    def _rest_transcript(self, call: Call) -> Reply:
        html = rest_query_bool(call, "html")
        try:
            return json_reply(transcript(self._tenant.messages(path_id(call)), html=html))
        except UnknownId as error:
            raise Refusal(not_found(str(error))) from error

    def _rest_topic(self, call: Call) -> Reply:
        return json_reply({**self._topic_entity(call, self._known_topic(call)), "_Links": {}})

    def _list(self, call: Call) -> Reply:
        return self._page(call, self._tenant.chat_sessions())

    def _list_of_topic(self, call: Call) -> Reply:
        topic_id = self._known_topic(call).topic_id
        return self._page(call, [each for each in self._tenant.chat_sessions() if each.topic_id == topic_id])

    # Both: the caller is a system user, who sees every chat session and channel.

    def _entities(self, call: Call) -> Reply:
        return json_reply([self._entity(call, each) for each in self._tenant.chat_sessions()])

    def _topics(self, call: Call) -> Reply:
        return json_reply([self._topic_entity(call, each) for each in topics_of(self._tenant.chat_sessions())])

    def _messages(self, call: Call, chat_session_id: int, after: int) -> Reply:
        times = self._times(call)
        found = self._tenant.messages(chat_session_id, after)
        return json_reply([selected(message_row(each, times), call) for each in found])

    def _entity(self, call: Call, chat_session: ChatSession) -> dict[str, object]:
        now = datetime.now(UTC).replace(microsecond=0)
        return selected(chat_session_entity(chat_session, self._times(call), now=now), call)

    def _topic_entity(self, call: Call, topic: Topic) -> dict[str, object]:
        return selected(chat_topic_entity(topic, self._times(call)), call)

    def _page(self, call: Call, chat_sessions: list[ChatSession]) -> Reply:
        try:
            page = list_chat_sessions(
                chat_sessions,
                call.query,
                self._times(call),
                url=call.url,
            )
        except BadQuery as error:
            return bad_rest_request(str(error))
        return json_reply(page)

    def _topic(self, topic_id: int) -> Topic | None:
        found = (each for each in topics_of(self._tenant.chat_sessions()) if each.topic_id == topic_id)
        return next(found, None)

    def _known_topic(self, call: Call) -> Topic:
        topic = self._topic(path_id(call))
        if topic is None:
            raise Refusal(not_found(f"There is no chat topic {path_id(call)}."))
        return topic

    def _times(self, call: Call) -> TimeFormat:
        return time_format(call.headers.get("so-timezone"), self._base_zone)


def _operation(
    name: str,
    method: str,
    path: str,
    chat_session_id: Callable[[Call], int],
    answer: Callable[[Call], Reply],
) -> Operation:
    return Operation(name=name, method=method, path=path, chat_session_id=chat_session_id, answer=answer)


def _agent_body_id(call: Call) -> int:
    return body_int(call, "ChatSessionId")


def _agent_entity_id(call: Call) -> int:
    return query_int(call, "chatSessionEntityId")


def _no_chat_session(_call: Call) -> int:
    raise Refusal(bad_rest_request("The request names no chat session."))
