"""Chances that come out the same again: hashes of the seed and of what is asked about, not a running generator.

So a draw doesn't depend on which thread asked first, and what befell a message once befalls it again.
"""

from hashlib import blake2b

_MOST = 2**64


def number(*about: object) -> int:
    """A number from 0 to 2**64 - 1 that only depends on `about`."""
    text = "\x1f".join(str(each) for each in about)
    return int.from_bytes(blake2b(text.encode(errors="replace"), digest_size=8).digest(), "big")


def is_hit(drawn: int, probability: float) -> bool:
    """Whether a number drawn by `number` lies within `probability`."""
    return drawn < probability * _MOST
