"""How often, and how long, a call is tried."""

import logging
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from archiver.config.settings import RetrySettings
from archiver.errors import Interrupted, NullReply, RateLimited, SourceDown, SourceError, SourceUnavailable
from archiver.sandbox import Sandbox
from archiver.superoffice.breaker import FAILURES
from tests.superoffice.conftest import PASSWORD, QUICK, ClientMaker

PATIENT = RetrySettings(attempts=100, max_wait=timedelta(hours=1), max_total=timedelta(hours=1))


def test_a_call_that_fails_twice_succeeds_in_the_end(
    sandbox: Sandbox, make_client: ClientMaker, stop: threading.Event
) -> None:
    sandbox.oddities.add("status", status=503, times=2)
    client = make_client(QUICK)
    assert len(client.fetch_messages(1, 0, stop).messages) == 1
    statuses = [request.status for request in sandbox.requests.all()]
    assert (statuses, client.request_count, client.retry_count) == ([503, 503, 200], 3, 2)


@pytest.mark.parametrize("kind", ["short_body", "reset_before"])
def test_a_broken_connection_is_tried_again(
    sandbox: Sandbox, make_client: ClientMaker, stop: threading.Event, kind: str
) -> None:
    sandbox.oddities.add(kind, times=2)
    client = make_client(QUICK)
    assert len(client.fetch_messages(1, 0, stop).messages) == 1
    assert (client.request_count, client.retry_count) == (3, 2)


def test_attempts_are_bounded(sandbox: Sandbox, make_client: ClientMaker, stop: threading.Event) -> None:
    sandbox.oddities.add("status", status=503)
    client = make_client(QUICK)
    with pytest.raises(SourceUnavailable, match=r"^HTTP 503 from the source$"):
        client.fetch_messages(1, 0, stop)
    assert (len(sandbox.requests.all()), client.request_count, client.retry_count) == (4, 4, 3)


@pytest.mark.parametrize(
    ("oddity", "requests"),
    [
        ({"kind": "null"}, 1),
        ({"kind": "redirect"}, 1),
        ({"kind": "huge", "megabytes": 2}, 1),
        ({"kind": "status", "status": 400}, 1),
        ({"kind": "status", "status": 404}, 1),
        ({"kind": "status", "status": 421}, 1),
        ({"kind": "error_object"}, 2),
        ({"kind": "status", "status": 418}, 2),
        ({"kind": "sign_in_page"}, 2),
        ({"kind": "status", "status": 401}, 2),
        ({"kind": "status", "status": 403}, 2),
        ({"kind": "status", "status": 429}, 4),
        ({"kind": "status", "status": 503}, 4),
        ({"kind": "short_body"}, 4),
        ({"kind": "reset_before"}, 4),
    ],
    ids=str,
)
def test_each_error_has_a_retry_rule_of_its_own(
    sandbox: Sandbox, make_client: ClientMaker, stop: threading.Event, oddity: dict[str, Any], requests: int
) -> None:
    sandbox.oddities.add(**oddity)
    client = make_client(QUICK, limits={"requests_per_second": 0, "max_reply_mb": 1})
    with pytest.raises(SourceError):
        client.fetch_messages(1, 0, stop)
    sent = len(sandbox.requests.all())
    assert (sent, client.request_count, client.retry_count) == (requests, requests, requests - 1)


@pytest.mark.parametrize("kind", ["error_object", "sign_in_page"])
def test_an_odd_reply_is_survived_when_it_comes_but_once(
    sandbox: Sandbox, make_client: ClientMaker, stop: threading.Event, kind: str
) -> None:
    sandbox.oddities.add(kind, times=1)
    assert len(make_client(QUICK).fetch_messages(1, 0, stop).messages) == 1


def test_a_credential_that_was_replaced_meanwhile_is_read_anew(
    make_client: ClientMaker, stop: threading.Event, tmp_path: Path
) -> None:
    secret = tmp_path / "password"
    secret.write_text("the old one")
    client = make_client(QUICK, auth={"scheme": "basic", "username": "archive", "password": {"file": str(secret)}})
    secret.write_text(PASSWORD)
    assert len(client.fetch_messages(1, 0, stop).messages) == 1
    assert (client.request_count, client.retry_count) == (2, 1)


@pytest.mark.parametrize("status", [401, 403])
def test_a_credential_that_can_not_be_read_anew_is_tried_as_it_was(
    sandbox: Sandbox, make_client: ClientMaker, stop: threading.Event, tmp_path: Path, status: int
) -> None:
    secret = tmp_path / "password"
    secret.write_text(PASSWORD)
    client = make_client(QUICK, auth={"scheme": "basic", "username": "archive", "password": {"file": str(secret)}})
    secret.unlink()
    sandbox.oddities.add("status", status=status, times=1)
    assert len(client.fetch_messages(1, 0, stop).messages) == 1


def test_a_source_that_fails_call_after_call_is_down(
    sandbox: Sandbox, make_client: ClientMaker, stop: threading.Event
) -> None:
    sandbox.oddities.add("status", status=503)
    client = make_client(RetrySettings(attempts=6, max_wait=timedelta(milliseconds=1)))
    with pytest.raises(SourceUnavailable, match=r"^HTTP 503 from the source$"):
        client.fetch_messages(1, 0, stop)
    with pytest.raises(SourceDown, match=r"^10 calls in a row have failed, the last with: HTTP 503 from the source$"):
        client.fetch_messages(1, 0, stop)
    with pytest.raises(SourceDown, match=r"^11 calls in a row have failed"):  # one probe, and no second
        client.fetch_messages(1, 0, stop)
    sandbox.oddities.clear()
    assert len(client.fetch_messages(1, 0, stop).messages) == 1


