"""How the archiver's cost grows, as text."""

from pathlib import Path
from typing import Any

from bench.jobs import DATABASES
from bench.report import table
from bench.sections import replace_section

Row = dict[str, Any]


def write_flat_report(rows: list[Row], document: Path) -> None:
    replace_section(document, "bench.flat", render_flat(rows))


def render_flat(rows: list[Row]) -> str:
    parts = {"memory": _memory, "growth": _growth, "cursors": _cursors, "writes": _writes}
    asked = {name: [row for row in rows if row["question"] == name] for name in parts}
    return "\n\n".join(part(asked[name]) for name, part in parts.items() if asked[name])


def _memory(rows: list[Row]) -> str:
    lines = []
    for database, title in DATABASES.items():
        peaks = [row["peak_mb"] for row in rows if row["database"] == database]
        if peaks:
            small, large, long = peaks
            lines.append([title, f"{small:.0f}", f"{large:.0f}", f"{large / small:.2f}", f"{long:.0f}"])
    head = ["peak MB of a first backfill", "100,000 messages", "1,000,000", "ratio", "200,000 in one chat session"]
    return f"### Memory\n\n{table(head, lines)}"


def _growth(rows: list[Row]) -> str:
    lines = []
    for row in rows:
        each_ms, cpu_ms = (row[name] / row["visited"] * 1000 for name in ("wall_s", "client_cpu_s"))
        lines.append(
            [
                f"{DATABASES[row['database']]}, {row['known']:,}",
                f"{row['visited']:,}",
                f"{row['wall_s']:.2f}",
                f"{each_ms:.2f}",
                f"{cpu_ms:.2f}",
                f"{row['peak_mb']:.0f}",
            ]
        )
    head = ["known chat sessions", "visited", "s", "ms each", "CPU ms each", "peak MB"]
    text = "A pass with nothing new, start-up included, which alone makes a visit of a small archive dearer."
    return f"### Time per chat session\n\n{text}\n\n{table(head, lines)}"


def _cursors(rows: list[Row]) -> str:
    lines = [
        [
            f"{DATABASES[row['database']]}, {row['known']:,}",
            f"{row['calls']:,}",
            f"{row['wall_s']:.2f}",
            f"{row['client_cpu_s']:.2f}",
            f"{row['peak_mb']:.0f}",
        ]
        for row in rows
    ]
    head = ["chat sessions with a cursor", "calls", "s", "CPU s", "peak MB"]
    text = "A pass that loads all cursors and visits few chat sessions: all but a thousand are holes."
    return f"### Loading cursors\n\n{text}\n\n{table(head, lines)}"


def _writes(rows: list[Row]) -> str:
    titles = {
        "backfill": "first backfill, 2,000 × 50",
        "run": "a pass with nothing new",
        "reconcile": "full visits of all, nothing changed",
    }
    lines = [
        [titles[row["command"]], f"{row['wal_bytes'] / 1024:,.0f}", f"{row['rows_written']:,}", f"{row['calls']:,}"]
        for row in rows
    ]
    head = ["PostgreSQL", "WAL, KiB", "rows inserted, updated or deleted", "calls"]
    text = (
        "`pg_current_wal_lsn` before and after; the whole server's, so that a quiet one is needed. Rows by "
        "`pg_stat_user_tables`: a pass holds a lease, and writes a line of the ledger."
    )
    return f"### What a pass writes\n\n{text}\n\n{table(head, lines)}"
