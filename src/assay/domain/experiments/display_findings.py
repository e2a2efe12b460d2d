"""How are estimate and interval of a finding shown? One rule for pages, command line and API.

A value is written in the unit of its metric. What an improvement or a non-inferiority criterion measures is a difference
to the baseline: of fractions in points (`+19.1 points`), of other metrics in their unit with a sign (`-12 ms`), and as a
share of the baseline where the criterion itself speaks of one (`+24.6% relative`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from assay.domain.experiments.criteria.model import (
    Improvement,
    NonInferiority,
    Plateau,
    ResourceUse,
    Spread,
    Test,
)
from assay.domain.experiments.criteria.text import parse_criterion
from assay.domain.experiments.display import (
    format_difference,
    format_interval,
    format_relative,
    format_spread,
    format_value,
)
from assay.domain.kernel.findings import Finding
from assay.domain.kernel.metrics import Direction, Metric, MetricCatalog, Unit
from assay.errors import Invalid

_UNITS = {unit.value: unit for unit in Unit}
_RESOURCES = {"compute": Unit.GPU_HOURS, "cost": Unit.USD}


@dataclass(frozen=True, slots=True)
class ShownFinding:
    """A finding's numbers as people read them; empty where there is none."""

    check: str
    estimate: str
    interval: str


def shown_findings(findings: Iterable[Finding], metrics: MetricCatalog) -> tuple[ShownFinding, ...]:
    """The numbers of every finding as people read them, in their order.

    Args:
        findings: as a verdict holds them.
        metrics: the metrics as they were declared at the lock.
    """
    return tuple(shown_finding(finding, metrics) for finding in findings)


def shown_finding(finding: Finding, metrics: MetricCatalog) -> ShownFinding:
    """The numbers of one finding as people read them."""
    form = _form(finding, metrics)
    return ShownFinding(
        check=finding.check,
        estimate="" if finding.estimate is None else form(finding.estimate),
        interval="" if finding.interval is None else format_interval(finding.interval, form),
    )


def metric_of(finding: Finding, metrics: MetricCatalog) -> Metric | None:
    """How a finding's values are shown: in the unit it states, with the decimals of its metric."""
    declared = metrics.get(finding.metric) if finding.metric else None
    unit = _UNITS.get(finding.unit or "")
    if unit is None or (declared is not None and declared.unit is unit):
        return declared
    if declared is not None:
        return declared.model_copy(update={"unit": unit})
    return Metric(name="value", direction=Direction.HIGHER, unit=unit)


def _form(finding: Finding, metrics: MetricCatalog) -> Callable[[float], str]:
    metric, test = metric_of(finding, metrics), _test_of(finding, metrics)
    base = finding.baseline
    if isinstance(test, ResourceUse):
        return _resource(test)
    if isinstance(test, Plateau | Spread):
        return lambda value: format_spread(metric, value)
    if isinstance(test, Improvement | NonInferiority) and test.margin.relative and base:
        return lambda value: format_relative(value / abs(base))
    # A check that is no longer read, from another version, speaks of a difference where it names a baseline.
    if isinstance(test, Improvement | NonInferiority) or (test is None and base is not None):
        return lambda value: format_difference(metric, value)
    return lambda value: format_value(metric, value)


def _test_of(finding: Finding, metrics: MetricCatalog) -> Test | None:
    try:
        return parse_criterion(finding.check, metrics=metrics, role=finding.role).test
    except Invalid:
        return None


def _resource(test: ResourceUse) -> Callable[[float], str]:
    unit = _RESOURCES.get(test.resource)
    if unit is None:
        return lambda days: f"{format_value(None, days)} {'day' if days == 1.0 else 'days'}"
    metric = Metric(name=test.resource, direction=Direction.LOWER, unit=unit)
    return lambda spent: format_value(metric, spent)
