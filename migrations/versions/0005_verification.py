"""When the archive was verified, against its seals or its source, and what came of it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mssql, mysql

revision = "0005"
down_revision = "0004"

UTC_TIME = sa.DateTime(timezone=True).with_variant(mysql.DATETIME(fsp=6), "mysql")
TEXT = (
    sa.Text()
    .with_variant(mysql.LONGTEXT(), "mysql")
    .with_variant(mssql.NVARCHAR(None, collation="Latin1_General_100_BIN2"), "mssql")
)
ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    if _is_there():
        return
    op.create_table(
        "verification",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column(
            "kind", sa.String(16), nullable=False, comment="archive: against its seals; live: against the source"
        ),
        sa.Column("started_at", UTC_TIME, nullable=False),
        sa.Column("finished_at", UTC_TIME, nullable=False),
        sa.Column("scope", TEXT, nullable=False, comment="which chat sessions: all, a sample, or those named"),
        sa.Column("chat_sessions", sa.BigInteger(), nullable=False),
        sa.Column("messages", sa.BigInteger(), nullable=False),
        sa.Column(
            "sealed", sa.BigInteger(), nullable=False, comment="chat sessions whose newest seal is of kind sealed"
        ),
        sa.Column("differences", sa.BigInteger(), nullable=False),
        sa.Column("seal_head", sa.String(64), comment="hash of the newest seal then"),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name="fk_verification_source_id"),
        sa.PrimaryKeyConstraint("id", name="pk_verification"),
        sa.UniqueConstraint("source_id", "id", name="uq_verification_source_id_id"),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="/*M! utf8mb4_nopad_bin */ /*!80017 utf8mb4_0900_bin */",
    )


def _is_there() -> bool:
    return not op.get_context().as_sql and sa.inspect(op.get_bind()).has_table("verification")
