"""What full visits confirmed, sealed in a chained log. docs/seals.md specifies it to the byte."""
