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
    on_terminal = sys.stderr.isatty() and log_format is LogFormat.TEXT
    handler = _StandardError()
    if log_format is LogFormat.JSON:
        handler.setFormatter(_JsonFormatter())
    else:
        handler.setFormatter(_TerminalFormatter() if on_terminal else _TextFormatter())
    # Ours alone: what libraries log holds headers, addresses and rows (urllib3 quotes a broken reply's cookies).
    logging.basicConfig(handlers=[logging.NullHandler()], force=True)
    ours = logging.getLogger("archiver")
    ours.handlers, ours.propagate = [handler], False
    level = logging.DEBUG if verbose else logging.WARNING if on_terminal else logging.INFO
    ours.setLevel(level)


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


class _TerminalFormatter(logging.Formatter):
    """Short enough for a line: what happened, why, and then the other facts."""

    _TOLD = frozenset({"event", "source", "kind", "detail", "wait_s"})
    """Said before the message, or by it, or by the detail."""

    def format(self, record: logging.LogRecord) -> str:
        facts = _facts(record)
        wait = f" in {facts['wait_s']} s" if "wait_s" in facts else ""
        detail = f": {facts['detail']}" if "detail" in facts else ""
        others = ", ".join(f"{key} {value}" for key, value in facts.items() if key not in self._TOLD)
        at = datetime.fromtimestamp(record.created).astimezone().strftime("%H:%M:%S")
        source = f"{facts['source']}: " if "source" in facts else ""
        return f"  {at} {source}{record.getMessage()}{wait}{detail}" + (f" ({others})" if others else "")


def _shown(value: object) -> str:
    text = str(value)
    return json.dumps(text, ensure_ascii=False) if " " in text else text


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {"time": _time(record), "level": record.levelname, "logger": record.name}
        return json.dumps(line | _facts(record) | {"message": record.getMessage()}, default=str)
