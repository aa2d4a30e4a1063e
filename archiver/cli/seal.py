"""`seal`: the head of the log of seals, to be kept elsewhere."""

from typing import TYPE_CHECKING

import typer

from archiver.cli.options import Json, Options, Sources, to_json

if TYPE_CHECKING:
    from archiver.store.sealing.log import Seal

_WHAT_TO_DO = """
Keep these hashes where nobody who can write the archive's database can change
them: printed and signed, in a mail to an auditor, in another system. Later,
archiver verify --source NAME --anchor HASH shows that nothing that was sealed
by then was altered. What that proves is in docs/seals.md."""


def add_to(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="The log of seals.")
    group.command()(head)
    group.callback()(_group)
    app.add_typer(group, name="seal")


def _group() -> None:
    """The log of seals."""


def head(context: typer.Context, source: Sources = None, as_json: Json = False) -> None:
    """Print the newest hash of each source's log of seals. Kept elsewhere, it is an anchor.

    Example: archiver seal head
    """
    from archiver.cli.choosing import choose_archived, names_without_rows
    from archiver.cli.wiring import open_archive
    from archiver.config.loading import load_config
    from archiver.store.sealing.log import load_head, load_seal_count

    options: Options = context.obj
    config = load_config(options.config)
    rows = []
    with open_archive(config) as database, database.reading() as connection:
        archived = choose_archived(config, connection, source)
        for each in archived:
            newest = load_head(connection, each.id)
            rows.append((each.label, load_seal_count(connection, each.id), newest))
    if as_json:
        print(to_json([_as_dict(*row) for row in rows]))
        return
    for name, seals, newest in rows:
        print(f"{name}: {_told(seals, newest)}")
    for name in names_without_rows(config, archived, source):
        print(f"{name}: nothing archived yet")
    if any(newest for _, _, newest in rows):
        print(_WHAT_TO_DO)


def _as_dict(name: str, seals: int, newest: "Seal | None") -> dict[str, object]:
    return {
        "source": name,
        "seals": seals,
        "sealed_at": newest.sealed_at if newest else None,
        "head": newest.hash if newest else None,
    }


def _told(seals: int, newest: "Seal | None") -> str:
    if newest is None:
        return "nothing is sealed yet"
    return f"{seals:,} seals, the newest of {newest.sealed_at:%Y-%m-%d %H:%M:%S} UTC\n  {newest.hash}"
