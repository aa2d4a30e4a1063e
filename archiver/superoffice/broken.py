"""What a broken call means: the typed error for what `requests`, urllib3, http.client or the socket raised. Pure."""

import http.client
import ssl
from collections.abc import Iterator

import requests
import urllib3

from archiver.errors import ReplyCut, SourceError, SourceUnavailable, SourceUnreachable, WrongAddress
from archiver.superoffice.deadline import ReplyTooLate

_NO_ADDRESS = (
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
    urllib3.exceptions.LocationValueError,
)
_NO_CONNECTION = (
    urllib3.exceptions.ConnectTimeoutError,
    urllib3.exceptions.NewConnectionError,
    urllib3.exceptions.NameResolutionError,
    urllib3.exceptions.ProxyError,
)
_CUT = (urllib3.exceptions.IncompleteRead, http.client.IncompleteRead)


def broken_call(error: Exception) -> SourceError:
    """The typed error for what `requests`, urllib3, http.client or the socket raised; never holds their text."""
    chain = list(_causes(error))
    if any(isinstance(cause, ReplyTooLate) for cause in chain):
        return SourceUnavailable("the reply was not complete in time", hint="limits.reply_deadline bounds it")
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in chain):
        return WrongAddress(
            "the source's TLS certificate is not trusted",
            hint="check base_url, or name the issuer's certificate in request.ca_file",
        )
    if any(isinstance(cause, _NO_ADDRESS) for cause in chain):
        return WrongAddress("the address of the source or its proxy is none", hint="check base_url and request.proxy")
    if any(isinstance(cause, _CUT) for cause in chain):
        return ReplyCut("the reply was cut off")
    why = next((why for cause in chain if (why := _why(cause))), "the connection failed")
    if any(isinstance(cause, _NO_CONNECTION) for cause in chain):
        return SourceUnreachable(why, hint="check base_url, request.proxy and the network")
    return SourceUnavailable(why)


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    queue: list[object] = [error]
    while queue:
        cause = queue.pop(0)
        if isinstance(cause, BaseException) and id(cause) not in seen:
            seen.add(id(cause))
            yield cause
            queue += [*cause.args, getattr(cause, "reason", None), cause.__cause__, cause.__context__]


def _why(cause: BaseException) -> str:
    match cause:
        case urllib3.exceptions.NameResolutionError():
            return "the source's host name can't be resolved"
        case urllib3.exceptions.ProxyError():
            return "the proxy can't be reached"
        # Since urllib3 2, a refused connection is a NewConnectionError and that a ConnectTimeoutError.
        case urllib3.exceptions.ConnectTimeoutError() if not isinstance(cause, urllib3.exceptions.NewConnectionError):
            return "the source could not be reached in time"
        case urllib3.exceptions.ReadTimeoutError() | TimeoutError():
            return "the source fell silent"
        case ConnectionRefusedError():
            return "the source's host refuses the connection"
        case ConnectionResetError() | BrokenPipeError() | http.client.RemoteDisconnected():
            return "the source closed the connection"
        case urllib3.exceptions.DecodeError():
            return "the reply's compression is broken"
        case http.client.HTTPException():
            return "the reply is no HTTP"
        case ssl.SSLError():
            return "TLS with the source failed"
        case OSError() if cause.errno is not None and cause.strerror:
            return f"the network failed: {cause.strerror}"
    return ""
