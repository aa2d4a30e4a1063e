"""Passes over a source that fails: whose fault it is, who is blamed, and that nobody else suffers."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import update

from archiver.errors import AuthenticationFailed, RequestRefused, SourceDown, SourceOnHold, SourceUnreachable
from archiver.sandbox import Sandbox
from archiver.store import tables
from archiver.superoffice.breaker import FAILURES
from archiver.sync.order import Progress
from tests.support import Archive
from tests.sync.test_passes import requests_for

Chat = Callable[..., int]


def test_wrong_credentials_fail_the_pass_and_no_chat_session(archive: Archive, chat: Chat) -> None:
    chat("Hello")
    archive.configure(password="wrong")
    result = archive.run(threads=4)
    assert result.outcome == "failed"
    assert isinstance(result.error, AuthenticationFailed)
    (run,) = archive.table("sync_run")
    assert (run["outcome"], run["error"]) == ("failed", "authentication_failed")
    assert [error["chat_session_id"] for error in archive.table("sync_error")] == [None]  # no chat session's failure


def test_wrong_credentials_are_tried_once_more_when_read_anew_and_no_further(
    archive: Archive, sandbox: Sandbox
) -> None:
    archive.configure(password="wrong", include="1-500")
    archive.run(threads=8)
    assert len(sandbox.requests.all()) == 2


def test_an_outage_that_ends_in_time_leaves_no_chat_session_failing(
    archive: Archive, chat: Chat, sandbox: Sandbox
) -> None:
    for number in range(1, 41):
        chat(f"chat {number}")
    archive.configure(include="1-40", attempts=2)

    outages: list[int] = []

    def breaks_down(progress: Progress) -> None:
        if progress.counts.chat_sessions_visited and not outages:
            outages.append(sandbox.oddities.add("status", status=503, times=20))

    result = archive.run("backfill", threads=4, report=breaks_down)
    assert (result.outcome, result.counts.chat_sessions_visited) == ("partial", 40)
    # What failed before it was clear that the source is down is a failure of its own, and ended by the next pass.
    assert result.counts.chat_sessions_failed <= FAILURES / 2 + 4  # two calls each, and what four threads were at
    assert archive.run("backfill").outcome == "complete"
    assert archive.rows() == archive.truth()


def test_an_outage_that_lasts_ends_the_pass_after_some_probes_and_blames_no_chat_session(
    archive: Archive, chat: Chat, sandbox: Sandbox
) -> None:
    for number in range(1, 201):
        chat(f"chat {number}")
    archive.configure(include="1-200", attempts=1)
    archive.run("backfill", ids="1")
    sandbox.oddities.add("status", status=503)
    sandbox.requests.clear()
    result = archive.run("backfill", threads=4)
    assert isinstance(result.error, SourceDown)
    assert len(sandbox.requests.all()) < 100  # of 200
    blamed = [row for row in archive.table("chat_session_state") if row["failures"]]
    assert len(blamed) < FAILURES
    (run,) = [row for row in archive.table("sync_run") if row["outcome"] == "failed"]
    assert run["error"] == "source_down"


def test_many_chat_sessions_that_fail_for_good_end_no_pass(archive: Archive, chat: Chat, sandbox: Sandbox) -> None:
    for number in range(1, 101):
        chat(f"chat {number}")
    for chat_session_id in range(20, 70):
        sandbox.oddities.add("status", status=500, chat_session_id=chat_session_id)
    archive.configure(include="1-100", attempts=2)
    for _ in range(2):
        result = archive.run("backfill", threads=4)
        assert (result.outcome, result.counts.chat_sessions_failed) == ("partial", 50)
        assert result.counts.chat_sessions_visited == 100
    assert len(archive.rows()) == 50


def test_the_daemon_leaves_alone_what_failed_until_its_pause_is_over(
    archive: Archive, chat: Chat, sandbox: Sandbox
) -> None:
    chat("one")
    chat("two")
    sandbox.oddities.add("error_object", chat_session_id=2)
    archive.run(ids="1-2", spares_failing=True)
    sandbox.oddities.clear()
    sandbox.requests.clear()
    assert archive.run(ids="1-2", spares_failing=True).outcome == "partial"  # something is left out
    assert requests_for(sandbox) == [1, 1]  # the canary's call, and the visit
    with archive.database.writing() as connection:
        long_ago = datetime(2026, 1, 1, tzinfo=UTC)
        connection.execute(update(tables.chat_session_state).values(retry_at=long_ago))
    assert archive.run(ids="1-2", spares_failing=True).outcome == "complete"
    assert archive.rows() == archive.truth()
    assert archive.state(2)["retry_at"] is None


def test_a_pass_asked_for_by_hand_waits_for_no_pause(archive: Archive, chat: Chat, sandbox: Sandbox) -> None:
    chat("one")
    sandbox.oddities.add("null", chat_session_id=1)
    archive.run(ids="1")
    sandbox.oddities.clear()
    assert archive.run(ids="1").outcome == "complete"


def test_a_host_that_can_not_be_reached_is_given_up_soon(archive: Archive) -> None:
    archive.configure(base_url="http://127.0.0.1:9", include="1-1000", attempts=1)
    result = archive.run()
    assert isinstance(result.error, SourceUnreachable)
    assert result.counts.requests == 1
    assert archive.table("chat_session_state") == []  # no chat session is to blame


@pytest.mark.parametrize(
    ("failing", "failure"),
    [
        (range(1, 4), {"kind": "status", "status": 500}),
        (range(1, 2), {"kind": "status", "status": 404}),
        (range(1, 6), {"kind": "status", "status": 403}),
        (range(10, 20), {"kind": "status", "status": 403}),
        (range(10, 40), {"kind": "status", "status": 500}),
        (range(31, 41), {"kind": "reset_before"}),
    ],
    ids=str,
)
def test_bad_neighbours_starve_nobody_for_long(
    archive: Archive, chat: Chat, sandbox: Sandbox, failing: range, failure: dict[str, Any]
) -> None:
    for number in range(1, 41):
        chat(f"chat {number}")
    for chat_session_id in failing:
        sandbox.oddities.add(**failure, chat_session_id=chat_session_id)
    archive.configure(attempts=1, include="1-40")
    archive.run(threads=1)
    assert archive.run(threads=1).outcome in ("partial", "failed")
    assert {row["ChatSessionId"] for row in archive.rows()} == set(range(1, 41)) - set(failing)


@pytest.mark.parametrize("attempts", [1, 6])
def test_neighbours_that_fail_for_good_hide_nothing_new_of_the_others_even_from_one_client(
    archive: Archive, chat: Chat, sandbox: Sandbox, attempts: int
) -> None:
    for number in range(1, 101):
        chat(f"chat {number}")
    archive.configure(include="1-100", attempts=attempts)
    archive.run(spares_failing=True)
    for chat_session_id in range(1, 101):
        if chat_session_id <= 30:
            sandbox.oddities.add("status", status=503, chat_session_id=chat_session_id)
        sandbox.tenant.post(chat_session_id, message="new")
    result = archive.run(threads=4, spares_failing=True)
    assert (result.outcome, result.counts.messages_added) == ("partial", 70)
    assert all(archive.state(key)["failures"] for key in (1, 30))


def test_neighbours_that_always_failed_stop_no_first_backfill(archive: Archive, chat: Chat, sandbox: Sandbox) -> None:
    for number in range(1, 61):
        chat(f"chat {number}")
        if number <= 25:
            sandbox.oddities.add("status", status=503, chat_session_id=number)
    archive.configure(include="1-60", attempts=1)
    for _ in range(4):  # the bystanders may be some of those that fail
        archive.run("backfill", threads=4)
    assert len(archive.rows()) == 35


def test_known_failures_take_one_call_each_and_slow_nobody_down(
    archive: Archive, chat: Chat, sandbox: Sandbox
) -> None:
    for number in range(1, 41):
        chat(f"chat {number}")
        if number > 10:
            sandbox.oddities.add("status", status=503, chat_session_id=number)
    archive.configure(include="1-40", attempts=6)
    archive.run()
    sandbox.requests.clear()
    result = archive.run(threads=1)
    canary = range(10, 5, -1)
    assert requests_for(sandbox) == [*canary, *range(1, 11), *range(11, 41)]
    assert result.outcome == "partial"
    assert {row["kind"] for row in archive.table("sync_error") if row["chat_session_id"] == 40} <= {
        "source_unavailable"
    }


def test_a_source_that_asks_us_to_stay_away_is_not_called_down(
    archive: Archive, chat: Chat, sandbox: Sandbox
) -> None:
    for number in range(1, 21):
        chat(f"chat {number}")
    sandbox.oddities.add("too_many_requests", retry_after="400")
    archive.configure(include="1-20")
    result = archive.run(threads=4)
    assert isinstance(result.error, SourceOnHold)
    assert len(sandbox.requests.all()) <= 4
    assert sum(row["failures"] for row in archive.table("chat_session_state")) <= 4


def test_a_source_that_refuses_every_request_ends_the_pass(archive: Archive, sandbox: Sandbox) -> None:
    sandbox.oddities.add("status", status=400)
    archive.configure(include="1-500")
    result = archive.run()
    assert isinstance(result.error, RequestRefused)
    assert len(sandbox.requests.all()) < 250
