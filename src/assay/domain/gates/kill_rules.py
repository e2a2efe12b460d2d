"""What do the project's rules of thumb advise? They recommend; none decides, and none outranks a met primary."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal

import numpy as np

from assay.domain.experiments.evidence import Curve, Run
from assay.domain.experiments.experiment import KillRuleValues
from assay.domain.gates.candidates import Choice, primary_metric
from assay.domain.gates.case import Case, is_better
from assay.domain.gates.checks.curves import falls_after, first_non_finite
from assay.domain.gates.checks.progress import plateau_of, search_path
from assay.domain.gates.checks.resources import spent
from assay.domain.gates.early_stops import stop_in_the_loop
from assay.domain.gates.futility_seen import futility_reason
from assay.domain.gates.problems import Problem, run_name
from assay.domain.gates.quantities import in_unit_of
from assay.domain.gates.seed_groups import SeedGroup
from assay.domain.gates.seeds_to_come import seeds_to_come
from assay.domain.gates.settings import VerdictSettings
from assay.domain.gates.wording import count, difference, hours, limit_text, listed, shown
from assay.domain.kernel.findings import Finding, Outcome, Role
from assay.domain.kernel.kill_rules import KillRuleName
from assay.domain.kernel.metrics import Direction, Metric, Unit
from assay.domain.kernel.verdicts import RuleAdvice
from assay.stats.stop_rules import beyond, median_of_peers, running_average

_OWN_CURVES = {KillRuleName.DIVERGED, KillRuleName.NOT_FALLING, KillRuleName.MEDIAN}
"""Rules that mean something before a run has ended."""


def settings_without(settings: VerdictSettings, off: Iterable[str]) -> VerdictSettings:
    """The project's settings with the rules that a ticket switches off taken out."""
    gone = set(off)
    rules = settings.kill_rules
    kept = tuple(rule for rule in rules.enabled if rule.value not in gone)
    return settings.model_copy(update={"kill_rules": rules.model_copy(update={"enabled": kept})})


def settings_with(settings: VerdictSettings, values: KillRuleValues) -> VerdictSettings:
    """The project's settings with the values that a ticket sets for itself.

    >>> own = KillRuleValues(futility=Decimal("0.1"))
    >>> settings_with(VerdictSettings(), own).kill_rules.futility, settings_with(VerdictSettings(), KillRuleValues()) == VerdictSettings()
    (Decimal('0.1'), True)
    """
    own: dict[str, object] = {name: value for name, value in values if value is not None}
    if "plateau_tolerance" in own:
        own |= {"plateau_tolerance_for": "all", "plateau_tolerances": {}}
    return settings.model_copy(update={"kill_rules": settings.kill_rules.model_copy(update=own)})


def advise(
    case: Case, choice: Choice, findings: Sequence[Finding], *, time_box_over: bool
) -> tuple[RuleAdvice, ...]:
    """What does each enabled rule advise, in the order of their names? Kill advice is silent once every primary is met."""
    primary_met = is_claim_met(findings)
    told = []
    for rule in sorted(set(case.settings.kill_rules.enabled)):
        reason = _time_box(case) if rule is KillRuleName.TIME_BOX and time_box_over else ""
        if rule is not KillRuleName.TIME_BOX:
            reason = _RULES[rule](case, choice) or stop_in_the_loop(rule, choice.group) or ""
        kills = rule is not KillRuleName.OVER_BUDGET
        if reason and not (kills and primary_met):
            told.append(RuleAdvice(rule=rule.value, advises_kill=kills, reason=reason))
    return tuple(told)


def advise_under_way(case: Case, choice: Choice, findings: Sequence[Finding]) -> tuple[RuleAdvice, ...]:
    """What do the enabled rules that look at a run's own curves advise about the one that is chosen? Silent once every primary is met."""
    if is_claim_met(findings):
        return ()
    asked = sorted(set(case.settings.kill_rules.enabled) & _OWN_CURVES)
    told = ((rule, _RULES[rule](case, choice)) for rule in asked)
    return tuple(
        RuleAdvice(rule=rule.value, advises_kill=True, reason=reason) for rule, reason in told if reason
    )


def is_claim_met(findings: Sequence[Finding]) -> bool:
    """Is every primary criterion met? No rule speaks against that."""
    primaries = [f for f in findings if f.role is Role.PRIMARY]
    return bool(primaries) and all(f.outcome is Outcome.MET for f in primaries)


def _time_box(case: Case) -> str:
    return f"the time box of {count(case.registration.time_box_days or 0, 'day')} is over"


def _over_budget(case: Case) -> str | None:
    budget = case.registration.budget
    told = (
        _over(case, "compute", budget.gpu_hours, "GPU-hours"),
        _over(case, "cost", budget.cost_usd, "USD"),
    )
    return "; ".join(reason for reason in told if reason) or None


