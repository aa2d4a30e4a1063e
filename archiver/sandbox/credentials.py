"""Who may call: the three Authorization schemes of an onsite or online tenant.

Source: SuperOffice reference, HTTP headers: Basic, SOTicket (spelled in several cases) and Bearer.
"""

import binascii
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """What the sandbox accepts. All are accepted side by side."""

    username: str = "archive"
    password: str = "sandbox"  # noqa: S105  the simulator's own, meant to be known
    ticket: str = "7T:sandbox"
    token: str = "8A:sandbox"  # noqa: S105
    app_token: str | None = None  # when set, SOTicket needs this SO-AppToken beside it

    def accept(self, headers: Mapping[str, str]) -> bool:
        """Whether a request with these headers (lower-case names) is signed in."""
        scheme, _, value = headers.get("authorization", "").partition(" ")
        match scheme.lower():
            case "basic":
                return _decoded(value) == f"{self.username}:{self.password}"
            case "soticket":
                app_token = headers.get("so-apptoken")
                return value == self.ticket and self.app_token in (None, app_token)
            case "bearer":
                return value == self.token
            case _:
                return False


def _decoded(value: str) -> str | None:
    try:
        return b64decode(value, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None
