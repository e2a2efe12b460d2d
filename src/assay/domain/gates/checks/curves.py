"""What does the shape of a curve say: does it fall, has it diverged?"""

from __future__ import annotations

import numpy as np

from assay.domain.experiments.criteria.model import Criterion, CurveFalls, Diverges
from assay.domain.experiments.evidence import Curve, Run
from assay.domain.gates.case import Case, Checked
from assay.domain.gates.checks.claims import problem
from assay.domain.gates.problems import mend, run_name
from assay.domain.gates.seed_groups import SeedGroup
from assay.domain.gates.taken_results import changed_results, removed_results
from assay.domain.gates.wording import count, listed
from assay.domain.kernel.findings import Counts, Lacks, Outcome, Settlement
from assay.domain.kernel.metrics import Metric
from assay.stats.stop_rules import Fall, fall_after

FALLS = "shape of the curve"
DIVERGES = "every logged value"
_FALLS: dict[Fall, Outcome] = {
    "fell": Outcome.MET,
    "never fell": Outcome.NOT_MET,
    "came back up": Outcome.UNCLEAR,
    "diverged": Outcome.INVALID,
    "not known": Outcome.NO_EVIDENCE,
}


def check_diverges(criterion: Criterion, group: SeedGroup, case: Case) -> Checked:
    """Does any run of the group, whatever its status, hold NaN or an infinity? One seed is enough."""
    test = criterion.test
    assert isinstance(test, Diverges)
    metric = case.catalog.require(test.metric)
    curves = _curves(group, metric)
    if not curves:
        return _nothing(DIVERGES, f"no run logged {metric.name}")
    bad = [(run, curve) for run, curve in curves if not np.isfinite(curve.values).all()]
    n = Counts(runs=len(curves), seeds=len({run.seed for run, _ in curves}))
    if not bad and (removed := removed_results(group, metric)) is not None:
        return problem(removed, DIVERGES)
    if not bad:
        reason = f"{metric.name} is finite in {_all_runs(len(curves))}"
        return Checked(Outcome.NOT_MET, DIVERGES, reason, n=n)
    where = listed(f"{run_name(run)} at step {first_non_finite(curve)}" for run, curve in bad)
    return Checked(Outcome.MET, DIVERGES, f"{metric.name} is NaN or infinite in {where}", n=n)


def check_falls(criterion: Criterion, group: SeedGroup, case: Case) -> Checked:
    """Does the curve fall after a step, in every run of the group?

    A run falls when its last value lies below its value at that step, and does not when no later value ever did. Where
    the runs differ, or a run came back up, the answer is unclear.
    """
    test = criterion.test
    assert isinstance(test, CurveFalls)
    metric = case.catalog.require(test.metric)
    curves = _curves(group, metric)
    told = [(run, falls_after(curve, test.after_step)) for run, curve in curves]
    known = [(run, answer) for run, answer in told if answer is not Outcome.NO_EVIDENCE]
    if not known:
        why = (
            f"no value of {metric.name} after {test.step_name} {test.after_step} yet"
            if curves
            else f"no run logged {metric.name}"
        )
        return _nothing(FALLS, why)
    broken_off = removed_results(group, metric) or changed_results(group.finished, metric)
    if broken_off is not None:
        return problem(broken_off, FALLS)
    n = Counts(runs=len(known), seeds=len({run.seed for run, _ in known}))
    broken = [run for run, answer in known if answer is Outcome.INVALID]
    if broken:
        reason = f"{metric.name} is NaN or infinite in {listed(map(run_name, broken))}"
        return Checked(Outcome.INVALID, FALLS, reason, n=n, settle=mend("mend the run that diverged"))
    outcome, reason = _over_runs(
        [answer for _, answer in known], metric, f"{test.step_name} {test.after_step}"
    )
    if test.negated:
        outcome = {Outcome.MET: Outcome.NOT_MET, Outcome.NOT_MET: Outcome.MET}.get(outcome, outcome)
    settle = None
    if outcome is Outcome.UNCLEAR:
        settle = Settlement(kind="runs", text="more epochs would settle it")
    notes = ("epochs are read as the steps that the tracker logged",) if test.step_name == "epoch" else ()
    return Checked(outcome, FALLS, reason, lacks=Lacks.CENSUS, n=n, settle=settle, notes=notes)


def falls_after(curve: Curve, after_step: int) -> Outcome:
    """Does one curve fall after this step? no_evidence without a value on both sides, invalid with a non-finite one."""
    return _FALLS[fall_after(curve.steps, curve.values, after_step)]


def first_non_finite(curve: Curve) -> int:
    """At which step is the first value that is not a finite number?"""
    return int(curve.steps[np.flatnonzero(~np.isfinite(curve.values))].min())


def _curves(group: SeedGroup, metric: Metric) -> list[tuple[Run, Curve]]:
    names = (metric.name, *metric.aliases)
    found = [(run, next((run.curves[n] for n in names if n in run.curves), None)) for run in group.runs]
    return [(run, curve) for run, curve in found if curve is not None and curve.values.size]


def _over_runs(answers: list[Outcome], metric: Metric, where: str) -> tuple[Outcome, str]:
    falling, n = answers.count(Outcome.MET), len(answers)
    if falling == n:
        return Outcome.MET, f"{metric.name} falls after {where} in {_all_runs(n)}"
    if answers.count(Outcome.NOT_MET) == n:
        return (
            Outcome.NOT_MET,
            f"{metric.name} never falls below its value at {where} in any of {count(n, 'run')}",
        )
    return Outcome.UNCLEAR, f"{metric.name} ends below its value at {where} in {falling} of {count(n, 'run')}"


def _nothing(method: str, reason: str) -> Checked:
    return Checked(
        Outcome.NO_EVIDENCE,
        method,
        reason,
        settle=Settlement(kind="measure", text="a run that logs the curve"),
    )


def _all_runs(n: int) -> str:
    return "the run" if n == 1 else f"all {count(n, 'run')}"
