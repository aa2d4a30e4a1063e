"""Addresses that nobody can read: a Host that is none, and an id too long for one."""

from urllib.parse import urlsplit

from starlette.convertors import IntegerConvertor, register_url_convertor
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send


class IdConvertor(IntegerConvertor):
    """An id in a path, `{id:id}`: at most 18 digits, while Starlette's own `int` fails at thousands of them.

    A longer one is no such address, so a 404.
    """

    regex = "[0-9]{1,18}"


register_url_convertor("id", IdConvertor())


def with_readable_host(app: ASGIApp) -> ASGIApp:
    """`app`, but for requests whose Host can't be read: they get a 400, as RFC 9112 has it."""

    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not _is_readable(Headers(scope=scope).get("host", "")):
            await PlainTextResponse("The Host header can't be read.\n", 400)(scope, receive, send)
        else:
            await app(scope, receive, send)

    return served


def _is_readable(host: str) -> bool:
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port  # raises ValueError, too
    except ValueError:
        return False
    return parts.netloc == host
