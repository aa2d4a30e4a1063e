"""Where a reply begins and ends in a stream of bytes, and what the server tells the proxy about it.

That goes in headers which the proxy takes out again: no client ever sees them.
"""

from dataclasses import dataclass

import msgspec

from archiver.sandbox.serving.fault import Fault

FAULT_HEADER = b"x-sandbox-fault"  # names the fault to be made of the reply
NO_BODY_HEADER = b"x-sandbox-no-body"  # an answer to HEAD: it announces a length and has no body
HEAD_END = b"\r\n\r\n"

_BODILESS = {204, 304}  # statuses whose reply has no body, whatever its headers say (RFC 9110)


@dataclass(frozen=True, kw_only=True)
class ReplyHead:
    """The head of a reply, read."""

    data: bytes  # as the client gets it: with the blank line, without the internal headers
    body_bytes: int | None  # None: the body ends with the connection, or says itself where it ends
    fault: Fault | None


def fault_header(fault: Fault) -> tuple[bytes, bytes]:
    """The header by which an application asks the proxy for `fault`."""
    return FAULT_HEADER, msgspec.json.encode(fault)


def read_head(data: bytes) -> ReplyHead:
    """Read the head of a reply, its blank line included."""
    status_line, *lines = data.removesuffix(HEAD_END).split(b"\r\n")
    status = int(status_line.split(b" ")[1])
    has_body = status >= 200 and status not in _BODILESS
    kept, length, fault = [status_line], None, None
    for line in lines:
        name, _, value = line.partition(b":")
        name = name.lower()
        if name == FAULT_HEADER:
            fault = msgspec.json.decode(value, type=Fault)
        elif name == NO_BODY_HEADER:
            has_body = False
        else:
            kept.append(line)
            length = int(value) if name == b"content-length" else length
    data = b"\r\n".join(kept) + HEAD_END
    return ReplyHead(data=data, body_bytes=length if has_body else 0, fault=fault)
