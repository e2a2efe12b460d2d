"""Any number of runs side by side: which of them differ only in seed, and what did each configuration measure?

By the same rules as a verdict: identical repeats of a seed count once, a seed that crashed or logged a NaN makes the group's
mean unknown, runs from before the lock of their ticket stand apart. Nothing here decides anything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from assay.domain.experiments.evidence import UNFINISHED, Curve, Run
from assay.domain.gates.measurements import Measured, measure
from assay.domain.gates.problems import Problem
from assay.domain.gates.seed_groups import LABEL_LENGTH, SeedGroup, config_key, distinguishing, group_label
from assay.domain.kernel.metrics import Direction, Metric
from assay.stats.estimates import Interval
from assay.stats.means import mean_estimate
from assay.stats.samples import DegenerateSample, summarize


@dataclass(frozen=True, slots=True, eq=False)
class ComparedRun:
    """One run among others, without its curves.

    value: what it says of the metric compared, None where it did not log it or does not reach the step that counts; may be
    non-finite. is_early: begun before the lock of its ticket.
    """

    run: Run
    value: float | None
    is_early: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class ComparedGroup:
    """The runs of one configuration, arm, ticket and evaluation set.

    Attributes:
        key: tells it from every other group.
        label: what sets its configuration apart from the others, such as "lr=0.1, depth=8".
        ticket: its ticket, None where it has none.
        arm: candidate, baseline, or another.
        dataset: evaluation set with version, None where nobody says.
        is_early: begun before the lock of its ticket.
        runs: every run, by seed.
        values: one a seed that counts, in the metric's unit.
        mean: of these; None where it is unknown, which `why` says.
        sd: standard deviation over seeds; None with fewer than two.
        interval: of the mean, as a decision would invert it; None with fewer than two seeds, or where all are identical.
        method: name of the interval.
        why: why there is no mean, or no interval; else empty.
        notes: what a reader must know: repeats counted once, runs that are not finished.
    """

    key: str
    label: str
    ticket: str | None
    arm: str
    dataset: str | None
    is_early: bool
    config: Mapping[str, str]
    runs: tuple[ComparedRun, ...]
    values: tuple[float, ...] = ()
    mean: float | None = None
    sd: float | None = None
    interval: Interval | None = None
    method: str = ""
    why: str = ""
    notes: tuple[str, ...] = ()

    @property
    def n(self) -> int:
        """Seeds that count."""
        return len(self.values)


@dataclass(frozen=True, slots=True, eq=False)
class ComparedGroups:
    """All groups, and the parameters in which they differ."""

    groups: tuple[ComparedGroup, ...]
    """The best first where it is known which way is better, those without a mean last."""
    differing: tuple[str, ...]
    best: ComparedGroup | None
    """By its mean, among those not from before a lock; None where nothing is known."""


def compared_groups(
    runs: Sequence[ComparedRun],
    metric: Metric,
    *,
    direction: Direction | None,
    alpha: float = 0.05,
) -> ComparedGroups:
    """Which seed groups do these runs form, and what did each measure?

    Args:
        runs: not deleted, of any ticket; without the parameters that set no configuration apart (`configured`).
        metric: what is compared.
        direction: which way is better; None where nobody declared it.
        alpha: one-sided; intervals are at 1 - 2 alpha.
    """
    members: dict[str, list[ComparedRun]] = {}
    for one in runs:
        members.setdefault(_key(one), []).append(one)
    differing = distinguishing([group[0].run.config for group in members.values()])
    labels = _labels({key: group[0] for key, group in members.items()}, differing)
    groups = [_group(key, group, labels[key], metric, alpha) for key, group in members.items()]
    groups.sort(key=lambda group: _order(group, direction))
    known = [group for group in groups if group.mean is not None and not group.is_early]
    return ComparedGroups(tuple(groups), differing, known[0] if known and direction else None)


def _key(one: ComparedRun) -> str:
    run = one.run
    return f"{run.ticket or ''}/{config_key(run)}/{run.dataset or ''}/{'early' if one.is_early else ''}"


def _labels(first: Mapping[str, ComparedRun], differing: tuple[str, ...]) -> Mapping[str, str]:
    """What each group is called: never the same as another of its ticket, arm and evaluation set.

    Where there is no room for every parameter, those with the most values come first; where that leaves two alike, all stand there.
    """
    values = {name: {one.run.config.get(name) for one in first.values()} for name in differing}
    telling = tuple(sorted(differing, key=lambda name: (-len(values[name]), name)))
    labels = {key: _label(one.run, differing, telling) for key, one in first.items()}
    alike = Counter(_named(one, labels[key]) for key, one in first.items())
    return {
        key: labels[key]
        if alike[_named(one, labels[key])] == 1
        else group_label(one.run, telling, longest=None)
        for key, one in first.items()
    }


def _label(run: Run, differing: tuple[str, ...], telling: tuple[str, ...]) -> str:
    whole = group_label(run, differing, longest=None)
    return whole if len(whole) <= LABEL_LENGTH else group_label(run, telling)


def _named(one: ComparedRun, label: str) -> tuple[str | None, str, str | None, bool, str]:
    return one.run.ticket, one.run.arm, one.run.dataset, one.is_early, label


def _order(group: ComparedGroup, direction: Direction | None) -> tuple[bool, bool, float, str]:
    sign = -1.0 if direction is Direction.HIGHER else 1.0
    mean = 0.0 if group.mean is None or direction is None else sign * group.mean
    return group.mean is None, group.is_early, mean, f"{group.ticket or ''} {group.label} {group.key}"


def _group(
    key: str, members: Sequence[ComparedRun], label: str, metric: Metric, alpha: float
) -> ComparedGroup:
    ordered = tuple(
        sorted(members, key=lambda one: (one.run.seed is None, one.run.seed or 0, one.run.run_id))
    )
    first = ordered[0].run
    bare = ComparedGroup(
        key=key,
        label=label,
        ticket=first.ticket,
        arm=first.arm,
        dataset=first.dataset,
        is_early=ordered[0].is_early,
        config=first.config,
        runs=ordered,
    )
    found = measure(_as_measured(bare, metric), metric, None)
    if isinstance(found, Problem):
        return replace(bare, why=_why(bare, found))
    return _told(bare, found, alpha)


def _as_measured(group: ComparedGroup, metric: Metric) -> SeedGroup:
    """The group as the engine takes it, where each run has logged the one value that counts."""
    runs = tuple(
        replace(one.run, curves={} if one.value is None else {metric.name: _point(one.value)})
        for one in group.runs
    )
    return SeedGroup(key=group.key, label=group.label, arm=group.arm, config=group.config, runs=runs)


def _point(value: float) -> Curve:
    start = np.zeros(1, dtype=np.int64)
    return Curve(steps=start, values=np.array([value]), times_ms=start)


def _why(group: ComparedGroup, problem: Problem) -> str:
    unfinished = sum(one.run.status in UNFINISHED for one in group.runs)
    return "no run has finished yet" if unfinished == len(group.runs) else problem.reason


def _told(group: ComparedGroup, found: Measured, alpha: float) -> ComparedGroup:
    values = found.values
    known = replace(group, values=values, notes=found.notes)
    sample = summarize(values)
    if sample.sd is None:
        return replace(known, mean=sample.mean, why="one seed: no interval")
    try:
        estimate = mean_estimate(values, alpha=alpha)
    except DegenerateSample:
        same = f"all {len(values)} seeds are identical: no interval"
        return replace(known, mean=sample.mean, sd=0.0, why=same)
    return replace(
        known,
        mean=estimate.value,
        sd=estimate.sd,
        interval=estimate.interval,
        method=f"{estimate.interval.label}, {estimate.method}",
    )
