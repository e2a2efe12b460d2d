"""Tickets as plain data and as YAML text: what is read, and how mistakes name their place."""

import time

import pytest

from assay.domain.experiments.experiment import LookPlan, TicketContent
from assay.domain.experiments.ticket_data import ticket_from_data, ticket_to_data
from assay.domain.gates.kill_rules import settings_without
from assay.domain.gates.settings import VerdictSettings
from assay.domain.kernel.kill_rules import KillRuleName
from assay.domain.kernel.metrics import Direction, Metric, MetricCatalog, Unit
from assay.errors import Invalid
from assay.workflows.ticket_file import dump_ticket_text, load_ticket_text

CATALOG = MetricCatalog.of([Metric(name="accuracy", direction=Direction.HIGHER, unit=Unit.FRACTION)])
WRITTEN = """\
title: NO
hypothesis: |
  Fine-tuning lifts accuracy.
  It costs little.
baseline:
- {metric: accuracy, value: 0.72, source: zero-shot}
criteria:
  primary: [accuracy >= 85% on support-eval@3]
  kill:
  - {metric: accuracy, comparison: <, value: 78%, after: training}
  - compute > 2x budget
budget: {gpu_hours: 24}
time_box_days: 10
data_needs: [{dataset: support-tickets, versions: "3.10", needed_by: 2026-12-01, arrives: 2026-11-24 to 2026-11-27}]
looks: [3, 5]
owner:
"""


def refusal(data):
    with pytest.raises(Invalid) as caught:
        ticket_from_data(data, CATALOG)
    return caught.value


def test_file_written_by_hand_is_read_and_written_back_without_loss():
    content = ticket_from_data(load_ticket_text(WRITTEN), CATALOG)
    assert content.title == "NO"
    assert content.looks == LookPlan(stages=(3, 5))
    assert content.data_needs[0].versions == "3.10"
    data = ticket_to_data(content, CATALOG)
    assert data["criteria"] == {
        "primary": ["accuracy >= 85% on support-eval@3"],
        "kill": ["accuracy < 78% after training", "compute > 2x budget"],
    }
    assert ticket_from_data(load_ticket_text(dump_ticket_text(data)), CATALOG) == content


@pytest.mark.parametrize("text", ["1e5", "0E0", "1.5e-3", "12", "+3", "NO", "null", "~", "", "1:30", "a\nb"])
def test_text_that_looks_like_something_else_is_written_so_that_it_stays_text(text):
    assert load_ticket_text(dump_ticket_text({"title": text, "labels": [text]})) == {
        "title": text,
        "labels": [text],
    }


