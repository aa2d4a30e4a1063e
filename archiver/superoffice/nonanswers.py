"""What is no answer, and which error says so. Pure; no error holds anything of the reply.

An answer is a reply with status 200 whose content is JSON of the kind that was asked for. All else is told apart here
by its status, by its Content-Type, or by the page that it is. Source: SuperOffice reference, agents WebAPI: "inspect
the body, not only the status"; the statuses' meaning is RFC 9110's where the vendor documents none.
"""

import re
from collections.abc import Mapping

from archiver.errors import (
    AuthenticationFailed,
    MaintenancePage,
    MisdirectedRequest,
    PermissionDenied,
    RateLimited,
    ReplyTooLarge,
    RequestRefused,
    SignInPage,
    SourceError,
    SourceUnavailable,
    UnexpectedReply,
    WrongAddress,
    WrongContentType,
)
from archiver.superoffice.retry_after import parse_retry_after

_UNAVAILABLE = frozenset({408, 500, 502, 503, 504})
_JSON = re.compile(r"(?:application|text)/(?:[\w.+-]*\+)?json", re.IGNORECASE)
_PAGE = re.compile(rb"[\xef\xbb\xbf\s]*<(?:!doctype|html|head|body|\?xml)", re.IGNORECASE)
_PASSWORD_FIELD = re.compile(rb"""type\s*=\s*["']?password""", re.IGNORECASE)
_PAGE_HEAD_BYTES = 64 * 1024
"""How far into a page a password field is looked for."""


def refusal(status: int, headers: Mapping[str, str]) -> SourceError:
    """What a status other than 200 means. `headers`: by case-blind name."""
    where = f"HTTP {status} from the source"
    if status == 401:
        return AuthenticationFailed(f"{where}: it refuses our credentials", hint="check auth in the configuration")
    if status == 403:
        return PermissionDenied(f"{where}: access is denied", hint="the user may lack rights, or a token has expired")
    if status == 429:
        retry_after_s = parse_retry_after(headers.get("Retry-After"))
        return RateLimited(f"{where}: it asks us to slow down", retry_after_s=retry_after_s)
    if status in _UNAVAILABLE:
        return SourceUnavailable(where, retry_after_s=parse_retry_after(headers.get("Retry-After")))
    if status == 421:
        return MisdirectedRequest(
            f"{where}: the tenant lives on another host", hint="set base_url to the address that the tenant has now"
        )
    if status == 404 or 300 <= status < 400:
        return WrongAddress(f"{where}: the address does not lead to the API", hint="check base_url")
    if status == 400:
        return RequestRefused(f"{where}: it calls our request invalid")
    return UnexpectedReply(where)


def wrong_content(content_type: str | None, body: bytes) -> SourceError | None:
    """What a reply with status 200 is that doesn't say it is JSON; None when it does, or says nothing."""
    label = (content_type or "").partition(";")[0].strip()
    if not label or _JSON.fullmatch(label):
        return None
    return page_error(body) or WrongContentType(
        "the reply does not say that it is JSON", hint="what stands at base_url?"
    )


def too_large(max_bytes: int) -> ReplyTooLarge:
    """What a reply with more bytes is, those that compression saved included."""
    return ReplyTooLarge(
        f"the reply is larger than {max_bytes / 2**20:g} MB",
        hint="raise limits.max_reply_mb if chat sessions can be so large",
    )


def page_error(body: bytes) -> SourceError | None:
    """Which page for people stands in place of an answer; None when it is none."""
    if not _PAGE.match(body):
        return None
    if _PASSWORD_FIELD.search(body, 0, _PAGE_HEAD_BYTES):
        return SignInPage("the reply is a sign-in page", hint="check auth, and whether base_url leads to the API")
    return MaintenancePage("the reply is a web page", hint="is the source under maintenance, or base_url wrong?")
