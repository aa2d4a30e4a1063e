"""The calls for one chat session."""

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from archiver.config.loading import load_config
from archiver.config.settings import LimitSettings
from archiver.errors import Interrupted, NullReply
from archiver.sandbox import Sandbox
from archiver.store.state import ChatSessionState
from archiver.store.visit import after_visit
from archiver.superoffice.client import SuperOfficeClient
from archiver.sync.plan import Due
from archiver.sync.visit import FULL_REPLY_ROWS, visit_chat_session
from tests.superoffice.conftest import RawServer
from tests.support import Archive, write_config

DUE = Due(chat_session_id=1, before=None, after=0)


@pytest.fixture
def slow_client(sandbox: Sandbox, tmp_path: Path) -> Iterator[SuperOfficeClient]:
    """One that makes a single call, and waits for its turn for long before the next."""
    config = load_config(write_config(tmp_path, "sqlite:///archive.db", sandbox.base_url))
    source = config.source[0].model_copy(update={"limits": LimitSettings(requests_per_second=0.001)})
    client = SuperOfficeClient(source, config.retry)
    yield client
    client.close()


def test_a_stop_in_the_middle_of_a_long_chat_session_keeps_what_came(
    sandbox: Sandbox, slow_client: SuperOfficeClient
) -> None:
    chat_session_id = sandbox.tenant.open_chat_session()
    for number in range(FULL_REPLY_ROWS):
        sandbox.tenant.post(chat_session_id, message=str(number))
    stop = threading.Event()

    def stop_after_the_first_call() -> None:
        sandbox.requests.wait_for(1, timeout_s=30)
        stop.set()

    stopper = threading.Thread(target=stop_after_the_first_call)
    stopper.start()
    ((visit, error),) = visit_chat_session(slow_client, DUE, stop)
    stopper.join()
    assert (len(visit.messages), visit.failure, error) == (FULL_REPLY_ROWS, None, None)


def test_a_stop_before_anything_came_is_an_interruption(sandbox: Sandbox, slow_client: SuperOfficeClient) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(Interrupted):
        list(visit_chat_session(slow_client, DUE, stop))
    assert sandbox.requests.all() == []


def test_null_after_a_first_page_is_a_failure_and_no_absence(tmp_path: Path) -> None:
    rows = [{"ChatMessageId": key, "ChatSessionId": 1} for key in range(1, FULL_REPLY_ROWS + 1)]
    absent = ChatSessionState(chat_session_id=1, state="absent")
    with RawServer([[json_reply(rows)], [json_reply(None)]]) as server:
        config = load_config(write_config(tmp_path, "sqlite:///archive.db", f"http://127.0.0.1:{server.port}"))
        client = SuperOfficeClient(config.source[0], config.retry)
        ((visit, error),) = visit_chat_session(
            client, replace(DUE, before=absent, is_awaited=True), threading.Event()
        )
        client.close()
    assert isinstance(error, NullReply)
    assert (len(visit.messages), visit.is_absent, visit.failure is None) == (FULL_REPLY_ROWS, False, False)
    after = after_visit(visit, at=datetime(2026, 3, 2, tzinfo=UTC))
    assert (after.state, after.last_message_id, after.failures) == ("open", FULL_REPLY_ROWS, 1)


def json_reply(value: object) -> bytes:
    body = json.dumps(value).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


@pytest.mark.parametrize("cap", [1, 30, 50])
def test_a_full_visit_reads_on_to_the_end_however_small_the_pages_are(archive: Archive, cap: int) -> None:
    tenant = archive.sandbox.tenant
    chat_session_id = tenant.open_chat_session()
    ids = [tenant.post(chat_session_id, message=str(number)) for number in range(70)]
    archive.sandbox.oddities.add("capped", rows=cap)
    archive.run("reconcile", ids="1")
    assert [row["ChatMessageId"] for row in archive.rows()] == ids


def test_an_item_of_the_quarantine_hides_no_later_message_of_a_capped_server(archive: Archive) -> None:
    tenant = archive.sandbox.tenant
    chat_session_id = tenant.open_chat_session()
    ids = [tenant.post(chat_session_id, message=str(number)) for number in range(120)]
    tenant.edit(ids[69], ChatMessageId=None)
    archive.sandbox.oddities.add("capped", rows=50)
    for _ in range(4):
        archive.run(ids="1")
    assert [row["ChatMessageId"] for row in archive.rows()] == ids[:69] + ids[70:]
    (item,) = archive.table("quarantine")
    assert item["resolved_at"] is None
    tenant.edit(ids[69], ChatMessageId=ids[69])
    assert archive.run(ids="1").outcome == "complete"
    assert [row["ChatMessageId"] for row in archive.rows()] == ids


def test_null_of_a_hole_that_came_to_life_is_a_failure_that_is_told(archive: Archive) -> None:
    tenant = archive.sandbox.tenant
    archive.sandbox.oddities.add("unknown_null")
    tenant.post(tenant.open_chat_session(chat_session_id=1), message="Hello")
    archive.run(ids="1-9")
    tenant.post(tenant.open_chat_session(chat_session_id=2), message="Hello")
    archive.sandbox.oddities.add("null", chat_session_id=2, operation="GetChatMessages")
    assert archive.run(ids="1-9").outcome == "partial"
    archive.sandbox.oddities.clear()
    assert archive.run(ids="1-9").outcome == "complete"
    assert archive.rows() == archive.truth()
