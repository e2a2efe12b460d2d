"""Which examples did the candidate get better, and which worse, than the baseline?

The examples are those that the engine pairs: the same seed groups, the same alignment. Nothing here decides anything; it
shows what stands behind a difference.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assay.domain.experiments.criteria.model import Criterion, Margin, NonInferiority
from assay.domain.experiments.evidence import Evaluation, ExampleText
from assay.domain.experiments.experiment import Lock
from assay.domain.gates.checks.arms import Arms, arms_of
from assay.domain.gates.example_tables import ExampleTable
from assay.domain.gates.gate import Gate
from assay.domain.gates.gate_case import GateCase, gate_case, on_set
from assay.domain.gates.gate_metrics import with_metrics
from assay.domain.gates.problems import Problem
from assay.domain.kernel.findings import Role
from assay.domain.kernel.metrics import Direction, Metric, Unit
from assay.stats.samples import is_binary

MOST = 100
"""Examples kept on each side; the counts cover all of them."""


@dataclass(frozen=True, slots=True)
class Flip:
    """One example that both sides answered, differently.

    Attributes:
        sample_id: its id.
        candidate: mean score over the candidate's seeds, in the metric's unit.
        baseline: the same of the baseline.
        labels: (column, label) of every way of slicing, such as ("language", "de").
        candidate_text: what the candidate said, where its reader knows; of the first seed that kept it.
        baseline_text: the same of the baseline.
    """

    sample_id: str
    candidate: float
    baseline: float
    labels: tuple[tuple[str, str], ...] = ()
    candidate_text: ExampleText | None = None
    baseline_text: ExampleText | None = None

    @property
    def difference(self) -> float:
        """Candidate minus baseline."""
        return self.candidate - self.baseline


@dataclass(frozen=True, slots=True)
class Flips:
    """Examples that got better and worse.

    Attributes:
        metric: the metric compared.
        pass_fail: every score is right or wrong. Then an example flipped when it was right in more than half of the seeds on
            one side and in at most half on the other; else it changed when its mean score did.
        better: those that got better, the largest change first, at most `MOST`.
        worse: those that got worse.
        better_count: how many got better, those beyond `MOST` included.
        worse_count: how many got worse.
        same_count: how many did not change.
        unmatched: ids that only one side has.
    """

    metric: Metric
    pass_fail: bool
    better: tuple[Flip, ...]
    worse: tuple[Flip, ...]
    better_count: int
    worse_count: int
    same_count: int
    unmatched: tuple[str, ...] = ()


def flips(
    gate: Gate,
    candidate: Evaluation,
    baseline: Evaluation | None,
    *,
    metric: str | None = None,
    lock: Lock | None = None,
    most: int = MOST,
) -> Flips | None:
    """Which examples changed between baseline and candidate?

    Args:
        gate: as it judges the two; its primary metric is compared where `metric` is None.
        candidate: what was judged.
        baseline: what it is compared with.
        metric: another metric of the evaluation.
        lock: the ticket's lock, where its own runs were judged.
        most: how many examples to keep on each side.

    Returns:
        None where there is nothing to compare: no baseline, no metric of which the better direction is known, no scores of
        examples on both sides, or evidence that the engine calls broken.
    """
    if baseline is None:
        return None
    declared = with_metrics(gate, (*candidate.metrics, *baseline.metrics))
    case = gate_case(declared, candidate, baseline, lock=lock, predicts=False)
    arms = _arms(case, metric or declared.primary_metric)
    if arms is None or arms.tables is None:
        return None
    return _compared(arms.metric, arms.tables, (candidate, baseline), _run_ids(arms), most)


def comparable_metrics(gate: Gate, candidate: Evaluation, baseline: Evaluation | None) -> tuple[str, ...]:
    """Of which metrics have both sides scores for their examples? In order, the gate's primary metric first."""
    if baseline is None:
        return ()
    declared = with_metrics(gate, (*candidate.metrics, *baseline.metrics))
    named = {m.name: m for m in declared.metrics}
    ours, theirs = ({name for run in side.runs for name in run.scores} for side in (candidate, baseline))
    both = [name for name, m in named.items() if {name, *m.aliases} & ours and {name, *m.aliases} & theirs]
    return tuple(sorted(both, key=lambda name: (name != declared.primary_metric, name)))


