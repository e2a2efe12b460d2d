"""What is a gate told? The same case that a ticket's verdict is made of, from evaluation files instead of a lock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from assay.domain.experiments.criteria.model import Criterion, DatasetRef
from assay.domain.experiments.evidence import Evaluation, Run
from assay.domain.experiments.experiment import Budget, Lock, Registration
from assay.domain.gates.candidates import Choice, choose
from assay.domain.gates.case import Case, Checked, stage_plan
from assay.domain.gates.gate import Gate
from assay.domain.gates.gate_record import GatePart
from assay.domain.gates.overlap import Overlap
from assay.domain.gates.seed_groups import BASELINE_ARM, CANDIDATE_ARM, SeedGroup, seed_groups, starting_order
from assay.domain.gates.settings import KillRules, VerdictSettings
from assay.domain.kernel.metrics import Metric


@dataclass(frozen=True, slots=True, eq=False)
class GateCase:
    """All that the checks of a gate may look at.

    Attributes:
        gate: with every metric declared that can be.
        case: criteria, groups and looks, as the verdict engine takes them.
        choice: which configuration is judged, and from how many it was chosen.
        overlaps: what the evaluation set shares with training data, by check number; a file that could not be read is missing.
        notes: what a reader must know.
    """

    gate: Gate
    case: Case
    choice: Choice
    overlaps: Mapping[int, Overlap] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def metric(self, name: str) -> Metric | None:
        """The declaration of a metric, None where nobody said which way is better."""
        return self.case.catalog.get(name)


@dataclass(frozen=True, slots=True)
class Judged:
    """What one check of a gate found, and the parts it looked at."""

    checked: Checked
    parts: tuple[GatePart, ...] = ()
    metric: str | None = None


def gate_case(
    gate: Gate,
    candidate: Evaluation,
    baseline: Evaluation | None,
    *,
    lock: Lock | None = None,
    overlaps: Mapping[int, Overlap] | None = None,
    predicts: bool = True,
) -> GateCase:
    """Which case do these evaluations make?

    Args:
        gate: with its metrics declared (`gate_metrics.with_metrics`).
        candidate: runs of any number of configurations; the best one is judged, corrected over their number.
        baseline: what it is compared with, if anything.
        lock: the ticket's lock on a board, so that runs from before it are no evidence; None elsewhere.
        overlaps: what was found in training data.
        predicts: whether an unclear claim is asked what would settle it.
    """
    ours = _on_set(candidate.runs, gate.dataset)
    theirs = _on_set(baseline.runs if baseline is not None else (), gate.dataset)
    if baseline is not None and baseline.digest and baseline.digest == candidate.digest:
        theirs = ours  # one set of files under two names: every comparison with it is invalid
    limit = float(gate.settings.unmatched_limit)
    candidates = _groups((replace(run, arm=CANDIDATE_ARM) for run in ours), lock, limit)
    baselines = _groups((replace(run, arm=BASELINE_ARM) for run in theirs), None, limit)
    case = Case(
        registration=_registration(gate),
        settings=VerdictSettings(
            strictness=gate.settings.mode, alpha=gate.settings.alpha, kill_rules=KillRules(enabled=())
        ),
        plan=stage_plan(gate.settings.looks, gate.settings.alpha),
        candidates=candidates,
        own_baselines=baselines,
        other_baselines=(),
        runs=tuple(sorted(ours, key=starting_order)),
        elapsed_days=None,
        wants_baseline="baseline results (--baseline PATH) would make a comparison possible",
        predicts=predicts,
        sequential=gate.settings.sequential,
    )
    choice = choose(case, lock)
    unnamed = gate.dataset is not None and any(run.dataset is None for run in candidate.runs)
    notes = (f"the results do not name their evaluation set; taken as {_set_name(gate.dataset)}",)
    return GateCase(gate, case, choice, overlaps or {}, notes if unnamed else ())


def _groups(runs: Iterable[Run], lock: Lock | None, unmatched_limit: float) -> tuple[SeedGroup, ...]:
    return tuple(replace(group, unmatched_limit=unmatched_limit) for group in seed_groups(runs, lock))


def _on_set(runs: Iterable[Run], dataset: DatasetRef | None) -> tuple[Run, ...]:
    """Results seldom name their set: then it is the one the gate is about. One that they do name stays."""
    if dataset is None:
        return tuple(runs)
    return tuple(run if run.dataset else replace(run, dataset=_set_name(dataset)) for run in runs)


def _set_name(dataset: DatasetRef | None) -> str:
    if dataset is None:
        return ""
    return dataset.name if dataset.version is None else f"{dataset.name}@{dataset.version}"


def _registration(gate: Gate) -> Registration:
    return Registration(
        hypothesis="",
        baseline=(),
        criteria=tuple(on_set(criterion, gate.dataset) for criterion in gate.criteria),
        budget=Budget(),
        time_box_days=None,
        looks=gate.settings.looks,
        candidate=None,
        metrics=gate.metrics,
    )


def on_set(criterion: Criterion, dataset: DatasetRef | None) -> Criterion:
    """The criterion on the gate's evaluation set, unless it names one itself."""
    if criterion.dataset is not None or dataset is None:
        return criterion
    return criterion.model_copy(update={"dataset": dataset})
