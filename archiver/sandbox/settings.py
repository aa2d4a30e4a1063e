"""All that can be chosen when a sandbox is started."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic

from archiver.sandbox.access.credentials import Credentials


@dataclass(frozen=True, kw_only=True)
class SandboxSettings:
    """How a sandbox is filled and served.

    The control interface has no authentication: leave `host` on loopback unless the network is yours.
    Raises: ValueError, with a sentence, for values out of bounds.
    """

    host: str = "127.0.0.1"
    port: int = 0  # 0: a free one
    root_path: str = "/api/v1"  # served beside /SuperOffice/api/v1, which an onsite installation has
    seed: int = 1
    chat_sessions: int = 300  # how many are there at the start; 0: an empty tenant
    messages_per_chat_session: int = 12  # the mean, about; below 10 it has little effect
    ends_at: datetime | None = None  # aware; when the newest generated message was posted; None: now
    live_rate: float = 0.0  # messages a second that go on coming in while it runs
    latency_s: float = 0.0  # pause before each SuperOffice reply
    time_zone: str = "Europe/Oslo"  # the tenant's base zone, in which a request without SO-TimeZone gets its times
    context_identifier: str = "Cust12345"  # the tenant's name in the state API and in its online address
    host_name: str | None = None  # when set, a SuperOffice request to another host name gets 421
    clock: Callable[[], float] = monotonic  # seconds; tickets age by it
    credentials: Credentials = field(default_factory=Credentials)

    def __post_init__(self) -> None:
        _require(
            re.fullmatch(r"Cust[0-9]{5,}", self.context_identifier) is not None,
            "context_identifier must be Cust and five or more digits.",
        )
        _require(0 <= self.port <= 65535, "port must be between 0 and 65535.")
        _require(self.root_path.startswith("/"), "root_path must start with a slash.")
        _require(self.chat_sessions >= 0, "chat_sessions must not be negative.")
        _require(self.messages_per_chat_session >= 1, "messages_per_chat_session must be at least 1.")
        _require(self.ends_at is None or self.ends_at.tzinfo is not None, "ends_at must have a time zone.")
        _require(self.live_rate >= 0, "live_rate must not be negative.")
        _require(self.latency_s >= 0, "latency_s must not be negative.")


def _require(condition: bool, sentence: str) -> None:
    if not condition:
        raise ValueError(sentence)
