"""What do the metrics of a gate mean, where the gate itself does not say?

The gate's own declarations come first, then those of the evaluation, then what the gate's numbers imply: `%` means a
fraction, `>=` means higher is better. What was implied is told in every report.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from assay.domain.experiments.criteria.model import (
    Comparison,
    Criterion,
    Improvement,
    Margin,
    NonInferiority,
    Percentile,
    Spread,
    Threshold,
)
from assay.domain.experiments.criteria.structured import checked_criterion
from assay.domain.experiments.criteria.text import criterion_text, margin_text
from assay.domain.gates.gate import (
    ConsistencyCheck,
    FairnessCheck,
    Gate,
    GateCheck,
    GoldenCheck,
    MetricCheck,
    RegressionCheck,
    ReliabilityCheck,
    SlicesCheck,
)
from assay.domain.kernel.metrics import Direction, Metric, MetricCatalog, Unit
from assay.domain.kernel.model import Value

_UP = (Comparison.AT_LEAST, Comparison.ABOVE)
_OPEN = (Unit.NUMBER, Unit.COUNT)
"""Units that a bare number has: it says nothing of what the metric is measured in."""
_FINE_FIRST = (Unit.MILLISECONDS, Unit.SECONDS, Unit.MINUTES, Unit.HOURS)


class Inferred(Value):
    """What a gate's numbers say about a metric that it does not declare."""

    metric: str
    direction: Direction | None
    """None when nothing says which way is better: only the evaluation can."""
    unit: Unit | None
    """None when nothing names a unit, such as a bare number or a relative margin."""
    because: str
    """For the report, such as "'accuracy >= 85%': % means a fraction, >= means higher is better"."""


@dataclass(frozen=True, slots=True)
class Hint:
    """What one criterion or check implies about a metric."""

    metric: str
    source: str
    """The criterion or check as it is written."""
    direction: Direction | None = None
    unit: Unit | None = None
    sign: str = ""
    """What tells the direction, in words."""
    amount: str = ""
    """What tells the unit, in words."""


def inferred_metrics(gate: Gate) -> tuple[Inferred, ...]:
    """What do the numbers of this gate imply about every metric that it names and does not declare? In order of names."""
    declared = MetricCatalog(metrics=gate.metrics)
    hints = [hint for hint in gate_hints(gate) if declared.get(hint.metric) is None]
    names = sorted({hint.metric for hint in hints})
    return tuple(_inferred(name, [hint for hint in hints if hint.metric == name]) for name in names)


def with_metrics(gate: Gate, reported: Iterable[Metric] = ()) -> Gate:
    """The same gate with every metric declared that can be, and its criteria in those units.

    Args:
        gate: as it was read.
        reported: what the evaluation declares, the candidate's first: the first declaration of a name counts. A unit of
            `number` says no more than that nobody said.

    Raises:
        Invalid: a criterion means nothing good with these declarations, such as a floor where lower is better, or a
            bare 85 of what turns out to be a fraction.

    A metric whose good direction nobody states stays undeclared: what reads it is then invalid, never met.
    """
    declared = MetricCatalog(metrics=gate.metrics)
    told: dict[str, Metric] = {}
    for metric in reported:
        if declared.get(metric.name) is None:
            told.setdefault(metric.name, metric)
    implied = {one.metric: one for one in inferred_metrics(gate)}
    known = [_together(metric, implied) for metric in told.values()]
    by_reported_name = MetricCatalog(metrics=tuple(known))
    known += [
        Metric(name=name, direction=one.direction, unit=one.unit or Unit.NUMBER)
        for name, one in implied.items()
        if one.direction is not None and by_reported_name.get(name) is None
    ]
    metrics = MetricCatalog.of((*gate.metrics, *known))
    criteria = tuple(
        criterion if metrics.get(criterion.metric or "") is None else checked_criterion(criterion, metrics)
        for criterion in gate.criteria
    )
    return gate.model_copy(update={"metrics": metrics.metrics, "criteria": criteria})


def provisional_catalog(declared: Sequence[Metric], hints: Iterable[Hint]) -> MetricCatalog:
    """Metrics to read criteria with, before all of them are known. A direction that is open is taken as higher.

    An open direction is never asked for: it is open because no criterion depends on it.
    """
    found: dict[str, list[Hint]] = {}
    known = MetricCatalog(metrics=tuple(declared))
    for hint in hints:
        if known.get(hint.metric) is None:
            found.setdefault(hint.metric, []).append(hint)
    guessed = [
        Metric(name=name, direction=_direction(told) or Direction.HIGHER, unit=_unit(told) or Unit.NUMBER)
        for name, told in found.items()
    ]
    return MetricCatalog.of((*declared, *guessed))


def with_units(
    declared: Sequence[Metric], left_open: Collection[str], hints: Sequence[Hint]
) -> tuple[Metric, ...]:
    """The declarations, where those that leave the unit open take the one that the gate's numbers imply."""
    units = {m.name: _unit([h for h in hints if h.metric in (m.name, *m.aliases)]) for m in declared}
    return tuple(
        metric.model_copy(update={"unit": units[metric.name] or metric.unit})
        if metric.name in left_open
        else metric
        for metric in declared
    )


def gate_hints(gate: Gate) -> Iterator[Hint]:
    """Everything that the gate implies, criteria before checks, in its own order."""
    for criterion in gate.criteria:
        yield from _of_criterion(criterion)
    for check in gate.checks:
        yield from check_hints(check, gate.primary_metric)


