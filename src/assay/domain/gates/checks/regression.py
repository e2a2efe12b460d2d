"""Is every metric that candidate and baseline share no worse than the baseline by its margin?

Non-inferiority, metric by metric; all have to hold, so nothing is corrected. "No significant drop" is never an answer.
"""

from __future__ import annotations

from dataclasses import replace

from assay.domain.experiments.criteria.model import Criterion, Margin, NonInferiority
from assay.domain.experiments.evidence import Run
from assay.domain.gates.case import Checked
from assay.domain.gates.checks.comparison import check_comparison
from assay.domain.gates.checks.not_measured import nothing_measured
from assay.domain.gates.gate import RegressionCheck
from assay.domain.gates.gate_case import GateCase, Judged, on_set
from assay.domain.gates.gate_record import GatePart
from assay.domain.gates.seed_groups import SeedGroup
from assay.domain.gates.wording import count, listed
from assay.domain.kernel.findings import Outcome, Settlement
from assay.domain.kernel.metrics import Unit

_WORST_FIRST = (Outcome.INVALID, Outcome.NOT_MET, Outcome.UNCLEAR, Outcome.NO_EVIDENCE, Outcome.MET)


def check_regression(check: RegressionCheck, case: GateCase, _: int) -> Judged:
    """What is known of every shared metric?"""
    group = case.choice.group
    if group is None:
        return Judged(nothing_measured())
    baselines = case.case.own_baselines
    if not baselines:
        return Judged(
            Checked(
                Outcome.NO_EVIDENCE,
                "non-inferiority",
                "there is nothing to compare with",
                settle=Settlement(kind="measure", text=case.case.wants_baseline),
            ),
        )
    ours, theirs = _measured(group), {name for one in baselines for name in _measured(one)}
    shared = sorted((ours & theirs) - set(check.leave_out))
    if not shared:
        reason = f"candidate ({listed(sorted(ours)) or 'nothing'}) and baseline ({listed(sorted(theirs)) or 'nothing'}) share no metric"
        return Judged(Checked(Outcome.INVALID, "non-inferiority", reason))
    answers = [(name, _one(check, name, case, group)) for name in shared]
    notes = _missing_notes(sorted(theirs - ours - set(check.leave_out)), sorted(ours - theirs))
    name, checked = _together(answers, notes)
    return Judged(checked, tuple(_part(name, one) for name, one in answers), name)


def _measured(group: SeedGroup) -> set[str]:
    return {name for run in group.evidence for name in _names(run)}


def _names(run: Run) -> set[str]:
    return {*run.scores, *run.aggregates, *(name for name, curve in run.curves.items() if curve.values.size)}


def _one(check: RegressionCheck, name: str, case: GateCase, group: SeedGroup) -> Checked:
    metric = case.metric(name)
    if metric is None:
        return Checked(
            Outcome.INVALID,
            "non-inferiority",
            f"nothing says whether higher or lower {name} is better",
            settle=Settlement(
                kind="mend",
                text=f"declare it (metrics: {{{name}: {{direction: lower}}}}) or leave it out (except: [{name}])",
            ),
        )
    own = next((one.margin for one in check.margins if one.metric == name), None)
    margin: Margin = own or (check.margin if metric.unit is Unit.FRACTION else check.others)
    criterion = Criterion(role=check.role, test=NonInferiority(metric=metric.name, margin=margin))
    return check_comparison(on_set(criterion, case.gate.dataset), group, case.case, float(case.choice.k))


def _together(answers: list[tuple[str, Checked]], notes: tuple[str, ...]) -> tuple[str, Checked]:
    """All have to hold: the worst answer is that of the check, and of equal answers the one nearest to its margin."""
    name, worst = min(answers, key=_rank)
    point = min((one.point_outcome for _, one in answers), key=_WORST_FIRST.index)
    same = [name for name, one in answers if one.outcome is worst.outcome]
    if worst.outcome is Outcome.MET:
        reason = f"none of {count(len(answers), 'metric')} is worse by its margin: {listed(name for name, _ in answers)}"
    else:
        others = f" (also {listed(same[1:])})" if len(same) > 1 else ""
        reason = f"{worst.reason}{others}"
    if len(answers) > 1 and worst.estimate is not None:
        notes = (*notes, f"estimate, interval and level are those of the worst metric, {name}")
    own = (note for note in worst.notes if note not in notes)
    return name, replace(
        worst,
        method=f"non-inferiority of each metric: {worst.method}",
        reason=reason,
        point=point,
        notes=(*notes, *own),
    )


def _rank(answer: tuple[str, Checked]) -> tuple[int, float, str]:
    name, one = answer
    far = 0.0 if one.against_level is None else -one.against_level
    return _WORST_FIRST.index(one.outcome), far, name


def _part(name: str, one: Checked) -> GatePart:
    return GatePart(
        label=name,
        metric=name,
        outcome=one.outcome,
        n=one.n.examples,
        estimate=one.estimate,
        interval=one.interval,
        p_value=one.p_value,
        detectable=one.detectable,
        reason=one.reason,
    )


def _missing_notes(gone: list[str], new: list[str]) -> tuple[str, ...]:
    notes = []
    if gone:
        notes.append(f"the baseline measured what the candidate did not: {listed(gone)}")
    if new:
        notes.append(f"measured by the candidate only: {listed(new)}")
    return tuple(notes)
