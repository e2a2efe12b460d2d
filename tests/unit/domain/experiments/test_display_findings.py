"""Estimates and intervals in the words of their criterion: percent, points, relative, hours, days."""

import pytest

from assay.domain.experiments.display_findings import shown_finding
from assay.domain.kernel.findings import Finding, Outcome, Role, ShownInterval
from assay.domain.kernel.metrics import Direction, Metric, MetricCatalog, Unit

CATALOG = MetricCatalog.of(
    [
        Metric(name="accuracy", direction=Direction.HIGHER, unit=Unit.FRACTION),
        Metric(name="latency", direction=Direction.LOWER, unit=Unit.MILLISECONDS, decimals=1),
        Metric(name="loss", direction=Direction.LOWER),
    ]
)


def shown(check, estimate, low=None, high=None, *, metric=None, unit=None, baseline=None):
    role = Role.KILL if metric is None or "plateau" in check else Role.PRIMARY
    interval = ShownInterval(low=low, high=high, confidence=0.9, label="90%")
    found = Finding(
        check=check, role=role, outcome=Outcome.UNCLEAR, metric=metric, unit=unit, estimate=estimate,
        interval=None if low is None and high is None else interval, baseline=baseline, method="m", reason="r",
    )  # fmt: skip
    said = shown_finding(found, CATALOG)
    return said.estimate, said.interval


@pytest.mark.parametrize(
    ("check", "metric", "numbers", "baseline", "said"),
    [
        ("accuracy >= 93%", "accuracy", (0.974488, 0.94, 0.984), None, ("97.4%", "94.0% to 98.4%")),
        ("accuracy gap > 10%", "accuracy", (0.97, 0.94, None), None, ("97.0%", "at least 94.0%")),
        ("accuracy improves by >= 3%", "accuracy", (0.191, 0.146, 0.235), 0.776, ("+19.1 points", "+14.6 to +23.5 points")),
        ("accuracy no worse than baseline by 1%", "accuracy", (-0.004, -0.02, None), 0.9, ("-0.4 points", "at least -2.0 points")),
        ("accuracy improves by >= 3% relative", "accuracy", (0.097, 0.0485, 0.194), 0.97, ("+10.0% relative", "+5.0% to +20.0% relative")),
        ("loss improves by >= 3% relative", "loss", (-0.2, -0.4, 0.1), 2.0, ("-10.0% relative", "-20.0% to +5.0% relative")),
        ("loss improves by >= 0.1", "loss", (-0.2, None, None), 2.0, ("-0.2", "")),
        ("latency no worse than baseline by 20 ms", "latency", (12.0, 2.25, 30.0), 400.0, ("+12.0 ms", "+2.2 to +30.0 ms")),
        ("sd of accuracy <= 3%", "accuracy", (0.0235, 0.013, 0.082), None, ("2.4 points", "1.3 to 8.2 points")),
        ("p95 of latency < 500 ms", "latency", (431.0, 410.0, None), None, ("431.0 ms", "at least 410.0 ms")),
        ("accuracy plateau 1% over 3 runs", "accuracy", (0.008, None, None), None, ("0.8 points", "")),
        ("compute > 2x budget", None, (0.5, None, None), None, ("0.5 GPU-h", "")),
        ("cost > 500 USD", None, (12.5, None, None), None, ("12.5 USD", "")),
        ("time > 10 d", None, (3.0, None, None), None, ("3 days", "")),
        ("time > 10 d", None, (1.0, None, None), None, ("1 day", "")),
        ("accuracy >= 93%", "accuracy", (None, None, None), None, ("", "")),
    ],
)  # fmt: skip
def test_numbers_are_shown_in_the_words_of_the_criterion(check, metric, numbers, baseline, said):
    unit = None if metric is None else CATALOG.require(metric).unit.value
    assert shown(check, *numbers, metric=metric, unit=unit, baseline=baseline) == said


def test_relative_criterion_without_a_baseline_is_shown_as_the_difference_it_is():
    unit = Unit.FRACTION.value
    assert shown("accuracy improves by >= 3% relative", 0.1, metric="accuracy", unit=unit, baseline=0.0) == (
        "+10.0 points",
        "",
    )


def test_check_that_is_no_longer_read_is_shown_by_what_the_finding_says_of_itself():
    unit = Unit.FRACTION.value
    assert shown("written by a later version", 0.1, metric="accuracy", unit=unit, baseline=0.5) == (
        "+10.0 points",
        "",
    )
    assert shown("written by a later version", 0.1, metric="gone", unit=unit) == ("10.0%", "")
