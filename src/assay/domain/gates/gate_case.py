"""What is a gate told? The same case that a ticket's verdict is made of, from evaluation files instead of a lock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from assay.domain.experiments.criteria.model import Criterion, DatasetRef
from assay.domain.experiments.evidence import Evaluation, Evidence, Run
from assay.domain.experiments.experiment import Budget, Lock, Registration
from assay.domain.gates.candidates import Choice, choose, primary_metric_of
from assay.domain.gates.case import Case, Checked, stage_plan
from assay.domain.gates.departures import Gone
from assay.domain.gates.gate import Gate
from assay.domain.gates.gate_record import GatePart
from assay.domain.gates.overlap import Overlap
from assay.domain.gates.run_notes import run_notes
from assay.domain.gates.seed_groups import BASELINE_ARM, CANDIDATE_ARM, SeedGroup, seed_groups, starting_order
from assay.domain.gates.settings import KillRules, VerdictSettings
from assay.domain.gates.ticket_sides import ticket_marks
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
    registration = _registration(gate)
    candidates = seed_groups((replace(run, arm=CANDIDATE_ARM) for run in ours), lock)
    baselines = seed_groups((replace(run, arm=BASELINE_ARM) for run in theirs), None)
    if lock is not None and candidate.ticket is not None:
        registration = registration.model_copy(update={"candidate": lock.registration.candidate})
        candidates, baselines = _ticket_groups(gate, ours, theirs, candidate.ticket, lock, registration)
    limit = float(gate.settings.unmatched_limit)
    candidates, baselines = _limited(candidates, limit), _limited(baselines, limit)
    case = Case(
        registration=registration,
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
    notes = [f"the results do not name their evaluation set; taken as {_set_name(gate.dataset)}"] * unnamed
    if lock is not None:
        notes += run_notes(case, ())
    return GateCase(gate, case, choice, overlaps or {}, tuple(notes))


def _limited(groups: Iterable[SeedGroup], unmatched_limit: float) -> tuple[SeedGroup, ...]:
    return tuple(replace(group, unmatched_limit=unmatched_limit) for group in groups)


def _ticket_groups(
    gate: Gate,
    ours: Iterable[Run],
    theirs: Iterable[Run],
    evidence: Evidence,
    lock: Lock,
    registration: Registration,
) -> tuple[tuple[SeedGroup, ...], tuple[SeedGroup, ...]]:
    """As the ticket's verdict groups its runs: arms stay apart, and what was taken away or only repeats is told."""
    primary = primary_metric_of(registration)
    marks = ticket_marks(evidence, lock, None if primary is None else primary[1])

    def gone(some: Iterable[Gone], arm: str | None) -> list[Gone]:
        runs = [(one, _on_set((one.run,), gate.dataset)[0]) for one in some]
        return [replace(one, run=run if arm is None else replace(run, arm=arm)) for one, run in runs]

    return (
        seed_groups(ours, lock, gone=gone(marks.gone, None), repeats=marks.repeats),
        seed_groups(
            (replace(run, arm=BASELINE_ARM) for run in theirs),
            lock,
            gone=gone(marks.baseline_gone, BASELINE_ARM),
            as_baseline=True,
        ),
    )


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
