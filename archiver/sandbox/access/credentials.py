"""Who may call: the three Authorization schemes of an onsite or online tenant, or the session of a signed-in browser.

Source: SuperOffice reference, HTTP headers and WebAPI authorization: Basic, SOTicket (spelled in several cases) and
Bearer. Without an Authorization header the browser's session counts, and only together with an X-XSRF-TOKEN header
that repeats the value which the pages and the cookie XSRF-TOKEN hold. The session cookie's name isn't documented.
"""

import binascii
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie

from archiver.sandbox.access.tickets import Tickets

SESSION_COOKIE = "SandboxSession"


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """What the sandbox accepts. All are accepted side by side."""

    username: str = "archive"
    password: str = "sandbox"  # noqa: S105  the simulator's own, meant to be known
    ticket: str = "7T:sandbox"  # the first of the sandbox's Tickets
    token: str = "8A:sandbox"  # noqa: S105
    app_token: str | None = None  # when set, SOTicket needs this SO-AppToken beside it
    cookie: str = "sandbox-session"  # value of SESSION_COOKIE
    xsrf_token: str = "sandbox-xsrf"  # noqa: S105

    def accept(self, headers: Mapping[str, str], tickets: Tickets) -> bool:
        """Whether a request with these headers (lower-case names) is signed in; uses the ticket that it brings."""
        if "authorization" not in headers:
            return self._accept_session(headers)
        scheme, _, value = headers["authorization"].partition(" ")
        match scheme.lower():
            case "basic":
                return _decoded(value) == f"{self.username}:{self.password}"
            case "soticket":
                return self.app_token in (None, headers.get("so-apptoken")) and tickets.use(value)
            case "bearer":
                return value == self.token
            case _:
                return False

    def _accept_session(self, headers: Mapping[str, str]) -> bool:
        try:
            session = SimpleCookie(headers.get("cookie", "")).get(SESSION_COOKIE)
        except CookieError:
            return False
        return session is not None and session.value == self.cookie and headers.get("x-xsrf-token") == self.xsrf_token


def _decoded(value: str) -> str | None:
    try:
        return b64decode(value, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None
