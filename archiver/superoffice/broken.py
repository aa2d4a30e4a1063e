"""What a broken call means: the typed error for what `requests`, urllib3, http.client or the socket raised. Pure.

Their texts hold addresses, headers and bodies, and are dropped. What they wrap is looked through, since the same
broken connection comes in a different wrapping by where it broke.
"""

import http.client
import os
import ssl
from collections.abc import Callable, Iterator

from requests import exceptions as http_errors
from urllib3 import exceptions as pool_errors

from archiver.errors import ReplyCut, RequestRefused, SourceError, SourceUnavailable, SourceUnreachable, WrongAddress
from archiver.superoffice.deadline import ReplyTooLate

BREAKS = (OSError, ValueError, pool_errors.HTTPError, http.client.HTTPException)
"""What a call may raise. OSError holds all of requests' own, ValueError those of addresses and headers."""


def broken_call(error: BaseException) -> SourceError:
    """The typed error for an exception of a call: the first of `_MEANINGS` that it, or anything it wraps, has."""
    chain = list(_causes(error))
    for kinds, meaning in _MEANINGS:
        if cause := next((cause for cause in chain if isinstance(cause, kinds)), None):
            return meaning(cause)
    return SourceUnavailable("the connection failed")


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    queue: list[object] = [error]
    while queue:
        cause = queue.pop(0)
        if isinstance(cause, BaseException) and id(cause) not in seen:
            seen.add(id(cause))
            yield cause
            queue += [*cause.args, getattr(cause, "reason", None), cause.__cause__, cause.__context__]


Meaning = Callable[[BaseException], SourceError]


def _unavailable(sentence: str, hint: str = "") -> Meaning:
    return lambda _: SourceUnavailable(sentence, hint=hint)


def _unreachable(sentence: str) -> Meaning:
    return lambda _: SourceUnreachable(sentence, hint="check base_url, request.proxy and the network")


def _wrong_address(sentence: str, hint: str) -> Meaning:
    return lambda _: WrongAddress(sentence, hint=hint)


def _reason(cause: BaseException) -> str:
    """The operating system's words, such as "Network is unreachable", wherever in the wrapping its number is."""
    numbers = (each.errno for each in _causes(cause) if isinstance(each, OSError))
    number = next((each for each in numbers if isinstance(each, int) and each > 0), None)
    return f"the network failed: {os.strerror(number)}" if number else "the connection failed"


def _no_connection(cause: BaseException) -> SourceError:
    return _unreachable(_reason(cause))(cause)


def _of_the_network(cause: BaseException) -> SourceError:
    return SourceUnavailable(_reason(cause))


_MEANINGS: tuple[tuple[tuple[type[BaseException], ...], Meaning], ...] = (
    ((ReplyTooLate,), _unavailable("the reply was not complete in time", "limits.reply_deadline bounds it")),
    (
        (ssl.SSLCertVerificationError,),
        _wrong_address(
            "the source's TLS certificate is not trusted",
            "check base_url, or name the issuer's certificate in request.ca_file",
        ),
    ),
    (
        (
            http_errors.InvalidURL,
            http_errors.InvalidSchema,
            http_errors.MissingSchema,
            http_errors.URLRequired,
            pool_errors.LocationValueError,
            pool_errors.ProxySchemeUnsupported,
        ),
        _wrong_address("the address of the source or its proxy is none", "check base_url and request.proxy"),
    ),
    (
        (http_errors.TooManyRedirects, pool_errors.HostChangedError),
        _wrong_address("the address does not lead to the API", "check base_url"),
    ),
    (
        (http_errors.InvalidHeader,),
        lambda _: RequestRefused("a header holds what no header can carry", hint="check auth and request"),
    ),
    (
        (pool_errors.IncompleteRead, http.client.IncompleteRead, http_errors.ChunkedEncodingError),
        lambda _: ReplyCut("the reply was cut off"),
    ),
    ((pool_errors.ProxyError, http_errors.ProxyError), _unreachable("the proxy can't be reached")),
    ((pool_errors.NameResolutionError,), _unreachable("the source's host name can't be resolved")),
    # Since urllib3 2 a refused connection is a NewConnectionError, and that a ConnectTimeoutError.
    ((ConnectionRefusedError,), _unreachable("the source's host refuses the connection")),
    ((pool_errors.NewConnectionError,), _no_connection),
    (
        (pool_errors.ConnectTimeoutError, http_errors.ConnectTimeout),
        _unreachable("the source could not be reached in time"),
    ),
    ((pool_errors.TimeoutError, http_errors.Timeout, TimeoutError), _unavailable("the source fell silent")),
    (
        (ConnectionResetError, BrokenPipeError, http.client.RemoteDisconnected),
        _unavailable("the source closed the connection"),
    ),
    (
        (pool_errors.DecodeError, http_errors.ContentDecodingError),
        _unavailable("the reply's compression is broken"),
    ),
    (
        (
            http.client.HTTPException,
            pool_errors.InvalidHeader,
            pool_errors.HeaderParsingError,
            pool_errors.BodyNotHttplibCompatible,
            pool_errors.ResponseNotChunked,
        ),
        _unavailable("the reply is no HTTP"),
    ),
    ((ssl.SSLError, pool_errors.SSLError, http_errors.SSLError), _unavailable("TLS with the source failed")),
    ((OSError,), _of_the_network),
)
