"""Which runs of a project are over, and how far from their targets were they on the way?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from assay.domain.experiments.evidence import Curve, RunStatus
from assay.domain.gates.curve_approach import is_told
from assay.domain.gates.past_targets import PastTarget, past_target, problem_of
from assay.domain.stopping.history import FEWEST_EVALUATIONS, LeftOut, PastRun
from assay.workflows.back_test_ports import EndedRun
from assay.workflows.ports import ReadTransaction

NEWEST_RUNS = 500
MOST_EVALUATIONS = 3_000_000
"""Of all curves together: what is held in memory."""


@dataclass(frozen=True, slots=True, eq=False)
class PastRuns:
    """Past runs as they were read.

    Attributes:
        found: every past run, or why it is left out, the first that was seen first.
        over: how many runs are over in all, read or not.
        by_id: those that are not left out, without their curves.
        targets: what the tickets promised, by problem.
    """

    found: Sequence[PastRun | LeftOut]
    over: int
    by_id: Mapping[str, EndedRun]
    targets: Mapping[str, PastTarget]


def past_runs(tx: ReadTransaction, project_id: int, newest: int) -> PastRuns:
    """Every run that is over, or why it is left out; at most so many of the newest."""
    locks = {key: past_target(lock.registration) for key, lock in tx.ticket_locks(project_id).items()}
    names = {
        name
        for target in locks.values()
        if target is not None
        for name in (target.metric.name, *target.metric.aliases)
    }
    ended, total = tx.ended_runs(project_id, locks, names, limit=newest)
    found: list[LeftOut] = []
    wanted: dict[str, tuple[EndedRun, PastTarget, str]] = {}
    evaluations = 0
    for run in ended:
        chosen = _wanted(run, locks[run.ticket])
        if isinstance(chosen, tuple):
            evaluations += run.points[chosen[1]]
            if evaluations > MOST_EVALUATIONS:
                found.append(LeftOut.NOT_READ)
            else:
                wanted[run.run_id] = (run, *chosen)
        else:
            found.append(chosen)
    read: dict[str, PastRun] = {}
    targets: dict[str, PastTarget] = {}
    for run_id, metric, curve in tx.curves_in_turn(project_id, wanted, {one[2] for one in wanted.values()}):
        run, target, name = wanted[run_id]
        if metric == name:
            problem = problem_of(target, run.dataset)
            past = _past_run(run, target, problem, curve)
            if isinstance(past, LeftOut):
                found.append(past)
            else:
                targets.setdefault(problem, target)
                read[run_id] = past
    in_order = [read[run_id] for run_id in reversed(wanted) if run_id in read]
    return PastRuns([*found, *in_order], total, {run_id: one[0] for run_id, one in wanted.items()}, targets)


def _wanted(run: EndedRun, target: PastTarget | None) -> tuple[PastTarget, str] | LeftOut:
    """What the run's curve had to reach, and under which name it is kept; or why the run is left out."""
    if target is None:
        return LeftOut.NO_TARGET
    if run.arm == "baseline":
        return LeftOut.BASELINE
    if run.status is not RunStatus.FINISHED:
        return LeftOut.ENDED_EARLY
    name = next((name for name in (target.metric.name, *target.metric.aliases) if name in run.points), None)
    if name is None:
        return LeftOut.NO_CURVE
    return LeftOut.FEW_EVALUATIONS if run.points[name] < FEWEST_EVALUATIONS else (target, name)


def _past_run(run: EndedRun, target: PastTarget, problem: str, curve: Curve) -> PastRun | LeftOut:
    steps, gaps = target.approach(curve)
    if not is_told(steps, target.metric.reading):
        return LeftOut.NO_VALUE
    return PastRun(run.run_id, run.ticket, problem, steps, gaps, run.gpu_hours)
