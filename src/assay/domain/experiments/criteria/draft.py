"""What does a criterion mean once its words are known? Text and structured form both end here.

A draft holds what was written; `criterion_of` asks the project's metrics what it means and refuses what means nothing good.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from assay.domain.experiments.criteria.amounts import (
    DAYS,
    TIMES_BUDGET,
    WrittenAmount,
    absolute_margin_of,
    days_of,
    level_of,
    margin_of,
    quantity_of,
)
from assay.domain.experiments.criteria.faults import CriterionError
from assay.domain.experiments.criteria.model import (
    Comparison,
    Condition,
    Criterion,
    CurveFalls,
    DatasetRef,
    Diverges,
    Gap,
    Improvement,
    NonInferiority,
    Percentile,
    Plateau,
    ResourceUse,
    Spread,
    Test,
    Threshold,
)
from assay.domain.experiments.exact_numbers import number_text, plain
from assay.domain.kernel.findings import Role
from assay.domain.kernel.metrics import Direction, Metric, MetricCatalog, Unit

Kind = Literal[
    "threshold",
    "improvement",
    "non_inferiority",
    "percentile",
    "spread",
    "curve_falls",
    "diverges",
    "resource",
    "plateau",
    "gap",
]
RESOURCE_UNITS: dict[str, tuple[str, ...]] = {
    "compute": (TIMES_BUDGET, "GPU-h"),
    "cost": (TIMES_BUDGET, "USD"),
    "time": (TIMES_BUDGET, DAYS),
}
STEP_MAX = 10**9
PERCENTS = (Decimal(1), Decimal("99.9"))
RUNS_MAX = 1000
_UP = (Comparison.AT_LEAST, Comparison.ABOVE)
_FLIPPED = {
    Comparison.AT_LEAST: Comparison.AT_MOST,
    Comparison.AT_MOST: Comparison.AT_LEAST,
    Comparison.ABOVE: Comparison.BELOW,
    Comparison.BELOW: Comparison.ABOVE,
}


@dataclass(frozen=True, slots=True)
class Draft:
    """A criterion as it was written: the words are known, the metric has not been asked."""

    kind: Kind
    subject: str
    """Name of the metric, or of the resource when the kind is `resource`."""
    comparison: Comparison | None = None
    amount: WrittenAmount | None = None
    count: int | None = None
    """Runs of a plateau, or the step after which a curve falls."""
    step_name: Literal["epoch", "step"] = "epoch"
    negated: bool = False
    percent: Decimal | None = None
    """Which percentile."""
    claim: bool = False
    """A spread that must be shown to be small."""
    dataset: DatasetRef | None = None
    after: Condition | None = None


def criterion_of(draft: Draft, role: Role, metrics: MetricCatalog) -> Criterion:
    """Which criterion does the draft mean in this project?

    Raises:
        CriterionError: the metric is not declared, the number could mean two things, the unit does not fit, or the
            direction claims nothing good (for a kill criterion: nothing bad).
    """
    if draft.kind == "resource":
        test: Test = _resource(draft)
        _check_direction(test, None, role)
    else:
        metric = _declared(draft.subject, metrics)
        test = _BUILDERS[draft.kind](draft, metric)
        _check_direction(test, metric, role)
    return Criterion(role=role, test=test, dataset=draft.dataset, after=draft.after)


def close_metrics(name: str, metrics: MetricCatalog) -> tuple[str, ...]:
    """Which declared metrics look like this name, closest first, at most three?"""
    by_lower = {known.lower(): metric.name for known, metric in metrics.by_name.items()}
    start = name[:100].lower()
    found = difflib.get_close_matches(start, by_lower, n=3, cutoff=0.6)
    found += [known for known in by_lower if len(start) > 1 and known.startswith(start)]
    return tuple(dict.fromkeys(by_lower[match] for match in found))[:3]


def _declared(name: str, metrics: MetricCatalog) -> Metric:
    metric = metrics.get(name)
    if metric is not None:
        return metric
    close = close_metrics(name, metrics)
    known = ", ".join(m.name for m in metrics.metrics[:12]) or "none yet"
    raise CriterionError(
        f"metric '{name[:100]}' is not declared in this project (declared: {known})",
        expected=close or ("the name of a declared metric",),
        code="metric-unknown",
        part="metric",
        alternatives=close,
        hint=f"declare it: assay metric add {name[:100]} --direction higher --unit fraction",
    )


def _amount(draft: Draft) -> WrittenAmount:
    assert draft.amount is not None  # the readers give every kind its parts
    return draft.amount


def _count(draft: Draft, *, low: int, high: int, what: str) -> int:
    assert draft.count is not None
    if not low <= draft.count <= high:
        raise CriterionError(
            f"{draft.count} is out of range",
            expected=(f"{what} from {low} to {high}",),
            code="criterion-range",
            part="count",
        )
    return draft.count


def _threshold(draft: Draft, metric: Metric) -> Test:
    assert draft.comparison is not None
    read = quantity_of if draft.comparison is Comparison.EQUAL else level_of
    return Threshold(metric=metric.name, comparison=draft.comparison, value=read(_amount(draft), metric))


def _upward(draft: Draft) -> Literal[Comparison.AT_LEAST, Comparison.ABOVE]:
    if draft.comparison is Comparison.AT_LEAST:
        return Comparison.AT_LEAST
    if draft.comparison is Comparison.ABOVE:
        return Comparison.ABOVE
    raise CriterionError(f"{draft.comparison} does not fit here", expected=(">=", ">"), part="comparison")


def _improvement(draft: Draft, metric: Metric) -> Test:
    return Improvement(
        metric=metric.name, comparison=_upward(draft), margin=margin_of(_amount(draft), metric)
    )


def _non_inferiority(draft: Draft, metric: Metric) -> Test:
    return NonInferiority(metric=metric.name, margin=margin_of(_amount(draft), metric))


def _percentile(draft: Draft, metric: Metric) -> Test:
    assert draft.percent is not None
    low, high = PERCENTS
    if not low <= draft.percent <= high or draft.percent * 10 % 1:
        raise CriterionError(
            f"p{number_text(draft.percent)} is no percentile that is read here",
            expected=(f"p{low} to p{high}, with at most one digit after the point",),
            code="criterion-range",
            part="percent",
        )
    if draft.comparison is Comparison.EQUAL:
        raise CriterionError(
            "== does not fit a percentile",
            expected=("<", "<=", ">", ">="),
            part="comparison",
            alternatives=("<=", ">="),
        )
    return Percentile.model_validate(
        {
            "metric": metric.name,
            "percent": draft.percent,
            "comparison": draft.comparison,
            "value": level_of(_amount(draft), metric),
        }
    )


def _spread(draft: Draft, metric: Metric) -> Test:
    if draft.comparison not in (Comparison.AT_MOST, Comparison.BELOW):
        raise CriterionError(
            f"{draft.comparison} sets no upper limit to the spread",
            expected=("<=", "<"),
            part="comparison",
            alternatives=("<=", "<"),
        )
    limit = absolute_margin_of(_amount(draft), metric)
    if limit.value == 0:
        raise CriterionError(
            "no evidence can show a spread of 0",
            expected=("a limit above 0",),
            code="criterion-range",
            part="amount",
        )
    return Spread(metric=metric.name, comparison=draft.comparison, limit=limit, claim=draft.claim)


def _curve(draft: Draft, metric: Metric) -> Test:
    after = _count(draft, low=0, high=STEP_MAX, what=f"{draft.step_name} number")
    return CurveFalls(metric=metric.name, after_step=after, step_name=draft.step_name, negated=draft.negated)


def _diverges(_draft: Draft, metric: Metric) -> Test:
    return Diverges(metric=metric.name)


def _plateau(draft: Draft, metric: Metric) -> Test:
    tolerance = absolute_margin_of(_amount(draft), metric)
    return Plateau(
        metric=metric.name, tolerance=tolerance, runs=_count(draft, low=2, high=RUNS_MAX, what="runs")
    )


def _gap(draft: Draft, metric: Metric) -> Test:
    return Gap(
        metric=metric.name, comparison=_upward(draft), value=absolute_margin_of(_amount(draft), metric)
    )


_BUILDERS: dict[Kind, Callable[[Draft, Metric], Test]] = {
    "threshold": _threshold,
    "improvement": _improvement,
    "non_inferiority": _non_inferiority,
    "percentile": _percentile,
    "spread": _spread,
    "curve_falls": _curve,
    "diverges": _diverges,
    "plateau": _plateau,
    "gap": _gap,
}


def _resource(draft: Draft) -> ResourceUse:
    amount, units = _amount(draft), RESOURCE_UNITS[draft.subject]
    value, unit = amount.number, amount.unit
    if draft.subject == "time" and unit == Unit.HOURS:
        value, unit = days_of(amount), DAYS
    if unit not in units or amount.relative:
        found = f"found {unit}" if unit else "found no unit"
        readings = tuple(f"{amount.text}{'' if u == TIMES_BUDGET else ' '}{u}" for u in units)
        raise CriterionError(
            f"{draft.subject} is measured in {' or '.join(units)}, {found}",
            expected=readings,
            code="criterion-unit",
            part="amount",
            alternatives=readings,
        )
    if value < 0:
        raise CriterionError(
            f"{amount.text} is negative",
            expected=("an amount of 0 or more",),
            code="criterion-range",
            part="amount",
        )
    if draft.comparison is Comparison.EQUAL:
        raise CriterionError(
            "== does not fit what was spent",
            expected=(">", ">=", "<", "<="),
            part="comparison",
            alternatives=(">", "<="),
        )
    return ResourceUse.model_validate(
        {"resource": draft.subject, "comparison": draft.comparison, "amount": plain(value), "unit": unit}
    )


def good_news(test: Test, direction: Direction | None) -> bool | None:
    """Is it good news when this test is met? None where that cannot be said (`==`).

    `direction` is that of the metric the test reads, None for resource rules.
    """
    match test:
        case Threshold(comparison=Comparison.EQUAL):
            return None
        case Threshold() | Percentile():
            return (test.comparison in _UP) == (direction is Direction.HIGHER)
        case ResourceUse():
            return test.comparison not in _UP
        case CurveFalls():
            return (direction is Direction.LOWER) != test.negated
        case Improvement() | NonInferiority() | Spread():
            return True
        case Diverges() | Plateau() | Gap():
            return False


def _check_direction(test: Test, metric: Metric | None, role: Role) -> None:
    good = good_news(test, metric.direction if metric else None)
    if good is None or good == (role is not Role.KILL):
        return
    what = "stops the experiment on good news" if role is Role.KILL else "claims nothing good"
    flips = isinstance(test, Threshold | Percentile | ResourceUse)
    fixes = (_FLIPPED[test.comparison],) if isinstance(test, Threshold | Percentile | ResourceUse) else ()
    other = "primary, secondary or blocking" if role is Role.KILL else "kill"
    about, elsewhere = "spending less is better", ""
    if isinstance(test, Spread):
        about = "less spread is better"
    elif metric is not None:
        about = f"{metric.name} is {metric.direction}-is-better"
        elsewhere = "; if the direction of the metric is wrong, change it on the metrics page"
    raise CriterionError(
        f"{about}, so as a {role} criterion this {what}",
        expected=(*fixes, f"the role {other}"),
        code="criterion-direction",
        part="comparison" if flips else "whole",
        alternatives=fixes,
        hint=f"or give it the role {other}{elsewhere}",
    )
