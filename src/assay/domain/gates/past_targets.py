"""What did a lock promise of one curve, and which of a project's kill rules can be replayed over past curves?"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from assay.domain.experiments.criteria.model import Comparison, Criterion, Improvement, Threshold
from assay.domain.experiments.evidence import Curve, IntArray
from assay.domain.experiments.experiment import Registration
from assay.domain.gates.candidates import primary_metric_of
from assay.domain.gates.curve_approach import evaluations, gaps_that_count
from assay.domain.gates.quantities import in_unit_of, margin_of
from assay.domain.gates.settings import KillRules
from assay.domain.kernel.kill_rules import KillRuleName
from assay.domain.kernel.metrics import Direction, Metric, Unit
from assay.domain.stopping.history import ByProblem
from assay.domain.stopping.rules import Diverged, GapRule, MedianStopping, NotFalling, PlateauRule, StopRule
from assay.stats.samples import FloatArray

GAP_SINCE = 0.5
PLATEAU_SINCE = 0.25
"""Shares of the budget from which on these are replayed: a verdict asks them once runs have ended, and every run begins with a gap."""
NOT_REPLAYED: Mapping[KillRuleName, str] = {
    KillRuleName.OVER_BUDGET: "asks about a whole ticket, and never kills: it asks for a person",
    KillRuleName.TIME_BOX: "asks about a whole ticket: days since its lock",
}
"""Why there is no record of a rule."""
ON_ANOTHER_CURVE = frozenset({KillRuleName.DIVERGED, KillRuleName.NOT_FALLING})
"""Rules that a verdict asks of the training loss and a replay of the metric that decides: their settings cannot be chosen by it."""


@dataclass(frozen=True, slots=True)
class PastTarget:
    """The number that a run's curve had to reach.

    Attributes:
        metric: of the first primary criterion.
        value: in the metric's unit.
        higher: whether the curve had to rise to it.
        dataset: the evaluation set of the criterion; empty where it names none.
    """

    metric: Metric
    value: float
    higher: bool
    dataset: str

    @property
    def subject(self) -> str:
        """What the problem is about, whatever the data set: the metric, and which value of it counts where that is not the last one."""
        return f"{self.metric.name}{self.metric.reading.beside}"

    def gaps(self, values: FloatArray) -> FloatArray:
        """How far short of it is each value, in the metric's unit? 0 or less is at the target; NaN where the value is no finite number.

        An infinite accuracy is a run that diverged, not one that reached its target.
        """
        known = np.where(np.isfinite(values), values, np.nan)
        return self.value - known if self.higher else known - self.value

    def approach(self, curve: Curve) -> tuple[IntArray, FloatArray]:
        """At which steps was the run how far short of it, read as the metric is declared? Shapes (n,), steps rising."""
        steps, values = evaluations(curve, self.metric.reading)
        return steps, gaps_that_count(self.gaps(values), steps, self.metric.reading)


def past_target(registration: Registration) -> PastTarget | None:
    """Which number did the first primary criterion promise? None where it is none that a curve could reach.

    An improvement is held against the locked number of the baseline; where the baseline is other runs, there is no number.
    """
    found = primary_metric_of(registration)
    if found is None:
        return None
    criterion, metric = found
    told = _number(criterion, metric, registration)
    if told is None or not math.isfinite(told[0]):
        return None
    value, comparison = told
    if comparison is Comparison.EQUAL:
        return None
    higher = comparison in (Comparison.AT_LEAST, Comparison.ABOVE)
    if comparison in (Comparison.ABOVE, Comparison.BELOW):
        value = float(np.nextafter(value, math.inf if higher else -math.inf))
    data = criterion.dataset
    dataset = "" if data is None else data.name if data.version is None else f"{data.name}@{data.version}"
    return PastTarget(metric, value, higher, dataset)


def problem_of(target: PastTarget, dataset: str | None) -> str:
    """The name of the problem of a run on this data set: only runs of the same problem are compared.

    >>> from assay.domain.kernel.metrics import Unit
    >>> f1 = Metric(name="f1", direction=Direction.HIGHER, unit=Unit.FRACTION)
    >>> problem_of(PastTarget(f1, 0.8, True, ""), "reviews@2"), problem_of(PastTarget(f1, 0.8, True, ""), None)
    ('f1 on reviews@2', 'f1')
    """
    on = target.dataset or dataset
    return f"{target.subject} on {on}" if on else target.subject


def _number(
    criterion: Criterion, metric: Metric, registration: Registration
) -> tuple[float, Comparison] | None:
    test = criterion.test
    if isinstance(test, Threshold):
        value = in_unit_of(test.value, metric)
        return None if value is None else (value, test.comparison)
    if not isinstance(test, Improvement):
        return None
    names = {metric.name, *metric.aliases}
    numbers = [one.value for one in registration.baseline if one.metric in names and one.value is not None]
    baseline = float(numbers[0]) if numbers else None
    margin = margin_of(test.margin, metric, baseline)
    if baseline is None or margin is None:
        return None
    strict = test.comparison is Comparison.ABOVE
    if metric.direction is Direction.HIGHER:
        return baseline + margin, Comparison.ABOVE if strict else Comparison.AT_LEAST
    return baseline - margin, Comparison.BELOW if strict else Comparison.AT_MOST


class ReplayedRule(NamedTuple):
    """A rule of the project as it is asked of one run under way."""

    rule: StopRule
    note: str
    """In what the replay differs from the rule as verdicts ask it; empty where it does not."""


def replayed_rules(settings: KillRules, metrics: Mapping[int, Metric]) -> Mapping[KillRuleName, ReplayedRule]:
    """Which rules can be replayed, with the project's values? `metrics` are those that decide, by the number of the problem."""
    tolerances = {
        problem: float(found)
        for problem, metric in metrics.items()
        if (found := settings.plateau_tolerance_of(metric)) is not None
    }
    fractions = [problem for problem, metric in metrics.items() if metric.unit is Unit.FRACTION]
    gap = GapRule(float(settings.gap), since=GAP_SINCE)
    plateaus = {
        problem: PlateauRule(settings.plateau_runs, tolerance, since=PLATEAU_SINCE)
        for problem, tolerance in tolerances.items()
    }
    names = sorted({rule.name for rule in plateaus.values()})
    plateau = ByProblem(names[0] if len(names) == 1 else "plateau, each metric's own tolerance", plateaus)
    deciding = "on the curve of the metric that decides; a verdict looks at the training loss"
    return {
        KillRuleName.DIVERGED: ReplayedRule(Diverged(), deciding),
        KillRuleName.NOT_FALLING: ReplayedRule(NotFalling(settings.not_falling_after), deciding),
        KillRuleName.MEDIAN: ReplayedRule(
            MedianStopping(), "among the runs of other tickets; a verdict looks at peers of the same ticket"
        ),
        KillRuleName.PLATEAU: ReplayedRule(
            plateau, "on the evaluations of one run; a verdict looks at a ticket's configurations"
        ),
        KillRuleName.GAP: ReplayedRule(
            ByProblem(gap.name, dict.fromkeys(fractions, gap)),
            "on the curve of one run; a verdict looks at the best configuration of a ticket",
        ),
    }
