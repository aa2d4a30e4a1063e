"""A pass within this process that is cut at a point, as by a crash, without the cost of a process."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from archiver.store import lease, writer
from archiver.store.database import Database
from archiver.superoffice.client import SuperOfficeClient
from archiver.sync import keeping
from tests.proofs.child import POINTS

_WRAPPED: tuple[tuple[Any, str], ...] = (
    (SuperOfficeClient, "fetch_messages"),
    (Database, "write"),
    (keeping, "save_batch"),
    (writer, "save_messages"),
    (writer, "renew_lease"),
)
CUTS = ("fetched", "begun", "renewed", "inserted", "written", "committed")
"""The points of child.py at which an exception does as well as a signal."""


class Cut(BaseException):
    """No error of ours, so that nobody takes it for one and tidies up."""


@contextmanager
def cut_at(point: str, passing: int) -> Iterator[None]:
    """Whoever passes the point for the n-th time within the block gets no further."""
    passed = 0

    def pass_point() -> None:
        nonlocal passed
        passed += 1
        if passed == passing:
            raise Cut

    with pytest.MonkeyPatch.context() as patch:
        for owner, name in _WRAPPED:
            patch.setattr(owner, name, getattr(owner, name))  # to be put back in the end
        POINTS[point](pass_point)
        try:
            yield
        finally:
            lease._in_use.clear()  # a process that died uses none
