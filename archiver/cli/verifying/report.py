"""`verify --report`: gathers what a report to sign tells, and writes it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from archiver.cli.verifying.report_text import Findings, report_text, write_report

if TYPE_CHECKING:
    from archiver.config.settings import Config
    from archiver.store.sources import ArchivedSource


def make_report(
    config: "Config",
    archived: "list[ArchivedSource]",
    untouched: list[str],
    to: str,
    findings: Mapping[int, Findings],
) -> None:
    """Write the report about sources.

    Args:
        untouched: those of which nothing is archived.
        to: a file, or "-" for standard output.
        findings: of this verification, by the source's id.
    """
    from archiver.cli.wiring import open_archive
    from archiver.store.database import database_now
    from archiver.store.verifying.statement import load_statement

    with open_archive(config) as database, database.reading() as connection:
        statements = [load_statement(connection, source) for source in archived]
        at, address = database_now(connection), str(database)
    write_report(to, report_text(address, at, statements, findings, untouched))
