"""What the simulated tenant holds: messages and chat sessions, as plain frozen data.

Field names are the response's property names in snake_case. Values are normally of the documented types, but
`Tenant.edit` may put anything in, since the real source surprises too; `extra` holds properties that the
reference doesn't know.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

MessageType = Literal["Invalid", "ToCustomer", "ToUser", "Special"]

# Names of special types and states are written as in the reference, its spelling (TransferedSession) included.
CLOSING = frozenset({"ClosedByUser", "ClosedByCustomer", "ClosedByIdle"})
REOPENING = "ReopenedByCustomer"
OVER = frozenset({"Finished", "Deleted", "Closed", "RequestPosted", "ClosedFromQueue"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """One message. Source: SuperOffice reference, Chat agent, GetChatMessages."""

    chat_message_id: int
    chat_session_id: int
    type: str  # ToCustomer (agent or bot), ToUser (customer) or Special
    message: str
    author: str
    read_by_customer: int
    special_type: str
    special_param: str
    when_posted: datetime | str  # aware UTC; a str is sent as it stands
    extra: Mapping[str, object] = field(default_factory=dict)  # wire name -> value


@dataclass(frozen=True, kw_only=True, slots=True)
class ChatSession:
    """One chat session. Source: SuperOffice reference, Chat agent, GetChatSessionEntity."""

    chat_session_id: int
    session_key: str  # authenticates the customer; easy to recognise, so that a test can look for leaks
    when_requested: datetime
    topic_id: int = 1
    topic_name: str = "Support"
    status: str = "InQueue"
    agent: str = ""  # full name; empty while nobody has picked the chat up
    agent_id: int = 0
    person_id: int = 0
    contact_id: int = 0
    customer_name: str = ""
    customer_email: str = ""
    customer_phone: str = ""
    customer_company_name: str = ""
    customer_host: str = ""
    customer_consented: bool = True
    first_message: str = ""
    last_message: str = ""
    when_started: datetime | None = None
    when_ended: datetime | None = None
    when_idle: datetime | None = None
    initial_queue_pos: int = 0
    rating: int = 0
    chatbot_is_active: bool = False
    extra: Mapping[str, object] = field(default_factory=dict)  # wire name -> value

    @property
    def over(self) -> bool:
        """Whether the status says that nobody is chatting. Never final: a customer may reopen."""
        return self.status in OVER
