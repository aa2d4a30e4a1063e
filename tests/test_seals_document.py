"""docs/seals.md says all that it takes to recompute a seal: here it is done by its words, with none of our code."""

import hashlib
import hmac
import json
import re
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from archiver.store.database import Database
from archiver.store.sealing.digest import TranscriptDigest
from archiver.store.sealing.log import seal_hash
from archiver.store.sealing.transcript import record
from tests.support import SETTLE_WHAT_IS_OLD, Archive

DOCUMENT = (Path(__file__).parent.parent / "docs" / "seals.md").read_text(encoding="utf-8")
ORDER = ("type", "message", "author", "special_type", "special_param", "when_posted")


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)\n```$", DOCUMENT, flags=re.MULTILINE | re.DOTALL)


ROWS, SEALS = map(json.loads, blocks("json"))
(KEY,), (TRANSCRIPT,), (DIGEST,), (MARKS,) = (blocks(kind) for kind in ("key", "transcript", "digest", "marks"))
RECORDS = [line.encode() for line in TRANSCRIPT.splitlines()]


def net(text_: str | None) -> bytes:
    if text_ is None:
        return b"-,"
    data = text_.encode("utf-8")
    return str(len(data)).encode("ascii") + b":" + data + b","


def by_the_words(kind: str, row: dict[str, Any]) -> bytes:
    extra = json.loads(row["extra"]) if row["extra"] else {}
    extra.pop("ReadByCustomer", None)
    if row["when_posted"]:
        extra.pop("WhenPosted", None)
    elif str(extra.get("WhenPosted")).startswith("0001-"):
        extra["WhenPosted"] = "unset"
    left = json.dumps(extra, sort_keys=True, separators=(",", ":")) if extra else None
    texts = [kind, str(row["chat_message_id"]), str(row["chat_session_id"]), *(row[name] for name in ORDER), left]
    inner = b"".join(map(net, texts))
    return str(len(inner)).encode() + b":" + inner + b","


def in_order() -> list[tuple[str, dict[str, Any]]]:
    """The rows of the document as their records follow each other."""
    return [
        each
        for row in ROWS["messages"]
        for each in [
            *(("earlier", old) for old in ROWS["earlier"] if old["chat_message_id"] == row["chat_message_id"]),
            ("message", row),
        ]
    ]


def test_the_transcript_of_the_document_follows_from_its_words() -> None:
    assert [by_the_words(kind, row) for kind, row in in_order()] == RECORDS


def test_the_digest_and_the_marks_of_the_document_follow_from_its_words() -> None:
    key = bytes.fromhex(KEY)
    assert hmac.new(key, b"".join(RECORDS), hashlib.sha256).hexdigest() == DIGEST
    whole = {"41": RECORDS[0] + RECORDS[1], "42": RECORDS[2]}
    marks = [f"{key_}:{hmac.new(key, data, hashlib.sha256).hexdigest()[:16]}" for key_, data in whole.items()]
    assert " ".join(marks) == MARKS


def test_the_hashes_of_the_document_follow_from_its_words() -> None:
    names = ("previous_hash", "chat_session_id", "kind", "message_count", "digest", "sealed_at")
    for seal in SEALS:
        lines = ["superoffice-chat-archiver seal 1", *(str(seal[name]) for name in names)]
        assert hashlib.sha256("\n".join(lines).encode("ascii")).hexdigest() == seal["hash"]
    assert [seal["previous_hash"] for seal in SEALS] == ["0" * 64, SEALS[0]["hash"]]
    assert (SEALS[0]["digest"], SEALS[0]["message_count"]) == (DIGEST, len(ROWS["messages"]))


def test_our_code_makes_what_the_document_shows() -> None:
    digest, records = TranscriptDigest(KEY), []
    for kind, row in in_order():
        posted = row["when_posted"] and datetime.fromisoformat(row["when_posted"])
        records.append(record(kind, row | {"when_posted": posted}))  # type: ignore[arg-type]
        digest.add(row["chat_message_id"], records[-1])
    digest.end()
    assert (records, digest.says, digest.marks) == (RECORDS, (2, DIGEST), MARKS)
    for seal in SEALS:
        values = {name: value for name, value in seal.items() if name != "hash"}
        assert seal_hash(**values | {"sealed_at": datetime.fromisoformat(seal["sealed_at"])}) == seal["hash"]


def recompute(database: Database, folder: Path) -> str:
    """What the script of the document says of an archive."""
    (script,) = blocks("python")
    (folder / "recompute.py").write_text(script, encoding="utf-8")
    command = [sys.executable, "-W", "error", str(folder / "recompute.py"), str(database.sqlite_file)]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.strip()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_script_of_the_document_recomputes_an_archive(archive: Archive, tmp_path: Path) -> None:
    then = datetime.fromisoformat("2026-03-02T08:15:30Z")
    archive.configure(settle=SETTLE_WHAT_IS_OLD)
    tenant = archive.sandbox.tenant
    for said in ("Grüße", "שלום", "\N{PILE OF POO}"):
        chat = tenant.open_chat_session()
        for second in range(3):
            tenant.post(chat, message=said, author="Kim", when_posted=then + timedelta(seconds=second))
    tenant.edit(4, Mood="odd", read_by_customer="yes")
    tenant.edit(5, when_posted="0001-01-01T00:00:00")
    for _ in range(2):
        archive.run("reconcile")
    tenant.edit(1, message="edited", Mood={"deep": [1.5, None]})
    archive.run("reconcile")
    log = archive.table("seal")
    assert (len(log), {row["kind"] for row in log}) == (4, {"sealed", "changed"})
    head = log[-1]["hash"]
    assert recompute(archive.database, tmp_path) == f"acme@1: 3 chat sessions, head {head}, all as sealed"
    with archive.database.writing() as connection:
        connection.execute(text("UPDATE chat_message SET message = 'forged' WHERE chat_message_id = 4"))
        connection.execute(text("DELETE FROM chat_message_revision"))
        connection.execute(text("UPDATE seal SET kind = 'changed' WHERE id = 2"))
    said = f"acme@1: 3 chat sessions, head {head}, seal 2, chat session 1, chat session 2"
    assert recompute(archive.database, tmp_path) == said
