"""The clock of the daemon: nothing is lost in silence."""

import logging
import threading
from datetime import timedelta

import pytest

from archiver.config.settings import ScheduleSettings
from archiver.daemon.scheduler import run_daemon

OFTEN = ScheduleSettings(every=timedelta(milliseconds=20))
ENOUGH_S = 30


def test_the_first_tick_comes_at_once_and_others_follow() -> None:
    stop, ticked = threading.Event(), threading.Semaphore(0)
    thread = threading.Thread(target=run_daemon, args=(OFTEN, ticked.release, stop))
    thread.start()
    assert all(ticked.acquire(timeout=ENOUGH_S) for _ in range(3))
    stop.set()
    thread.join(ENOUGH_S)
    assert not thread.is_alive()


def test_one_tick_at_a_time_and_a_skipped_one_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    stop, skipped, running = threading.Event(), threading.Event(), []

    class Watch(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.__dict__.get("event") == "tick_skipped":
                skipped.set()

    def tick() -> None:
        running.append(1)
        skipped.wait(ENOUGH_S)
        assert len(running) == 1
        running.pop()

    watch = Watch()
    logging.getLogger("archiver.daemon.scheduler").addHandler(watch)
    thread = threading.Thread(target=run_daemon, args=(OFTEN, tick, stop))
    thread.start()
    assert skipped.wait(ENOUGH_S)
    stop.set()
    thread.join(ENOUGH_S)
    logging.getLogger("archiver.daemon.scheduler").removeHandler(watch)
    assert "passed over" in caplog.text


def test_a_tick_that_fails_is_logged_without_its_text_and_the_next_one_comes(
    caplog: pytest.LogCaptureFixture,
) -> None:
    stop, came = threading.Event(), threading.Semaphore(0)

    def tick() -> None:
        came.release()
        raise KeyError("planted-text")

    logging.getLogger("apscheduler").setLevel(logging.CRITICAL + 1)
    thread = threading.Thread(target=run_daemon, args=(OFTEN, tick, stop))
    thread.start()
    assert all(came.acquire(timeout=ENOUGH_S) for _ in range(2))
    stop.set()
    thread.join(ENOUGH_S)
    logging.getLogger("apscheduler").setLevel(logging.NOTSET)
    assert [record.__dict__["kind"] for record in caplog.records if record.__dict__.get("event") == "tick_failed"]
    assert "planted-text" not in caplog.text
