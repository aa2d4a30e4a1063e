"""The generated parts of a document, each between two markers; what is written around them by hand stays."""

from pathlib import Path

from bench.errors import BenchError


def replace_section(path: Path, name: str, text: str) -> None:
    """Put a new text between the markers of that name. A file that is not there is made of it.

    Raises: BenchError when the markers are not there, each once and in order.
    """
    begin, end = f"<!-- {name}: begin, generated -->", f"<!-- {name}: end -->"
    section = f"{begin}\n\n{text.strip()}\n\n{end}"
    if not path.exists():
        path.write_text(f"{section}\n", encoding="utf-8")
        return
    document = path.read_text(encoding="utf-8")
    before, found, rest = document.partition(begin)
    _, found_end, after = rest.partition(end)
    if not found or not found_end or begin in after:
        raise BenchError(f"{path} has to hold {begin!r} and then {end!r}, each once: the figures go between them")
    path.write_text(before + section + after, encoding="utf-8")
