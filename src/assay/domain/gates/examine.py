"""What does each criterion find, with corrections where many things are looked at?

Primary and blocking claims must all hold and are not corrected; secondary claims are Holm-corrected together, and so are
alarms; when the candidate is the best of K groups, every claim is Holm-corrected over K.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from assay.domain.experiments.criteria.model import Comparison, Criterion, Spread, Threshold
from assay.domain.experiments.criteria.text import criterion_text
from assay.domain.experiments.evidence import RunStatus
from assay.domain.gates.candidates import Choice
from assay.domain.gates.case import Case, Checked
from assay.domain.gates.checks.claims import invalid
from assay.domain.gates.checks.comparison import check_comparison
from assay.domain.gates.checks.curves import check_diverges, check_falls
from assay.domain.gates.checks.percentile import check_percentile
from assay.domain.gates.checks.progress import check_gap, check_plateau
from assay.domain.gates.checks.resources import check_resource
from assay.domain.gates.checks.spread import check_spread
from assay.domain.gates.checks.threshold import check_threshold
from assay.domain.gates.seed_groups import SeedGroup
from assay.domain.gates.what_changes import lacks_of, would_change
from assay.domain.gates.wording import count
from assay.domain.kernel.findings import Finding, Outcome, Role, Settlement
from assay.stats.multiplicity import holm

ClaimCheck = Callable[[Criterion, SeedGroup, Case, float], Checked]

_CLAIMS: dict[str, ClaimCheck] = {
    "threshold": check_threshold,
    "improvement": check_comparison,
    "non_inferiority": check_comparison,
    "percentile": check_percentile,
    "spread": check_spread,
    "gap": check_gap,
}
_SHAPES: dict[str, Callable[[Criterion, SeedGroup, Case], Checked]] = {
    "curve_falls": check_falls,
    "diverges": check_diverges,
}
_WHOLE_TICKET: dict[str, Callable[[Criterion, Case], Checked]] = {
    "resource": check_resource,
    "plateau": check_plateau,
}


@dataclass(frozen=True, slots=True)
class Examined:
    """One criterion with its strict and its point answer."""

    criterion: Criterion
    checked: Checked
    finding: Finding
    """As the project's strictness shows it."""


def examine(case: Case, choice: Choice) -> tuple[Examined, ...]:
    """What is known of every criterion, in the order in which they were written?"""
    criteria = case.registration.criteria
    divisors = [_over_groups(criterion, case, choice) for criterion in criteria]
    answers = [answer(c, case, choice, d) for c, d in zip(criteria, divisors, strict=True)]
    for name, family in _families(criteria).items():
        for index, factor in _over_family(family, answers, case.settings.alpha).items():
            divisors[index] *= factor
            answers[index] = _noted(
                answer(criteria[index], case, choice, divisors[index]),
                f"{name} are Holm-corrected together",
            )
    return tuple(_examined(c, a, case) for c, a in zip(criteria, answers, strict=True))


def examine_other(criterion: Criterion, case: Case, choice: Choice, *, among: int = 1) -> Examined:
    """What is known of a criterion that is not registered here, when this case was chosen as the best of `among`?"""
    divisor = _over_groups(criterion, case, choice) * (among if _is_claim(criterion) else 1)
    return _examined(criterion, answer(criterion, case, choice, divisor), case)


def answer(criterion: Criterion, case: Case, choice: Choice, divisor: float) -> Checked:
    """What is known of one criterion, at levels divided by the correction?"""
    pending = _not_yet(criterion, case, choice)
    if pending is not None:
        return pending
    if criterion.metric is not None and case.catalog.get(criterion.metric) is None:
        return invalid(
            f"nothing says whether higher or lower {criterion.metric} is better",
            f"declare it, in a gate file by metrics: {{{criterion.metric}: {{direction: higher}}}}",
        )
    kind = criterion.test.kind
    if kind in _WHOLE_TICKET:
        return _WHOLE_TICKET[kind](criterion, case)
    if choice.group is None:
        return _no_candidate(case)
    if kind in _SHAPES:
        return _SHAPES[kind](criterion, choice.group, case)
    return _CLAIMS[kind](criterion, choice.group, case, divisor)


def _no_candidate(case: Case) -> Checked:
    if case.runs:
        reason, way = "no run of the candidate has begun after the lock", "a finished run after the lock"
    else:
        reason, way = "there is no run of the candidate", "a finished run of the candidate"
    return Checked(Outcome.NO_EVIDENCE, "none", reason, settle=Settlement(kind="runs", text=way))


