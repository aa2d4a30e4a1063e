"""What ends a bench, as a sentence."""


class BenchError(Exception):
    """Something is not as a fair measurement needs it."""
