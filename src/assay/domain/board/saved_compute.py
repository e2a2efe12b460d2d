"""How much compute did kills leave unspent: what was budgeted for an experiment and not used when it was killed?

It is counted, not estimated: budgets as registered less what the runs used that had begun by then. Nobody knows whether the
rest would have been spent. An experiment without a budget, or with a run that does not say what it used, is not known; one of
which no run had begun was not stopped early but never started.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class KilledWork:
    """One killed experiment at the moment of its kill."""

    key: str
    budget_gpu_hours: float | None
    used_gpu_hours: float | None
    """What is known of it, None where nothing is."""
    runs: int
    """That had begun."""
    unknown_runs: int
    """Those of them that do not say what they used."""

    @property
    def left_gpu_hours(self) -> float | None:
        """What was left of its budget, 0 where it was used up; None where that is not known or no run had begun.

        >>> KilledWork("EXP-1", 24.0, 9.5, runs=3, unknown_runs=0).left_gpu_hours
        14.5
        >>> KilledWork("EXP-1", 24.0, 30.0, runs=3, unknown_runs=1).left_gpu_hours
        0.0
        >>> KilledWork("EXP-1", 24.0, 9.5, runs=3, unknown_runs=1).left_gpu_hours is None
        True
        """
        budget, used = self.budget_gpu_hours, self.used_gpu_hours
        if budget is None or not self.runs:
            return None
        if used is not None and used >= budget:
            return 0.0  # what is not known can only add to it
        return None if self.unknown_runs or used is None else budget - used


@dataclass(frozen=True, slots=True)
class SavedCompute:
    """What kills left of budgets, over several experiments."""

    gpu_hours: float | None
    """None where no kill is known to have come before its budget was used up."""
    early: int
    """Experiments that were killed with budget left."""
    used_up: int
    """Killed when their budget was used up."""
    unknown: int
    """Killed with no budget, or with a run that does not say what it used."""
    not_begun: int
    """Killed before any run had begun."""


NOTHING_SAVED = SavedCompute(gpu_hours=None, early=0, used_up=0, unknown=0, not_begun=0)
"""Nothing was killed."""


def saved_compute(killed: Iterable[KilledWork]) -> SavedCompute:
    """How many GPU-hours of their budgets did these experiments leave when they were killed?

    >>> work = [KilledWork("EXP-1", 24.0, 9.5, 3, 0), KilledWork("EXP-2", None, 2.0, 1, 0), KilledWork("EXP-3", 8.0, None, 0, 0)]
    >>> saved_compute(work)
    SavedCompute(gpu_hours=14.5, early=1, used_up=0, unknown=1, not_begun=1)
    """
    every = list(killed)
    begun = [one for one in every if one.runs]
    left = [one.left_gpu_hours for one in begun]
    known = [hours for hours in left if hours is not None]
    early = [hours for hours in known if hours > 0]
    return SavedCompute(
        gpu_hours=math.fsum(early) if early else None,
        early=len(early),
        used_up=len(known) - len(early),
        unknown=len(left) - len(known),
        not_begun=len(every) - len(begun),
    )
