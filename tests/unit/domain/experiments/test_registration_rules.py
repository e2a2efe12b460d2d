"""What keeps an experiment from starting: missing, doubled, contradicting or empty criteria."""

import pytest

from assay.domain.experiments.criteria.rules import registration_problems
from assay.domain.experiments.criteria.text import parse_criterion
from assay.domain.experiments.experiment import Baseline, Budget, TicketContent
from assay.domain.kernel.ids import TicketType
from assay.domain.kernel.metrics import Direction, Metric, MetricCatalog, Unit

ACCURACY = Metric(name="accuracy", direction=Direction.HIGHER, unit=Unit.FRACTION)
CATALOG = MetricCatalog.of(
    [
        ACCURACY,
        Metric(name="toxicity", direction=Direction.LOWER, unit=Unit.FRACTION),
        Metric(name="latency", direction=Direction.LOWER, unit=Unit.MILLISECONDS),
        Metric(name="pii_leaks", direction=Direction.LOWER, unit=Unit.COUNT),
        Metric(name="loss", direction=Direction.LOWER),
    ]
)


def ticket(*lines, catalog=CATALOG, **fields):
    criteria = tuple(parse_criterion(line, metrics=catalog) for line in lines)
    return TicketContent(
        title="t", hypothesis=fields.pop("hypothesis", "It works."), criteria=criteria, **fields
    )


def codes(content, catalog=CATALOG):
    return [problem.code for problem in registration_problems(content, catalog)]


GOOD = ("primary: accuracy >= 85%", "kill: accuracy < 78% after training")


def test_ticket_with_hypothesis_primary_and_kill_has_no_problem():
    assert codes(ticket(*GOOD)) == []


def test_empty_experiment_is_told_everything_that_is_missing():
    assert codes(TicketContent(title="t")) == ["hypothesis-missing", "primary-missing", "kill-missing"]


def test_seeing_it_when_we_see_it_is_refused_with_an_example_that_parses_in_the_project():
    for catalog in (CATALOG, *(MetricCatalog.of([m]) for m in all_metrics())):
        problems = {p.code: p for p in registration_problems(TicketContent(title="t"), catalog)}
        assert "we'll know it when we see it" in problems["primary-missing"].text
        for code in ("primary-missing", "kill-missing"):
            example = problems[code].fix.split("'")[1]
            assert parse_criterion(example, metrics=catalog).role.value == code.partition("-")[0]


def all_metrics():
    for unit in Unit:
        for direction in Direction:
            yield Metric(name="x", direction=direction, unit=unit)
    yield Metric(name="cost", direction=Direction.LOWER, unit=Unit.USD)


def test_kill_example_lies_below_the_primary_that_is_there():
    (problem,) = registration_problems(ticket("primary: accuracy >= 90%"), CATALOG)
    assert "kill: accuracy < 81% after training" in problem.fix
    (problem,) = registration_problems(ticket("primary: toxicity <= 2%"), CATALOG)
    assert "kill: toxicity > 2.2% after training" in problem.fix


@pytest.mark.parametrize("line", ["accuracy >= 99.99%", "accuracy >= 0.0001%", "toxicity <= 99%", "loss <= 0.123456789012345678", "loss <= -3",
                                  "pii_leaks == 0", "latency < 500 ms"])  # fmt: skip
def test_kill_example_for_any_primary_parses_and_solves_the_problem(line):
    (problem,) = registration_problems(ticket(f"primary: {line}"), CATALOG)
    assert codes(ticket(f"primary: {line}", problem.fix.split("'")[1])) == []


