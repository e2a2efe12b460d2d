"""Is any slice of the examples worse than the baseline by more than the margin?

An alarm: harm in a slice has to be shown, after Holm's correction over all slices of the check. Declared a claim, harm
has to be ruled out in every slice. Slices too small to see anything are named.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from assay.domain.experiments.criteria.model import Criterion, NonInferiority
from assay.domain.experiments.evidence import Labels
from assay.domain.gates.case import Checked
from assay.domain.gates.checks.arms import Arms, arms_of
from assay.domain.gates.checks.claims import counts, problem, shown_interval, too_close, waiting
from assay.domain.gates.checks.comparison import comparison_level
from assay.domain.gates.checks.looks import Level, NotNow
from assay.domain.gates.checks.not_measured import nothing_measured, undeclared
from assay.domain.gates.checks.unchanged import range_of
from assay.domain.gates.example_tables import ExampleTable
from assay.domain.gates.gate import SlicesCheck
from assay.domain.gates.gate_case import GateCase, Judged, on_set
from assay.domain.gates.gate_record import GatePart
from assay.domain.gates.problems import Problem
from assay.domain.gates.quantities import margin_of
from assay.domain.gates.wording import count, difference, listed
from assay.domain.kernel.findings import Lacks, Outcome, Settlement, ShownInterval
from assay.domain.kernel.metrics import Direction, Metric, Unit
from assay.stats.distributions import normal_quantile
from assay.stats.power import FARTHEST_FACTOR, Outlook, TooCloseToCall, examples_for_figure
from assay.stats.relative_slices import relative_slices
from assay.stats.sequential_slices import any_time_slices
from assay.stats.slice_alarms import SliceAlarm, SliceHarm, slice_alarm
from assay.stats.slices import SliceTests, joined, paired_slices

_UNTESTED = {"empty": "no example", "too few examples": "one example", "no spread": "no spread"}
SLICES_MAX = 10_000


@dataclass(frozen=True, slots=True, eq=False)
class _Sliced:
    """The slices of every column, numbered on from one column to the next."""

    names: tuple[str, ...]
    codes: tuple[NDArray[np.intp], ...]
    sizes: tuple[int, ...]


def check_slices(check: SlicesCheck, case: GateCase, _: int) -> Judged:
    """What is known of every slice of these columns?"""
    name = case.gate.metric_of(check)
    checked, parts = _checked(check, case, name)
    return Judged(checked, parts, name)


def _checked(check: SlicesCheck, case: GateCase, name: str) -> tuple[Checked, tuple[GatePart, ...]]:
    found = _both_sides(check, case, name)
    if isinstance(found, Checked):
        return found, ()
    arms, sliced = found
    level = comparison_level(arms, case.case, float(case.choice.k))
    if isinstance(level, NotNow):
        known = Checked(Outcome.UNCLEAR, "slices", "")
        runs = tuple(seed.run for seed in arms.candidate.seeds)
        return waiting(level, arms.candidate, runs=runs, known=known), ()
    alarm = _alarm(arms, sliced, level)
    untested = Outcome.UNCLEAR if check.claim else Outcome.MET
    parts = tuple(_part(harm, sliced, check, level) for harm in alarm.harms) + tuple(
        GatePart(label=sliced.names[at], outcome=untested, reason=f"not tested: {_UNTESTED[why]}")
        for at, why in alarm.untested
        if why != "empty"
    )
    return _answer(check, arms, alarm, sliced, level), parts


def _both_sides(check: SlicesCheck, case: GateCase, name: str) -> tuple[Arms, _Sliced] | Checked:
    metric = case.metric(name)
    if metric is None:
        return undeclared(name)
    if case.choice.group is None:
        return nothing_measured()
    claim = Criterion(role=check.role, test=NonInferiority(metric=name, margin=check.margin))
    arms = arms_of(on_set(claim, case.gate.dataset), case.choice.group, case.case)
    if isinstance(arms, Problem):
        return problem(arms)
    if arms.tables is None:
        return _no_examples(metric)
    sliced = _sliced(check, arms)
    return problem(sliced) if isinstance(sliced, Problem) else (arms, sliced)


def _no_examples(metric: Metric) -> Checked:
    return Checked(
        Outcome.NO_EVIDENCE,
        "none",
        f"slices need {metric.name} of every example on both sides, and only totals are there",
        settle=Settlement(kind="measure", text=f"per-example scores of {metric.name} on both sides"),
    )


def _sliced(check: SlicesCheck, arms: Arms) -> _Sliced | Problem:
    assert arms.tables is not None
    ours, theirs = arms.tables
    names: list[str] = []
    codes, sizes = [], []
    for column in check.by:
        labels = ours.slices.get(column, theirs.slices.get(column))
        if labels is None:
            known = sorted({*ours.slices, *theirs.slices})
            return Problem(
                Outcome.INVALID,
                f"the results have no column '{column}' (they have: {listed(known) or 'none'})",
                Settlement(kind="mend", text=f"write the column {column}, or name one that is there"),
            )
        labelled, code = coded(labels)
        other = theirs.slices.get(column)
        if other is not None and not _same(labelled, code, other):
            return Problem(
                Outcome.INVALID,
                f"candidate and baseline put the same examples into different slices of '{column}'",
                Settlement(kind="mend", text="use one version of the evaluation set for both"),
            )
        names += [f"{column}={label}" for label in labelled]
        codes.append(code)
        sizes.append(len(labelled))
    if len(names) > SLICES_MAX:
        return Problem(
            Outcome.INVALID,
            f"{len(names):,} slices (expected at most {SLICES_MAX:,}): is one of the columns an id?",
            Settlement(kind="mend", text="slice by columns with few labels"),
        )
    return _Sliced(tuple(names), tuple(codes), tuple(sizes))


def coded(labels: object) -> tuple[tuple[str, ...], NDArray[np.intp]]:
    """Distinct labels in order, and which of them each example has."""
    if isinstance(labels, Labels):
        order = sorted(range(len(labels.names)), key=labels.names.__getitem__)
        place = np.empty(len(order), dtype=np.intp)
        place[order] = np.arange(len(order))
        return tuple(labels.names[at] for at in order), place[labels.codes]
    names, codes = np.unique(np.asarray(labels, dtype=object).astype(str), return_inverse=True)
    return tuple(names.tolist()), codes.astype(np.intp).reshape(-1)


def _same(names: tuple[str, ...], codes: NDArray[np.intp], other: object) -> bool:
    """Has every example the same label there? Labels that no example has do not matter."""
    theirs, their_codes = coded(other)
    if names == theirs:
        return np.array_equal(codes, their_codes)
    place = {name: at for at, name in enumerate(names)}
    translated = np.array([place.get(name, -1) for name in theirs], dtype=np.intp)
    return np.array_equal(codes, translated[their_codes])


def _alarm(arms: Arms, sliced: _Sliced, level: Level) -> SliceAlarm:
    assert arms.tables is not None
    ours, theirs = arms.tables[0].first_seeds(len(level.measured.seeds)), arms.tables[1]
    families = [
        _tests(arms, (ours, theirs), code, size, level)
        for code, size in zip(sliced.codes, sliced.sizes, strict=True)
    ]
    higher = arms.metric.direction is Direction.HIGHER
    tests = any_time_slices(joined(families)) if level.sequential else joined(families)
    alarm = slice_alarm(tests, higher_is_better=higher, alpha=level.alpha)
    if arms.metric.unit is not Unit.FRACTION:
        return alarm
    return replace(alarm, harms=tuple(_possible(harm) for harm in alarm.harms))


def _possible(harm: SliceHarm) -> SliceHarm:
    """No rate can lose more than all of it."""
    return replace(harm, detectable=None) if harm.detectable is not None and harm.detectable > 1.0 else harm


def _tests(
    arms: Arms, sides: tuple[ExampleTable, ExampleTable], code: NDArray[np.intp], size: int, level: Level
) -> SliceTests:
    labels, (ours, theirs) = sides[0].cluster_labels, (side.matrix for side in sides)
    if arms.share is None:
        moves = None if level.sequential else range_of(arms.metric, ours)
        return paired_slices(
            ours, theirs, code, size, clusters=labels, null=arms.null, alpha=level.alpha, moves=moves
        )
    share = math.copysign(arms.share, arms.null)
    return relative_slices(
        ours,
        theirs,
        code,
        size,
        share=share,
        clusters=labels,
        alpha=level.alpha,
        at_any_time=level.sequential,
    )


def _margin(arms: Arms) -> str:
    """The margin in words: a relative one is a share of each slice's own baseline."""
    if arms.share is None:
        return difference(abs(arms.null), arms.metric).removeprefix("+")
    return f"{100.0 * abs(arms.share):.4g}% of its baseline"