def threshold_hint(metric: str, source: str, comparison: Comparison, value: Decimal, unit: Unit) -> Hint:
    """What does `metric >= value` imply? The value in the unit, of a fraction 0 to 1."""
    direction = _direction_of(comparison, value, unit)
    end = "" if comparison is not Comparison.EQUAL else " 0" if value == 0 else " 100%"
    sign = f"{comparison}{end} means {direction} is better" if direction is not None else ""
    return Hint(metric, source, direction, _told(unit), sign, _unit_words(unit))


def margin_hint(metric: str, source: str, margin: Margin) -> Hint:
    """What does a margin of this size imply?"""
    unit = None if margin.relative else _told(margin.unit)
    return Hint(metric, source, None, unit, "", _unit_words(unit))


def check_hints(check: GateCheck, primary: str | None) -> Iterator[Hint]:
    """What does a check imply about the metrics it names?"""
    if isinstance(check, RegressionCheck):
        for own in check.margins:
            yield margin_hint(
                own.metric, f"regression of {own.metric} by {margin_text(own.margin)}", own.margin
            )
    metric = (check.metric or primary) if isinstance(check, MetricCheck) else None
    if metric is None:
        return
    match check:
        case SlicesCheck():
            yield margin_hint(metric, f"slices with a margin of {margin_text(check.margin)}", check.margin)
            yield from _seen(metric, check.must_see)
        case FairnessCheck():
            yield margin_hint(metric, f"fairness with a gap of {margin_text(check.gap)}", check.gap)
            yield from _seen(metric, check.must_see)
        case ConsistencyCheck():
            yield margin_hint(metric, f"consistency with an sd of {margin_text(check.sd)}", check.sd)
        case GoldenCheck() | ReliabilityCheck():
            right = "an example is right (1) or wrong (0)"
            yield Hint(metric, check.kind, Direction.HIGHER, Unit.FRACTION, right, right)


def _seen(metric: str, must_see: Margin | None) -> Iterator[Hint]:
    if must_see is not None:
        yield margin_hint(metric, f"must_see of {margin_text(must_see)}", must_see)


def _of_criterion(criterion: Criterion) -> Iterator[Hint]:
    test, text = criterion.test, criterion_text(criterion)
    match test:
        case Threshold() | Percentile():
            yield threshold_hint(test.metric, text, test.comparison, test.value.value, test.value.unit)
        case Improvement() | NonInferiority():
            yield margin_hint(test.metric, text, test.margin)
        case Spread():
            yield margin_hint(test.metric, text, test.limit)
        case _:
            return


def _direction_of(comparison: Comparison, value: Decimal, unit: Unit) -> Direction | None:
    """`== 0` can only be the end that is good; so is `== 100%`."""
    if comparison is not Comparison.EQUAL:
        return Direction.HIGHER if comparison in _UP else Direction.LOWER
    if value == 0:
        return Direction.LOWER
    return Direction.HIGHER if unit is Unit.FRACTION and value == 1 else None


def _told(unit: Unit) -> Unit | None:
    return None if unit in _OPEN else unit


def _unit_words(unit: Unit | None) -> str:
    if unit is Unit.FRACTION:
        return "% means a fraction"
    return "" if unit is None or unit in _OPEN else f"it is measured in {unit}"


def _direction(hints: Sequence[Hint]) -> Direction | None:
    return next((hint.direction for hint in hints if hint.direction is not None), None)


def _unit(hints: Sequence[Hint]) -> Unit | None:
    """The unit named first; of units of time the finest, in which the others are exact."""
    units = [hint.unit for hint in hints if hint.unit is not None]
    times = [unit for unit in _FINE_FIRST if unit in units]
    if not units:
        return None
    return times[0] if times and units[0] in _FINE_FIRST else units[0]


def _inferred(name: str, hints: Sequence[Hint]) -> Inferred:
    direction, unit = _direction(hints), _unit(hints)
    by_unit = next((hint for hint in hints if unit is not None and hint.unit is unit), None)
    by_sign = next((hint for hint in hints if hint.direction is not None), None)
    parts = [(h.source, words) for h, words in _worded(by_unit, by_sign) if words]
    because = "; ".join(
        f"'{source}': {', '.join(dict.fromkeys(w for s, w in parts if s == source))}"
        for source in dict.fromkeys(source for source, _ in parts)
    )
    if direction is None:
        open_end = "nothing says which way is better"
        because = f"{because}; {open_end}" if because else open_end
    return Inferred(metric=name, direction=direction, unit=unit, because=because)


def _worded(by_unit: Hint | None, by_sign: Hint | None) -> Iterator[tuple[Hint, str]]:
    if by_unit is not None:
        yield by_unit, by_unit.amount
    if by_sign is not None:
        yield by_sign, by_sign.sign


def _together(reported: Metric, implied: Mapping[str, Inferred]) -> Metric:
    """What the evaluation declares; a unit that it leaves open is the one that the gate implies."""
    units = (implied[name].unit for name in (reported.name, *reported.aliases) if name in implied)
    unit = next((unit for unit in units if unit is not None), None)
    if unit is None or reported.unit is not Unit.NUMBER:
        return reported
    return reported.model_copy(update={"unit": unit})
