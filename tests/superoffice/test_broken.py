"""Every exception of `requests` and urllib3 has its typed error."""

import http.client
import inspect
import socket
import ssl
from email.errors import MessageDefect
from types import ModuleType
from typing import Any, cast

import pytest
import requests.exceptions
import urllib3.exceptions
from requests.exceptions import RequestException
from urllib3.exceptions import HTTPError, IncompleteRead, MaxRetryError, NewConnectionError, ProtocolError, ProxyError

from archiver.errors import ReplyCut, RequestRefused, SourceError, SourceUnavailable, SourceUnreachable, WrongAddress
from archiver.superoffice.broken import BREAKS, broken_call
from archiver.superoffice.deadline import ReplyTooLate

SECRET = "https://kim:K3Y@crm.example.com/"

EXPECTED: dict[str, tuple[type[SourceError], str]] = {
    name: (kind, sentence)
    for kind, sentence, names in [
        (ReplyCut, "the reply was cut off", "requests.ChunkedEncodingError IncompleteRead InvalidChunkLength"),
        (
            WrongAddress,
            "the address of the source or its proxy is none",
            "requests.InvalidURL requests.InvalidSchema requests.MissingSchema requests.InvalidProxyURL "
            "requests.URLRequired LocationParseError LocationValueError URLSchemeUnknown ProxySchemeUnknown "
            "ProxySchemeUnsupported",
        ),
        (WrongAddress, "the address does not lead to the API", "requests.TooManyRedirects HostChangedError"),
        (RequestRefused, "a header holds what no header can carry", "requests.InvalidHeader"),
        (SourceUnreachable, "the proxy can't be reached", "requests.ProxyError ProxyError"),
        (SourceUnreachable, "the source's host name can't be resolved", "NameResolutionError"),
        (SourceUnreachable, "the connection failed", "NewConnectionError"),
        (
            SourceUnreachable,
            "the source could not be reached in time",
            "requests.ConnectTimeout ConnectTimeoutError",
        ),
        (
            SourceUnavailable,
            "the source fell silent",
            "requests.ReadTimeout requests.Timeout ReadTimeoutError TimeoutError",
        ),
        (SourceUnavailable, "the reply's compression is broken", "requests.ContentDecodingError DecodeError"),
        (
            SourceUnavailable,
            "the reply is no HTTP",
            "InvalidHeader HeaderParsingError BodyNotHttplibCompatible ResponseNotChunked",
        ),
        (SourceUnavailable, "TLS with the source failed", "requests.SSLError SSLError"),
        # Bases, and what no call of ours can raise: still no bug's traceback, but a call that failed.
        (
            SourceUnavailable,
            "the connection failed",
            "requests.RequestException requests.ConnectionError requests.HTTPError requests.InvalidJSONError "
            "requests.JSONDecodeError requests.RetryError requests.StreamConsumedError "
            "requests.UnrewindableBodyError HTTPError PoolError ClosedPoolError EmptyPoolError FullPoolError "
            "MaxRetryError ProtocolError RequestError ResponseError TimeoutStateError UnrewindableBodyError",
        ),
    ]
    for name in names.split()
}


def exceptions_of(module: ModuleType, root: type[Exception], prefix: str) -> dict[str, type[Exception]]:
    """The tree of a library's exceptions, warnings left out, by name."""
    found = {kind for _, kind in inspect.getmembers(module, inspect.isclass) if kind.__module__ == module.__name__}
    below, queue = set[type[Exception]](), [root]
    while queue:
        kind = queue.pop()
        below.add(kind)
        queue += [each for each in kind.__subclasses__() if each.__module__ == module.__name__]
    errors = {kind for kind in found if issubclass(kind, Exception) and not issubclass(kind, Warning)}
    return {prefix + kind.__name__: kind for kind in errors | below}


