"""The archive's tables. A column that mirrors a response's property has its name in snake_case.

Every key starts with `source_id`. The tables that take rows by the thousand declare no foreign key: PostgreSQL checks
one row by row, and the writer proves with each transaction that the source is its own (see lease.py).

A type says how a dialect spells it when it is asked, and the migrations, which make the tables, say what MariaDB has
to know of a table: loading a dialect takes 10 ms, and an archive meets but its own.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy import Text as SQLAlchemyText
from sqlalchemy.types import TypeEngine


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC instant to the microsecond: timestamptz where there is one, else a UTC time without a zone."""

    impl = DateTime(timezone=True)
    cache_ok = True
    python_type = datetime

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "mysql":
            from sqlalchemy.dialects.mysql import DATETIME

            return DATETIME(fsp=6)  # else it keeps whole seconds
        return super().load_dialect_impl(dialect)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive time has no place in the archive")
        value = value.astimezone(UTC)
        return value if dialect.name in ("postgresql", "mssql") else value.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


class Text(TypeDecorator[str]):
    """Any text, of any length."""

    impl = SQLAlchemyText
    cache_ok = True
    python_type = str

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "mysql":
            from sqlalchemy.dialects.mysql import LONGTEXT

            return LONGTEXT()  # TEXT ends at 64 KB
        if dialect.name == "mssql":
            from sqlalchemy.dialects.mssql import NVARCHAR

            # Its TEXT is not Unicode, and takes case for no difference.
            return NVARCHAR(None, collation="Latin1_General_100_BIN2")
        return super().load_dialect_impl(dialect)


# SQLite gives out row numbers by itself only for a column that is spelled INTEGER.
RowId = BigInteger().with_variant(Integer(), "sqlite")

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    }
)


def _source_key() -> Column[int]:
    return Column("source_id", Integer, primary_key=True, autoincrement=False)


def _source_reference() -> Column[int]:
    return Column("source_id", Integer, ForeignKey("source.id"), nullable=False)


def _content() -> list[Column[Any]]:
    """What a message says; shared by the message and its revisions."""
    return [
        Column("chat_session_id", BigInteger, nullable=False),
        Column("type", Text),
        Column("message", Text),
        Column("author", Text),
        Column("read_by_customer", Integer),
        Column("special_type", Text),
        Column("special_param", Text),
        Column("when_posted", UtcDateTime),
        Column("extra", Text, comment="ASCII JSON: unknown properties and what could not be stored as such"),
    ]


source = Table(
    "source",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(64), nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("tenant", Text),
    Column("base_url", Text),
    Column("created_at", UtcDateTime, nullable=False),
    UniqueConstraint("name", "epoch"),
)

chat_message = Table(
    "chat_message",
    metadata,
    _source_key(),
    Column("chat_message_id", BigInteger, primary_key=True, autoincrement=False),
    *_content(),
    Column("first_archived_at", UtcDateTime, nullable=False),
    Column("last_changed_at", UtcDateTime, nullable=False),
    Column("last_changed_run", BigInteger, nullable=False),
    Column("revision", Integer, nullable=False, comment="number of this content; the first is 1"),
    Column("missing_since", UtcDateTime),
    Column("gone_at", UtcDateTime),
    Column("erased_at", UtcDateTime),
    # A transcript in order; what a conversation view and a full visit read.
    Index(None, "source_id", "chat_session_id", "chat_message_id"),
    # Messages by day: what a report groups by.
    Index(None, "source_id", "when_posted"),
)

chat_message_revision = Table(
    "chat_message_revision",
    metadata,
    _source_key(),
    Column("chat_message_id", BigInteger, primary_key=True, autoincrement=False),
    Column("revision", Integer, primary_key=True, autoincrement=False, comment="number of the earlier content"),
    *_content(),
    Column("replaced_at", UtcDateTime, nullable=False),
    Column("run_id", BigInteger, nullable=False, comment="the run that replaced it"),
)

chat_session_state = Table(
    "chat_session_state",
    metadata,
    _source_key(),
    Column("chat_session_id", BigInteger, primary_key=True, autoincrement=False),
    Column("last_message_id", BigInteger, nullable=False, comment="the cursor: After of the next call"),
    Column("floor_message_id", BigInteger, nullable=False, comment="nothing at or below it is stored again"),
    Column("last_activity_at", UtcDateTime),
    Column("state", String(16), nullable=False, comment="new, open, quiet, settled, absent, gone"),
    Column("settled_at", UtcDateTime),
    Column("failures", Integer, nullable=False, comment="visits failed in a row"),
    Column("last_error", Text),
    Column("retry_at", UtcDateTime),
    Column("missing_since", UtcDateTime, comment="since when its entity is not found; gone once that is confirmed"),
    # Chat sessions by state, and the highest known one from its end.
    Index(None, "source_id", "state", "chat_session_id"),
)

