"""What did the evidence show of what was hoped for, when an experiment was decided: was it met, and by how much is it better?"""

from __future__ import annotations

from dataclasses import dataclass

from assay.domain.experiments.criteria.model import Improvement, NonInferiority, Threshold
from assay.domain.experiments.experiment import Lock, Registration
from assay.domain.gates.candidates import primary_metric_of
from assay.domain.gates.seed_groups import BASELINE_ARM
from assay.domain.kernel.findings import Finding, Outcome, Role
from assay.domain.kernel.metrics import Direction, Metric
from assay.domain.kernel.verdicts import Verdict

_WORST_FIRST = (Outcome.INVALID, Outcome.NOT_MET, Outcome.NO_EVIDENCE, Outcome.UNCLEAR)


@dataclass(frozen=True, slots=True)
class Shown:
    """What a verdict shows of the primary criteria."""

    primary: Outcome
    """Met only where every primary criterion is; else the worst of their outcomes."""
    gain: float | None
    """Estimated improvement over the baseline of the first primary metric, in its own unit, above 0 is better; None: unknown."""


def shown_of(lock: Lock, verdict: Verdict | None) -> Shown:
    """What did this verdict show of what was locked? Without a verdict nothing was."""
    primary = () if verdict is None else tuple(f for f in verdict.findings if f.role is Role.PRIMARY)
    if verdict is None or not primary:
        return Shown(Outcome.NO_EVIDENCE, None)
    outcomes = {finding.outcome for finding in primary}
    worst = next((one for one in _WORST_FIRST if one in outcomes), Outcome.MET)
    return Shown(worst, _gain(lock.registration, verdict, primary))


def _gain(registration: Registration, verdict: Verdict, findings: tuple[Finding, ...]) -> float | None:
    named = primary_metric_of(registration)
    if named is None:
        return None
    criterion, metric = named
    finding = next((one for one in findings if one.metric == criterion.metric), None)
    if finding is None or finding.estimate is None:
        return None
    sign = 1.0 if metric.direction is Direction.HIGHER else -1.0
    if isinstance(criterion.test, Improvement | NonInferiority):
        return sign * finding.estimate
    baseline = baseline_value(registration, metric, verdict)
    if not isinstance(criterion.test, Threshold) or baseline is None:
        return None
    return sign * (finding.estimate - baseline)


def baseline_value(
    registration: Registration, metric: Metric, verdict: Verdict | None = None
) -> float | None:
    """What is this metric's baseline: the number that is written, else the mean of the one baseline group that was judged?"""
    names = {metric.name, *metric.aliases}
    written = next(
        (b.value for b in registration.baseline if b.metric in names and b.value is not None), None
    )
    if written is not None:
        return float(written)
    groups = () if verdict is None else verdict.groups
    means = [group.mean for group in groups if group.arm == BASELINE_ARM]
    return means[0] if len(means) == 1 else None
