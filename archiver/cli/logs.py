"""Log lines on standard error: text for people, JSON for machines.

Every line of ours has an `event` word and ids and counts, never chat text, names, addresses or credentials.
"""

import json
import logging
import sys
from datetime import UTC, datetime

from archiver.cli.options import LogFormat

_STANDARD = vars(logging.makeLogRecord({})).keys() | {"message", "asctime", "taskName"}


def set_up_logging(log_format: LogFormat, *, verbose: bool) -> None:
    """INFO where nobody watches, WARNING on a terminal, which shows a progress bar instead; DEBUG when verbose."""
    handler = _StandardError()
    handler.setFormatter(_JsonFormatter() if log_format is LogFormat.JSON else _TextFormatter())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    quiet = sys.stderr.isatty() and log_format is LogFormat.TEXT
    level = logging.DEBUG if verbose else logging.WARNING if quiet else logging.INFO
    logging.getLogger("archiver").setLevel(level)
    # Its own lines carry tracebacks; what it has to say reaches us as events (see daemon.scheduler).
    logging.getLogger("apscheduler").setLevel(logging.CRITICAL + 1)


class _StandardError(logging.Handler):
    """Writes to whatever standard error is now: a progress bar puts itself in between while it shows."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            print(self.format(record), file=sys.stderr, flush=True)
        except Exception:  # noqa: BLE001 - as every handler does
            self.handleError(record)


def _facts(record: logging.LogRecord) -> dict[str, object]:
    return {key: value for key, value in vars(record).items() if key not in _STANDARD}


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class _TextFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        facts = "".join(f" {key}={_shown(value)}" for key, value in _facts(record).items() if key != "event")
        return f"{_time(record)} {record.levelname:<7} {record.getMessage()}{facts}"


def _shown(value: object) -> str:
    text = str(value)
    return json.dumps(text, ensure_ascii=False) if " " in text else text


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {"time": _time(record), "level": record.levelname, "logger": record.name}
        return json.dumps(line | _facts(record) | {"message": record.getMessage()}, default=str)
