"""Generated and live chats, and the server's start and stop."""

import json
import threading
from datetime import UTC, datetime
from itertools import pairwise

import pytest
import requests

from archiver.sandbox import Sandbox, SandboxSettings
from archiver.sandbox.chats.phrases.languages import LANGUAGES
from tests.sandbox.conftest import Client

END = datetime(2026, 11, 20, 14, 0, tzinfo=UTC)


def sandbox_with(seed: int = 1, chat_sessions: int = 60) -> Sandbox:
    return Sandbox(SandboxSettings(seed=seed, chat_sessions=chat_sessions, ends_at=END))


def test_the_same_seed_gives_the_same_tenant() -> None:
    first, again, other = sandbox_with(1), sandbox_with(1), sandbox_with(2)
    assert first.tenant.all_messages() == again.tenant.all_messages()
    assert first.tenant.chat_sessions() == again.tenant.chat_sessions()
    assert first.tenant.all_messages() != other.tenant.all_messages()


def test_generated_ids_rise_with_time_and_interleave() -> None:
    messages = sandbox_with(chat_sessions=300).tenant.all_messages()
    times = [each.when_posted for each in messages if isinstance(each.when_posted, datetime)]
    assert [each.chat_message_id for each in messages] == list(range(1, len(messages) + 1))
    assert times == sorted(times)
    assert times[-1] <= END
    owners = [each.chat_session_id for each in messages]
    stays = sum(owner == following for owner, following in pairwise(owners))
    assert stays < len(owners) - 300


def test_generated_chats_show_every_language_and_special_type() -> None:
    tenant = sandbox_with(chat_sessions=300).tenant
    assert {each.topic_id for each in tenant.chat_sessions()} == set(range(1, len(LANGUAGES) + 1))
    messages = tenant.all_messages()
    expected = {"None", "Welcome", "BotMessage", "Options", "ClickedOption", "TransferedSession"}
    closed = {"ClosedByUser", "ClosedByCustomer", "ClosedByIdle", "ReopenedByCustomer"}
    assert {each.special_type for each in messages} == expected | closed
    options = [json.loads(each.special_param) for each in messages if each.special_type == "Options"]
    assert all(isinstance(texts, list) and texts for texts in options)
    text = "".join(each.message for each in messages)
    assert all(mark in text for mark in ("\n", '"', "'", "<b>", "&", "\\", "🎉"))


def test_some_generated_chat_sessions_are_still_open() -> None:
    statuses = {each.status for each in sandbox_with().tenant.chat_sessions()}
    assert "Finished" in statuses
    assert statuses & {"CustomerLast", "UserLast"}


def test_live_events_are_the_same_for_the_same_seed() -> None:
    first, again = sandbox_with(), sandbox_with()
    for number in range(300):
        assert first.live.step(END) == again.live.step(END), number
    assert first.tenant.all_messages() == again.tenant.all_messages()
    assert first.tenant.chat_sessions() == again.tenant.chat_sessions()


def test_live_chats_open_close_and_reopen() -> None:
    sandbox = sandbox_with()
    before = len(sandbox.tenant.all_messages())
    for _ in range(600):
        sandbox.live.step(END)
    new = sandbox.tenant.all_messages()[before:]
    assert len(new) == 600
    assert {"Welcome", "ClosedByUser", "ReopenedByCustomer"} <= {each.special_type for each in new}


def test_live_chats_survive_deleted_chat_sessions() -> None:
    sandbox = sandbox_with()
    sandbox.live.step(END)
    for each in sandbox.tenant.chat_sessions():
        sandbox.tenant.delete_chat_session(each.chat_session_id)
    assert sandbox.live.step(END)


def test_a_live_rate_runs_until_the_sandbox_ends() -> None:
    threads = threading.active_count()
    with Sandbox.empty(live_rate=1000.0) as sandbox:
        assert threading.active_count() == threads + 2
    count = len(sandbox.tenant.all_messages())
    assert threading.active_count() == threads
    assert len(sandbox.tenant.all_messages()) == count


def test_a_stopped_sandbox_no_longer_answers_and_leaves_no_thread() -> None:
    threads = threading.active_count()
    with Sandbox.empty() as sandbox:
        client = Client(sandbox)
        assert client.get("/ChatSession").status_code == 200
    with client.http, pytest.raises(requests.exceptions.ConnectionError):
        client.get("/ChatSession")
    assert threading.active_count() == threads


def test_a_port_in_use_is_refused_at_once(sandbox: Sandbox) -> None:
    port = int(sandbox.url.rpartition(":")[2])
    with pytest.raises(OSError, match="in use"), Sandbox.empty(port=port):
        pass


def test_settings_out_of_bounds_are_refused() -> None:
    with pytest.raises(ValueError, match="must not be negative"):
        SandboxSettings(latency_s=-1)
