"""The keys of seals, one a chat session, apart from the log so that they can be destroyed."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mssql, mysql

revision = "0004"
down_revision = "0003"

TEXT = (
    sa.Text()
    .with_variant(mysql.LONGTEXT(), "mysql")
    .with_variant(mssql.NVARCHAR(None, collation="Latin1_General_100_BIN2"), "mssql")
)


def upgrade() -> None:
    if _is_there():
        return
    op.create_table(
        "seal_key",
        sa.Column("source_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("chat_session_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hmac_key", sa.String(64), nullable=False, comment="random, in hexadecimal"),
        sa.Column("marks", TEXT, comment="what tells which message differs when the digest does"),
        sa.PrimaryKeyConstraint("source_id", "chat_session_id", name="pk_seal_key"),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="/*M! utf8mb4_nopad_bin */ /*!80017 utf8mb4_0900_bin */",
    )


def _is_there() -> bool:
    return not op.get_context().as_sql and sa.inspect(op.get_bind()).has_table("seal_key")
