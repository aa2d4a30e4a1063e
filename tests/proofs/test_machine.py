"""Anything may happen in any order: chat sessions live, a source misbehaves, an archiver is cut; the promises hold.

Hypothesis draws the steps and, when a promise breaks, shortens the story to the steps that break it.
"""

from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from archiver.store.database import Database
from tests.proofs.machine import ArchiveMachine
from tests.proofs.machine_of_restores import RestoreMachine
from tests.proofs.soak import IS_SOAK, often


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
@pytest.mark.parametrize("machine", [ArchiveMachine, RestoreMachine], ids=["as_usual", "with_restores"])
def test_whatever_happens_the_promises_hold(
    machine: type[ArchiveMachine], database: Database, tmp_path: Path
) -> None:
    chosen = settings(
        max_examples=often(8, 250),
        stateful_step_count=often(18, 50),
        derandomize=not IS_SOAK,
        database=None,
        deadline=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
        report_multiple_bugs=False,
    )
    made = partial(machine, database, tmp_path)
    run_state_machine_as_test(made, settings=chosen)  # type: ignore[arg-type] # it takes whatever makes a machine
