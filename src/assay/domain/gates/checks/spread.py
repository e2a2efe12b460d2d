"""Do the seeds of a method agree: is the standard deviation over them within a limit?

An alarm unless it is declared a claim: not met when more spread is shown, else met, with the smallest spread it would
probably have seen. Declared a claim (`sd of accuracy shown <= 3%`), more spread has to be ruled out.
"""

from __future__ import annotations

import math

from assay.domain.experiments.criteria.model import Comparison, Criterion, Spread
from assay.domain.gates.case import Case, Checked, compares
from assay.domain.gates.checks.claims import (
    LAST_LOOK,
    OUTCOMES,
    counts,
    invalid,
    problem,
    shown_interval,
    too_close,
    waiting,
)
from assay.domain.gates.checks.looks import Level, NotNow, level_for, next_look, seeds_wanted
from assay.domain.gates.measurements import Measured, measure
from assay.domain.gates.problems import Problem
from assay.domain.gates.quantities import in_unit_of
from assay.domain.gates.seed_groups import SeedGroup
from assay.domain.gates.wording import count, difference
from assay.domain.kernel.findings import Outcome, Settlement
from assay.domain.kernel.metrics import Metric
from assay.stats.distributions import chi_square_quantile
from assay.stats.estimates import Estimate, ThresholdTest
from assay.stats.samples import DegenerateSample, summarize
from assay.stats.spread import METHOD, spread_against_limit

_POWER = 0.8
_FEWEST = 2


def check_spread(criterion: Criterion, group: SeedGroup, case: Case, divisor: float) -> Checked:
    """What is known of `sd of metric <= limit` over the seeds of this group, at levels divided by the correction?"""
    test = criterion.test
    assert isinstance(test, Spread)
    metric = case.catalog.require(test.metric)
    limit = in_unit_of(test.limit, metric)
    if limit is None:
        return invalid(
            f"{metric.name} is measured in {metric.unit.value}, the criterion says {test.limit.unit.value}",
            "write the criterion in the metric's unit",
        )
    measured = measure(group, metric, criterion.dataset)
    if isinstance(measured, Problem):
        return problem(measured, METHOD)
    runs = tuple(seed.run for seed in measured.seeds)
    if len(measured.seeds) < _FEWEST:
        first = case.plan.stages[0]
        return Checked(
            Outcome.NO_EVIDENCE,
            METHOD,
            "one seed has no spread",
            threshold=limit,
            n=counts(measured),
            settle=seeds_wanted(first - 1, first, runs, sure=False),
        )
    known = _estimate_only(measured, test.comparison, limit)
    level = level_for(measured, case, divisor)
    if isinstance(level, NotNow):
        return waiting(level, measured, runs=runs, known=known)
    return _judged(test, limit, level, metric, case)


def _estimate_only(measured: Measured, comparison: Comparison, limit: float) -> Checked:
    sd = summarize(measured.values).sd
    assert sd is not None
    point = Outcome.MET if compares(sd, comparison, limit) else Outcome.NOT_MET
    return Checked(Outcome.UNCLEAR, METHOD, "", point=point, estimate=sd, threshold=limit, n=counts(measured))


def _judged(test: Spread, limit: float, level: Level, metric: Metric, case: Case) -> Checked:
    known = _estimate_only(level.measured, test.comparison, limit)
    method = f"{METHOD}, {level.text}"
    notes = (*level.measured.notes, *level.notes)
    try:
        found = spread_against_limit(level.measured.values, limit, alpha=level.alpha)
    except DegenerateSample:
        n = count(len(level.measured.seeds), "seed")
        return Checked(
            Outcome.UNCLEAR,
            method,
            f"all {n} gave the same value: either nothing varies, or the seed reaches nothing",
            point=known.point,
            against_level=math.inf,
            estimate=0.0,
            threshold=limit,
            alpha=level.alpha,
            looks=level.spent,
            n=known.n,
            settle=Settlement(kind="measure", text="seeds that change the result would settle it"),
            notes=notes,
        )
    outcome = _outcome(test, found, level)
    p_value = found.p_less if test.claim else found.p_greater
    return Checked(
        outcome=outcome,
        method=method,
        reason=_reason(test, outcome, found.estimate, limit, metric),
        point=known.point,
        against_level=p_value / level.alpha,
        estimate=found.estimate.value,
        interval=shown_interval(found.estimate.interval, level.alpha),
        threshold=limit,
        p_value=p_value,
        alpha=level.alpha,
        looks=level.spent,
        detectable=abs(_visible(found.estimate, limit, level.alpha, below=test.claim) - limit),
        n=known.n,
        settle=(next_look(level, case) or too_close(LAST_LOOK)) if outcome is Outcome.UNCLEAR else None,
        would_change=_would_change(test, outcome, found.estimate, metric),
        notes=notes,
    )


def _outcome(test: Spread, found: ThresholdTest, level: Level) -> Outcome:
    if test.claim:
        return OUTCOMES[found.answer("less", level.alpha)]
    return Outcome.NOT_MET if found.p_greater <= level.alpha else Outcome.MET


def _visible(estimate: Estimate, limit: float, alpha: float, *, below: bool = False) -> float:
    """The true standard deviation that these seeds would have shown to be above (below) the limit, four times of five."""
    assert estimate.dof is not None
    tails = (alpha, _POWER) if below else (1.0 - alpha, 1.0 - _POWER)
    beyond, usual = (float(chi_square_quantile(q, estimate.dof)) for q in tails)
    return limit * math.sqrt(beyond / usual)


def _would_change(test: Spread, outcome: Outcome, estimate: Estimate, metric: Metric) -> str:
    low, high = estimate.interval.low, estimate.interval.high
    assert low is not None
    assert high is not None
    if outcome is Outcome.NOT_MET:
        return f"allowing {_amount(low, metric)} or more would leave it open"
    if test.claim:
        return (
            f"allowing less than {_amount(high, metric)} would leave it open"
            if outcome is Outcome.MET
            else ""
        )
    return f"allowing less than {_amount(low, metric)} would fail it"


def _reason(test: Spread, outcome: Outcome, estimate: Estimate, limit: float, metric: Metric) -> str:
    low, high = estimate.interval.low, estimate.interval.high
    assert low is not None
    assert high is not None
    said = f"sd of {metric.name}{metric.reading.beside} {_amount(estimate.value, metric)} over {count(estimate.n, 'seed')}"
    goal = _amount(limit, metric)
    if outcome is Outcome.NOT_MET:
        return f"{said}: even the lower bound {_amount(low, metric)} is above {goal}"
    if test.claim and outcome is Outcome.MET:
        return f"{said}: the upper bound {_amount(high, metric)} stays below {goal}"
    if test.claim:
        return f"{said}: the interval {_amount(low, metric)} to {_amount(high, metric)} still holds {goal}"
    seen = _amount(_visible(estimate, limit, (1.0 - estimate.interval.confidence) / 2.0), metric)
    return f"{said}: more than {goal} is not shown; from {seen} on it would probably have been"


def _amount(value: float, metric: Metric) -> str:
    return difference(value, metric).removeprefix("+")
