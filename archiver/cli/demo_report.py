"""What the demo's archive holds, read as an analyst would: with plain SQL on the file."""

import json
import sqlite3
import textwrap
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

_CONVERSATION = """
SELECT type, special_type, special_param, author, message, when_posted FROM chat_message
WHERE chat_session_id = ? ORDER BY chat_message_id"""

_WORTH_READING = """
SELECT chat_session_id FROM chat_message GROUP BY chat_session_id
HAVING count(*) BETWEEN 9 AND 18
ORDER BY sum(message LIKE '% the %') > 0 DESC,
         count(DISTINCT special_type) DESC,
         chat_session_id LIMIT 1"""
"""One in English, since most who watch read it, with as much going on as there is."""

_ANY = "SELECT min(chat_session_id) FROM chat_message"

_QUERIES = [
    (
        "Who answered the most?",
        """\
SELECT author, count(*) AS answers, count(DISTINCT chat_session_id) AS chats
FROM chat_message WHERE type = 'ToCustomer' AND special_type = 'None'
GROUP BY author ORDER BY answers DESC LIMIT 5""",
    ),
    (
        "How does a chat end?",
        """\
SELECT special_type, count(*) AS chats FROM chat_message
WHERE special_type LIKE 'Closed%' GROUP BY special_type ORDER BY chats DESC""",
    ),
    (
        "What was changed in the CRM after it was sent?",
        """\
SELECT now.chat_session_id, earlier.message AS was, now.message AS became
FROM chat_message_revision AS earlier
JOIN chat_message AS now USING (source_id, chat_message_id)""",
    ),
]


def show(archive: Path) -> None:
    """Print counts, a conversation, three queries with their answers."""
    console = Console(highlight=False, markup=False)
    with _reading(archive) as connection:
        _title(console, "What the archive holds")
        sessions, messages = connection.execute(
            "SELECT count(DISTINCT chat_session_id), count(*) FROM chat_message"
        ).fetchone()
        print(f"  {sessions:,} chat sessions, {messages:,} messages, {archive.stat().st_size / 2**20:.1f} MB")
        (chosen,) = connection.execute(_WORTH_READING).fetchone() or connection.execute(_ANY).fetchone()
        _title(console, f"Chat session {chosen}")
        for line in connection.execute(_CONVERSATION, (chosen,)):
            _print_line(console, *line)
        _title(console, "Three queries to try")
        for question, query in _QUERIES:
            _print_query(console, connection, question, query)


@contextmanager
def _reading(archive: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(f"{archive.as_uri()}?mode=ro", uri=True)) as connection:
        yield connection


def _title(console: Console, text: str) -> None:
    print()
    console.print(Text(text, style="bold"))


def _print_line(
    console: Console, kind: str, special: str, options: str, author: str, message: str, when_posted: str
) -> None:
    if kind == "Special":
        event = Text(f"{when_posted[11:16]}  · {message or special}", style="dim")
        console.print(Padding(event, (0, 0, 0, 2)))
        return
    who = author if kind == "ToCustomer" else f"{author} (customer)"
    style = "cyan" if kind == "ToCustomer" else "green"
    head = Text(f"  {when_posted[11:16]}  ") + Text(who, style=style)
    console.print(head)
    said = "  ".join(f"[{option}]" for option in json.loads(options)) if special == "Options" else message
    console.print(Padding(Text(said), (0, 0, 0, 9)))


def _print_query(console: Console, connection: sqlite3.Connection, question: str, query: str) -> None:
    rows = connection.execute(query)
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for column in rows.description:
        table.add_column(column[0])
    for row in rows:
        table.add_row(*(Text(str(value)) for value in row))
    print(f"\n  -- {question}")
    print(textwrap.indent(query, "  "))
    console.print(Padding(table, (1, 0, 0, 4)))
