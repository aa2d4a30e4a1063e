"""The log of seals. One statement with all its constraints, so that an upgrade that was cut can be run again."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0003"
down_revision = "0002"

UTC_TIME = sa.DateTime(timezone=True).with_variant(mysql.DATETIME(fsp=6), "mysql")
ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    if _is_there():
        return
    op.create_table(
        "seal",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("chat_session_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False, comment="sealed, changed, erased"),
        sa.Column("message_count", sa.BigInteger(), nullable=False),
        sa.Column(
            "digest", sa.String(64), nullable=False, comment="HMAC-SHA256 of the transcript under its seal_key"
        ),
        sa.Column("sealed_at", UTC_TIME, nullable=False),
        sa.Column(
            "previous_hash", sa.String(64), nullable=False, comment="hash of the source's seal before it; zeros: none"
        ),
        sa.Column("hash", sa.String(64), nullable=False, comment="SHA-256 of this row and previous_hash"),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name="fk_seal_source_id"),
        sa.PrimaryKeyConstraint("id", name="pk_seal"),
        sa.UniqueConstraint("source_id", "previous_hash", name="uq_seal_source_id_previous_hash"),
        sa.UniqueConstraint("source_id", "id", name="uq_seal_source_id_id"),
        sa.UniqueConstraint("source_id", "chat_session_id", "id", name="uq_seal_source_id_chat_session_id_id"),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="/*M! utf8mb4_nopad_bin */ /*!80017 utf8mb4_0900_bin */",
    )


def _is_there() -> bool:
    return not op.get_context().as_sql and sa.inspect(op.get_bind()).has_table("seal")