def _part(harm: SliceHarm, sliced: _Sliced, check: SlicesCheck, level: Level) -> GatePart:
    ruled_out = harm.p_harmless <= level.alpha
    open_end = Outcome.MET if not check.claim or ruled_out else Outcome.UNCLEAR
    return GatePart(
        label=sliced.names[harm.position],
        outcome=Outcome.NOT_MET if harm.shown else open_end,
        n=harm.n,
        estimate=harm.effect,
        interval=_shown(harm, claim=check.claim),
        p_value=_p(harm, claim=check.claim),
        detectable=harm.detectable,
    )


def _shown(harm: SliceHarm, *, claim: bool) -> ShownInterval:
    """The interval that decided: of the claim at alpha, else (and where harm is shown) of the alarm at its corrected level."""
    span = harm.claimed if claim and not harm.shown else harm.interval
    return shown_interval(span, (1.0 - span.confidence) / 2.0)


def _p(harm: SliceHarm, *, claim: bool) -> float:
    """The p-value that decided: of "no harm beyond the margin" for a claim, else of harm after Holm."""
    return harm.p_harmless if claim and not harm.shown else harm.p_adjusted


def _answer(check: SlicesCheck, arms: Arms, alarm: SliceAlarm, sliced: _Sliced, level: Level) -> Checked:
    outcome, reason, settle = _outcome(check, arms, alarm, sliced, level)
    claim = check.claim and not alarm.shown
    worst = min(
        alarm.harms,
        key=lambda harm: (-harm.p_harmless if claim else harm.p_harm, harm.position),
        default=None,
    )
    seen = [harm.detectable for harm in alarm.harms]
    known = Checked(
        outcome=outcome,
        method=f"{alarm.method}, {level.text}",
        reason=reason,
        point=_point(alarm, arms),
        baseline=arms.baseline.mean,
        threshold=arms.null,
        alpha=level.alpha,
        looks=level.spent,
        detectable=max((d for d in seen if d is not None), default=None) if None not in seen else None,
        lacks=None if alarm.harms else Lacks.TOO_SMALL,
        n=counts(level.measured, arms.baseline.measured),
        settle=settle,
        would_change=_would_change(outcome, arms),
        notes=(*level.measured.notes, *arms.notes, *level.notes, *_untested_note(alarm, sliced)),
    )
    if worst is None:
        return known
    return replace(
        known,
        estimate=worst.effect,
        threshold=math.copysign(worst.margin, arms.null),
        interval=_shown(worst, claim=claim),
        p_value=_p(worst, claim=claim),
        notes=(
            *known.notes,
            f"estimate and interval are those of the worst slice, {sliced.names[worst.position]}",
            *(
                (
                    "interval and p-value are those of the claim: all slices have to hold, so nothing is corrected",
                )
                if claim
                else ()
            ),
        ),
    )