sync_run = Table(
    "sync_run",
    metadata,
    Column("id", RowId, primary_key=True),
    _source_reference(),
    Column("kind", String(16), nullable=False, comment="backfill, incremental, reconcile"),
    Column("started_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
    Column(
        "outcome",
        String(16),
        nullable=False,
        comment="running, complete, partial, failed, interrupted, abandoned",
    ),
    Column("error", Text, comment="why a failed run failed"),
    Column("selection", Text, comment="the chat sessions chosen, as ranges or, when those are many, their digest"),
    Column("walked_to", BigInteger, comment="every chosen chat session up to this id was visited"),
    Column("chat_sessions_visited", BigInteger, nullable=False),
    Column("chat_sessions_failed", BigInteger, nullable=False),
    Column("requests", BigInteger, nullable=False),
    Column("retries", BigInteger, nullable=False),
    Column("messages_added", BigInteger, nullable=False),
    Column("messages_changed", BigInteger, nullable=False),
    Column("messages_gone", BigInteger, nullable=False),
    Index(None, "source_id", "started_at"),
)

sync_error = Table(
    "sync_error",
    metadata,
    Column("id", RowId, primary_key=True),
    _source_reference(),
    Column("run_id", BigInteger, nullable=False, comment="the run that saw it last"),
    Column("chat_session_id", BigInteger, comment="null: the error met the whole pass"),
    Column("kind", String(64), nullable=False),
    Column("detail", Text, nullable=False, comment="a sentence without any chat text"),
    Column("first_seen_at", UtcDateTime, nullable=False),
    Column("last_seen_at", UtcDateTime, nullable=False),
    Column("count", Integer, nullable=False),
    Column("resolved_at", UtcDateTime),
    Index(None, "source_id", "resolved_at", "chat_session_id"),
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("id", RowId, primary_key=True),
    _source_reference(),
    Column("run_id", BigInteger, nullable=False),
    Column("chat_session_id", BigInteger, nullable=False, comment="the chat session that was asked for"),
    Column("chat_message_id", BigInteger),
    Column("kind", String(16), nullable=False, server_default="undecodable", comment="undecodable, conflict"),
    Column("reason", Text, nullable=False),
    Column("payload", Text, nullable=False, comment="ASCII JSON, whole"),
    Column("digest", String(64), nullable=False, comment="SHA-256 of the payload: each is kept once"),
    Column("quarantined_at", UtcDateTime, nullable=False),
    Column(
        "resolved_at",
        UtcDateTime,
        comment="when what it holds came to be stored, or was read whole without it; null: open",
    ),
    UniqueConstraint("source_id", "chat_session_id", "digest"),
    # The open ones, at a glance and of the chat sessions that were visited.
    Index(None, "source_id", "resolved_at", "chat_session_id"),
)

seal = Table(
    "seal",
    metadata,
    Column("id", RowId, primary_key=True),
    _source_reference(),
    Column("chat_session_id", BigInteger, nullable=False),
    Column("kind", String(16), nullable=False, comment="sealed, changed, erased"),
    Column("message_count", BigInteger, nullable=False),
    Column("digest", String(64), nullable=False, comment="HMAC-SHA256 of the transcript under its seal_key"),
    Column("sealed_at", UtcDateTime, nullable=False),
    Column("previous_hash", String(64), nullable=False, comment="hash of the source's seal before it; zeros: none"),
    Column("hash", String(64), nullable=False, comment="SHA-256 of this row and previous_hash"),
    # The log of a source is one chain: no two seals follow the same one.
    UniqueConstraint("source_id", "previous_hash"),
    # The newest seal of a source, and of a chat session. Constraints, so that the table comes with one statement.
    UniqueConstraint("source_id", "id"),
    UniqueConstraint("source_id", "chat_session_id", "id"),
)

seal_key = Table(
    "seal_key",
    metadata,
    _source_key(),
    Column("chat_session_id", BigInteger, primary_key=True, autoincrement=False),
    Column("hmac_key", String(64), nullable=False, comment="random, in hexadecimal"),
    Column("marks", Text, comment="what tells which message differs when the digest does"),
)

verification = Table(
    "verification",
    metadata,
    Column("id", RowId, primary_key=True),
    _source_reference(),
    Column("kind", String(16), nullable=False, comment="archive: against its seals; live: against the source"),
    Column("started_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime, nullable=False),
    Column("scope", Text, nullable=False, comment="which chat sessions: all, a sample, or those named"),
    Column("chat_sessions", BigInteger, nullable=False),
    Column("messages", BigInteger, nullable=False),
    Column("sealed", BigInteger, nullable=False, comment="chat sessions whose newest seal is of kind sealed"),
    Column("differences", BigInteger, nullable=False),
    Column("seal_head", String(64), comment="hash of the newest seal then"),
    UniqueConstraint("source_id", "id"),
)

lease = Table(
    "lease",
    metadata,
    Column("source_id", Integer, ForeignKey("source.id"), primary_key=True, autoincrement=False),
    Column("holder", Text, comment="host and process; null: free"),
    Column("fencing", BigInteger, nullable=False, comment="grows with each holder"),
    Column("expires_at", UtcDateTime, comment="by the database's clock"),
)
