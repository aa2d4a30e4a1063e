"""What rows a database was made to write, told by triggers: an update that changes nothing is one too."""

from collections import Counter
from collections.abc import Callable

from sqlalchemy import text

from archiver.store import tables
from archiver.store.database import Database

_VERBS = ("INSERT", "UPDATE", "DELETE")


def note_writes(database: Database) -> Callable[[], Counter[str]]:
    """Let the database note each row that is written from now on; the function counts them by verb and table."""
    statements = ["CREATE TABLE written (what VARCHAR(80))"]
    if database.dialect == "postgresql":
        note = "INSERT INTO written VALUES (TG_OP || '' '' || TG_TABLE_NAME)"
        statements.append(
            f"CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN {note}; RETURN NULL; END'"
        )
    for table in tables.metadata.tables:
        for verb in _VERBS:
            each = f"CREATE TRIGGER note_{verb}_{table} AFTER {verb} ON {table}"
            note = f"INSERT INTO written VALUES ('{verb} {table}')"
            action = {
                "sqlite": f"BEGIN {note}; END",
                "postgresql": "FOR EACH ROW EXECUTE FUNCTION note()",
                "mysql": f"FOR EACH ROW {note}",
            }
            statements.append(f"{each} {action[database.dialect]}")
    with database.writing() as connection:
        for statement in statements:
            connection.execute(text(statement))

    def count() -> Counter[str]:
        with database.reading() as connection:
            return Counter(connection.execute(text("SELECT what FROM written")).scalars())

    return count
