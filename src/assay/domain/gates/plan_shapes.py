"""What of a gate can be planned: claims and alarms, limits on the spread over seeds, and what no size helps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from assay.domain.gates.gate import GateRole
from assay.domain.gates.plan_claims import Shown


@dataclass(frozen=True, slots=True)
class Part:
    """One claim to be planned. said: how a distance from what has to be shown is written."""

    check: str
    role: GateRole
    shown: Shown
    truth: str
    seeds: int
    examples: int | None
    said: Callable[[float], str]
    notes: tuple[str, ...] = ()
    alarm: bool = False
    """It has to show harm, not that there is none."""
    each: str = ""
    """What the examples are counted in, such as " a slice"; empty for all of them."""

    @property
    def one_model(self) -> bool:
        """Can one model with its examples decide it?"""
        return self.shown.one is not None


@dataclass(frozen=True, slots=True)
class SpreadPart:
    """A limit on the standard deviation over seeds."""

    check: str
    role: GateRole
    limit: float
    true_sd: float
    truth: str
    claim: bool
    seeds: int


@dataclass(frozen=True, slots=True)
class Unplanned:
    """A part for which no size can be named."""

    check: str
    role: GateRole
    why: str
