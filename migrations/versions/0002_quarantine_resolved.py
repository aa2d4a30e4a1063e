"""Quarantine: the kind of an item, when it was resolved, and an index by which the open ones are found.

Each step looks first whether it was done already, so that an upgrade that was cut where DDL commits by itself can be
run again.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0002"
down_revision = "0001"

UTC_TIME = sa.DateTime(timezone=True).with_variant(mysql.DATETIME(fsp=6), "mysql")
INDEX = "ix_quarantine_source_id_resolved_at_chat_session_id"
CONFLICT_REASON = "another message is stored under this id"
"""By which alone the first revision told a conflict."""


def upgrade() -> None:
    columns = _names("columns")
    if "resolved_at" not in columns:
        op.add_column(
            "quarantine",
            sa.Column(
                "resolved_at",
                UTC_TIME,
                comment="when what it holds came to be stored, or was read whole without it; null: open",
            ),
        )
    if "kind" not in columns:
        op.add_column(
            "quarantine",
            sa.Column(
                "kind",
                sa.String(16),
                nullable=False,
                server_default="undecodable",
                comment="undecodable, conflict",
            ),
        )
    # Always: the column may be there from an upgrade that was cut before this.
    op.execute(f"UPDATE quarantine SET kind = 'conflict' WHERE reason = '{CONFLICT_REASON}'")  # noqa: S608
    if INDEX not in _names("indexes"):
        op.create_index(INDEX, "quarantine", ["source_id", "resolved_at", "chat_session_id"])


def _names(what: str) -> set[str]:
    """The columns or indexes that the table has already; none known when statements are only printed."""
    if op.get_context().as_sql:
        return set()
    inspector = sa.inspect(op.get_bind())
    found = inspector.get_columns("quarantine") if what == "columns" else inspector.get_indexes("quarantine")
    return {str(each["name"]) for each in found}
