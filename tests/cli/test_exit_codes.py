"""How a command ends that did several things."""

from itertools import permutations

import pytest

from archiver.cli.options import gravest
from archiver.errors import ExitCode


def test_nothing_done_is_complete() -> None:
    assert gravest([]) is ExitCode.COMPLETE


@pytest.mark.parametrize("code", list(ExitCode))
def test_no_failure_hides_behind_a_success(code: ExitCode) -> None:
    assert gravest([ExitCode.COMPLETE, code, ExitCode.COMPLETE]) is code


def test_the_order_of_the_sources_does_not_matter() -> None:
    some = (ExitCode.PARTIAL, ExitCode.FAILED, ExitCode.DECISION_NEEDED)
    assert {gravest(codes) for codes in permutations(some)} == {ExitCode.DECISION_NEEDED}
