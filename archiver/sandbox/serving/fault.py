"""What can go wrong between a server and its client, below HTTP; the proxy in front of the sandbox does it."""

from dataclasses import dataclass
from typing import Literal, get_args

FaultKind = Literal["reset_before", "reset_during", "reset_after", "silence", "drip", "short_body"]
FAULT_KINDS: tuple[str, ...] = get_args(FaultKind)


@dataclass(frozen=True, kw_only=True)
class Fault:
    """How the reply to one request is spoilt on its way.

    reset_before: a TCP reset in place of the reply; reset_during: after half of it; reset_after: after all of it;
    silence: nothing ever comes and the connection stays open; drip: the reply comes in small pieces; short_body: the
    connection ends in good order before the announced Content-Length is reached.
    """

    kind: FaultKind
    piece_bytes: int = 1  # for "drip"
    pause_s: float = 0.0  # for "drip": between two pieces
