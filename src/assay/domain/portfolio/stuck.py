"""Is a project stuck in its phase? Each answer comes with its evidence and a way out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from assay.domain.kernel.findings import Outcome
from assay.domain.portfolio.canvas import Canvas
from assay.domain.portfolio.phases import Phase
from assay.domain.portfolio.standing import Reading

EXPLORES_TOO_LONG_DAYS = 56
FAR_BELOW = 0.15
"""Share of the target that the best measured value is away from it: further, and tuning will not close the gap."""


class StuckKind(StrEnum):
    """How a project can be stuck."""

    EXPLORES_WITHOUT_END = "explores without end"
    OPTIMISES_FAR_BELOW = "optimises far below target"
    NEVER_SHIPS = "never ships"
    OUT_OF_SIGHT = "works out of sight"


@dataclass(frozen=True, slots=True)
class Stuck:
    """One way in which a project is stuck."""

    kind: StuckKind
    evidence: str
    fix: str
    tickets: tuple[str, ...] = ()


def explores_without_end(phase: Phase, since: date | None, canvas: Canvas, *, today: date) -> Stuck | None:
    """Does it still explore after eight weeks, and nothing says when it would stop? None when it does not, or nobody knows."""
    if phase is not Phase.DISCOVERY or since is None or canvas.kill:
        return None
    days = (today - since).days
    if days < EXPLORES_TOO_LONG_DAYS:
        return None
    return Stuck(
        StuckKind.EXPLORES_WITHOUT_END,
        f"in discovery since {since.isoformat()}, {days // 7} weeks, and the canvas has no kill criterion",
        "Write on the canvas when the project stops, such as accuracy < 80% after sprint 3.",
    )


def optimises_far_below(phase: Phase, success: Sequence[Reading]) -> Stuck | None:
    """Is a model tuned whose best value is shown to miss the first target by far? None while that is not shown."""
    if phase is not Phase.OPTIMIZATION or not success:
        return None
    first = success[0].finding
    if first.outcome is not Outcome.NOT_MET or first.estimate is None or not first.threshold:
        return None
    away = abs(first.estimate - first.threshold) / abs(first.threshold)
    if away <= FAR_BELOW:
        return None
    return Stuck(
        StuckKind.OPTIMISES_FAR_BELOW,
        f"{first.check} is not met: the best ticket is {away:.0%} of the target away from it, and the phase is optimization",
        "Go back to convergence with another approach, or change the target openly.",
        (success[0].ticket,) if success[0].ticket else (),
    )


def never_ships(
    phase: Phase, success: Sequence[Reading], *, ship_by_sprint: int | None, last_ended: int | None
) -> Stuck | None:
    """Are all targets met, and still nothing goes out?"""
    if not success or any(one.finding.outcome is not Outcome.MET for one in success):
        return None
    late = ship_by_sprint is not None and (last_ended or 0) >= ship_by_sprint
    if phase is Phase.PRODUCTIONIZATION and not late:
        return None
    said = (
        f"sprint {ship_by_sprint}, by which it ships, has ended"
        if late
        else f"the phase is still {phase.value}"
    )
    return Stuck(
        StuckKind.NEVER_SHIPS,
        f"every success metric of the canvas is met, and {said}",
        "Start productionization: what is met is good enough by your own numbers.",
        tuple(dict.fromkeys(one.ticket for one in success if one.ticket)),
    )


def out_of_sight(silent: Sequence[tuple[str, float]]) -> Stuck | None:
    """Which experiments have had no run, note or move for days?

    silent: key and days without a sign of those that are out of sight.
    """
    if not silent:
        return None
    told = ", ".join(f"{key} for {days:.0f} days" for key, days in silent[:5])
    return Stuck(
        StuckKind.OUT_OF_SIGHT,
        f"no run, note or move: {told}{' and others' if len(silent) > 5 else ''}",
        "Ask what stands in the way, and open a blocker or write a note.",
        tuple(key for key, _ in silent),
    )
