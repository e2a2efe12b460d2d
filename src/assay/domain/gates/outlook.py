"""How likely are the runs under way to reach the target, by past runs of the same problem? The rule for futility asks this."""

from __future__ import annotations

import numpy as np

from assay.domain.experiments.evidence import Curve, Evidence, Run, RunStatus
from assay.domain.experiments.experiment import Lock
from assay.domain.gates.case import Case
from assay.domain.gates.futility_seen import FutilitySeen, SeenOfRun
from assay.domain.gates.past_targets import PastTarget, past_target, problem_of
from assay.domain.gates.problems import run_name
from assay.domain.gates.settings import VerdictSettings
from assay.domain.gates.wording import shown
from assay.domain.kernel.kill_rules import KillRuleName
from assay.domain.stopping.learned import (
    ChanceToHit,
    Learned,
    LearnedProblem,
    Outlook,
    PastOfProblem,
    UnlikePastHits,
)
from assay.stats.trajectories import Trajectory

UNLIKE = 3
"""A budget so many times that of past runs, or as small a part of it, makes the chance wrong (docs/decisions/0034)."""
MOST_RUNS = 50
_FEWEST_EVALUATIONS = 2


def wants_past(lock: Lock, evidence: Evidence, settings: VerdictSettings) -> bool:
    """Is there a run under way that past runs may say something about? Cheaper than to find out what they say."""
    return (
        KillRuleName.FUTILITY in settings.kill_rules.enabled
        and any(run.status is RunStatus.RUNNING and not run.deleted for run in evidence.runs)
        and past_target(lock.registration) is not None
    )


def runs_under_way(case: Case) -> tuple[Run, ...]:
    """Which runs of the candidates go on? In the order of their ids."""
    if KillRuleName.FUTILITY not in case.settings.kill_rules.enabled:
        return ()
    found = (run for group in case.candidates for run in group.runs if run.status is RunStatus.RUNNING)
    return tuple(sorted(found, key=lambda run: run.run_id))


def seen_of(case: Case, past: Learned) -> FutilitySeen | None:
    """What do past runs say about the runs under way? None where there is nothing to ask: no such run, or no number to reach."""
    under_way, target = runs_under_way(case), past_target(case.registration)
    if not under_way or target is None:
        return None
    level = float(case.settings.kill_rules.futility)
    told = [one for run in under_way if (one := _seen(run, target, past, level)) is not None]
    if not told:
        return None
    goal = shown(target.value, target.metric)
    return FutilitySeen(
        history=past.digest,
        level=level,
        target=goal,
        runs=tuple(told[:MOST_RUNS]),
        more=len(told[MOST_RUNS:]),
    )


def _seen(run: Run, target: PastTarget, past: Learned, level: float) -> SeenOfRun | None:
    curve = _curve(run, target)
    if curve is None:
        return None
    steps, gaps = target.approach(curve)
    if len(steps) < _FEWEST_EVALUATIONS or steps[0] < 0 or steps[-1] <= 0:
        return None
    ticket, learned = run.ticket or "", past.of(problem_of(target, run.dataset))
    budget, unlike = _budget(learned, ticket)
    if budget is None:
        return _told(run, None, learned.past_without(ticket), unlike=True)
    trajectory = Trajectory(steps / budget, gaps, over=False)
    if not trajectory.hit and steps[-1] >= budget:
        return _told(run, budget, learned.past_without(ticket), unlike=unlike, is_beyond=True)
    found = learned.outlook(trajectory, ticket, level)
    return None if found is None else _as_seen(run, budget, found, unlike=unlike)


def _as_seen(run: Run, budget: int, found: Outlook, *, unlike: bool) -> SeenOfRun:
    seen = _told(run, budget, found.past, unlike=unlike)
    if isinstance(found, ChanceToHit):
        known = {"chance": found.chance, "before": found.before, "check": found.check}
        return seen.model_copy(update=known)
    if isinstance(found, UnlikePastHits):
        return seen.model_copy(update={"p_value": found.p_value, "check": found.check})
    return seen


def _told(
    run: Run, steps: int | None, past: PastOfProblem, *, unlike: bool, is_beyond: bool = False
) -> SeenOfRun:
    return SeenOfRun(
        run_id=run.run_id,
        run=run_name(run),
        steps=steps,
        unlike=unlike,
        is_beyond=is_beyond,
        past_runs=past.runs,
        past_hits=past.hits,
        recent_hits=past.recent_hits,
        recent_runs=past.recent_runs,
        of_all_problems=past.of_all_problems,
    )


def _curve(run: Run, target: PastTarget) -> Curve | None:
    names = (target.metric.name, *target.metric.aliases)
    return next((run.curves[name] for name in names if name in run.curves), None)


def _budget(learned: LearnedProblem, ticket: str) -> tuple[int | None, bool]:
    """How many steps is the run given, and is that unlike what past runs of other tickets were given?

    As long as the longest run of its ticket, and at least as long as the usual one of other tickets: the first run of a ticket may
    have been a short trial. Where the two have nothing in common it is the ticket's own.
    """
    own, others = learned.own_budget(ticket), learned.other_budgets(ticket)
    if not len(others):
        return own, True
    usual = int(np.sort(others)[len(others) // 2])
    if own is None:
        return usual, bool(others.max() >= UNLIKE * others.min())
    unlike = own >= UNLIKE * usual or usual >= UNLIKE * own
    return own if unlike else max(own, usual), unlike
