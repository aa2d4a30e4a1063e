"""Each test runs on every database twice: as it is, and with the plain path forced (no COPY, no savepoint)."""

from collections.abc import Iterator

import pytest

from archiver.store.database import Database


@pytest.fixture(params=[False, True], ids=["", "plain"])
def database(database_url: str, request: pytest.FixtureRequest) -> Iterator[Database]:
    """A migrated database."""
    made = Database(database_url, plain=request.param)
    yield made
    made.close()
