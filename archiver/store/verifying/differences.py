"""What a verification can find, in words. Pure."""

from dataclasses import dataclass
from typing import Literal

DifferenceKind = Literal[
    "message_changed",
    "message_added",
    "message_removed",
    "transcript_differs",
    "key_missing",
    "seals_missing",
    "seal_altered",
    "chain_broken",
    "anchor_missing",
    "head_missing",
    "altered_before",
]

_SAYS: dict[DifferenceKind, str] = {
    "message_changed": "is not what was sealed, or an earlier content of it is not",
    "message_added": "is in the archive and was not when it was sealed",
    "message_removed": "was sealed and is not in the archive",
    "transcript_differs": "is not what its newest seal says; which message differs can't be told",
    "key_missing": "has no key that could show that it is as it was sealed",
    "seals_missing": "has a key and no seal: its seals are no longer in the log",
    "seal_altered": "is not what it was when it was appended to the log",
    "chain_broken": "does not follow the one before it: one was taken out, put in or altered",
    "anchor_missing": "is not in the log",
    "head_missing": "was the newest seal when this archive was last found to be sound, and is not in the log",
    "altered_before": "was altered by something else before a pass changed it; archiver status says what",
}


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Something that is not as it was sealed."""

    kind: DifferenceKind
    chat_session_id: int | None = None
    chat_message_id: int | None = None
    seal_id: int | None = None
    """The row of the log that differs, or that the rows differ from."""
    anchor: str | None = None

    @property
    def about(self) -> str:
        """Whom or what it is about."""
        if self.kind == "head_missing":
            return f"the hash {self.anchor}"
        if self.anchor:
            return f"the anchor {self.anchor}"
        if self.kind in ("seal_altered", "chain_broken"):
            return f"seal {self.seal_id}, of chat session {self.chat_session_id},"
        message = "" if self.chat_message_id is None else f", message {self.chat_message_id}"
        return f"chat session {self.chat_session_id}{message}"

    @property
    def says(self) -> str:
        return _SAYS[self.kind]
