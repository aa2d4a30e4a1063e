"""Which requests an oddity hits and how often, and how it is switched on and off."""

import json
import threading

import pytest

from archiver.sandbox import Oddities, Oddity, Sandbox
from archiver.sandbox.oddities.catalogue import CATALOGUE
from archiver.sandbox.serving.fault import FAULT_KINDS
from tests.sandbox.conftest import Client


@pytest.fixture
def chat_session_id(sandbox: Sandbox) -> int:
    new_id = sandbox.tenant.open_chat_session()
    sandbox.tenant.post(new_id, message="Hello")
    return new_id


def test_an_oddity_hits_only_what_it_names(sandbox: Sandbox, client: Client, chat_session_id: int) -> None:
    other = sandbox.tenant.open_chat_session()
    sandbox.oddities.add("status", operation="GetChatMessages", chat_session_id=chat_session_id)
    assert client.get_chat_messages(chat_session_id).status_code == 500
    assert client.get_chat_messages(other).status_code == 200
    assert client.get(f"/ChatSession/{chat_session_id}").status_code == 200


def test_times_count_down_and_clearing_ends_an_oddity(sandbox: Sandbox, client: Client) -> None:
    counted = sandbox.oddities.add("null", times=2)
    endless = sandbox.oddities.add("status", status=503)
    statuses = [client.get_chat_messages(1).status_code for _ in range(2)]
    assert [each.id for each in sandbox.oddities.all()] == [endless]
    statuses.append(client.get_chat_messages(1).status_code)
    assert sandbox.oddities.clear(endless)
    assert not sandbox.oddities.clear(counted)
    statuses.append(client.get_chat_messages(1).status_code)
    assert statuses == [200, 200, 503, 200]


def test_the_first_reply_of_two_wins_and_the_other_is_not_used_up(sandbox: Sandbox, client: Client) -> None:
    for kind in ("empty", "null"):
        sandbox.oddities.add(kind, times=1)
    assert [client.get_chat_messages(1).text for _ in range(3)] == ["[]", "null", "[]"]


def test_threads_that_ask_at_once_use_an_oddity_no_more_than_its_times() -> None:
    oddities = Oddities()
    oddities.add("null", times=50)
    used: list[bool] = []

    def ask() -> None:
        for _ in range(40):
            used.extend(oddities.use(strike.oddity) for strike in oddities.draw("GetChatMessages", 1))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (sum(used), oddities.all()) == (50, [])


def test_a_request_that_is_not_signed_in_uses_no_oddity_up(sandbox: Sandbox, client: Client) -> None:
    sandbox.oddities.add("null", times=1)
    client.http.auth = None
    assert client.get_chat_messages(1).status_code == 401
    assert [each.times for each in sandbox.oddities.all()] == [1]


def test_draws_depend_on_the_seed_and_not_on_what_others_ask() -> None:
    def draw(seed: int, *, others: bool = False) -> list[bool]:
        oddities = Oddities(seed)
        oddities.add("null", probability=0.5)
        drawn = []
        for _ in range(50):
            drawn.append(bool(oddities.draw("GetChatMessages", 1)))
            if others:
                oddities.draw("GetChatMessages", 2)
        return drawn

    assert draw(1) == draw(1) == draw(1, others=True) != draw(2)
    assert 10 < sum(draw(1)) < 40


def test_all_has_every_oddity_with_a_share_and_that_probability() -> None:
    oddities = Oddities()
    oddities.add_all(chat_session_id=7)
    assert {each.kind: each.probability for each in oddities.all()} == {
        entry.name: entry.share for entry in CATALOGUE.values() if entry.share is not None
    }
    assert {(each.chat_session_id, each.times) for each in oddities.all()} == {(7, None)}


@pytest.mark.parametrize("wrong", [{"times": 0}, {"probability": 0}, {"status": 42}, {"rows": -1}, {"messages": 0}])
def test_an_oddity_out_of_bounds_is_refused(wrong: dict) -> None:
    with pytest.raises(ValueError, match=r"must (not )?be"):
        Oddity(**{"kind": "null", **wrong})


def test_an_unknown_kind_is_refused_with_the_nearest() -> None:
    with pytest.raises(ValueError, match=r'There is no kind "duplicate_row"; the nearest is "duplicate_rows"\.'):
        Oddities().add("duplicate_row")


def test_all_switched_on_over_http_and_off_again_leaves_the_truth(sandbox: Sandbox, client: Client) -> None:
    for _ in range(30):
        chat_session_id = sandbox.tenant.open_chat_session()
        for _ in range(4):
            sandbox.tenant.post(chat_session_id, message="Hello", type="ToUser")
    sandbox.oddities.add_all(probability=0.05)
    for kind in ("slow", *FAULT_KINDS, "deleted"):
        for each in [each for each in sandbox.oddities.all() if each.kind == kind]:
            sandbox.oddities.clear(each.id)
    texts = {client.get_chat_messages(each).text for each in range(1, 31)}
    assert len(texts) > 10
    assert client.control("DELETE", "/oddities").ok
    rows = [row for each in range(1, 31) for row in client.get_chat_messages(each).json()]
    assert rows == sandbox.tenant.rows() == json.loads(client.control("GET", "/truth").text)
