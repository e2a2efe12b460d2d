"""What docs/criteria.md says about the language is what the language does."""

import pytest
import yaml

from assay.domain.experiments.criteria.rules import Problem
from assay.domain.experiments.criteria.structured import criterion_from_data, criterion_to_data
from assay.domain.experiments.criteria.text import criterion_text, parse_criterion
from assay.domain.kernel.metrics import Direction, Metric, MetricCatalog, Unit
from assay.errors import Invalid
from tests.docs.pages import ROOT, blocks, code, page, tables

PAGE = page("criteria.md")
METRICS = MetricCatalog.of(
    Metric(name=name, direction=Direction(direction), unit=Unit(unit))
    for name, direction, unit in tables(PAGE, "metric", "direction", "unit")
)
READ = [(code(row[0]), code(row[1])) for row in tables(PAGE, "you write", "kept as")]
REFUSED = [(code(row[0]), code(row[1])) for row in tables(PAGE, "you write", "code")]
STRUCTURED = [
    entry for block in blocks(PAGE) if block.language == "yaml" for entry in yaml.safe_load(block.text)
]


def test_page_shows_every_form_and_unit():
    kinds = {parse_criterion(text, metrics=METRICS).test.kind for text, _ in READ}
    assert kinds == {
        "threshold", "improvement", "non_inferiority", "percentile", "spread", "curve_falls", "diverges", "resource", "plateau", "gap",
    }  # fmt: skip
    assert {entry["kind"] for entry in STRUCTURED} == kinds
    assert [unit.value for unit in Unit if f"`{unit.value}`" not in PAGE] == []


@pytest.mark.parametrize(("written", "kept"), READ)
def test_criterion_of_the_page_is_read_and_printed_as_shown(written, kept):
    criterion = parse_criterion(written, metrics=METRICS)
    assert criterion_text(criterion, metrics=METRICS, with_role=True) == kept
    assert parse_criterion(kept, metrics=METRICS) == criterion


@pytest.mark.parametrize(("written", "reason"), REFUSED)
def test_criterion_that_the_page_calls_refused_is_refused_with_that_code(written, reason):
    with pytest.raises(Invalid) as refused:
        parse_criterion(written, metrics=METRICS)
    assert refused.value.code == reason


@pytest.mark.parametrize("entry", STRUCTURED, ids=lambda entry: entry["kind"])
def test_structured_criterion_of_the_page_is_read_and_written_as_shown(entry):
    assert criterion_to_data(criterion_from_data(entry, METRICS)) == entry


def test_indented_criteria_of_the_page_are_read():
    lines = [line.strip() for line in PAGE.splitlines() if line.startswith(("    primary:", "    kill:"))]
    assert lines
    for line in lines:
        assert criterion_text(parse_criterion(line, metrics=METRICS), metrics=METRICS, with_role=True) == line


def test_page_names_every_problem_that_keeps_a_ticket_from_being_locked():
    source = (ROOT / "src/assay/domain/experiments/criteria/rules.py").read_text(encoding="utf-8")
    codes = {part.split('"')[0] for part in source.split('code="')[1:]}
    assert Problem.model_fields["code"].annotation is str
    assert codes
    assert [name for name in sorted(codes) if f"`{name}`" not in PAGE] == []
