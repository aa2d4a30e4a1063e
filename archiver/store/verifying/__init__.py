"""The archive against its own seals."""
