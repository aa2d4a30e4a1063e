"""Quarantine: when an item was settled, and an index by which the open ones are found.

Each step looks first whether it was done already, so that an upgrade that was cut where DDL commits by itself can be
run again.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

INDEX = "ix_quarantine_source_id_resolved_at_chat_session_id"


def upgrade() -> None:
    if "resolved_at" not in _names("columns"):
        op.add_column(
            "quarantine",
            sa.Column(
                "resolved_at",
                sa.DateTime(timezone=True),
                comment="when what it holds came to be stored, or was read whole without it; null: open",
            ),
        )
    if INDEX not in _names("indexes"):
        op.create_index(INDEX, "quarantine", ["source_id", "resolved_at", "chat_session_id"])


def _names(what: str) -> set[str]:
    """The columns or indexes that the table has already; none known when statements are only printed."""
    if op.get_context().as_sql:
        return set()
    inspector = sa.inspect(op.get_bind())
    found = inspector.get_columns("quarantine") if what == "columns" else inspector.get_indexes("quarantine")
    return {str(each["name"]) for each in found}
