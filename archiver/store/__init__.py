"""All that knows SQL: tables, the writer and how it compares, cursors, the lease, the ledger, the schema."""