def _arms(case: GateCase, name: str | None) -> Arms | None:
    found = None if name is None else case.metric(name)
    if found is None or case.choice.group is None:
        return None
    claim = Criterion(
        role=Role.SECONDARY,
        test=NonInferiority(metric=found.name, margin=Margin(value=0, unit=found.unit)),
    )
    arms = arms_of(on_set(claim, case.gate.dataset), case.choice.group, case.case)
    return None if isinstance(arms, Problem) else arms


def _run_ids(arms: Arms) -> tuple[tuple[str, ...], tuple[str, ...]]:
    theirs = arms.baseline.measured
    return (
        tuple(seed.run.run_id for seed in arms.candidate.seeds),
        () if theirs is None else tuple(seed.run.run_id for seed in theirs.seeds),
    )


def _compared(
    metric: Metric,
    tables: tuple[ExampleTable, ExampleTable],
    sides: tuple[Evaluation, Evaluation],
    run_ids: tuple[tuple[str, ...], tuple[str, ...]],
    most: int,
) -> Flips:
    ours, theirs = (table.matrix.mean(axis=1) for table in tables)
    pass_fail = metric.unit in (Unit.FRACTION, Unit.NUMBER) and all(is_binary(t.matrix) for t in tables)
    change = _change(ours, theirs, pass_fail=pass_fail)
    if metric.direction is Direction.LOWER:
        change = -change
    size = np.abs(ours - theirs)
    texts = tuple(_Texts(side, ids) for side, ids in zip(sides, run_ids, strict=True))

    def kept(chosen: NDArray[np.intp]) -> tuple[Flip, ...]:
        # Rows stand in the order of their ids; a stable sort keeps that among equal changes.
        order = chosen[np.argsort(-size[chosen], kind="stable")][:most]
        return tuple(_flip(row, tables, (ours, theirs), texts) for row in order.tolist())

    better, worse = np.flatnonzero(change > 0), np.flatnonzero(change < 0)
    return Flips(
        metric=metric,
        pass_fail=pass_fail,
        better=kept(better),
        worse=kept(worse),
        better_count=better.size,
        worse_count=worse.size,
        same_count=int(ours.size - better.size - worse.size),
        unmatched=tables[0].unmatched,
    )


def _change(
    ours: NDArray[np.float64], theirs: NDArray[np.float64], *, pass_fail: bool
) -> NDArray[np.float64]:
    """Up, down or nothing; of pass/fail scores only what crosses the half counts."""
    if not pass_fail:
        return ours - theirs
    return (ours > 0.5).astype(np.float64) - (theirs > 0.5)


class _Texts:
    """The texts of one side, by example id."""

    def __init__(self, side: Evaluation, run_ids: Sequence[str]) -> None:
        self._kept: tuple[Mapping[str, ExampleText], ...] = tuple(
            side.examples[one] for one in run_ids if one in side.examples
        )

    def of(self, sample_id: str) -> ExampleText | None:
        found: Iterable[ExampleText] = (one[sample_id] for one in self._kept if sample_id in one)
        return next(iter(found), None)


def _flip(
    row: int,
    tables: tuple[ExampleTable, ExampleTable],
    means: tuple[NDArray[np.float64], NDArray[np.float64]],
    texts: tuple[_Texts, ...],
) -> Flip:
    ours, theirs = tables
    sample_id = ours.sample_ids[row]
    slices = {**theirs.slices, **ours.slices}
    return Flip(
        sample_id=sample_id,
        candidate=float(means[0][row]),
        baseline=float(means[1][row]),
        labels=tuple((column, slices[column][row]) for column in sorted(slices)),
        candidate_text=texts[0].of(sample_id),
        baseline_text=texts[1].of(sample_id),
    )
