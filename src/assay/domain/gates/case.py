"""What is a check told, and what does it answer before roles and corrections are applied?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from assay.domain.experiments.criteria.model import Comparison, Threshold
from assay.domain.experiments.evidence import Run
from assay.domain.experiments.experiment import Baseline, LookPlan, Registration
from assay.domain.gates.futility_seen import FutilitySeen
from assay.domain.gates.seed_groups import SeedGroup
from assay.domain.gates.settings import VerdictSettings
from assay.domain.kernel.findings import Counts, Lacks, Looks, Outcome, Role, Settlement, ShownInterval
from assay.domain.kernel.metrics import Direction, Metric, MetricCatalog
from assay.stats.stages import DEFAULT_PLAN, StagePlan, obrien_fleming_plan


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """All that the checks of one ticket may look at. Groups in the order of their keys.

    Attributes:
        registration: what was locked, as it stands.
        settings: how the project judges.
        plan: the registered looks with their nominal levels.
        candidates: groups of every arm but the baseline, also those with deleted or exploratory runs only.
        own_baselines: groups of the baseline arm of this ticket.
        other_baselines: groups of the ticket that is named as baseline.
        runs: every run of the ticket, whatever its arm, deleted ones included.
        elapsed_days: whole days since the lock; None when the clock says it was locked in the future.
        wants_baseline: what to do where a comparison has none.
        predicts: whether an unclear claim is asked what would settle it (costly; not asked of groups that are not shown).
        sequential: whether claims about one model an arm have to hold however often one looks at its examples.
        seen: what past runs say about the runs under way; None where nobody asked.
        expected: value of the primary metric by the locked prediction; None where nobody predicted one.
    """

    registration: Registration
    settings: VerdictSettings
    plan: StagePlan
    candidates: tuple[SeedGroup, ...]
    own_baselines: tuple[SeedGroup, ...]
    other_baselines: tuple[SeedGroup, ...]
    runs: tuple[Run, ...]
    elapsed_days: int | None
    wants_baseline: str = "baseline runs (tag assay.arm=baseline) would make a comparison possible"
    predicts: bool = True
    sequential: bool = False
    seen: FutilitySeen | None = None
    expected: float | None = None

    @property
    def catalog(self) -> MetricCatalog:
        """The metrics as they were declared at the lock."""
        return MetricCatalog(metrics=self.registration.metrics)

    def baseline_of(self, metric: Metric) -> Baseline | None:
        """The locked baseline of this metric, if there is one."""
        names = {metric.name, *metric.aliases}
        return next((b for b in self.registration.baseline if b.metric in names), None)

    def target_of(self, metric: Metric) -> Threshold | None:
        """The primary threshold on this metric, if there is one."""
        names = {metric.name, *metric.aliases}
        for criterion in self.registration.criteria:
            test = criterion.test
            if criterion.role is Role.PRIMARY and isinstance(test, Threshold) and test.metric in names:
                return test
        return None


@dataclass(frozen=True, slots=True)
class Checked:
    """What one check knows. `point` is the answer when the estimate alone decides; `outcome` is the strict one.

    `against_level` is the p-value of the claim in units of the level it was held to (1 or less: met); None where the
    check is no statistical claim. The other fields are those of `Finding`.
    """

    outcome: Outcome
    method: str
    reason: str
    point: Outcome | None = None
    against_level: float | None = None
    estimate: float | None = None
    interval: ShownInterval | None = None
    baseline: float | None = None
    threshold: float | None = None
    p_value: float | None = None
    alpha: float | None = None
    e_value: float | None = None
    looks: Looks | None = None
    detectable: float | None = None
    lacks: Lacks | None = None
    n: Counts = field(default_factory=Counts)
    settle: Settlement | None = None
    would_change: str = ""
    notes: tuple[str, ...] = ()

    @property
    def point_outcome(self) -> Outcome:
        """The answer in point mode; what is not evidence stays what it is."""
        return self.outcome if self.point is None else self.point


GREATER = (Comparison.AT_LEAST, Comparison.ABOVE)


def compares(value: float, comparison: Comparison, threshold: float) -> bool:
    """Does the value stand in this relation to the threshold? Never for a value that is not a finite number.

    >>> compares(float("nan"), Comparison.BELOW, 1.0)
    False
    """
    relations: Mapping[Comparison, bool] = {
        Comparison.AT_LEAST: value >= threshold,
        Comparison.ABOVE: value > threshold,
        Comparison.AT_MOST: value <= threshold,
        Comparison.BELOW: value < threshold,
        Comparison.EQUAL: value == threshold,
    }
    return relations[comparison]


def is_better(value: float, other: float, metric: Metric) -> bool:
    """Is the first value strictly better in the metric's good direction?"""
    return value > other if metric.direction is Direction.HIGHER else value < other


def stage_plan(looks: LookPlan, alpha: float) -> StagePlan:
    """Which nominal level has each registered look? The default stages carry the default levels at alpha .05."""
    if looks.stages == DEFAULT_PLAN.stages and alpha == DEFAULT_PLAN.alpha:
        return DEFAULT_PLAN
    return obrien_fleming_plan(looks.stages, alpha=alpha)


def corrected(plan: StagePlan, divisor: float) -> StagePlan:
    """The same looks when the claim is one of several that are corrected for."""
    if divisor == 1.0:
        return plan
    return StagePlan(plan.stages, tuple(a / divisor for a in plan.alphas), plan.alpha, plan.method)
