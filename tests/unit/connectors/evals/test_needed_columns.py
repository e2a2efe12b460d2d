"""A reader is told what the gate looks at: labels that are numbers, and what of a wide file can stay unread."""

import io
import json

import polars as pl
import pytest

from assay.connectors.evals.parquet_child import CHILD
from assay.connectors.evals.read import read_evaluation
from assay.connectors.evals.table import Enough
from assay.domain.gates.gate_metrics import with_metrics
from assay.domain.gates.needs import Needs, needs_of
from assay.workflows.gate_file import gate_from_text

ROWS = {
    "sample_id": ["a", "b", "c", "d"],
    "f1 score": [1.0, 0.5, 1.0, 0.0],
    "cost": [1.0, 2.0, 3.0, float("nan")],
    "year": [2023, 2023, 2024, 2024],
    "score": [0.1, 0.2, 0.3, 0.4],
    "note": ["x" * 600] * 4,
    "input": ["what?"] * 4,
}


def parquet(frame):
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    return buffer.getvalue()


FORMS = {
    "r.csv": lambda frame: frame.write_csv().encode(),
    "r.jsonl": lambda frame: frame.write_ndjson().encode(),
    "r.json": lambda frame: json.dumps(frame.to_dicts()).encode(),
    "r.parquet": parquet,
}


@pytest.fixture(params=FORMS)
def file(request, tmp_path):
    path = tmp_path / request.param
    path.write_bytes(FORMS[request.param](pl.DataFrame(ROWS)))
    return path


def needs(text):
    return needs_of(with_metrics(gate_from_text(text)))


def test_numbers_are_slices_where_the_gate_names_their_column(file):
    asked = needs("criteria: ['f1_score >= 50%']\nchecks:\n  - slices: {by: year, margin: 5%}")
    found = read_evaluation(file, needs=asked).runs[0]
    assert set(found.scores) == {"f1_score"}
    assert {name: list(labels) for name, labels in found.scores["f1_score"].slices.items()} == {
        "year": ["2023", "2023", "2024", "2024"]
    }


def test_fairness_names_a_column_too_and_what_nobody_looks_at_is_not_read(file):
    asked = needs("criteria: ['f1_score >= 50%']\nchecks:\n  - fairness: {by: year, gap: 5%}")
    found = read_evaluation(file, needs=asked)
    assert (set(found.runs[0].scores), found.notes, found.examples) == ({"f1_score"}, (), {})


def test_regression_looks_at_every_metric(file):
    asked = needs("criteria: ['f1_score >= 50%']\nchecks: [regression]")
    assert asked.metrics is None
    assert {"f1_score", "cost", "score"} <= set(read_evaluation(file, needs=asked).runs[0].scores)


def test_everything_is_read_where_something_is_missing_so_that_errors_can_say_what_is_there(file):
    asked = needs("criteria: ['f1_score >= 50%']\nchecks:\n  - slices: {by: yaer, margin: 5%}")
    assert set(read_evaluation(file, needs=asked).runs[0].scores) == {"f1_score", "cost", "score", "year"}


def test_metric_is_found_by_each_of_its_names(file):
    gate = "metrics: {quality: {direction: higher, aliases: [score]}}\ncriteria: ['quality >= 0.5']"
    assert set(read_evaluation(file, needs=needs(gate)).runs[0].scores) == {"score"}


def test_column_that_is_a_declared_metric_is_no_slice(file):
    found = read_evaluation(
        file,
        metrics=gate_from_text("metrics: {score: {direction: higher}}\ncriteria: ['score >= 0.1']").metrics,
        needs=Needs(columns=("score",)),
    )
    assert "score" in found.runs[0].scores


def test_rows_that_are_runs_keep_what_sets_them_apart(tmp_path):
    (tmp_path / "runs.csv").write_text("seed,model,accuracy\n1,a,0.5\n1,b,0.6\n", encoding="utf-8")
    found = read_evaluation(tmp_path / "runs.csv", needs=needs("criteria: ['accuracy >= 50%']"))
    assert [run.config for run in found.runs] == [{"model": "a"}, {"model": "b"}]


def test_long_form_needs_its_metric_and_value_columns(tmp_path):
    (tmp_path / "long.csv").write_text(
        "sample_id,metric,value,year,other\na,accuracy,1,2023,7\nb,accuracy,0,2024,8\n", encoding="utf-8"
    )
    asked = needs("criteria: ['accuracy >= 50%']\nchecks:\n  - slices: {by: year, margin: 5%}")
    (run,) = read_evaluation(tmp_path / "long.csv", needs=asked).runs
    assert list(run.scores["accuracy"].slices["year"]) == ["2023", "2024"]


def test_decoder_is_asked_for_the_needed_columns_only():
    asked = Enough((frozenset(["sample_id"]),), (frozenset(["f1_score"]),), frozenset())
    table = CHILD.table(parquet(pl.DataFrame(ROWS)), enough=asked)
    assert list(table.columns) == ["sample_id", "f1 score"]
