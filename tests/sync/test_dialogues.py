"""Human-written dialogues, replayed through the sandbox and compared row by row."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from archiver.sandbox import Sandbox
from tests.support import Archive

DIALOGUES = Path(__file__).parents[3] / "shared" / "data" / "dialogues.jsonl.gz"
"""Beside the checkout, where it is present; too large, and not ours, to be kept in it."""


def dialogues() -> list[dict[str, Any]]:
    with gzip.open(DIALOGUES, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


@pytest.mark.skipif(not DIALOGUES.exists(), reason=f"{DIALOGUES.name} is not beside this checkout")
def test_every_turn_of_every_dialogue_is_archived_as_it_was_said(archive: Archive, sandbox: Sandbox) -> None:
    replayed = dialogues()
    said = []
    for dialogue in replayed:
        chat_session_id = sandbox.tenant.open_chat_session()
        for speaker, text in dialogue["turns"]:
            sandbox.tenant.post(
                chat_session_id,
                type="ToUser" if speaker == "customer" else "ToCustomer",
                message=text,
                author=speaker,
            )
            said.append((chat_session_id, speaker, text))
    archive.configure(include=f"1-{len(replayed)}")
    assert archive.run("backfill", threads=4).outcome == "complete"
    assert archive.rows() == archive.truth()
    assert [(row["ChatSessionId"], row["Author"], row["Message"]) for row in archive.rows()] == said
    assert archive.run("reconcile").counts.messages_changed == 0
