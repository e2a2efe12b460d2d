"""Curves of several seeds, brought together by step."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from assay.domain.experiments.display import UNKNOWN
from assay.domain.gates.seed_groups import BASELINE_ARM
from assay.workflows.views import CurvePoints, TicketView


@dataclass(frozen=True, slots=True)
class Band:
    """One group at one step: mean and range over the seeds that logged a number there."""

    group: str
    step: int
    mean: float
    low: float
    high: float
    seeds: int


@dataclass(frozen=True, slots=True)
class Gap:
    """A step at which a run logged no number."""

    group: str
    run: str
    step: int


def groups(curves: Iterable[CurvePoints]) -> dict[str, list[CurvePoints]]:
    """The curves by group: a candidate, the baseline beside it, other candidates, what was begun before the lock, what came after a kill."""
    found: dict[str, list[CurvePoints]] = defaultdict(list)
    for curve in curves:
        found[group_name(curve)].append(curve)
    first = next((name for name, members in found.items() if not _stands_back(members[0])), "")
    order = sorted(
        found,
        key=lambda name: (
            found[name][0].late,
            found[name][0].exploratory,
            name != first,
            found[name][0].arm != BASELINE_ARM,
        ),
    )
    return {name: found[name] for name in order}


def _stands_back(curve: CurvePoints) -> bool:
    return curve.late or curve.exploratory or curve.arm == BASELINE_ARM


def group_name(curve: CurvePoints) -> str:
    """How the group of a curve is called: by its arm, by what sets it apart, and whether it was begun before the lock or came after a kill.

    >>> one = CurvePoints(
    ...     run_id="r", name="r", arm="candidate", group="rank=16", seed=1, exploratory=True, steps=(), values=()
    ... )
    >>> group_name(one)
    'candidate (rank=16, exploratory)'
    """
    apart = [curve.group] if curve.group != curve.arm else []
    if curve.exploratory:
        apart.append("exploratory")
    if curve.late:
        apart.append("after the kill")
    more = ", ".join(apart)
    return f"{curve.arm} ({more})" if more else curve.arm


def bands(name: str, members: Sequence[CurvePoints]) -> tuple[Band, ...]:
    """Mean and range at every step that all seeds of the group reached with a number.

    Where seeds logged at different steps, a mean over whoever is there would jump with who is there: such steps are left
    to the single curves.
    """
    at: dict[int, list[float]] = defaultdict(list)
    for curve in members:
        for step, value in dict(zip(curve.steps, curve.values, strict=True)).items():
            if value is not None:
                at[step].append(value)
    complete = {step: values for step, values in at.items() if len(values) == len(members)}
    return tuple(
        Band(name, step, mean(values), min(values), max(values), len(values))
        for step, values in sorted(complete.items())
    )


def mean(values: Sequence[float]) -> float:
    """The mean; shares are added, for a sum of what a diverged run logged may be too large for a number."""
    return math.fsum(value / len(values) for value in values)


def gaps(name: str, members: Iterable[CurvePoints]) -> tuple[Gap, ...]:
    """Every place where a run logged NaN or an infinity."""
    return tuple(
        Gap(name, curve.name or curve.run_id, step)
        for curve in members
        for step, value in zip(curve.steps, curve.values, strict=True)
        if value is None
    )


def last_number(curve: CurvePoints) -> float | None:
    """The value at the end of a curve, None where it is no number."""
    return curve.values[-1] if curve.values else None


def counted(view: TicketView) -> Mapping[str, float]:
    """By run id, the value of the metric of the chart that counts, where it is known and a number."""
    told = {row.run_id: row.metrics.get(view.chart_metric or "", UNKNOWN) for row in view.runs}
    known = {run_id: float(text) for run_id, text in told.items() if text != UNKNOWN}
    return {run_id: value for run_id, value in known.items() if math.isfinite(value)}


def is_single_points(curves: Sequence[CurvePoints]) -> bool:
    """Whether nothing was logged over time: every run has one value."""
    return all(len(curve.values) <= 1 for curve in curves)
