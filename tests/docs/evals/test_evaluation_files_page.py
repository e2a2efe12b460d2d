"""What docs/evaluation-files.md says is what is read."""

import re

import pytest

from assay.connectors.evals import (
    archive,
    files,
    json_files,
    junit,
    parquet_child,
    plain_examples,
    plain_roles,
    runs,
    table,
)
from assay.connectors.evals.read import read_evaluation
from assay.connectors.evals.registry import reader_names
from assay.domain.experiments.evidence import RunStatus
from tests.docs.pages import blocks, code, page, tables

PAGE = page("evaluation-files.md")
FILES = [block for block in blocks(PAGE) if block.language in ("csv", "json", "xml")]


@pytest.mark.parametrize("block", FILES, ids=lambda block: block.text.split("\n", 1)[0][:40])
def test_every_file_of_the_page_is_read(block, tmp_path):
    path = tmp_path / f"example.{block.language}"
    path.write_text(block.text)
    found = read_evaluation(path)
    assert found.reader == ("junit" if block.language == "xml" else "plain")
    assert all(run.scores or run.curves for run in found.runs)


def test_files_of_the_page_mean_what_it_says(tmp_path):
    wide, long, rows, by_run, _ = FILES
    for name, block in (("wide", wide), ("long", long), ("rows", rows), ("runs", by_run)):
        (tmp_path / name).write_text(block.text)
    one, two = read_evaluation(tmp_path / "wide").runs
    assert (one.scores["accuracy"].values.tolist(), two.scores["latency_ms"].values.tolist()) == (
        [1, 0],
        [305, 290],
    )
    (first,) = read_evaluation(tmp_path / "long").runs
    assert first.scores["accuracy"].values.tolist() == one.scores["accuracy"].values.tolist()
    assert first.scores["latency_ms"].slices == one.scores["latency_ms"].slices == {"language": ("de", "en")}
    assert read_evaluation(tmp_path / "rows").runs[0].scores["accuracy"].values.tolist() == [1, 0]
    statuses = [run.status for run in read_evaluation(tmp_path / "runs").runs]
    assert statuses == [RunStatus.FINISHED, RunStatus.FAILED]


def test_page_lists_every_reader_and_no_other():
    assert {code(row[0]) for row in tables(PAGE, "reader", "what it reads")} == set(reader_names())


def test_page_lists_every_role():
    listed = {name for row in tables(PAGE, "column", "role") for name in re.findall(r"`(\w+)`", row[0])}
    by_hand = set(re.findall(r"`(\w+)`", re.search(r"role above, and (.*?)\n\n", PAGE, re.DOTALL)[1]))
    aliases = {"steps", "total_steps", "value"}
    assert listed - aliases | by_hand == set(plain_roles.ROLES)


def test_limits_of_the_page_are_those_of_the_code():
    told = dict(tables(PAGE, "what", "limit"))
    megabytes, gigabytes = 2**20, 2**30
    assert told == {
        "size of a file": f"{files.MAX_FILE_BYTES // gigabytes} GB (JUnit: {junit.MAX_BYTES // megabytes} MB)",
        "files in a folder": f"{files.MAX_FILES:,}, at most {files.MAX_DEPTH} folders deep",
        "rows of a table": f"{parquet_child.MAX_TABLE_ROWS:,}",
        "columns of a table": f"{parquet_child.MAX_TABLE_COLUMNS:,}",
        "label of a slice, id of an example": f"{table.MAX_LABEL} characters",
        "text kept of an example": f"{runs.MAX_EXAMPLE_TEXT:,} characters",
        "names of metrics in a long table": f"{plain_examples.MAX_METRICS:,}",
        "entries of a log archive": f"{archive.MAX_ENTRIES:,}; each at most {archive.MAX_ENTRY_BYTES // megabytes} MB unpacked, "
        f"{archive.MAX_TOTAL_BYTES // gigabytes} GB in all, 1:{archive.MAX_RATIO}",
        "time to decode Parquet or a large CSV file": f"{parquet_child.TABLE_DEADLINE_S:.0f} seconds, in a process of its own with "
        f"{parquet_child.MEMORY_LIMIT_BYTES // gigabytes} GB of memory",
    }
    assert json_files.MAX_LINE_BYTES < files.MAX_FILE_BYTES
