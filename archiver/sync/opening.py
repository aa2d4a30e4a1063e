"""How a pass begins: its row in the ledger, and the way it goes."""

from dataclasses import dataclass, field

from sqlalchemy import Connection

from archiver.config.settings import SourceSettings
from archiver.errors import ArchiverError
from archiver.store.database import Database
from archiver.store.lease import Lease, renew_lease
from archiver.store.ledger import load_last_pass_start, load_of_pass, start_run
from archiver.store.noticed import Noticed
from archiver.store.sources import load_source_id
from archiver.sync.guard import SUSPICIOUS
from archiver.sync.order import PassOrder
from archiver.sync.plan import PassView, load_frontier, walk_due
from archiver.sync.route import Route, load_route
from archiver.sync.visit_plan import Window, visit_plan
from archiver.sync.walk import Walk

_NO_RUN = 0
"""The id of a dry run, which no row in the ledger has."""


def require_archived(database: Database, source: SourceSettings) -> None:
    """For a dry run, which makes no row, not even the source's. Raises: ArchiverError."""
    with database.reading() as connection:
        if load_source_id(connection, source.name) is None:
            raise ArchiverError(
                "nothing is archived yet: every message would be new", hint="archiver backfill --plan says how many"
            )


@dataclass(frozen=True, kw_only=True)
class OpenedPass:
    """A pass that has its row in the ledger and knows its way."""

    lease: Lease
    run_id: int
    route: Route
    walk: Walk
    is_asking: bool
    """A pass before this one has stopped and asked (guard.py), and there is no answer yet."""
    noticed: Noticed = field(default_factory=Noticed)


def open_pass(database: Database, lease: Lease, order: PassOrder) -> OpenedPass:
    """Write the row and find the way, in one transaction. Raises: LeaseLost; StoreError."""

    def open_run(connection: Connection) -> tuple[int, Route, PassView]:
        now = renew_lease(connection, lease)
        since = load_last_pass_start(connection, lease.source_id)
        ready_at = now if order.spares_failing else None
        route = load_route(connection, lease.source_id, order.kind, order.chosen, ready_at=ready_at)
        frontier = load_frontier(connection, lease.source_id, order.chosen)
        run_id = _NO_RUN
        if not order.is_dry:
            cut_at = route.resumed_at or None
            run_id = start_run(connection, lease.source_id, order.kind, order.chosen, now, walked_to=cut_at)
        is_asking = order.kind == "incremental" and not order.is_accepted and _is_asking(connection, lease)
        view = PassView(
            kind=order.kind,
            window=Window(since=since, now=now),
            plan=visit_plan(order.settle),
            frontier=frontier,
            settles=not is_asking,
            most_settles=order.most_settles,
        )
        return run_id, route, view

    run_id, route, view = database.write(open_run)
    walk = Walk(walk_due(database, lease.source_id, route, view), starts_above=route.resumed_at)
    return OpenedPass(lease=lease, run_id=run_id, route=route, walk=walk, is_asking=not view.settles)


def _is_asking(connection: Connection, lease: Lease) -> bool:
    return load_of_pass(connection, lease.source_id, SUSPICIOUS) is not None
