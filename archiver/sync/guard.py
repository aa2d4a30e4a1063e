"""When a pass stops and asks, rather than believe what it reads. Pure.

Texts of chats are hardly ever edited and messages seldom deleted. That much of what was read again is different, or
gone, has another cause more often than not: another tenant at the address, a restored backup, rights that were taken
away, a migration. What is new was stored before: chat sessions are settled at the end of a pass.
"""

from archiver.config.settings import SettleSettings
from archiver.errors import SuspiciousChanges
from archiver.store.ledger import RunCounts

SUSPICIOUS = SuspiciousChanges().kind
"""As the ledger has it."""
_HINT = "archiver reconcile --dry-run counts what would change; when it is right, archiver reconcile --accept goes on"


def still_asking() -> SuspiciousChanges:
    """How a pass ends that stored what is new, while an earlier one waits for an answer."""
    return SuspiciousChanges(
        "an earlier pass has stopped and asks: what is new is stored, nothing is settled", hint=_HINT
    )


def check_changes(counts: RunCounts, settle: SettleSettings) -> None:
    """Raises: SuspiciousChanges when a pass has found more edited or gone than is usual.

    To be called before that is committed.

    Args:
        counts: of the whole pass so far.
    """
    read_again = counts.messages_compared + counts.messages_gone
    for count, of, what in (
        (counts.messages_revised, read_again, "messages that were read again are edited"),
        (counts.messages_gone, read_again, "messages that were read again are gone"),
        (counts.chat_sessions_gone, counts.chat_sessions_visited, "chat sessions that were visited are gone"),
    ):
        if count >= settle.suspicious_from and count > settle.suspicious_share * of:
            raise SuspiciousChanges(
                f"{count:,} of {of:,} {what}, more than settle.suspicious_share: nothing of that was stored",
                hint=_HINT,
            )
