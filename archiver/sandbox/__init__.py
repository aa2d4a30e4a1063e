"""A simulated SuperOffice tenant behind a real HTTP server, for `archiver sandbox`, the demo and the tests.

It imports nothing of ours outside this folder: a simulator that shared the client's code would share its mistakes.
"""

from archiver.sandbox.credentials import Credentials
from archiver.sandbox.oddities import Oddities, Oddity
from archiver.sandbox.server import Sandbox
from archiver.sandbox.settings import SandboxSettings
from archiver.sandbox.tenant import Tenant, UnknownId

__all__ = ["Credentials", "Oddities", "Oddity", "Sandbox", "SandboxSettings", "Tenant", "UnknownId"]
