"""The contract of the store: kept on every database, and with the plain path that any other dialect gets."""
