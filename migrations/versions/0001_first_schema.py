"""The first schema.

A migration never changes once it is released, so it names its types itself and imports none of the archiver's.

On MariaDB DDL commits by itself: so that an upgrade that was cut can be run again, each step looks whether it was
done.
"""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mssql, mysql

revision = "0001"
down_revision = None

UTC_TIME = sa.DateTime(timezone=True).with_variant(mysql.DATETIME(fsp=6), "mysql")
TEXT = (
    sa.Text()
    .with_variant(mysql.LONGTEXT(), "mysql")
    .with_variant(mssql.NVARCHAR(None, collation="Latin1_General_100_BIN2"), "mssql")
)
TABLE_OPTIONS: dict[str, Any] = {
    "mysql_engine": "InnoDB",
    "mysql_charset": "utf8mb4",
    # Binary and without padding; MariaDB reads the first comment, MySQL the second.
    "mysql_collate": "/*M! utf8mb4_nopad_bin */ /*!80017 utf8mb4_0900_bin */",
}
ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _create_table(
        "chat_message",
        sa.Column("source_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("chat_message_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("chat_session_id", sa.BigInteger(), nullable=False),
        sa.Column("type", TEXT),
        sa.Column("message", TEXT),
        sa.Column("author", TEXT),
        sa.Column("read_by_customer", sa.Integer()),
        sa.Column("special_type", TEXT),
        sa.Column("special_param", TEXT),
        sa.Column("when_posted", UTC_TIME),
        sa.Column("extra", TEXT, comment="ASCII JSON: unknown properties and what could not be stored as such"),
        sa.Column("first_archived_at", UTC_TIME, nullable=False),
        sa.Column("last_changed_at", UTC_TIME, nullable=False),
        sa.Column("last_changed_run", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False, comment="number of this content; the first is 1"),
        sa.Column("missing_since", UTC_TIME),
        sa.Column("gone_at", UTC_TIME),
        sa.Column("erased_at", UTC_TIME),
        sa.PrimaryKeyConstraint("source_id", "chat_message_id", name="pk_chat_message"),
    )
    _create_index(
        "ix_chat_message_source_id_chat_session_id_chat_message_id",
        "chat_message",
        ["source_id", "chat_session_id", "chat_message_id"],
    )
    _create_index("ix_chat_message_source_id_when_posted", "chat_message", ["source_id", "when_posted"])
    _create_table(
        "chat_message_revision",
        sa.Column("source_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("chat_message_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "revision", sa.Integer(), autoincrement=False, nullable=False, comment="number of the earlier content"
        ),
        sa.Column("chat_session_id", sa.BigInteger(), nullable=False),
        sa.Column("type", TEXT),
        sa.Column("message", TEXT),
        sa.Column("author", TEXT),
        sa.Column("read_by_customer", sa.Integer()),
        sa.Column("special_type", TEXT),
        sa.Column("special_param", TEXT),
        sa.Column("when_posted", UTC_TIME),
        sa.Column("extra", TEXT, comment="ASCII JSON: unknown properties and what could not be stored as such"),
        sa.Column("replaced_at", UTC_TIME, nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False, comment="the run that replaced it"),
        sa.PrimaryKeyConstraint("source_id", "chat_message_id", "revision", name="pk_chat_message_revision"),
    )
    _create_table(
        "chat_session_state",
        sa.Column("source_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("chat_session_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("last_message_id", sa.BigInteger(), nullable=False, comment="the cursor: After of the next call"),
        sa.Column(
            "floor_message_id", sa.BigInteger(), nullable=False, comment="nothing at or below it is stored again"
        ),
        sa.Column("last_activity_at", UTC_TIME),
        sa.Column("state", sa.String(length=16), nullable=False, comment="new, open, quiet, settled, absent, gone"),
        sa.Column("settled_at", UTC_TIME),
        sa.Column("failures", sa.Integer(), nullable=False, comment="visits failed in a row"),
        sa.Column("last_error", TEXT),
        sa.Column("retry_at", UTC_TIME),
        sa.PrimaryKeyConstraint("source_id", "chat_session_id", name="pk_chat_session_state"),
    )
    _create_index(
        "ix_chat_session_state_source_id_state_chat_session_id",
        "chat_session_state",
        ["source_id", "state", "chat_session_id"],
    )
    _create_table(
        "source",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("tenant", TEXT),
        sa.Column("base_url", TEXT),
        sa.Column("created_at", UTC_TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_source"),
        sa.UniqueConstraint("name", "epoch", name="uq_source_name_epoch"),
    )
    _create_table(
        "lease",
        sa.Column("source_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("holder", TEXT, comment="host and process; null: free"),
        sa.Column("fencing", sa.BigInteger(), nullable=False, comment="grows with each holder"),
        sa.Column("expires_at", UTC_TIME, comment="by the database's clock"),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name="fk_lease_source_id"),
        sa.PrimaryKeyConstraint("source_id", name="pk_lease"),
    )
    _create_table(
        "quarantine",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("chat_session_id", sa.BigInteger(), nullable=False, comment="the chat session that was asked for"),
        sa.Column("chat_message_id", sa.BigInteger()),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("payload", TEXT, nullable=False, comment="ASCII JSON, whole"),
        sa.Column(
            "digest", sa.String(length=64), nullable=False, comment="SHA-256 of the payload: each is kept once"
        ),
        sa.Column("quarantined_at", UTC_TIME, nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name="fk_quarantine_source_id"),
        sa.PrimaryKeyConstraint("id", name="pk_quarantine"),
        sa.UniqueConstraint(
            "source_id", "chat_session_id", "digest", name="uq_quarantine_source_id_chat_session_id_digest"
        ),
    )
    _create_table(
        "sync_error",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False, comment="the run that saw it last"),
        sa.Column("chat_session_id", sa.BigInteger(), comment="null: the error met the whole pass"),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("detail", TEXT, nullable=False, comment="a sentence without any chat text"),
        sa.Column("first_seen_at", UTC_TIME, nullable=False),
        sa.Column("last_seen_at", UTC_TIME, nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("resolved_at", UTC_TIME),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name="fk_sync_error_source_id"),
        sa.PrimaryKeyConstraint("id", name="pk_sync_error"),
    )
    _create_index(
        "ix_sync_error_source_id_resolved_at_chat_session_id",
        "sync_error",
        ["source_id", "resolved_at", "chat_session_id"],
    )
    _create_table(
        "sync_run",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False, comment="backfill, incremental, reconcile"),
        sa.Column("started_at", UTC_TIME, nullable=False),
        sa.Column("finished_at", UTC_TIME),
        sa.Column(
            "outcome",
            sa.String(length=16),
            nullable=False,
            comment="running, complete, partial, failed, interrupted, abandoned",
        ),
        sa.Column("error", TEXT, comment="why a failed run failed"),
        sa.Column(
            "selection",
            TEXT,
            comment="the chat sessions chosen, as ranges or, when those are many, their digest",
        ),
        sa.Column("walked_to", sa.BigInteger(), comment="every chosen chat session up to this id was visited"),
        sa.Column("chat_sessions_visited", sa.BigInteger(), nullable=False),
        sa.Column("chat_sessions_failed", sa.BigInteger(), nullable=False),
        sa.Column("requests", sa.BigInteger(), nullable=False),
        sa.Column("retries", sa.BigInteger(), nullable=False),
        sa.Column("messages_added", sa.BigInteger(), nullable=False),
        sa.Column("messages_changed", sa.BigInteger(), nullable=False),
        sa.Column("messages_gone", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name="fk_sync_run_source_id"),
        sa.PrimaryKeyConstraint("id", name="pk_sync_run"),
    )
    _create_index("ix_sync_run_source_id_started_at", "sync_run", ["source_id", "started_at"])


def _create_table(name: str, *items: sa.schema.SchemaItem) -> None:
    if not _is_there(lambda inspector: inspector.has_table(name)):
        op.create_table(name, *items, **TABLE_OPTIONS)


def _create_index(name: str, table: str, columns: list[str]) -> None:
    if not _is_there(lambda inspector: inspector.has_index(table, name)):
        op.create_index(name, table, columns)


def _is_there(found: Callable[[sa.Inspector], bool]) -> bool:
    """False when statements are only printed."""
    return not op.get_context().as_sql and found(sa.inspect(op.get_bind()))
