"""The rules of thumb by name: a project tunes them, a ticket may switch some off."""

from __future__ import annotations

from enum import StrEnum


class KillRuleName(StrEnum):
    """The heuristic rules. They recommend; none kills by itself."""

    OVER_BUDGET = "over_budget"
    PLATEAU = "plateau"
    GAP = "gap"
    TIME_BOX = "time_box"
    NOT_FALLING = "not_falling"
    DIVERGED = "diverged"
    MEDIAN = "median"
    FUTILITY = "futility"


VALUES_OF_A_TICKET = ("over_budget_multiple", "plateau_tolerance", "gap", "futility")
"""Values of these rules that a ticket may set for itself."""
