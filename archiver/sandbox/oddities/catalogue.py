"""Every oddity by name: what a person reads in the list, and how it is when switched on by name or by `all`.

What each one does is a small function: `replies.py` (replies, faults), `rows.py` and `events.py`. Their
facts are the reference's open questions: what is undocumented or rare may be any way.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Literal

ALL = "all"

Group = Literal["replies", "unknown", "faults", "rows", "events"]

GROUPS: dict[Group, str] = {
    "replies": "Replies: one of them stands in place of what was asked for",
    "unknown": "Unknown chat sessions: GetChatMessages of an id that the tenant doesn't hold ([] without these)",
    "faults": "Faults below HTTP: the reply is spoilt on its way",
    "rows": "Rows: what GetChatMessages and its REST twin say, the same at each reading; several go together",
    "events": "Events: the tenant itself changes, just before it answers a request for a chat session",
}


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One oddity."""

    name: str
    group: Group
    does: str  # a plain sentence
    defaults: Mapping[str, object] = field(default_factory=dict)  # fields of `Oddity`, when switched on by name
    share: float | None = None  # its probability in `all`; None: not part of it
    why_not: str = ""  # it is not part of `all`
    per: Literal["request", "message", "chat session"] = "request"  # what a probability is a share of
    in_all: Mapping[str, object] = field(default_factory=dict)  # fields of `Oddity` that differ in `all`


