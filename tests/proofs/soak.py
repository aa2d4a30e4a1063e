"""How long the proofs run: briefly in `make test`, for long in `make soak`."""

import os

IS_SOAK = os.environ.get("ARCHIVER_TEST_SOAK", "") not in ("", "0")
SEED = int(os.environ.get("ARCHIVER_TEST_SEED", "1"))
"""What the random proofs draw from; a failure names its own."""


def often(quick: int, soak: int) -> int:
    """How often to repeat something."""
    return soak if IS_SOAK else quick
