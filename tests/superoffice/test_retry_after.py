"""Retry-After, in every form that servers give it."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.superoffice.retry_after import MAX_RETRY_AFTER_S, parse_retry_after

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, None),
        ("7", 7),
        (" 7 ", 7),
        ("0", 0),
        ("86400", MAX_RETRY_AFTER_S),
        ("31536000", None),
        ("9" * 5000, None),
        ("-7", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        ("Mon, 02 Mar 2026 08:00:42 GMT", 42),
        ("Mon, 02 Mar 2026 09:00:42 +0100", 42),
        ("Mon, 02 Mar 2026 08:00:42", 42),
        ("Mon, 02 Mar 2026 07:00:00 GMT", 0),
        ("Mon, 02 Mar 2026 20:00:00 GMT", MAX_RETRY_AFTER_S),
        ("Tue, 02 Mar 2027 08:00:00 GMT", None),
        ("Mon, 02 Mar 9999 07:00:00 GMT", None),
        ("Mon, 02 Mar 99999999999999999999 07:00:00 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(text: str | None, seconds: float | None) -> None:
    assert parse_retry_after(text, now=NOW) == seconds


@given(
    st.text()
    | st.from_regex(r"\A(\w{3}, )?\d{1,3} [A-Z][a-z]{2} \d{1,6} [\d:]{0,12} ?([A-Z]{3}|[+-]\d{1,6})?\Z")
    | st.text("0123456789:+- ,GMTJanFeb", max_size=40)
)
def test_any_retry_after_is_within_bounds_or_nothing(text: str) -> None:
    seconds = parse_retry_after(text, now=NOW)
    assert seconds is None or 0 <= seconds <= MAX_RETRY_AFTER_S
