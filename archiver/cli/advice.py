"""What each kind of error in the ledger means and what an operator can do about it, in plain words. One table.

Errors that end a command before a pass has begun carry their own hint, and none is stored.
"""

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

ADVICE = {
    "conflict": Advice(
        says="another message came under a known id; the archived one stands, nothing is overwritten",
        do="a person compares them (archiver quarantine show ID); it stays open, a command can't resolve it yet",
    ),
    "undecodable": Advice(
        says="rows came that could not be read; their neighbours are stored",
        do="the chat session is read whole again, after growing pauses, until they can be read",
    ),
    "seal_broken": Advice(
        says="sealed rows were changed by something other than this program",
        do="find out who writes the database; archiver verify names what differs; a backup has what was sealed",
    ),
    "too_large": Advice(
        says="a message is larger than the archive's database takes; what came before it is stored",
        do="raise max_allowed_packet on the server (SET GLOBAL, and in its configuration)",
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
    "authentication_failed": Advice(
        says="the source refuses our credentials", do="check auth in the configuration, then archiver run"
    ),
    "sign_in_page": Advice(
        says="the source answers with a sign-in page", do="check auth, and whether base_url leads to the API"
    ),
    "permission_denied": Advice(
        says="the source denies access", do="the user may lack rights to these chat sessions, or a token has expired"
    ),
    "wrong_address": Advice(says="the address does not lead to the API", do="check base_url"),
    "misdirected_request": Advice(
        says="the tenant lives on another host", do="set base_url to the address that the tenant has now"
    ),
    "request_refused": Advice(says="the source calls our request invalid", do="is base_url that of another version?"),
    "reply_too_large": Advice(
        says="the reply is larger than the limit", do="raise limits.max_reply_mb if the chat session is that long"
    ),
    "suspicious_changes": Advice(
        says="a pass stopped before it stored a suspicious share of edits or deletions; what is new is stored still",
        do="see what it is (archiver reconcile --dry-run), then archiver reconcile --accept, or mend the source",
    ),
    "source_rewound": Advice(
        says="the source went back in time, as after a restored backup; nothing is visited, nothing was overwritten",
        do="if it was a restore: archiver source new-epoch NAME; if you know that it was none: archiver run --accept",
    ),
    "times_shifted": Advice(
        says="the source gives all times another way, as after an upgrade; the stored ones stand",
        do="look at the zone settings of the source's server; it ends by itself when the times agree again",
    ),
    "store_refused": Advice(says="the archive's database refused", do="is its disk full? " + _DATABASE),
    "store_error": Advice(says="the archive's database failed", do=_DATABASE),
}


def advice_for(kind: str) -> Advice | None:
    """What a kind of error means and what to do; None for one that an older version may have left behind."""
    return ADVICE.get(kind)
