"""How the numbers of a gate's answer are shown, and what stands first."""

import pytest

from assay.domain.gates.display_answers import shown_answer, shown_part, worst_first, worst_parts_first
from assay.domain.gates.gate_record import GateAnswer, GatePart
from assay.domain.kernel.findings import Finding, Outcome, Role, ShownInterval
from assay.domain.kernel.metrics import Direction, Metric, MetricCatalog, Unit

CATALOG = MetricCatalog(
    metrics=(
        Metric(name="accuracy", direction=Direction.HIGHER, unit=Unit.FRACTION),
        Metric(name="latency_ms", direction=Direction.LOWER, unit=Unit.MILLISECONDS),
    )
)
INTERVAL = ShownInterval(low=-0.07, high=0.01, confidence=0.9, label="90%")


def answer(kind, outcome=Outcome.MET, role=Role.PRIMARY, parts=(), check="x", estimate=-0.041):
    finding = Finding(
        check=check, role=role, outcome=outcome, metric="accuracy", unit="fraction", estimate=estimate,
        interval=INTERVAL, method="m", reason="r",
    )  # fmt: skip
    return GateAnswer(kind=kind, finding=finding, point_outcome=outcome, strict_outcome=outcome, parts=parts)


def part(label, outcome, p, **more):
    return GatePart(label=label, outcome=outcome, p_value=p, **more)


@pytest.mark.parametrize(
    ("kind", "estimate", "interval"),
    [
        ("slices", "-4.1 points", "-7.0 to +1.0 points"),
        ("fairness", "-4.1 points", "-7.0 to 1.0 points"),
        ("reliability", "-4.1%", "-7.0% to 1.0%"),
    ],
)
def test_numbers_are_written_as_what_the_check_measures(kind, estimate, interval):
    shown = shown_answer(answer(kind), CATALOG)
    assert (shown.estimate, shown.interval) == (estimate, interval)


def test_criteria_are_written_as_everywhere_else():
    shown = shown_answer(answer("criterion", check="accuracy >= 85%", estimate=0.861), CATALOG)
    assert shown.estimate == "86.1%"


def test_part_of_another_metric_has_its_unit():
    one = part("latency_ms", Outcome.MET, 0.01, metric="latency_ms", estimate=12.0)
    assert shown_part(one, answer("regression", parts=(one,)), CATALOG).estimate == "+12 ms"


def test_unknown_is_empty_and_never_zero():
    assert shown_answer(answer("slices", estimate=None), CATALOG).estimate == ""
    assert shown_part(part("a", Outcome.MET, None), answer("slices"), CATALOG).interval == ""


def test_what_decides_stands_first_and_secondary_last():
    given = (
        answer("a"),
        answer("b", Outcome.NOT_MET, Role.SECONDARY),
        answer("c", Outcome.UNCLEAR),
        answer("d", Outcome.NOT_MET),
        answer("e", Outcome.NOT_MET, Role.BLOCKING),
        answer("f", Outcome.INVALID),
    )
    assert [one.kind for one in worst_first(given)] == ["f", "e", "d", "c", "a", "b"]


def test_among_alarms_the_surest_harm_stands_first_and_among_claims_the_least_sure():
    parts = (part("a", Outcome.MET, 0.9), part("b", Outcome.MET, 0.2), part("c", Outcome.NOT_MET, 0.01))
    assert [one.label for one in worst_parts_first(answer("slices", parts=parts))] == ["c", "b", "a"]
    assert [one.label for one in worst_parts_first(answer("regression", parts=parts))] == ["c", "a", "b"]