def _over(case: Case, resource: str, budget: Decimal | None, unit: str) -> str:
    used, times = spent(case.runs, resource), case.settings.kill_rules.over_budget_multiple
    if budget is None or used.known is None or used.broken:
        return ""
    limit = float(times * budget)
    if used.known <= limit:
        return ""
    least = "at least " if used.unknown_runs else ""
    return f"{least}{hours(used.known, beside=limit)} {unit}, more than {times}x the budget of {limit_text(float(budget))}"


def _plateau(case: Case) -> str | None:
    rules, found = case.settings.kill_rules, primary_metric(case)
    tolerance = None if found is None else rules.plateau_tolerance_of(found[1])
    if found is None or tolerance is None:
        return None
    path = search_path(case, found[1], found[0])
    if isinstance(path, Problem):
        return None
    answer = plateau_of(path, found[1], (rules.plateau_runs, float(tolerance)), case)
    return answer.reason if answer.outcome is Outcome.MET else None


def _gap(case: Case) -> str | None:
    found = primary_metric(case)
    target = None if found is None else case.target_of(found[1])
    if found is None or target is None or found[1].unit is not Unit.FRACTION:
        return None
    criterion, metric = found
    goal, path = in_unit_of(target.value, metric), search_path(case, metric, criterion)
    if goal is None or isinstance(path, Problem) or not path:
        return None
    means = [step.mean for step in path]
    best = max(means) if metric.direction is Direction.HIGHER else min(means)
    short = goal - best if metric.direction is Direction.HIGHER else best - goal
    gap = float(case.settings.kill_rules.gap)
    if not beyond(np.array([short]), gap)[0]:
        return None
    return f"the best so far, {shown(best, metric)}, is {difference(short, metric).removeprefix('+')} short of {shown(goal, metric)}"


def _not_falling(case: Case, choice: Choice) -> str | None:
    rules = case.settings.kill_rules
    answers = [falls_after(curve, rules.not_falling_after) for _, curve in _losses(case, choice)]
    known = [answer for answer in answers if answer is not Outcome.NO_EVIDENCE]
    if not known or any(answer is not Outcome.NOT_MET for answer in known):
        return None
    return f"the training loss never fell after epoch {rules.not_falling_after} in {count(len(known), 'run')}"


def _diverged(case: Case, choice: Choice) -> str | None:
    bad = [(run, curve) for run, curve in _losses(case, choice) if not np.isfinite(curve.values).all()]
    if not bad:
        return None
    where = listed(f"{run_name(run)} at step {first_non_finite(curve)}" for run, curve in bad)
    return f"the training loss is NaN or infinite in {where}"


def _median(case: Case, choice: Choice) -> str | None:
    """Median stopping (Golovin et al. 2017): the best so far is worse than the median of the peers' running averages."""
    found = primary_metric(case)
    if found is None or choice.group is None:
        return None
    metric = found[1]
    ours = _first_curve(choice.group, metric)
    peers = [
        curve
        for g in case.candidates
        if g is not choice.group and (curve := _first_curve(g, metric)) is not None
    ]
    if ours is None or not np.isfinite(ours.values).all():
        return None
    step = int(ours.steps.max())
    averages = np.array([running_average(curve.steps, curve.values, step) for curve in peers])
    middle = median_of_peers(averages)
    best = float(ours.values.max() if metric.direction is Direction.HIGHER else ours.values.min())
    if middle is None or not is_better(middle, best, metric):
        return None
    known = int(np.isfinite(averages).sum())
    return f"at step {step} its best {metric.name}, {shown(best, metric)}, is worse than the median of {count(known, 'peer')}, {shown(middle, metric)}"


def _futility(case: Case, choice: Choice) -> str | None:
    told = (futility_reason(case.seen), seeds_to_come(case, choice))
    return "; ".join(reason for reason in told if reason) or None


def _first_curve(group: SeedGroup, metric: Metric) -> Curve | None:
    for run in group.runs:
        for name in (metric.name, *metric.aliases):
            if name in run.curves and run.curves[name].values.size > 1:
                return run.curves[name]
    return None


def _losses(case: Case, choice: Choice) -> list[tuple[Run, Curve]]:
    names = case.settings.kill_rules.loss_metrics
    runs = () if choice.group is None else choice.group.runs
    return [(r, r.curves[n]) for r in runs for n in names if n in r.curves and r.curves[n].values.size]


_RULES: dict[KillRuleName, Callable[[Case, Choice], str | None]] = {
    KillRuleName.OVER_BUDGET: lambda case, _: _over_budget(case),
    KillRuleName.PLATEAU: lambda case, _: _plateau(case),
    KillRuleName.GAP: lambda case, _: _gap(case),
    KillRuleName.NOT_FALLING: _not_falling,
    KillRuleName.DIVERGED: _diverged,
    KillRuleName.MEDIAN: _median,
    KillRuleName.FUTILITY: _futility,
}
