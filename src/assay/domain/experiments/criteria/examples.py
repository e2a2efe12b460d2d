"""Which criterion would fit this ticket, in the project's own metrics? Every example parses there."""

from __future__ import annotations

from decimal import Context, Decimal

from assay.domain.experiments.criteria.model import Comparison, Condition, Criterion, Threshold
from assay.domain.experiments.criteria.registrable import Registrable
from assay.domain.experiments.criteria.text import criterion_text
from assay.domain.kernel.findings import Role
from assay.domain.kernel.metrics import Direction, Metric, MetricCatalog, Unit

_EXAMPLE = {
    (Unit.FRACTION, Direction.HIGHER): ("85%", "78%"),
    (Unit.FRACTION, Direction.LOWER): ("5%", "10%"),
    (Unit.COUNT, Direction.HIGHER): ("100", "80"),
    (Unit.COUNT, Direction.LOWER): ("10", "20"),
    (Unit.NUMBER, Direction.HIGHER): ("0.85", "0.78"),
    (Unit.NUMBER, Direction.LOWER): ("0.35", "0.5"),
}
_ROUGHLY = Context(prec=3)


def primary_fix(content: Registrable, metrics: MetricCatalog) -> str:
    """What should be written where no primary criterion is?"""
    metric = _example_metric(content, metrics)
    if metric is None:
        return (
            "Declare the metric (assay metric add accuracy --direction higher --unit fraction), then write the number "
            "that the hypothesis claims, such as 'primary: accuracy >= 85%'."
        )
    sign = ">=" if metric.direction is Direction.HIGHER else "<="
    example = f"primary: {_named(metric)} {sign} {example_numbers(metric)[0]}"
    return f"Write the number that the hypothesis claims, such as '{example}'."


def kill_example(content: Registrable, metrics: MetricCatalog) -> str:
    """Which kill criterion would fit this ticket? It lies beyond the primary threshold where there is one."""
    for criterion in content.criteria:
        metric = metrics.get(criterion.metric or "")
        if criterion.role is Role.PRIMARY and isinstance(criterion.test, Threshold) and metric is not None:
            return _kill_below(criterion, criterion.test, metric)
    metric = _example_metric(content, metrics)
    if metric is None:
        return "kill: time > 10 d"
    sign = "<" if metric.direction is Direction.HIGHER else ">"
    return f"kill: {_named(metric)} {sign} {example_numbers(metric)[1]} after training"


def _kill_below(criterion: Criterion, test: Threshold, metric: Metric) -> str:
    higher = metric.direction is Direction.HIGHER
    value = test.value.model_copy(update={"value": _beyond(test.value.value, metric)})
    comparison = Comparison.BELOW if higher else Comparison.ABOVE
    kill = test.model_copy(update={"comparison": comparison, "value": value})
    example = criterion.model_copy(
        update={"role": Role.KILL, "test": kill, "after": Condition(kind="training")}
    )
    return criterion_text(example, with_role=True)


def _beyond(limit: Decimal, metric: Metric) -> Decimal:
    """A limit on the bad side of the claim's: a tenth below, or above; twice as much where nothing bounds the metric."""
    if limit <= 0:
        return limit
    if metric.direction is Direction.HIGHER:
        return _ROUGHLY.multiply(limit, Decimal("0.9"))
    if metric.unit is Unit.FRACTION:
        return _ROUGHLY.add(limit, min(limit / 10, (1 - limit) / 2))
    return _ROUGHLY.multiply(limit, Decimal(2))


def _example_metric(content: Registrable, metrics: MetricCatalog) -> Metric | None:
    named = (metrics.get(criterion.metric or "") for criterion in content.criteria)
    compared = (metrics.get(baseline.metric) for baseline in content.baseline)
    higher = (metric for metric in metrics.metrics if metric.direction is Direction.HIGHER)
    return next((m for m in (*named, *compared, *higher, *metrics.metrics) if m is not None), None)


def example_numbers(metric: Metric) -> tuple[str, str]:
    """Which limits would a claim and a kill on this metric have?"""
    known = _EXAMPLE.get((metric.unit, metric.direction))
    if known is not None:
        return known
    low, high = f"400 {metric.unit}", f"500 {metric.unit}"
    return (high, low) if metric.direction is Direction.HIGHER else (low, high)


def _named(metric: Metric) -> str:
    return (
        f"metric {metric.name}"
        if metric.name.lower() in ("compute", "cost", "time", "metric", "resource")
        else metric.name
    )
