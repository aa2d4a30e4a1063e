"""Ticks by the clock, one at a time, until it is told to stop."""

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime

from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MAX_INSTANCES, EVENT_JOB_MISSED, JobEvent
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.interval import IntervalTrigger

from archiver.config.cron import cron_trigger
from archiver.config.settings import ScheduleSettings

logger = logging.getLogger(__name__)


def run_daemon(schedule: ScheduleSettings, tick: Callable[[], None], stop: threading.Event) -> None:
    """Call `tick` at once and then on schedule, until `stop` is set; a tick under way is waited for.

    A tick that comes while one is still at work is not made up for, since the next pass finds all there is; that it
    was passed over is logged, and so is every other way in which a tick can be lost.
    """
    scheduler = BackgroundScheduler(timezone="UTC")
    scheduler.add_listener(_log_lost_tick, EVENT_JOB_MISSED | EVENT_JOB_MAX_INSTANCES | EVENT_JOB_ERROR)
    scheduler.add_job(
        tick,
        _trigger(schedule),
        max_instances=1,
        coalesce=True,
        misfire_grace_time=None,  # the default, one second, drops a late tick
        next_run_time=datetime.now(UTC),
    )
    schedule_shown = schedule.cron or f"every {schedule.interval.total_seconds():g} s"
    logger.info("the daemon is at work", extra={"event": "daemon_started", "schedule": schedule_shown})
    scheduler.start()
    try:
        stop.wait()
    finally:
        scheduler.shutdown(wait=True)
        logger.info("the daemon is stopping", extra={"event": "daemon_stopping"})


def _trigger(schedule: ScheduleSettings) -> BaseTrigger:
    if schedule.cron is not None:
        return cron_trigger(schedule.cron)
    return IntervalTrigger(seconds=schedule.interval.total_seconds(), timezone="UTC")


def _log_lost_tick(event: JobEvent) -> None:
    if event.code == EVENT_JOB_MAX_INSTANCES:
        logger.warning("a tick was passed over: the one before it is still at work", extra={"event": "tick_skipped"})
    elif event.code == EVENT_JOB_MISSED:
        logger.warning("a tick was missed", extra={"event": "tick_missed"})
    else:
        kind = type(event.exception).__name__
        logger.error("a tick failed", extra={"event": "tick_failed", "kind": kind})