def test_the_time_of_the_first_attempt_counts(
    sandbox: Sandbox, make_client: ClientMaker, stop: threading.Event
) -> None:
    sandbox.oddities.add("slow", seconds=60)
    retry = RetrySettings(max_wait=timedelta(milliseconds=1), max_total=timedelta(milliseconds=50))
    client = make_client(retry, limits={"requests_per_second": 0, "read_timeout": "0.1s"})
    with pytest.raises(SourceUnavailable, match=r"^the source fell silent$"):
        client.fetch_messages(1, 0, stop)
    assert (client.request_count, client.retry_count) == (1, 0)


def test_a_null_does_not_count_as_down(sandbox: Sandbox, make_client: ClientMaker, stop: threading.Event) -> None:
    sandbox.oddities.add("null")
    client = make_client(QUICK)
    for _ in range(FAILURES + 1):
        with pytest.raises(NullReply):
            client.fetch_messages(1, 0, stop)


def test_a_retry_after_beyond_the_total_time_fails_at_once(
    sandbox: Sandbox, make_client: ClientMaker, stop: threading.Event
) -> None:
    sandbox.oddities.add("status", status=429, retry_after="600")
    client = make_client(RetrySettings(max_total=timedelta(minutes=5)))
    with pytest.raises(RateLimited) as caught:
        client.fetch_messages(1, 0, stop)
    assert (client.request_count, client.retry_count, caught.value.retry_after_s) == (1, 0, 600)


def test_a_long_retry_after_holds_the_other_calls_too_without_a_request(
    sandbox: Sandbox, make_client: ClientMaker, stop: threading.Event
) -> None:
    sandbox.oddities.add("status", status=429, retry_after="600", times=1)
    client = make_client(RetrySettings(attempts=6))
    for _ in range(3):
        with pytest.raises(RateLimited):
            client.fetch_messages(1, 0, stop)
    assert (len(sandbox.requests.all()), client.request_count, client.retry_count) == (1, 1, 0)


@pytest.mark.parametrize("retry_after", ["0", "-5", "soon", "", "Mon, 02 Mar 2026 08:00:00 GMT"])
def test_a_retry_after_that_asks_for_no_wait_leaves_the_usual_pause(
    sandbox: Sandbox, make_client: ClientMaker, stop: threading.Event, retry_after: str
) -> None:
    sandbox.oddities.add("status", status=503, retry_after=retry_after, times=1)
    assert len(make_client(QUICK).fetch_messages(1, 0, stop).messages) == 1


def test_a_stop_before_the_call_sends_nothing(
    sandbox: Sandbox, make_client: ClientMaker, stop: threading.Event
) -> None:
    stop.set()
    client = make_client(QUICK)
    with pytest.raises(Interrupted):
        client.fetch_messages(1, 0, stop)
    assert (client.request_count, sandbox.requests.all()) == (0, [])


class StopAtRetry(logging.Handler):
    """Asks to stop as soon as a retry is announced, which is before its pause."""

    def __init__(self, stop: threading.Event) -> None:
        super().__init__()
        self._stop = stop

    def emit(self, record: logging.LogRecord) -> None:
        if record.__dict__.get("event") == "retry_scheduled":
            self._stop.set()


@pytest.fixture
def stop_at_retry(stop: threading.Event) -> Iterator[threading.Event]:
    handler = StopAtRetry(stop)
    logging.getLogger("archiver").addHandler(handler)
    yield stop
    logging.getLogger("archiver").removeHandler(handler)


def test_a_stop_during_a_pause_ends_it_and_sends_no_more(
    sandbox: Sandbox, make_client: ClientMaker, stop_at_retry: threading.Event
) -> None:
    sandbox.oddities.add("status", status=503, retry_after="1800")
    client = make_client(PATIENT)
    with pytest.raises(Interrupted):
        client.fetch_messages(1, 0, stop_at_retry)
    assert (len(sandbox.requests.all()), client.request_count, client.retry_count) == (1, 1, 1)


def test_a_stop_while_waiting_for_a_turn_sends_no_more(
    sandbox: Sandbox, make_client: ClientMaker, stop: threading.Event
) -> None:
    client = make_client(QUICK, limits={"requests_per_second": 0.001})
    client.fetch_messages(1, 0, stop)
    threading.Timer(0.02, stop.set).start()
    with pytest.raises(Interrupted):
        client.fetch_messages(1, 0, stop)
    assert (len(sandbox.requests.all()), client.request_count) == (1, 1)


def test_a_retry_is_announced_with_its_kind_and_pause(
    sandbox: Sandbox, make_client: ClientMaker, stop: threading.Event, caplog: pytest.LogCaptureFixture
) -> None:
    sandbox.oddities.add("status", status=429, times=1)
    make_client(QUICK).fetch_messages(1, 0, stop)
    (record,) = [each.__dict__ for each in caplog.records if each.__dict__.get("event") == "retry_scheduled"]
    assert [record[key] for key in ("levelname", "source", "kind", "wait_s")] == [
        "WARNING",
        "acme",
        "rate_limited",
        0,
    ]