def _would_change(outcome: Outcome, arms: Arms) -> str:
    margin = _margin(arms)
    if outcome is Outcome.MET:
        return f"one slice that is shown to be worse by more than {margin}"
    return "a wider margin, or those slices mended" if outcome is Outcome.NOT_MET else ""


def _point(alarm: SliceAlarm, arms: Arms) -> Outcome:
    sign = 1.0 if arms.metric.direction is Direction.HIGHER else -1.0
    dropped = any(sign * harm.effect < -harm.margin for harm in alarm.harms)
    return Outcome.NOT_MET if dropped else Outcome.MET


def _outcome(
    check: SlicesCheck, arms: Arms, alarm: SliceAlarm, sliced: _Sliced, level: Level
) -> tuple[Outcome, str, Settlement | None]:
    metric, margin = arms.metric, _margin(arms)
    if alarm.shown:
        worst = sorted(alarm.shown, key=lambda harm: harm.p_harm)
        named = listed(f"{sliced.names[harm.position]} ({difference(harm.effect, metric)})" for harm in worst)
        return Outcome.NOT_MET, f"harm beyond {margin} is shown in {named}", None
    if not alarm.harms:
        return Outcome.UNCLEAR, "no slice could be tested", _more(sliced.names[at] for at in _blank(alarm))
    if check.claim:
        return _ruled_out(margin, metric, alarm, sliced, level)
    if all(harm.detectable is None for harm in alarm.harms):
        names = listed(sliced.names[harm.position] for harm in alarm.harms)
        return (
            Outcome.UNCLEAR,
            f"no slice could have seen any harm, however large: {names}",
            _more(sliced.names[harm.position] for harm in alarm.harms),
        )
    return _not_shown(check, margin, arms, alarm, sliced)


def _ruled_out(
    margin: str, metric: Metric, alarm: SliceAlarm, sliced: _Sliced, level: Level
) -> tuple[Outcome, str, Settlement | None]:
    """All slices have to hold, so nothing is corrected."""
    open_ones = [harm.position for harm in alarm.harms if harm.p_harmless > level.alpha] + _blank(alarm)
    if open_ones:
        names = listed(sliced.names[at] for at in open_ones)
        wanted = _to_rule_out(alarm, sliced, level, 1.0 if metric.direction is Direction.HIGHER else -1.0)
        return Outcome.UNCLEAR, f"harm beyond {margin} is not ruled out in {names}", wanted
    return Outcome.MET, f"harm beyond {margin} is ruled out in each of {_size(alarm)}", None