def test_ticket_with_a_title_alone_is_written_with_type_and_title_alone():
    assert ticket_to_data(TicketContent(title="t")) == {"type": "experiment", "title": "t"}


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"title": False}, "title"),
        ({"title": None}, "title"),
        ({"title": 3.1}, "title"),
        ({"title": "\u200b\u200d"}, "title"),
        ({"title": "a\x00b"}, "title"),
        ({"title": "a\u202eb"}, "title"),
        ({"title": "\ud800"}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"hypothesis": "x" * 20_001}, "hypothesis"),
        ({"hypothesys": "h"}, "hypothesys"),
        ({"is_admin": True}, "is_admin"),
        ({"__class__": "x"}, "__class__"),
        ({3: "x"}, ""),
        ({"type": "experimnt"}, "type"),
        ({"mode": 1}, "mode"),
        ({"priority": True}, "priority"),
        ({"priority": 5}, "priority"),
        ({"priority": 10**400}, "priority"),
        ({"time_box_days": -1}, "time_box_days"),
        ({"gpus": -1}, "gpus"),
        ({"time_box_days": 1.5}, "time_box_days"),
        ({"time_box_days": "3"}, "time_box_days"),
        ({"budget": {"gpu_hours": 0}}, "budget.gpu_hours"),
        ({"budget": {"gpu_hours": float("nan")}}, "budget.gpu_hours"),
        ({"budget": {"gpu_hours": float("inf")}}, "budget.gpu_hours"),
        ({"budget": {"gpu_hours": 10**18}}, "budget.gpu_hours"),
        ({"budget": {"gpu_hours": "1e999"}}, "budget.gpu_hours"),
        ({"budget": {"gpu_hours": "24 h"}}, "budget.gpu_hours"),
        ({"budget": {"gpu_hours": "\uff12"}}, "budget.gpu_hours"),
        ({"budget": 24}, "budget"),
        ({"baseline": {"metric": "accuracy"}}, "baseline"),
        ({"baseline": [{"value": 1}]}, "baseline[0].metric"),
        ({"baseline": [{"metric": "a b"}]}, "baseline[0].metric"),
        ({"baseline": [{"metric": "accuracy", "ticket": "EXP-0"}]}, "baseline[0].ticket"),
        ({"data_needs": [{"dataset": "a", "needed_by": 0}]}, "data_needs[0].needed_by"),
        ({"data_needs": [{"dataset": "a", "arrives": "soon"}]}, "data_needs[0].arrives"),
        ({"type": "data", "data": {"arrives": "2026-06-05 to 2026-06-02"}}, "data.arrives"),
        ({"data_needs": [{"dataset": "a", "needed_by": "0001-01-01"}]}, "data_needs[0].needed_by"),
        ({"data_needs": [{"dataset": "a", "needed_by": "2026-02-30"}]}, "data_needs[0].needed_by"),
        ({"data_needs": [{"dataset": "a", "needed_by": "2026-02-03T10:00:00"}]}, "data_needs[0].needed_by"),
        (
            {"data_needs": [{"dataset": "a", "needed_by": "9999-12-31T23:59:59-12:00"}]},
            "data_needs[0].needed_by",
        ),
        ({"data_needs": [{"dataset": "a", "ready": "yes"}]}, "data_needs[0].ready"),
        ({"data_needs": [{}]}, "data_needs[0].dataset"),
        ({"looks": [5, 3]}, "looks"),
        ({"looks": []}, "looks"),
        ({"looks": [1]}, "looks[0]"),
        ({"labels": ["a"] * 101}, "labels"),
        ({"labels": ["a", ""]}, "labels[1]"),
        ({"labels": [["a"]]}, "labels[0]"),
        ({"labels": ["a", "b\nc"]}, "labels[1]"),
        ({"title": "a\tb"}, "title"),
        ({"owner": "a\nb"}, "owner"),
        ({"candidate": "a\u2028b"}, "candidate"),
        ({"axis": "data\n"}, "axis"),
        ({"data_needs": [{"dataset": "a\rb"}]}, "data_needs[0].dataset"),
        ({"kill_rules_off": ["gap", "time-box"]}, "kill_rules_off[1]"),
        ({"kill_rules_off": ["nosuch"]}, "kill_rules_off[0]"),
        ({"criteria": "accuracy >= 85%"}, "criteria"),
        ({"criteria": {"prime": []}}, "criteria.prime"),
        ({"criteria": {"primary": "accuracy >= 85%"}}, "criteria.primary"),
        ({"criteria": {"primary": ["accuracy >= 85"]}}, "criteria.primary[0]"),
        (
            {"criteria": {"primary": [{"metric": "accuracy", "comparison": ">=", "value": 85}]}},
            "criteria.primary[0].value",
        ),
        (
            {"criteria": {"primary": [{"metric": "acc", "comparison": ">=", "value": 0.85}]}},
            "criteria.primary[0].metric",
        ),
        (
            {"criteria": {"primary": [{"metric": "accuracy", "comparison": ">=", "vale": 0.85}]}},
            "criteria.primary[0].vale",
        ),
        (
            {"criteria": {"kill": [{"kind": "resource", "resource": "disk", "comparison": ">"}]}},
            "criteria.kill[0].resource",
        ),
        ({"criteria": [{"metric": "accuracy", "comparison": ">=", "value": 0.85}]}, "criteria[0].role"),
        ({"criteria": {"kill": ["primary: accuracy >= 85%"]}}, "criteria.kill[0]"),
    ],
)
def test_field_that_cannot_be_read_is_refused_naming_its_path(changed, field):
    error = refusal({"title": "t"} | changed)
    assert error.field == field
    assert error.hint
    error.message.encode()