def _not_yet(criterion: Criterion, case: Case, choice: Choice) -> Checked | None:
    """The answer while the condition of the criterion does not hold yet."""
    after = criterion.after
    if after is None:
        return None
    runs = () if choice.group is None else choice.group.runs
    if after.kind == "training":
        open_runs = sum(run.status in {RunStatus.RUNNING, RunStatus.SCHEDULED} for run in runs)
        if open_runs or not runs:
            waiting = f"{count(open_runs, 'run')} not finished" if runs else "no run yet"
            return _pending(f"counts after training; {waiting}", None)
        return None
    have = len(choice.group.seeds) if after.kind == "seeds" and choice.group else 0
    if after.kind == "runs":
        have = sum(run.status is RunStatus.FINISHED for group in case.candidates for run in group.runs)
    wanted = after.count or 1
    return (
        None
        if have >= wanted
        else _pending(f"counts after {count(wanted, after.kind[:-1])}; {have} so far", wanted - have)
    )


def _pending(reason: str, more: int | None) -> Checked:
    text = "the training has to finish" if more is None else f"{more} more would start it"
    return Checked(
        Outcome.NO_EVIDENCE, "none", reason, settle=Settlement(kind="runs", amount=more, text=text)
    )


def _is_claim(criterion: Criterion) -> bool:
    """Is it decided by a test that can err, so that choosing and repeating matter?"""
    test = criterion.test
    census = isinstance(test, Threshold) and test.comparison is Comparison.EQUAL
    return test.kind in _CLAIMS and not census and not _is_alarm(criterion)


def _is_alarm(criterion: Criterion) -> bool:
    """Is it met unless harm is shown? Being the best of several groups makes harm no likelier to be shown."""
    return isinstance(criterion.test, Spread) and not criterion.test.claim


def _over_groups(criterion: Criterion, case: Case, choice: Choice) -> float:
    """By what is the level of this claim divided because the candidate is the best of K?"""
    if choice.k == 1 or choice.group is None or not _is_claim(criterion) or criterion.metric is None:
        return 1.0
    if case.catalog.get(criterion.metric) is None:
        return 1.0
    check = _CLAIMS[criterion.test.kind]
    quick = replace(case, predicts=False)
    ratios = [_level_ratio(check(criterion, group, quick, 1.0)) for group in choice.among]
    ratios += [math.inf] * choice.untested
    return _holm_divisor(ratios, choice.among.index(choice.group), case.settings.alpha)


def _families(criteria: tuple[Criterion, ...]) -> dict[str, list[int]]:
    """What is corrected together, by its name in notes: places in the list of criteria."""
    return {
        "secondary checks": [i for i, c in enumerate(criteria) if c.role is Role.SECONDARY and _is_claim(c)],
        "alarms": [i for i, c in enumerate(criteria) if _is_alarm(c)],
    }


def _over_family(family: list[int], answers: list[Checked], alpha: float) -> dict[int, float]:
    if len(family) < 2:
        return {}
    ratios = [_level_ratio(answers[i]) for i in family]
    return {i: _holm_divisor(ratios, place, alpha) for place, i in enumerate(family)}


def _level_ratio(checked: Checked) -> float:
    return math.inf if checked.against_level is None else checked.against_level


def _holm_divisor(ratios: list[float], index: int, alpha: float) -> float:
    """Holm's adjusted p of one claim over its own: what the level is divided by, between 1 and the number of claims.

    Claims at different looks have different levels, so each p-value is taken relative to its own level.
    """
    p_values = [min(1.0, ratio * alpha) for ratio in ratios]
    adjusted = holm(p_values, alpha=alpha).p_values[index]
    own, most = p_values[index], float(len(ratios))
    if own <= 0.0 or adjusted >= 1.0:
        return most
    return min(most, max(1.0, adjusted / own))


def _noted(checked: Checked, note: str) -> Checked:
    return replace(checked, notes=(*checked.notes, note))


def _examined(criterion: Criterion, checked: Checked, case: Case) -> Examined:
    text = criterion_text(criterion, metrics=case.catalog)
    return Examined(criterion, checked, finding_of(text, criterion.role, criterion.metric, checked, case))


def finding_of(check: str, role: Role, metric_name: str | None, checked: Checked, case: Case) -> Finding:
    """How is what a check knows told: as the strictness that was chosen shows it?"""
    metric = None if metric_name is None else case.catalog.get(metric_name)
    point_mode = case.settings.strictness == "point"
    notes = checked.notes
    if point_mode and checked.point is not None:
        notes = (
            *notes,
            f"the estimate alone decides (point mode); the strict answer is {checked.outcome.value}",
        )
    return Finding(
        check=check,
        role=role,
        outcome=checked.point_outcome if point_mode else checked.outcome,
        metric=metric_name,
        unit=None if metric is None else metric.unit.value,
        estimate=checked.estimate,
        interval=checked.interval,
        baseline=checked.baseline,
        threshold=checked.threshold,
        p_value=checked.p_value,
        alpha=checked.alpha,
        e_value=checked.e_value,
        looks=checked.looks,
        detectable=checked.detectable,
        lacks=lacks_of(checked),
        n=checked.n,
        method=checked.method,
        reason=checked.reason,
        settle=checked.settle,
        would_change=would_change(checked, metric),
        notes=notes,
    )
