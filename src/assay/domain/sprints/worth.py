"""What is an experiment worth before it is run, from what was said of it and what came true of such words so far?

The chance that was said is shrunk to the team's own record, the belief about the effect is weighed by it, and what counts is the
expected gain given that a bad result is not shipped. What was not said is never made up: it is named.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from assay.domain.experiments.criteria.model import (
    Comparison,
    Criterion,
    Improvement,
    Margin,
    NonInferiority,
    Threshold,
)
from assay.domain.experiments.criteria.text import criterion_text
from assay.domain.experiments.experiment import Registration
from assay.domain.experiments.prediction import Effect, Prediction
from assay.domain.gates.candidates import primary_metric_of
from assay.domain.gates.shown import baseline_value
from assay.domain.kernel.findings import Role
from assay.domain.kernel.metrics import Direction, Metric, MetricCatalog
from assay.stats.elicited_chances import TrackRecord, shrunk_chance
from assay.stats.value_of_information import (
    Belief,
    belief_from_quantiles,
    chance_above,
    expected_gain,
    mean_above,
)

_LEAST_CHANCE = 0.001
"""A belief without spread is as sure as people may be, not surer."""


@dataclass(frozen=True, slots=True)
class Goal:
    """What the first primary criterion of an experiment asks for."""

    metric: Metric
    text: str
    """The criterion in its short form."""
    bar: float | None
    """The least improvement over the baseline that meets it, in the metric's unit; None where there is none to tell."""
    has_baseline: bool = True
    """Whether the baseline's value is written."""

    @property
    def unsized(self) -> str:
        """What lacks, or why its gain cannot be counted in goals; empty where it can."""
        if self.bar is None:
            return "a criterion with a least improvement" if self.has_baseline else "the baseline's value"
        return "" if self.bar > 0.0 else "its criterion asks for no improvement over the baseline"


def goal_of(registration: Registration) -> Goal | None:
    """What does this experiment try to reach? None without a primary criterion that reads a metric.

    >>> from assay.domain.experiments.experiment import Baseline, Budget, LookPlan
    >>> from assay.domain.experiments.criteria.text import parse_criterion
    >>> from assay.domain.kernel.findings import Role
    >>> from decimal import Decimal
    >>> from assay.domain.kernel.metrics import Unit
    >>> accuracy = Metric(name="accuracy", direction=Direction.HIGHER, unit=Unit.FRACTION)
    >>> at_least = parse_criterion("accuracy >= 85%", metrics=MetricCatalog.of([accuracy]), role=Role.PRIMARY)
    >>> goal = goal_of(Registration(hypothesis="", baseline=(Baseline(metric="accuracy", value=Decimal("0.72")),),
    ...     criteria=(at_least,), budget=Budget(), time_box_days=None, looks=LookPlan(), candidate=None, metrics=(accuracy,)))
    >>> goal.text, round(goal.bar, 6)
    ('accuracy >= 85%', 0.13)
    """
    found = primary_metric_of(registration)
    if found is None:
        return None
    criterion, metric = found
    catalog = MetricCatalog(metrics=registration.metrics)
    bars = [
        bar
        for one in registration.criteria
        if one.role is Role.PRIMARY and one.metric == criterion.metric
        if (bar := _bar(one, metric, registration)) is not None
    ]
    # All primary criteria have to be met: of several about one metric, the hardest counts.
    return Goal(
        metric,
        criterion_text(criterion, metrics=catalog),
        max(bars, default=None),
        baseline_value(registration, metric) is not None,
    )


def _bar(criterion: Criterion, metric: Metric, registration: Registration) -> float | None:
    test, baseline = criterion.test, baseline_value(registration, metric)
    if isinstance(test, Improvement):
        return _margin(test.margin, baseline)
    if isinstance(test, NonInferiority):
        harm = _margin(test.margin, baseline)
        return None if harm is None else -harm
    if not isinstance(test, Threshold) or baseline is None or test.comparison is Comparison.EQUAL:
        return None
    ahead = float(test.value.value) - baseline
    return ahead if metric.direction is Direction.HIGHER else -ahead


