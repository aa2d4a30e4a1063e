"""A simulated SuperOffice tenant behind a real HTTP server, for `archiver sandbox`, the demo and the tests.

    server.py       Sandbox: all of it together, to be used in a `with` block; settings.py: what can be chosen
    gate.py         what every SuperOffice request passes; request_log.py: what was asked
    control.py      the control interface, by which tests and people change the tenant from outside
    chats/          the tenant and its chats: what it holds, how that looks on the wire, the people who type
    webapi/         the SuperOffice calls, each answered from the tenant
    access/         who may call, and at which address
    serving/        the HTTP server on its thread, and the proxy in front of it that makes faults below HTTP
    oddities/       how it misbehaves: the catalogue, the rules that hit a request, what each oddity does

Imports point one way: `oddities -> (webapi, serving, chats)`, `access -> webapi`, `serving -> webapi -> chats`; the
files above join them. Nothing of ours outside this folder is imported: a simulator that shared the client's code
would share its mistakes.
"""

from archiver.sandbox.access.credentials import Credentials
from archiver.sandbox.chats.tenant import Tenant, UnknownId
from archiver.sandbox.oddities.rules import Oddities, Oddity
from archiver.sandbox.server import Sandbox
from archiver.sandbox.settings import SandboxSettings

__all__ = ["Credentials", "Oddities", "Oddity", "Sandbox", "SandboxSettings", "Tenant", "UnknownId"]
