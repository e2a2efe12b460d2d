"""Which tickets measured a number of the canvas, and what follows for the project."""

import pytest

from assay.domain.experiments.criteria.text import parse_criterion
from assay.domain.kernel.findings import Finding, Outcome, Role
from assay.domain.kernel.metrics import Direction, Metric, MetricCatalog, Unit
from assay.domain.portfolio.canvas import Canvas, KillCriterion, SuccessMetric
from assay.domain.portfolio.standing import MOST_JUDGED, Measure, best_first, measures_of, read_canvas

CATALOG = MetricCatalog.of(
    [
        Metric(name="accuracy", direction=Direction.HIGHER, unit=Unit.FRACTION, aliases=("acc",)),
        Metric(name="latency_ms", direction=Direction.LOWER, unit=Unit.MILLISECONDS),
    ]
)


def criterion(text, role=Role.PRIMARY):
    return parse_criterion(text, metrics=CATALOG, role=role)


def found(check, estimate, outcome="met"):
    return {"check": check, "estimate": estimate, "outcome": outcome}


def test_levels_and_percentiles_are_measures_and_differences_and_broken_findings_are_not():
    findings = [
        found("acc >= 85%", 0.87),
        found("p95 of latency_ms < 500 ms", 430.0),
        found("accuracy improves by >= 3%", 0.04),
        found("accuracy >= 80%", 0.5, "invalid"),
        found("accuracy >= 80%", None),
        found("other > 3", 4.0),
        found("not a criterion", 4.0),
    ]
    assert measures_of("EXP-1", findings, CATALOG) == [
        Measure("EXP-1", ("accuracy", ""), 0.87),
        Measure("EXP-1", ("latency_ms", "95"), 430.0),
    ]


def test_best_is_the_highest_or_the_lowest_as_the_metric_says_and_percentiles_are_apart():
    measures = [
        Measure("EXP-1", ("accuracy", ""), 0.8),
        Measure("EXP-2", ("accuracy", ""), 0.9),
        Measure("EXP-1", ("accuracy", ""), 0.95),
        Measure("EXP-1", ("latency_ms", ""), 400.0),
        Measure("EXP-2", ("latency_ms", ""), 300.0),
        Measure("EXP-3", ("latency_ms", "95"), 100.0),
    ]
    assert best_first(criterion("accuracy >= 85%"), measures, CATALOG) == ("EXP-1", "EXP-2")
    assert best_first(criterion("latency_ms < 500 ms"), measures, CATALOG) == ("EXP-2", "EXP-1")
    assert best_first(criterion("p95 of latency_ms < 500 ms"), measures, CATALOG) == ("EXP-3",)


def test_value_that_was_read_otherwise_is_never_the_best_and_is_asked_first_for_a_kill():
    measures = [
        Measure("EXP-1", ("accuracy", ""), None),
        Measure("EXP-2", ("accuracy", ""), 0.7),
        Measure("EXP-3", ("accuracy", ""), 0.9),
    ]
    assert best_first(criterion("accuracy >= 85%"), measures, CATALOG) == ("EXP-3", "EXP-2", "EXP-1")
    kill = criterion("accuracy < 80%", Role.KILL)
    assert best_first(kill, measures, CATALOG) == ("EXP-1", "EXP-3", "EXP-2")


def judged(outcomes, asked):
    def judge(key, criterion, among):
        asked.append((key, among))
        return Finding(check="x", role=criterion.role, outcome=outcomes[key], method="none", reason="said so")

    return judge


def readings(canvas, outcomes):
    asked = []
    measures = [Measure(key, ("accuracy", ""), -place) for place, key in enumerate(outcomes)]
    [reading] = read_canvas(canvas, measures, CATALOG, judged(outcomes, asked))
    return reading, asked


REACH = Canvas(success=(SuccessMetric(criterion=criterion("accuracy >= 85%")),))
STOP = Canvas(kill=(KillCriterion(criterion=criterion("accuracy < 80%", Role.KILL)),))


def test_number_to_reach_is_judged_on_the_best_ticket_alone_corrected_for_all():
    reading, asked = readings(REACH, {"A": Outcome.UNCLEAR, "B": Outcome.MET})
    assert (reading.ticket, reading.finding.outcome, asked) == ("A", Outcome.UNCLEAR, [("A", 2)])


def test_ticket_whose_evidence_says_nothing_is_passed_over():
    reading, asked = readings(REACH, {"A": Outcome.INVALID, "B": Outcome.NO_EVIDENCE, "C": Outcome.MET})
    assert (reading.ticket, reading.tickets, len(asked)) == ("C", 3, 3)
    assert readings(REACH, {"A": Outcome.INVALID})[0].finding.outcome is Outcome.INVALID


@pytest.mark.parametrize("other", [Outcome.NOT_MET, Outcome.UNCLEAR])
def test_one_ticket_not_shown_to_fail_keeps_the_project_alive(other):
    reading, asked = readings(STOP, {"A": Outcome.MET, "B": other, "C": Outcome.MET})
    assert (reading.ticket, reading.finding.outcome) == ("B", other)
    assert asked == [("A", 1), ("B", 1)]


def test_project_is_killed_when_all_tickets_are_and_only_so_many_are_asked():
    outcomes = {f"T{number:02}": Outcome.MET for number in range(MOST_JUDGED + 5)}
    reading, asked = readings(STOP, outcomes)
    assert (reading.ticket, reading.finding.outcome, reading.tickets) == ("T00", Outcome.MET, MOST_JUDGED + 5)
    assert len(asked) == MOST_JUDGED
