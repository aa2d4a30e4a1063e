"""The chart: a row for each job, a column for each database, a bar for each contender. Drawn as SVG by hand, so that
it follows the reader's light or dark page and needs no library to be made again."""

from collections.abc import Iterator, Mapping
from html import escape

from bench.jobs import CONTENDERS, DATABASES
from bench.results import Figures

_LEFT, _COLUMN, _GAP = 170, 290, 24
_BAR, _STEP, _PAD, _TOP = 13, 19, 20, 84
_LABEL = 62
"""Room for a contender's name before its bar."""
_VALUE = 46
"""Room for the figure after the longest bar."""
_STYLE = """
  text { font: 12px system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; fill: #24292f; }
  .title { font-size: 17px; font-weight: 600; } .note, .name { fill: #57606a; } .name { text-anchor: end; }
  .head, .job { font-weight: 600; } .line { stroke: #d0d7de; } .us { font-weight: 600; fill: #24292f; }
  .archiver { fill: #0969da; } .ceiling { fill: #afb8c1; } .dlt, .singer, .orm { fill: #d4a72c; }
  @media (prefers-color-scheme: dark) {
    text, .us { fill: #e6edf3; } .note, .name { fill: #9198a1; } .line { stroke: #3d444d; }
    .archiver { fill: #4493f8; } .ceiling { fill: #656c76; } .dlt, .singer, .orm { fill: #bb8009; }
  }
"""


def draw(figures: Mapping[tuple[str, str, str, str], Figures]) -> str:
    """The wall time of each contender at each job; 1 % new is left to the table."""
    shown = {key: each for key, each in figures.items() if key[2] and key[1] != "1 % new"}
    databases = [each for each in DATABASES if any(key[2] == each for key in shown)]
    rows = list(dict.fromkeys(key[:2] for key in shown))
    width = _LEFT + len(databases) * (_COLUMN + _GAP)
    parts, top = list(_heading(databases)), _TOP
    for job, phase in rows:
        bars = {key: each.wall_s for key, each in shown.items() if key[:2] == (job, phase)}
        parts += _row(job, phase, bars, databases, top, width)
        top += _height(bars)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {top + 8}" width="{width}" height="{top + 8}" '
        f'role="img" aria-label="Wall time of each contender">\n<style>{_STYLE}</style>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def _heading(databases: list[str]) -> Iterator[str]:
    yield _text(16, 28, "Seconds to archive, less is better", "title")
    yield _text(16, 48, "chat sessions × messages; each row has a scale of its own", "note")
    for number, database in enumerate(databases):
        yield _text(_LEFT + number * (_COLUMN + _GAP) + _LABEL + 8, _TOP - 12, DATABASES[database], "head")


def _row(
    job: str, phase: str, bars: dict[tuple[str, str, str, str], float], databases: list[str], top: int, width: int
) -> Iterator[str]:
    shape, _, latency = job.partition("@")
    sessions, messages = (f"{int(number):,}" for number in shape.split("x"))
    yield f'<line class="line" x1="16" y1="{top}" x2="{width - 16}" y2="{top}"/>'
    yield _text(16, top + _PAD + 2, f"{sessions} × {messages}", "job")
    details = [
        phase if phase != "full" else "first backfill",
        *([f"{latency.removesuffix('ms')} ms a reply"] if latency else []),
    ]
    for number, detail in enumerate(details, start=1):
        yield _text(16, top + _PAD + 2 + number * 17, detail, "note")
    longest = max(bars.values())
    for number, database in enumerate(databases):
        left = _LEFT + number * (_COLUMN + _GAP) + _LABEL + 8
        here = [(name, bars[key]) for name in CONTENDERS if (key := (job, phase, database, name)) in bars]
        for line, (name, seconds) in enumerate(here):
            y = top + _PAD - 9 + line * _STEP
            length = max(seconds / longest * (_COLUMN - _LABEL - _VALUE - 8), 1)
            yield _text(left - 8, y + 11, CONTENDERS[name], "name us" if name == "archiver" else "name")
            yield f'<rect class="{name}" x="{left}" y="{y}" width="{length:.1f}" height="{_BAR}" rx="2"/>'
            yield _text(left + length + 6, y + 11, _seconds(seconds), "us" if name == "archiver" else "note")


def _height(bars: dict[tuple[str, str, str, str], float]) -> int:
    most = max(sum(key[2] == database for key in bars) for database in DATABASES)
    return 2 * _PAD - 12 + max(most, 3) * _STEP


def _seconds(value: float) -> str:
    return f"{value:.2f}" if value < 10 else f"{value:.1f}"


def _text(x: float, y: float, text: str, style: str) -> str:
    return f'<text class="{style}" x="{x:.1f}" y="{y:.1f}">{escape(text)}</text>'