ALL = exceptions_of(requests.exceptions, RequestException, "requests.") | exceptions_of(
    urllib3.exceptions, HTTPError, ""
)
SPECIAL: dict[str, tuple[Any, ...]] = {
    "requests.JSONDecodeError": (SECRET, SECRET, 0),
    "HeaderParsingError": ([MessageDefect()], SECRET),
    "NameResolutionError": (SECRET, None, socket.gaierror(-2, SECRET)),
    "ProxyError": (SECRET, OSError(SECRET)),
    "InvalidChunkLength": (cast("Any", None), b"zz"),
}


def instance(name: str) -> Exception:
    """The exception, made as its constructor wants it and full of what must not be told."""
    kind = ALL[name]
    if name in SPECIAL:
        made: Exception = kind.__new__(kind) if name == "InvalidChunkLength" else kind(*SPECIAL[name])
        return made
    if kind.__init__ in (Exception.__init__, RequestException.__init__) or not inspect.isfunction(kind.__init__):
        return kind(SECRET)
    wanted = list(inspect.signature(kind.__init__).parameters.values())[1:]
    return kind(*(0 if "int" in str(each.annotation) else SECRET for each in wanted if each.default is each.empty))


def test_the_trees_are_what_this_test_knows() -> None:
    assert set(ALL) == set(EXPECTED)


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_every_exception_has_its_typed_error_which_tells_nothing(name: str) -> None:
    raised = instance(name)
    assert isinstance(raised, BREAKS)
    error = broken_call(raised)
    assert (type(error), str(error)) == EXPECTED[name]
    assert "K3Y" not in f"{error!r}{error.hint}"


@pytest.mark.parametrize(
    ("cause", "kind", "sentence"),
    [
        (ReplyTooLate(), SourceUnavailable, "the reply was not complete in time"),
        (TimeoutError(), SourceUnavailable, "the source fell silent"),
        (ConnectionResetError(104, SECRET), SourceUnavailable, "the source closed the connection"),
        (BrokenPipeError(32, SECRET), SourceUnavailable, "the source closed the connection"),
        (http.client.RemoteDisconnected(SECRET), SourceUnavailable, "the source closed the connection"),
        (http.client.BadStatusLine(SECRET), SourceUnavailable, "the reply is no HTTP"),
        (IncompleteRead(1, 2), ReplyCut, "the reply was cut off"),
        (ssl.SSLCertVerificationError(1, SECRET), WrongAddress, "the source's TLS certificate is not trusted"),
        (ssl.SSLEOFError(8, SECRET), SourceUnavailable, "TLS with the source failed"),
        (ConnectionRefusedError(111, SECRET), SourceUnreachable, "the source's host refuses the connection"),
        (OSError(101, SECRET), SourceUnavailable, "the network failed: Network is unreachable"),
    ],
    ids=repr,
)
def test_a_cause_counts_however_it_is_wrapped(cause: Exception, kind: type[SourceError], sentence: str) -> None:
    pool = cast("Any", None)
    for wrapped in (
        cause,
        ProtocolError(SECRET, cause),
        requests.exceptions.ConnectionError(ProtocolError(SECRET, cause)),
        requests.exceptions.ConnectionError(MaxRetryError(pool, SECRET, cause)),
    ):
        error = broken_call(wrapped)
        assert (type(error), str(error)) == (kind, sentence)


def test_a_connection_that_could_not_be_made_says_why() -> None:
    wrapped = NewConnectionError(cast("Any", None), SECRET)
    wrapped.__cause__ = OSError(113, SECRET)
    error = broken_call(requests.exceptions.ConnectionError(wrapped))
    assert (type(error), str(error)) == (SourceUnreachable, "the network failed: No route to host")


def test_a_proxy_that_can_not_be_reached_is_blamed_before_the_network() -> None:
    error = broken_call(ProxyError(SECRET, NewConnectionError(cast("Any", None), SECRET)))
    assert str(error) == "the proxy can't be reached"