# Rows and events come to pass in the order in which they stand here.
ENTRIES: tuple[Entry, ...] = (
    Entry(
        name="status",
        group="replies",
        does="Any HTTP status with an error object (status=500, retry_after, message).",
        defaults={"status": 500},
        share=0.004,
    ),
    Entry(
        name="too_many_requests",
        group="replies",
        does="429 with Retry-After; retry_after takes any text that a header can hold, and null leaves it out.",
        defaults={"retry_after": "1"},
        share=0.004,
    ),
    Entry(
        name="service_unavailable",
        group="replies",
        does="503 without Retry-After; retry_after adds one.",
        share=0.004,
    ),
    Entry(
        name="null",
        group="replies",
        does="null with status 200, for a chat session that does have messages too.",
        share=0.006,
        # A null from both calls would say that the chat session doesn't exist.
        in_all={"operation": "GetChatMessages"},
    ),
    Entry(
        name="error_object",
        group="replies",
        does="An object with Message and MessageDetail, with status 200 (message).",
        share=0.004,
    ),
    Entry(name="sign_in_page", group="replies", does="An HTML sign-in page with status 200.", share=0.002),
    Entry(name="maintenance_page", group="replies", does="An HTML maintenance page with status 200.", share=0.004),
    Entry(
        name="empty",
        group="replies",
        does="[] for a chat session that does have messages.",
        why_not="[] is an answer: who believes it rightly comes back rarely",
    ),
    Entry(name="wrong_content_type", group="replies", does="The right reply, labelled text/plain.", share=0.004),
    Entry(
        name="truncated_json",
        group="replies",
        does="The first half of the right reply, with a Content-Length that fits.",
        share=0.004,
    ),
    Entry(name="not_json", group="replies", does="Plain words, labelled application/json.", share=0.004),
    Entry(
        name="text_primary_key",
        group="replies",
        does="The right list of chat sessions, with PrimaryKey as text; the reference's samples show both.",
        defaults={"operation": "ListChatSessions"},
        share=0.2,
    ),
    Entry(
        name="slow",
        group="replies",
        does="The right reply after a pause (seconds=6).",
        defaults={"seconds": 6.0},
        share=0.001,
    ),
    Entry(
        name="redirect",
        group="replies",
        does="302 to another address (location).",
        why_not="it says that base_url is wrong, which a person must mend",
    ),
    Entry(
        name="huge",
        group="replies",
        does="[], with so much blank space in it that nobody should read it (megabytes=10).",
        defaults={"megabytes": 10.0},
        why_not="below a client's limit it is a true [], above it takes much memory",
    ),
    Entry(name="unknown_null", group="unknown", does="null in place of [].", share=0.2),
    Entry(
        name="unknown_error_object",
        group="unknown",
        does="An object with Message and MessageDetail in place of [] (message).",
        share=0.1,
    ),
    Entry(name="reset_before", group="faults", does="A TCP reset in place of the reply.", share=0.002),
    Entry(name="reset_during", group="faults", does="A TCP reset after half of the reply.", share=0.002),
    Entry(name="reset_after", group="faults", does="A TCP reset after the whole reply.", share=0.002),
    Entry(name="silence", group="faults", does="Nothing ever comes, and the connection stays open.", share=0.0005),
    Entry(
        name="drip",
        group="faults",
        does="The reply comes in small pieces (piece_bytes=16, seconds=0.1 between two).",
        defaults={"seconds": 0.1, "piece_bytes": 16},
        share=0.002,
        in_all={"piece_bytes": 100},
    ),
    Entry(
        name="short_body",
        group="faults",
        does="The connection ends in good order before the announced Content-Length is reached.",
        share=0.002,
    ),
    Entry(
        name="inclusive_after",
        group="rows",
        does="After is inclusive: the message of that id comes again.",
        share=0.1,
        per="chat session",
    ),
    Entry(
        name="capped",
        group="rows",
        does="Only the first rows after After, and no word of the rest (rows=100).",
        defaults={"rows": 100},
        share=0.1,
        per="chat session",
    ),
    Entry(
        name="unknown_enum",
        group="rows",
        does="Type and SpecialType hold names that don't exist yet.",
        share=0.01,
        per="message",
    ),
    Entry(name="extra_property", group="rows", does="A tenth property that nobody knows.", share=0.01, per="message"),
    Entry(
        name="read_as_bool",
        group="rows",
        does="ReadByCustomer is true or false in place of 1 or 0.",
        share=0.01,
        per="message",
    ),
    Entry(
        name="number_as_text",
        group="rows",
        does="A number comes as text (property_name=ReadByCustomer).",
        share=0.005,
        per="message",
    ),
    Entry(
        name="time_out_of_order",
        group="rows",
        does="WhenPosted is up to an hour off, so that it doesn't rise with the id.",
        share=0.01,
        per="message",
    ),
    Entry(name="time_in_future", group="rows", does="WhenPosted lies ten years ahead.", share=0.005, per="message"),
    Entry(
        name="time_seven_digits",
        group="rows",
        does="WhenPosted has seven fraction digits.",
        share=0.01,
        per="message",
    ),
    Entry(
        name="time_without_suffix",
        group="rows",
        does="WhenPosted has no suffix, although the request asked for one.",
        share=0.01,
        per="message",
    ),
    Entry(
        name="time_year_1",
        group="rows",
        does="WhenPosted is the unset date, in one of its three spellings.",
        share=0.005,
        per="message",
    ),
    Entry(
        name="wrong_type",
        group="rows",
        does="A property holds a number, a list or an object where text belongs, or the reverse (property_name).",
        share=0.005,
        per="message",
    ),
    Entry(
        name="null_property",
        group="rows",
        does="A property is null (property_name; by itself any but the ids).",
        share=0.005,
        per="message",
    ),
    Entry(
        name="missing_property",
        group="rows",
        does="A property is left out (property_name; by itself any but the ids).",
        share=0.005,
        per="message",
    ),
    Entry(
        name="foreign_row",
        group="rows",
        does="A true row of another chat session comes along with those asked for.",
        share=0.05,
        per="chat session",
    ),
    Entry(name="duplicate_rows", group="rows", does="The same row comes twice.", share=0.02, per="message"),
    Entry(name="any_order", group="rows", does="The rows are shuffled.", share=0.1, per="chat session"),
    Entry(
        name="reopened",
        group="events",
        does="The customer comes back to a chat session that was over.",
        defaults={"times": 1},
        share=0.003,
    ),
    Entry(
        name="session_reset",
        group="events",
        does="The chat session goes back to the queue, without its agent; its messages stay.",
        defaults={"times": 1},
        share=0.002,
    ),
    Entry(
        name="read",
        group="events",
        does="The customer reads: ReadByCustomer turns from 0 to 1 in the whole chat session.",
        defaults={"times": 1},
        share=0.01,
    ),
    Entry(
        name="edited", group="events", does="The text of one message is changed.", defaults={"times": 1}, share=0.003
    ),
    Entry(name="deleted_message", group="events", does="One message is deleted.", defaults={"times": 1}, share=0.001),
    Entry(
        name="deleted",
        group="events",
        does="The chat session is deleted with its messages.",
        defaults={"times": 1},
        share=0.001,
    ),
    Entry(
        name="late_commit",
        group="events",
        does="Two messages come, and the lower id appears one request after the higher one.",
        defaults={"times": 2},
        why_not="a pass that only asks for what is new can't see it: it takes a reconcile",
    ),
    Entry(
        name="restored",
        group="events",
        does="A backup is restored: the newest messages are gone, and their ids are given again (messages=10).",
        defaults={"times": 1, "messages": 10},
        why_not="ids come back with other content: a person must decide",
    ),
)

CATALOGUE: dict[str, Entry] = {entry.name: entry for entry in ENTRIES}


def nearest(name: str, known: tuple[str, ...] = tuple(CATALOGUE)) -> str:
    """The known name that looks most like `name`."""
    return get_close_matches(name, known, n=1, cutoff=0.0)[0]
