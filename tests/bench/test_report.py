"""What a bench tells of its figures."""

import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path

import pytest

from bench.__main__ import main
from bench.errors import BenchError
from bench.flat_report import render_flat, write_flat_report
from bench.report import render, write_report
from bench.results import NOBODY, Results, Run, load_results
from bench.sections import replace_section

DOCUMENT = Path(__file__).parents[2] / "docs" / "performance.md"
RUN = Run(
    job="2000x50",
    phase="full",
    database="postgresql",
    contender="archiver",
    round=1,
    wall_s=2.0,
    client_cpu_s=1.5,
    database_cpu_s=0.7,
    server_cpu_s=0.1,
    peak_mb=80.0,
    calls=2_000,
    rows=100_000,
)
RUNS = [
    replace(RUN, contender=NOBODY, database="", wall_s=0.1),
    *(replace(RUN, round=number, wall_s=wall_s) for number, wall_s in enumerate((2.0, 9.0, 1.0), start=1)),
    replace(RUN, contender="dlt", wall_s=7.0),
    replace(RUN, job="2000x50@30ms", wall_s=2.5),
    replace(RUN, database="mariadb", wall_s=4.0),
]
RESULTS = Results(
    machine={"processor": "a fast one, 2 cores"},
    databases={"postgresql": "PostgreSQL 15, fsync on", "mariadb": "MariaDB 10.11"},
    versions={"archiver": "requests 2.34.2", "dlt": "dlt 1.31.0"},
    runs=RUNS,
)
FLAT = [
    {"question": "memory", "database": "sqlite", "messages": n, "chat_sessions": 1, "peak_mb": peak}
    for n, peak in ((100_000, 80.0), (1_000_000, 88.0), (200_000, 120.0))
]


def test_it_has_medians_ratios_the_machine_and_the_versions() -> None:
    text = render(RESULTS)
    assert "| PostgreSQL | archiver | dlt |" in text
    assert "| 2,000 × 50 | 2.00 s | 3.50 |" in text
    assert (
        "| 2,000 × 50: archiver | 2.00 (1.00–9.00) | 50,000 | 1.50 | 0.70 | 80 | 2,000 | 1,000 | 100,000 | 5% |"
        in text
    )
    assert "| archiver, 2,000 × 50, 30 ms ÷ 2,000 × 50 |  | 1.25 |  |" in text
    assert "| archiver, 2,000 × 50: MariaDB ÷ PostgreSQL |  |  | 2.00 |" in text
    assert "| 2,000 × 50 | 20,000 | 50 | 1,000 | 5% | archiver, PostgreSQL |" in text
    for told in ("a fast one, 2 cores", "PostgreSQL 15, fsync on", "dlt 1.31.0"):
        assert told in text


def test_what_was_measured_is_read_back_as_it_was(tmp_path: Path) -> None:
    RESULTS.save(tmp_path / "performance.json")
    assert load_results(tmp_path / "performance.json") == RESULTS


def test_the_chart_is_an_image_that_names_everybody(tmp_path: Path) -> None:
    write_report(RESULTS, tmp_path)
    image = ElementTree.parse(tmp_path / "performance.svg").getroot()
    told = {element.text for element in image.iter() if element.tag.endswith("text")}
    assert {"archiver", "dlt", "PostgreSQL", "MariaDB", "2,000 × 50", "2.00", "7.00"} <= told


def test_the_document_keeps_what_is_written_around_its_figures(tmp_path: Path) -> None:
    copy = tmp_path / "performance.md"
    copy.write_text(DOCUMENT.read_text(encoding="utf-8"), encoding="utf-8")
    for _ in range(2):
        write_report(RESULTS, tmp_path)
        write_flat_report(FLAT, copy)
    text = copy.read_text(encoding="utf-8")
    assert text.count(render(RESULTS)) == text.count(render_flat(FLAT)) == 1
    assert "| SQLite | 80 | 88 | 1.10 | 120 |" in text
    headings = [line for line in text.splitlines() if line.startswith("## ")]
    assert headings == [line for line in DOCUMENT.read_text(encoding="utf-8").splitlines() if line.startswith("## ")]


def test_a_document_without_the_markers_is_left_alone(tmp_path: Path) -> None:
    document = tmp_path / "performance.md"
    document.write_text("by hand", encoding="utf-8")
    with pytest.raises(BenchError, match="has to hold"):
        replace_section(document, "bench", "figures")
    assert document.read_text(encoding="utf-8") == "by hand"


def test_wrong_arguments_get_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--jobs", "many"]) == 1
    assert "bench: --jobs: 'many' is no job: take some of 500x40" in capsys.readouterr().err
    for arguments, told in (
        (["--databases", "oracle"], "'oracle' is none of sqlite"),
        (["--rounds", "0"], "'0' is no"),
    ):
        with pytest.raises(SystemExit):
            main(arguments)
        assert told in capsys.readouterr().err