def test_project_without_metrics_is_told_to_declare_one_first():
    problems = registration_problems(TicketContent(title="t", hypothesis="h"), MetricCatalog())
    assert "assay metric add" in problems[0].fix


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["primary: accuracy >= 80%", "kill: accuracy < 85%"], ["contradiction"]),
        (["primary: accuracy >= 80% on a@1", "kill: accuracy < 85% on b@1"], []),
        (["primary: accuracy >= 80% on a@1", "kill: accuracy < 85%"], ["contradiction"]),
        (["primary: accuracy >= 80%", "kill: accuracy < 80%"], []),
        (["primary: accuracy >= 80%", "kill: accuracy <= 80%"], ["contradiction"]),
        (["primary: accuracy > 80%", "kill: accuracy <= 80%"], []),
        (["primary: pii_leaks == 0", "blocking: pii_leaks == 1", "kill: pii_leaks > 5"], ["contradiction"]),
        (["primary: pii_leaks == 0", "kill: pii_leaks == 0"], ["duplicate-criterion"]),
        (["primary: accuracy >= 80%", "primary: accuracy >= 80.0%", "kill: accuracy < 8%"], ["duplicate-criterion"]),
        (["primary: accuracy >= 80%", "blocking: accuracy >= 80%", "kill: accuracy < 8%"], ["duplicate-criterion"]),
        (["primary: accuracy >= 0%", "kill: accuracy < 8%"], ["contradiction", "vacuous-criterion"]),
        (["primary: accuracy >= 80%", "kill: accuracy < 0%"], ["vacuous-criterion"]),
        (["primary: accuracy > 100%", "kill: accuracy < 8%"], ["vacuous-criterion"]),
        (["primary: accuracy >= 80%", "kill: compute >= 0 GPU-h"], ["vacuous-criterion"]),
        (["primary: compute <= 24 GPU-h", "kill: compute > 20 GPU-h"], ["contradiction"]),
        (["primary: p95 of latency < 500 ms", "kill: p95 of latency > 400 ms"], ["contradiction"]),
        (["primary: p95 of latency < 500 ms", "kill: p95 of latency > 500 ms"], []),
        (["primary: p50 of latency < 500 ms", "kill: p95 of latency > 400 ms"], []),
        (["primary: p95 of latency < 500 ms", "blocking: latency < 500 ms", "kill: loss > 3"], []),
        (["primary: p5 of accuracy >= 0%", "kill: loss > 3"], ["vacuous-criterion"]),
        (["primary: sd of accuracy <= 3%", "kill: loss > 3"], []),
        (["primary: sd of accuracy <= 50%", "kill: loss > 3"], ["vacuous-criterion"]),
        (["primary: sd of accuracy <= 3%", "secondary: sd of accuracy <= 3.0%", "kill: loss > 3"], ["duplicate-criterion"]),
        (["primary: accuracy >= 80%", "kill: accuracy gap > 15%"], []),
        (["primary: accuracy >= 80%", "kill: toxicity gap > 15%"], ["gap-without-target"]),
        (["primary: accuracy >= 80%", "kill: compute > 2x budget"], ["budget-missing"]),
        (["primary: accuracy >= 80%", "kill: cost > 2x budget"], ["budget-missing"]),
        (["primary: accuracy >= 80%", "kill: time > 2x budget"], ["budget-missing"]),
        (["primary: accuracy improves by 3%", "kill: accuracy < 8%"], ["baseline-missing"]),
        (["primary: accuracy >= 80%", "blocking: latency no worse than baseline by 20 ms", "kill: accuracy < 8%"], ["baseline-missing"]),
    ],
)  # fmt: skip
def test_set_of_criteria_gets_the_problems_it_has(lines, expected):
    assert codes(ticket(*lines)) == expected


@pytest.mark.parametrize(
    ("baseline", "line", "expected"),
    [
        (Baseline(metric="accuracy", value="0.72"), "accuracy improves by 3%", []),
        (Baseline(metric="accuracy", ticket="EXP-1"), "accuracy improves by 3%", []),
        (Baseline(metric="accuracy", value="0.98"), "accuracy improves by 3%", ["vacuous-criterion"]),
        (Baseline(metric="toxicity", value="0.01"), "toxicity improves by 2%", ["vacuous-criterion"]),
        (Baseline(metric="loss", value="0.01"), "loss improves by 2", []),
        (Baseline(metric="loss", value="0"), "loss no worse than baseline by 2% relative", ["baseline-zero"]),
    ],
)
def test_comparison_with_a_baseline_is_checked_against_it(baseline, line, expected):
    assert codes(ticket(f"primary: {line}", "kill: pii_leaks > 5", baseline=(baseline,))) == expected


def test_two_baselines_of_one_metric_are_a_problem_even_under_an_alias():
    catalog = MetricCatalog.of([ACCURACY.model_copy(update={"aliases": ("acc",)})])
    baseline = (Baseline(metric="accuracy", value="0.7"), Baseline(metric="acc", value="0.8"))
    assert codes(ticket(*GOOD, baseline=baseline), catalog) == ["baseline-twice"]


def test_multiple_of_a_budget_that_is_set_is_no_problem():
    lines = (
        "primary: accuracy >= 80%",
        "kill: compute > 2x budget",
        "kill: time > 2x budget",
        "kill: cost > 2x budget",
    )
    assert codes(ticket(*lines, budget=Budget(gpu_hours=24, cost_usd=5), time_box_days=3)) == []


def test_criterion_whose_metric_changed_its_unit_is_a_problem_with_its_place():
    changed = MetricCatalog.of([ACCURACY.model_copy(update={"unit": Unit.MILLISECONDS})])
    problems = registration_problems(ticket(*GOOD), changed)
    assert [p.field for p in problems] == ["criteria.primary[0]", "criteria.kill[0]"]
    assert "accuracy is measured in ms" in problems[0].text
    assert all(p.code == "criterion-unit" for p in problems)


def test_ticket_of_another_type_needs_no_criteria_but_those_it_has_must_hold():
    assert codes(TicketContent(title="t", type=TicketType.SPIKE)) == []
    content = ticket("primary: accuracy >= 80%", "kill: accuracy < 85%").model_copy(
        update={"type": TicketType.FEATURE}
    )
    assert codes(content) == ["contradiction"]
