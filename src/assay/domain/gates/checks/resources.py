"""What has been spent: compute, money, time? Unknown use is never zero.

Every run of the ticket counts, failed and deleted ones too: they were paid for. Where some runs do not say what they
used, the known part is a lower bound; it can show that a limit is passed, never that it is kept.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from assay.domain.experiments.criteria.model import Comparison, Criterion, ResourceUse
from assay.domain.experiments.evidence import Run, RunStatus
from assay.domain.gates.case import Case, Checked, compares
from assay.domain.gates.problems import mend, run_name
from assay.domain.gates.wording import count, hours, limit_text, listed
from assay.domain.kernel.findings import Counts, Outcome, Settlement

COMPUTE = "sum over all runs of the ticket"
TIME = "whole days since the lock"
LARGEST = 1e12
"""More than this is a mistake of whoever logged it, and sums of it would overflow."""
_OVER = (Comparison.ABOVE, Comparison.AT_LEAST)


@dataclass(frozen=True, slots=True)
class Spent:
    """What was used: the known sum, and how many runs do not say. known is None when nothing is known."""

    known: float | None
    unknown_runs: int
    runs: int
    broken: tuple[str, ...] = ()

    @property
    def total(self) -> float | None:
        """All that was used, None unless every run says."""
        return None if self.unknown_runs or self.broken else self.known


def spent(runs: Sequence[Run], resource: str) -> Spent:
    """How many GPU-hours (compute) or USD (cost) did these runs use? Scheduled runs have used nothing yet."""
    begun = [run for run in runs if run.status is not RunStatus.SCHEDULED]
    values = [run.gpu_hours if resource == "compute" else run.cost_usd for run in begun]
    broken = tuple(
        run_name(run)
        for run, value in zip(begun, values, strict=True)
        if value is not None and not is_amount(value)
    )
    known = [v for v in values if v is not None and is_amount(v)]
    return Spent(math.fsum(known) if known else None, sum(v is None for v in values), len(begun), broken)


def is_amount(value: float) -> bool:
    """Can this have been used: a finite number, not negative, and not beyond what anybody owns?"""
    return 0.0 <= value <= LARGEST


def check_resource(criterion: Criterion, case: Case) -> Checked:
    """Is the use of compute, money or time beyond the amount?"""
    test = criterion.test
    assert isinstance(test, ResourceUse)
    if test.resource == "time":
        return _time(test, case)
    limit = limit_of(test, case)
    if limit is None:
        return Checked(
            Outcome.NO_EVIDENCE,
            COMPUTE,
            f"no {test.resource} budget is set on the ticket",
            settle=Settlement(kind="measure", text="set a budget on the ticket (an amendment)"),
        )
    used = spent(case.runs, test.resource)
    if used.broken:
        reason = f"{test.resource} is no possible amount in {listed(used.broken)}"
        return Checked(Outcome.INVALID, COMPUTE, reason, settle=mend("correct what those runs logged"))
    return _against(used, test, limit)


def limit_of(test: ResourceUse, case: Case) -> float | None:
    """The amount in GPU-hours or USD; None when it is a multiple of a budget that is not set."""
    if test.unit != "x budget":
        return float(test.amount)
    budget = case.registration.budget
    amount = budget.gpu_hours if test.resource == "compute" else budget.cost_usd
    return None if amount is None else float(test.amount * amount)


def _against(used: Spent, test: ResourceUse, limit: float) -> Checked:
    unit = "GPU-hours" if test.resource == "compute" else "USD"
    n, known = Counts(runs=used.runs), used.known
    shows_passed = known is not None and _beyond(known, test.comparison, limit)
    if used.unknown_runs == 0 and known is not None:
        met = compares(known, test.comparison, limit)
        reason = f"{hours(known, beside=limit)} of {limit_text(limit)} {unit} over {count(used.runs, 'run')}"
        return Checked(
            Outcome.MET if met else Outcome.NOT_MET, COMPUTE, reason, estimate=known, threshold=limit, n=n
        )
    if shows_passed and known is not None:
        outcome = Outcome.MET if test.comparison in _OVER else Outcome.NOT_MET
        reason = f"at least {hours(known, beside=limit)} of {limit_text(limit)} {unit}; {count(used.unknown_runs, 'run')} did not say"
        return Checked(outcome, COMPUTE, reason, threshold=limit, n=n)
    least = f"at least {hours(known)} {unit}, but " if known is not None else ""
    missing = (
        f"{count(used.unknown_runs, 'run')} did not say what it used" if used.runs else "no run has begun"
    )
    settle = Settlement(kind="measure", text=f"log {unit} (tag assay.gpu_hours or assay.cost_usd)")
    return Checked(Outcome.NO_EVIDENCE, COMPUTE, f"{least}{missing}", threshold=limit, n=n, settle=settle)


def _beyond(least: float, comparison: Comparison, limit: float) -> bool:
    """Is it sure from a lower bound which side of the limit the use is on?"""
    return least >= limit if comparison in {Comparison.AT_LEAST, Comparison.BELOW} else least > limit


def _time(test: ResourceUse, case: Case) -> Checked:
    if test.unit == "x budget":
        days = case.registration.time_box_days
        limit = None if days is None else float(test.amount) * days
    else:
        limit = float(test.amount)
    if limit is None or case.elapsed_days is None:
        reason = (
            "no time box is set on the ticket"
            if limit is None
            else "the lock lies in the future of this clock"
        )
        return Checked(
            Outcome.NO_EVIDENCE,
            TIME,
            reason,
            settle=Settlement(kind="measure", text="set a time box, or the clock"),
        )
    elapsed = float(case.elapsed_days)
    met = compares(elapsed, test.comparison, limit)
    reason = f"{count(case.elapsed_days, 'whole day')} since the lock, of {limit:g}"
    n = Counts(runs=len(case.runs))
    return Checked(
        Outcome.MET if met else Outcome.NOT_MET, TIME, reason, estimate=elapsed, threshold=limit, n=n
    )
