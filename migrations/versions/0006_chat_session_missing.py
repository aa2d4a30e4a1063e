"""Since when the entity of a chat session is not found at the source."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0006"
down_revision = "0005"

UTC_TIME = sa.DateTime(timezone=True).with_variant(mysql.DATETIME(fsp=6), "mysql")


def upgrade() -> None:
    if "missing_since" not in _columns():
        op.add_column(
            "chat_session_state",
            sa.Column(
                "missing_since",
                UTC_TIME,
                comment="since when its entity is not found; gone once that is confirmed",
            ),
        )


def _columns() -> set[str]:
    """Those that the table has already; none known when statements are only printed."""
    if op.get_context().as_sql:
        return set()
    return {str(column["name"]) for column in sa.inspect(op.get_bind()).get_columns("chat_session_state")}
