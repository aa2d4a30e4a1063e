"""Says at the end of a run which databases the tests used, and fails it for one that was required and not used."""

import os
from typing import cast

import pytest

from tests.selection import UsedDatabases, required_kinds

_USED, _MISSING = "database used", "database missing"


def note_used(item: pytest.Item, kind: str, server: str) -> None:
    """Have the reports on a test say which database it has; they come from every worker."""
    item.user_properties.append((_USED, (kind, server)))


def note_missing(item: pytest.Item, kind: str, reason: str) -> None:
    """The same of a test that has none."""
    item.user_properties.append((_MISSING, (kind, reason)))


class DatabaseReport:
    """Hooks of pytest: counts on reports, of which the process that runs all workers sees every one."""

    def __init__(self) -> None:
        """Raises: UsageError for a required kind that we don't know."""
        self._used = UsedDatabases()
        try:
            self._required = required_kinds(os.environ)
        except ValueError as error:
            raise pytest.UsageError(str(error)) from None
        self._problems: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        is_run = report.when == "call" and not report.skipped
        for name, value in report.user_properties:
            if (name == _USED and is_run) or (name == _MISSING and report.skipped):
                kind, server = cast("tuple[str, str]", value)
                self._used.add(report.nodeid, kind, server, is_run=is_run)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        is_worker = hasattr(session.config, "workerinput")
        is_partial = session.config.option.collectonly or session.exitstatus == pytest.ExitCode.INTERRUPTED
        if is_worker or is_partial:
            return
        self._problems = self._used.missing(self._required)
        if self._problems and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if str(self._used):
            terminalreporter.write_line(f"databases: {self._used}")
        for problem in self._problems:
            terminalreporter.write_line(f"FAILED {problem}", red=True)