@pytest.mark.parametrize("data", [None, [], "title: x", 3, {}])
def test_what_is_no_ticket_is_refused(data):
    assert refusal(data).field in ("", "title")


def test_misspelt_field_is_answered_with_the_close_one():
    assert refusal({"title": "t", "hypothesys": "h"}).details["expected"] == ["hypothesis"]


def test_unknown_kill_rule_is_answered_with_the_names_there_are_and_the_close_one():
    error = refusal({"title": "t", "kill_rules_off": ["time-box"]})
    assert "found 'time-box'" in error.message
    assert ", ".join(KillRuleName) in error.message
    assert error.hint == "did you mean time_box?"


def test_stored_ticket_with_a_kill_rule_that_there_never_was_is_still_read():
    stored = TicketContent(title="t", kill_rules_off=("nosuch",), owner="a\nb").model_dump_json()
    content = TicketContent.model_validate_json(stored)
    assert (content.kill_rules_off, content.owner) == (("nosuch",), "a\nb")
    assert settings_without(VerdictSettings(), content.kill_rules_off) == VerdictSettings()


def test_line_break_at_the_end_of_a_block_text_is_no_part_of_a_line():
    assert ticket_from_data({"title": "t", "owner": "Ada Noor\n"}, CATALOG).owner == "Ada Noor"


def test_plain_values_are_read_as_json_reads_them():
    text = "{a: NO, b: 1:30, c: 0o17, d: 2026-05-12, e: 3.10, f: true, g: ~, h: 1e3, i: .inf, j: 1_000, k: 007, l: 12, m: '12', n: 0.123456789012345678, o: 1e999, p: -0.5}"
    assert load_ticket_text(text) == {
        "a": "NO", "b": "1:30", "c": "0o17", "d": "2026-05-12", "e": 3.1, "f": True, "g": None, "h": 1000.0, "i": ".inf", "j": "1_000",
        "k": "007", "l": 12, "m": "12", "n": "0.123456789012345678", "o": "1e999", "p": -0.5,
    }  # fmt: skip


BOMB = "a: &a [x, x]\n" + "".join(
    f"{b}: &{b} [*{a}, *{a}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (BOMB, "anchor or alias"),
        ("a: *b", "anchor or alias"),
        ("a: 1\na: 2", "'a' a second time"),
        ("{a: {b: 1, b: 2}}", "'b' a second time"),
        ("[" * 1000, "nested"),
        ("{a: " * 1000, "nested"),
        ("a: !!python/object/apply:os.system [id]", "tag"),
        ("task: !function utils.process", "tag"),
        ("a: !!binary aGk=", "tag"),
        ("a: !!str 1", "tag"),
        ("1: a", "no text"),
        ("? [a]\n: b", "no text"),
        ("null: a", "no text"),
        ("a: 1\n---\nb: 2", "second document"),
        ("a: [", "no YAML"),
        ("a:\n\t- b", "no YAML"),
        ("a: 'b", "no YAML"),
        ("%YAML 9.9\n---\na: 1", "no YAML"),
        ("a: \x00", "characters"),
        ("a: \ud800", "characters"),
        ("- a: 1\n" * 60_000, "values"),
        ("x" * 1_000_001, "bytes"),
        ("\u20ac" * 400_000, "bytes"),
    ],
    ids=lambda value: ascii(value[:24]),
)
def test_hostile_yaml_is_refused_at_once_naming_what_was_found(text, found):
    started = time.thread_time()
    with pytest.raises(Invalid) as caught:
        load_ticket_text(text, name="tickets/a.yaml")
    assert found in caught.value.message
    assert "tickets/a.yaml" in caught.value.message
    caught.value.message.encode()
    assert time.thread_time() - started < 2


def test_yaml_error_names_line_and_column():
    with pytest.raises(Invalid) as caught:
        load_ticket_text("a: 1\nb: 2\na: 3")
    assert (caught.value.details["line"], caught.value.details["column"]) == (3, 1)


def test_huge_number_stays_text_and_is_refused_by_its_field():
    data = load_ticket_text("title: t\nbudget: {gpu_hours: " + "9" * 5000 + "}")
    assert refusal(data).field == "budget.gpu_hours"


def test_empty_file_holds_nothing():
    assert load_ticket_text("") is None
