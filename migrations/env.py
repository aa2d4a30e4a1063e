"""How Alembic reaches the archive: by the connection that `archiver migrate` holds open, in its transaction."""

from alembic import context

from archiver.store.tables import metadata

if context.is_offline_mode():
    context.configure(dialect_name=context.config.attributes["dialect"], target_metadata=metadata)
    if context.get_context().dialect.name == "mssql":  # its comments name the schema, which only a server would tell
        context.get_context().dialect.default_schema_name = "dbo"
else:
    context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)

with context.begin_transaction():
    context.run_migrations()
