"""What each kind of error means and what an operator can do about it, in plain words. One table."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Advice:
    """For one kind of error, as `sync_error.kind` has it."""

    says: str
    """What happened."""
    do: str
    """What to do; nothing may be an answer."""


_NOTHING_YET = "nothing to do: it is asked again by itself, after growing pauses"
_DATABASE = "check archive.url and the database; what was committed is safe"
_BUG = "a bug, sorry: please report it"

_ADVICE = {
    "conflict": Advice(
        says="another message came under a known id; the archived one stands",
        do="was a backup restored at the source? archiver quarantine lists what came, and show ID prints it",
    ),
    "undecodable": Advice(
        says="rows came that could not be read; their neighbours are stored",
        do="nothing to do at first: it is read whole again, after growing pauses, until they can be read",
    ),
    "undecodable_reply": Advice(
        says="the source's reply could not be read",
        do="asked again by itself; if it stays so, archiver quarantine shows what came",
    ),
    "null_reply": Advice(
        says="the source answers null for a chat session it knows",
        do="nothing to do at first; if it stays so, may the user read these chat sessions?",
    ),
    "error_reply": Advice(
        says="the source answers with an error object in place of messages",
        do="look for the cause in the source's own log; may the user read these chat sessions?",
    ),
    "unexpected_reply": Advice(says="the source's reply is no answer", do="check base_url, and the source's own log"),
    "wrong_content_type": Advice(
        says="the reply says that it is no JSON",
        do="check base_url: does something else stand there, a proxy perhaps?",
    ),
    "source_unavailable": Advice(says="the source does not answer, or says that it can't now", do=_NOTHING_YET),
    "source_down": Advice(says="the source fails call after call", do="is it under maintenance? " + _NOTHING_YET),
    "reply_cut": Advice(says="the end of the reply was missing", do="check the network between; " + _NOTHING_YET),
    "maintenance_page": Advice(
        says="the source answers with a web page", do="is it under maintenance? If not, check base_url"
    ),
    "source_unreachable": Advice(
        says="no connection to the source", do="check base_url, request.proxy, the name service and the network"
    ),
    "rate_limited": Advice(
        says="the source asks us to slow down", do="lower limits.requests_per_second if it goes on"
    ),
    "source_on_hold": Advice(
        says="the source asked us to stay away for a while", do="nothing: it is asked again when that is over"
    ),
    "retriable_source_error": Advice(says="the source did not answer this time", do=_NOTHING_YET),
    "authentication_failed": Advice(
        says="the source refuses our credentials", do="check auth in the configuration, then archiver run"
    ),
    "sign_in_page": Advice(
        says="the source answers with a sign-in page", do="check auth, and whether base_url leads to the API"
    ),
    "permission_denied": Advice(
        says="the source denies access", do="the user may lack rights to these chat sessions, or a token has expired"
    ),
    "credential_refused": Advice(says="the source refuses our credential", do="check auth in the configuration"),
    "wrong_address": Advice(says="the address does not lead to the API", do="check base_url"),
    "misdirected_request": Advice(
        says="the tenant lives on another host", do="set base_url to the address that the tenant has now"
    ),
    "request_refused": Advice(says="the source calls our request invalid", do="is base_url that of another version?"),
    "reply_too_large": Advice(
        says="the reply is larger than the limit", do="raise limits.max_reply_mb if the chat session is that long"
    ),
    "fatal_source_error": Advice(says="the source refuses", do="check base_url and the source's own log"),
    "source_error": Advice(says="the source gave no answer", do=_NOTHING_YET),
    "store_unavailable": Advice(says="the archive's database could not be reached", do=_DATABASE),
    "store_refused": Advice(says="the archive's database refused", do="is its disk full? " + _DATABASE),
    "store_error": Advice(says="the archive's database failed", do=_DATABASE),
    "schema_out_of_date": Advice(says="the archive's schema is of another version", do="archiver migrate"),
    "lease_held": Advice(says="another archiver was at work on this source", do="run one archiver a source"),
    "lease_lost": Advice(
        says="another archiver took this source over", do="run one archiver a source; nothing was written twice"
    ),
    "config_error": Advice(says="the configuration has problems", do="mend the file; every command names them"),
    "interrupted": Advice(says="it was stopped on request", do="nothing to do: the next pass goes on"),
    "archiver_error": Advice(says="something failed", do=_BUG),
}


def advice_for(kind: str) -> Advice | None:
    """What a kind of error means and what to do; None for one that an older version may have left behind."""
    return _ADVICE.get(kind)
