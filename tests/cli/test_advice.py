"""What operators are told about each kind of error that the ledger can hold."""

import pytest

from archiver.cli.advice import ADVICE, advice_for
from archiver.store.fitting import TOO_LARGE
from archiver.store.ledger import CONFLICT, REWOUND, SEAL_BROKEN, TIMES_SHIFTED, UNDECODABLE
from tests.test_errors import leaves

OTHERS = {"store_refused", "store_error", "suspicious_changes"}
"""The others come before a pass has begun, or leave nothing to write them to."""
KINDS = sorted({CONFLICT, SEAL_BROKEN, REWOUND, TIMES_SHIFTED, UNDECODABLE, TOO_LARGE} | OTHERS | leaves())


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_error_is_explained_in_a_line_and_answered_with_advice(kind: str) -> None:
    advice = advice_for(kind)
    assert advice is not None
    assert all(0 < len(text) < 120 and not text.endswith(".") for text in (advice.says, advice.do))
    assert "_" not in advice.says  # words, not names


def test_nothing_is_explained_that_the_ledger_never_holds() -> None:
    assert sorted(ADVICE) == KINDS


def test_a_kind_that_nobody_knows_any_more_has_none() -> None:
    assert advice_for("of_an_older_version") is None
