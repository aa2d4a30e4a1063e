"""Whether a target may be written over: it is empty, or an earlier state of the very archive that is copied.

A target that has gone its own way holds what the origin never had. Copying over it would destroy that, which only a
person may decide.
"""

from sqlalchemy import Connection, insert, select, update

from archiver.errors import ArchivesDiverged, ConfigError
from archiver.store import tables
from archiver.store.copying.held import HeldArchive
from archiver.store.copying.rows import insert_with_ids
from archiver.store.database import Database
from archiver.store.sources import load_source_names

_AT_ONCE = 400
"""Runs in one statement: well under every database's limit of parameters."""
_HINT = "nothing was copied; name an empty database, or remove that one yourself when you don't need it"


def require_same_sources(origin: Database, target: Database) -> None:
    """Raises: ArchivesDiverged when the target has a source that the origin hasn't, by id, epoch and birth.

    One that was removed from the origin, too: what a person removed there is not deleted here by surprise. One that
    was renamed is the same.
    """
    table = tables.source
    query = select(table.c.id, table.c.epoch, table.c.created_at)
    with origin.reading() as connection:
        ours = {tuple(row) for row in connection.execute(query)}
    with target.reading() as connection:
        theirs = {tuple(row) for row in connection.execute(query)}
        names = load_source_names(connection)
    if others := sorted(theirs - ours):
        source_id, epoch, _ = others[0]
        raise ArchivesDiverged(
            f"{target} holds another archive: its source {names[source_id]}@{epoch} is none of {origin}",
            hint=f"{_HINT}. Was the source removed here on purpose? Then archiver source remove does so there too",
        )


def require_same_ledger(origin: Database, target: Database) -> None:
    """Raises: ArchivesDiverged when the target has seen a pass that the origin hasn't."""
    table = tables.sync_run
    query = select(table.c.id, table.c.source_id, table.c.started_at).order_by(table.c.id)
    after = 0
    while True:
        with target.reading() as connection:
            theirs = [tuple(row) for row in connection.execute(query.where(table.c.id > after).limit(_AT_ONCE))]
        if not theirs:
            return
        with origin.reading() as connection:
            ids = [run_id for run_id, *_ in theirs]
            ours = {tuple(row) for row in connection.execute(query.where(table.c.id.in_(ids)))}
        if others := [run for run in theirs if run not in ours]:
            run_id, _, started_at = others[0]
            raise ArchivesDiverged(
                f"{target} has gone its own way: its run {run_id}, begun {started_at:%Y-%m-%d %H:%M} UTC, "
                f"is none of {origin}",
                hint=_HINT,
            )
        after = ids[-1]


def make_sources(origin: Database, target: HeldArchive) -> None:
    """Give the target those sources that it has not yet, so that their leases can be taken.

    A lease's number begins where the origin's stands and from then on only grows, as it does everywhere. Names go
    ahead: a new source may have the one that an older source had before it was renamed.
    """
    source, lease = tables.source, tables.lease
    with origin.reading() as connection:
        sources = [dict(row) for row in connection.execute(select(source)).mappings()]
        numbers = {
            row.source_id: row.fencing for row in connection.execute(select(lease.c.source_id, lease.c.fencing))
        }

    def make(connection: Connection) -> None:
        target.prove(connection, target.source_ids)
        known = load_source_names(connection)
        renamed = [row for row in sources if known.get(row["id"], row["name"]) != row["name"]]
        # One may have had the name that another has now: first to names that no source can have.
        for name_of in (lambda row: f"@{row['id']}", lambda row: row["name"]):
            for row in renamed:
                connection.execute(update(source).where(source.c.id == row["id"]).values(name=name_of(row)))
        if missing := [row for row in sources if row["id"] not in known]:
            insert_with_ids(connection, source, [tuple(row.values()) for row in missing])
            connection.execute(
                insert(lease), [{"source_id": row["id"], "fencing": numbers[row["id"]]} for row in missing]
            )

    target.database.write(make)


def require_two_databases(origin: HeldArchive, target: Database) -> None:
    """Raises: ConfigError when the target turns out to be the origin, under whatever address.

    The leases that were just taken on the origin tell: nobody else has given them out.
    """
    table = tables.lease
    held = select(table.c.source_id, table.c.holder, table.c.fencing, table.c.expires_at).where(
        table.c.source_id.in_(list(origin.source_ids)[:1])
    )
    with origin.database.reading() as connection:
        ours = connection.execute(held).one()
    with target.reading() as connection:
        theirs = connection.execute(held).one_or_none()
    if theirs is not None and tuple(ours) == tuple(theirs):
        raise ConfigError(f"{target} is the archive itself", hint="name another database to copy it to")
