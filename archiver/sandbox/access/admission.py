"""What a request is asked before anything else: is this the tenant's address, and may you call?"""

from dataclasses import dataclass

from archiver.sandbox.access.credentials import Credentials
from archiver.sandbox.access.online import OnlineTenant
from archiver.sandbox.access.tickets import Tickets
from archiver.sandbox.webapi.operation import Call
from archiver.sandbox.webapi.replies import Reply, misdirected, unauthorized


@dataclass(frozen=True, kw_only=True)
class Admission:
    """The door of one tenant."""

    credentials: Credentials
    tickets: Tickets
    online: OnlineTenant

    def refusal(self, call: Call) -> Reply | None:
        """The reply that turns the call away (421, 401); None: it may come in."""
        if self.online.misdirects(call):
            return misdirected()
        if not self.credentials.accept(call.headers, self.tickets):
            return unauthorized()
        return None
