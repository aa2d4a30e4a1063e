"""`make contract`: the vendor's published TypeScript client reads a sandbox, unchanged.

Says nothing itself; read_chats.cjs prints a line for each check. The exit code is the script's.
"""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

from archiver.sandbox import Sandbox, SandboxSettings
from tests.contract.node import FOLDER, install_client, node_command

AT = datetime(2026, 6, 15, 12, tzinfo=UTC)
LONGEST_S = 120


def main() -> int:
    """Serve a sandbox, let the script read it, and return its exit code."""
    node = node_command()
    install_client(node)
    with Sandbox(SandboxSettings(chat_sessions=12, ends_at=AT)) as sandbox:
        _add_what_is_rare(sandbox)
        known = sandbox.settings.credentials
        given = {
            "CONTRACT_URL": sandbox.url,
            "CONTRACT_USERNAME": known.username,
            "CONTRACT_PASSWORD": known.password,
            "CONTRACT_TICKET": known.ticket,
            "CONTRACT_TOKEN": known.token,
            "TZ": sandbox.settings.time_zone,  # JavaScript reads a time without a suffix in its own zone
        }
        script = [*node, str(FOLDER / "read_chats.cjs")]
        return subprocess.run(script, env={**os.environ, **given}, timeout=LONGEST_S, check=False).returncode


def _add_what_is_rare(sandbox: Sandbox) -> None:
    """A chat session with odd messages, and one with none."""
    tenant = sandbox.tenant
    odd = tenant.open_chat_session(customer_name="Zoë Ångström", topic_name="Sales", topic_id=99)
    texts = ["", 'say "hi" \\ 🙂 שלום', "two\nlines", "<b>bold & bare</b>", "x" * 100_000]
    for number, text in enumerate(texts):
        tenant.post(odd, type="ToUser", message=text, author="Zoë", when_posted=AT - timedelta(milliseconds=number))
    tenant.post(odd, type="Special", special_type="Options", special_param='["a","b"]', when_posted=AT)
    tenant.post(odd, type="Special", special_type="ClosedByIdle", when_posted=AT)
    tenant.open_chat_session(topic_id=99, topic_name="Sales")


if __name__ == "__main__":
    sys.exit(main())