def _margin(margin: Margin, baseline: float | None) -> float | None:
    if not margin.relative:
        return float(margin.value)
    return None if baseline is None else float(margin.value) * abs(baseline)


class Basis(StrEnum):
    """What the worth of an experiment rests on."""

    PREDICTION = "prediction"
    """Chance and effect as they were predicted (the chance from the effect where only that was)."""
    CHANCE = "chance"
    """A chance alone: a success counts as what the criterion asks for, and no more."""
    HIT_RATE = "hit rate"
    """Nothing was predicted: the team's own hit rate, and what the criterion asks for."""
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Worth:
    """What an experiment is expected to gain, and why that is known."""

    basis: Basis
    gain: float | None
    """Expected gain in the metric's unit, given that a bad result is not shipped; None: not known."""
    chance: float | None
    """Of meeting the goal, after the team's record was taken into account."""
    said: float | None
    """The chance as it was said, or follows from the effect that was said."""
    if_met: float | None
    """Expected improvement if the goal is met."""
    missing: tuple[str, ...] = ()
    """What nobody said, in words, each a thing that can be written."""


def belief_of(effect: Effect) -> Belief:
    """Which belief do these quantiles, or this mean and standard deviation, say?"""
    if effect.low is not None and effect.mid is not None and effect.high is not None:
        return belief_from_quantiles(float(effect.low), float(effect.mid), float(effect.high))
    assert effect.mean is not None
    assert effect.sd is not None
    return Belief(float(effect.mean), float(effect.sd))


def said_chance(prediction: Prediction, goal: Goal | None) -> float | None:
    """Which chance of meeting the goal was said, or follows from the effect that was? None where neither was."""
    if prediction.chance is not None:
        return float(prediction.chance)
    if prediction.effect is None:
        return None
    bar = 0.0 if goal is None or goal.bar is None else goal.bar
    return _possible(chance_above(belief_of(prediction.effect), bar))


def _possible(chance: float) -> float:
    return min(1.0 - _LEAST_CHANCE, max(_LEAST_CHANCE, chance))


def worth_of(prediction: Prediction | None, goal: Goal | None, record: TrackRecord) -> Worth:
    """What is this experiment worth, by what was predicted and what came true of such predictions?

    Args:
        prediction: what was said of it, None when nothing was.
        goal: what its first primary criterion asks for.
        record: of the team, up to the moment that is asked about.
    """
    if goal is None:
        return Worth(Basis.NOTHING, None, None, None, None, ("a primary criterion that reads a metric",))
    said = None if prediction is None else said_chance(prediction, goal)
    if said is not None and prediction is not None and prediction.effect is not None:
        return _predicted(belief_of(prediction.effect), said, goal, record)
    bar = goal.bar if goal.bar is not None and goal.bar > 0.0 else None
    chance = record.hit_rate if said is None else shrunk_chance(said, record)
    if chance is None or bar is None:
        return Worth(Basis.NOTHING, None, chance, said, bar, _missing(said, goal, record))
    missing = ("the effect",) if said is not None else ("the chance", "the effect")
    return Worth(
        basis=Basis.HIT_RATE if said is None else Basis.CHANCE,
        gain=chance * bar,
        chance=chance,
        said=said,
        if_met=bar,
        missing=missing,
    )


def _predicted(belief: Belief, said: float, goal: Goal, record: TrackRecord) -> Worth:
    bar, chance = goal.bar or 0.0, shrunk_chance(said, record)
    gain = expected_gain(belief, chance, bar=bar)
    return Worth(Basis.PREDICTION, gain, chance, said, mean_above(belief, bar))


def _missing(said: float | None, goal: Goal, record: TrackRecord) -> tuple[str, ...]:
    missing = []
    if said is None and record.hit_rate is None:
        missing.append("the chance (no experiment is decided yet whose hit rate could stand for it)")
    if goal.bar is None:
        missing.append(f"the effect, or {goal.unsized}")
    elif goal.unsized:
        missing.append(f"the effect ({goal.unsized})")
    return tuple(missing)