def _not_shown(
    check: SlicesCheck, margin: str, arms: Arms, alarm: SliceAlarm, sliced: _Sliced
) -> tuple[Outcome, str, Settlement | None]:
    """No harm is shown; whether that says anything depends on what could have been seen."""
    metric = arms.metric
    if check.must_see is not None:
        limit = margin_of(check.must_see, metric, arms.baseline.mean)
        if limit is None:
            fix = Settlement(kind="mend", text=f"write must_see in {metric.unit.value}")
            return Outcome.INVALID, f"must_see is in another unit than {metric.name}", fix
        empty = {at for at, why in alarm.untested if why == "empty"}
        blind = [at for at in alarm.blind_to(limit) if at not in empty]
        if blind:
            names, said = (
                listed(sliced.names[at] for at in blind),
                difference(limit, metric).removeprefix("+"),
            )
            needed = _to_see(alarm, sliced, blind, limit)
            return Outcome.UNCLEAR, f"{names} could not have seen a harm of {said}", needed
    return Outcome.MET, f"no harm beyond {margin} is shown in {_size(alarm)}{_sight(alarm, metric)}", None


def _size(alarm: SliceAlarm) -> str:
    return count(len(alarm.harms), "slice")


def _blank(alarm: SliceAlarm) -> list[int]:
    """Slices with examples that could not be tested."""
    return [at for at, why in alarm.untested if why != "empty"]


def _sight(alarm: SliceAlarm, metric: Metric) -> str:
    """The smallest harm the least sighted slice could have seen."""
    seen = [harm.detectable for harm in alarm.harms]
    known = [d for d in seen if d is not None]
    if len(known) < len(seen):
        blind = len(seen) - len(known)
        return f"; {count(blind, 'slice')} could not have seen any harm, however large"
    return (
        f"; harm of {difference(max(known), metric).removeprefix('+')} would have been seen in every one"
        if known
        else ""
    )


def _untested_note(alarm: SliceAlarm, sliced: _Sliced) -> tuple[str, ...]:
    named = [f"{sliced.names[at]} ({_UNTESTED[why]})" for at, why in alarm.untested if why != "empty"]
    return (f"not tested: {listed(named)}",) if named else ()


def _more(names: Iterable[str]) -> Settlement:
    return Settlement(kind="examples", text=f"more examples in {listed(names) or 'the slices'}")


def _to_see(alarm: SliceAlarm, sliced: _Sliced, blind: list[int], limit: float) -> Settlement:
    """The detectable harm beyond the margin shrinks with the square root of the examples."""
    needed: dict[int, int | None] = dict.fromkeys(blind)
    for harm in alarm.harms:
        if harm.position in needed and harm.detectable is not None and limit > harm.margin:
            factor = ((harm.detectable - harm.margin) / (limit - harm.margin)) ** 2
            needed[harm.position] = max(1, math.ceil(harm.n * (factor - 1.0)))
    return _in_slices(needed, sliced)


def _to_rule_out(alarm: SliceAlarm, sliced: _Sliced, level: Level, sign: float) -> Settlement:
    """What would probably settle the slices in which harm is not ruled out, each by itself."""
    needed: dict[int, int | None] = dict.fromkeys(_blank(alarm))
    for harm in alarm.harms:
        if harm.p_harmless > level.alpha:
            outlook = _outlook(harm, sign * harm.effect + harm.margin, level.alpha)
            if isinstance(outlook, TooCloseToCall):
                return too_close(
                    f"too close to call in {sliced.names[harm.position]}: even {FARTHEST_FACTOR} times its examples would probably not settle it"
                )
            needed[harm.position] = None if outlook is None else max(1, outlook.more)
    return _in_slices(needed, sliced)


def _outlook(harm: SliceHarm, distance: float, alpha: float) -> Outlook | None:
    reach = (harm.interval.width or 0.0) / 2.0
    tail = (1.0 - harm.interval.confidence) / 2.0
    se = reach / -float(normal_quantile(tail))
    return examples_for_figure(distance, se, harm.n, alpha=alpha) if se > 0.0 else None


def _in_slices(needed: Mapping[int, int | None], sliced: _Sliced) -> Settlement:
    """So many more examples in each of these slices; None where their number cannot be told."""
    known = {at: more for at, more in needed.items() if more is not None}
    if not known or len(known) < len(needed):
        return _more(sliced.names[at] for at in sorted(needed))
    dearest = sorted(known, key=lambda at: (-known[at], at))
    each = listed((f"{count(known[at], 'more example')} in {sliced.names[at]}" for at in dearest), most=3)
    return Settlement(kind="examples", amount=sum(known.values()), text=f"about {each} would settle it")
