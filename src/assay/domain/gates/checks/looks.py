"""May the seeds there are decide now, and at which level?

Seed-level evidence decides only at the registered looks. One model with per-example scores is one look at the overall
level: its examples are the sample, and the answer is about that model.
"""

from __future__ import annotations

from dataclasses import dataclass

from assay.domain.experiments.evidence import Run, RunStatus
from assay.domain.gates.case import Case, corrected
from assay.domain.gates.checks.resources import is_amount
from assay.domain.gates.measurements import Measured
from assay.domain.gates.problems import run_name
from assay.domain.gates.wording import count, hours, listed
from assay.domain.kernel.findings import Looks, Settlement
from assay.stats.stages import BetweenStages, Look, PastLastStage, StagePlan, look_for, spent_by

_SEED_LEVEL_STARTS = 2


@dataclass(frozen=True, slots=True, eq=False)
class Level:
    """A look that may decide.

    Attributes:
        alpha: one-sided level, after correction.
        measured: the seeds that count at this look.
        text: which look this is, for the name of the method.
        is_last: no further look is registered.
        notes: what a reader must know.
        sequential: the answer has to hold however often one looks at the examples.
        looks: how often it may have been looked at, this time included; None stands for one planned look at `alpha`.
    """

    alpha: float
    measured: Measured
    text: str
    is_last: bool
    notes: tuple[str, ...] = ()
    looks: Looks | None = None
    sequential: bool = False

    @property
    def spent(self) -> Looks:
        """How often may it have been looked at, and what has that used up?"""
        return self.looks or Looks(used=1, planned=1, spent=self.alpha)


@dataclass(frozen=True, slots=True)
class NotNow:
    """No decision at this number of seeds; the next look is named, or what is waited for."""

    reason: str
    more: int
    total: int
    settle: Settlement | None = None


def level_for(measured: Measured, case: Case, divisor: float) -> Level | NotNow:
    """At which level may these seeds decide now, if at all?"""
    level = _level(measured, case, divisor)
    return level if isinstance(level, NotNow) else held(level.measured) or level


def held(measured: Measured) -> NotNow | None:
    """Why these seeds cannot decide yet: a run that began before the last of them has not ended."""
    if not measured.held_by:
        return None
    n, names = len(measured.seeds), listed(map(run_name, measured.held_by))
    one = len(measured.held_by) == 1
    reason = (
        f"{count(n, 'seed')}: {names} began before the last of them and {'is' if one else 'are'} not finished"
    )
    way = "wait for it, or mark it failed in the tracker and run the seed again"
    many = "wait for them, or mark them failed in the tracker and run their seeds again"
    return NotNow(reason, 0, n, Settlement(kind="runs", text=way if one else many))


def _level(measured: Measured, case: Case, divisor: float) -> Level | NotNow:
    n = len(measured.seeds)
    if n < _SEED_LEVEL_STARTS and (measured.table is not None or measured.reported is not None):
        return _one_model(measured, case, case.settings.alpha / divisor)
    plan = corrected(case.plan, divisor)
    seeds = ("several seeds are judged at the registered looks; sequential mode is for one model",)
    told = seeds if case.sequential else ()
    at = look_for(n, plan)
    if isinstance(at, BetweenStages):
        return NotNow(_waiting(n, at.next, len(plan.stages)), at.next.n - n, at.next.n)
    if isinstance(at, PastLastStage):
        note = f"{count(n, 'seed')}, the last registered look is at {at.last.n}: the first {at.last.n} begun decide"
        return _at(at.last, measured.first_seeds(at.last.n), case.plan, (note, *told))
    if at.alpha <= 0.0:
        following = plan.looks[at.index]
        return NotNow(_waiting(n, following, len(plan.stages)), following.n - n, following.n)
    return _at(at, measured, case.plan, told)


def _one_model(measured: Measured, case: Case, alpha: float) -> Level:
    if not case.sequential:
        return Level(alpha, measured, "one model", is_last=True)
    free = Looks(used=None, planned=None, spent=alpha)
    return Level(alpha, measured, "looked at any time", is_last=True, looks=free, sequential=True)


def seeds_wanted(more: int, total: int, runs: tuple[Run, ...], *, sure: bool) -> Settlement:
    """So many more seeds would settle it (sure), or bring the next look."""
    cost = gpu_hours_per_run(runs)
    price = None if cost is None else more * cost
    text = (
        f"{count(more, 'more seed')} would settle it"
        if sure
        else f"next look at {count(total, 'seed')}: {more} more"
    )
    about = "" if price is None else f", about {hours(price)} GPU-hours"
    return Settlement(kind="seeds", amount=more, gpu_hours=price, text=f"{text}{about}")


def next_look(level: Level, case: Case) -> Settlement | None:
    """How many more seeds bring the next registered look; None when no further one is registered."""
    n = len(level.measured.seeds)
    following = next((stage for stage in case.plan.stages if stage > n), None)
    if following is None:
        return None
    return seeds_wanted(
        following - n, following, tuple(seed.run for seed in level.measured.seeds), sure=False
    )


def gpu_hours_per_run(runs: tuple[Run, ...]) -> float | None:
    """What a finished run cost on average, where that is known."""
    used = [r.gpu_hours for r in runs if r.status is RunStatus.FINISHED and r.gpu_hours is not None]
    known = sorted(amount for amount in used if is_amount(amount))
    return sum(known) / len(known) if known else None


def _at(look: Look, measured: Measured, registered: StagePlan, notes: tuple[str, ...]) -> Level:
    looks = len(registered.stages)
    text = f"look {look.index} of {looks}" if looks > 1 else "one planned look"
    taken = Looks(used=look.index, planned=looks, spent=spent_by(registered, look.index))
    return Level(look.alpha, measured, text, is_last=look.index == looks, notes=notes, looks=taken)


def _waiting(n: int, following: Look, looks: int) -> str:
    return f"{count(n, 'seed')}: no decision between looks, the next is at {following.n} (look {following.index} of {looks})"
