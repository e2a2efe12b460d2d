"""Is the gap between any two groups of examples wider than allowed?

An alarm: a wider gap has to be shown, after Holm's correction over all pairs of groups. Declared a claim, a wider gap has
to be ruled out for every pair.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from assay.domain.gates.case import Checked
from assay.domain.gates.checks.claims import counts, invalid, problem, shown_interval, too_close, waiting
from assay.domain.gates.checks.looks import Level, NotNow, level_for
from assay.domain.gates.checks.not_measured import nothing_measured, undeclared
from assay.domain.gates.checks.slices import coded
from assay.domain.gates.gate import FairnessCheck
from assay.domain.gates.gate_case import GateCase, Judged
from assay.domain.gates.gate_record import GatePart
from assay.domain.gates.measurements import Measured, measure
from assay.domain.gates.problems import Problem
from assay.domain.gates.quantities import margin_of
from assay.domain.gates.wording import count, difference, listed
from assay.domain.kernel.findings import Lacks, Outcome, Settlement, ShownInterval
from assay.domain.kernel.metrics import Metric, Unit
from assay.stats.distributions import normal_quantile
from assay.stats.fairness import FairnessGap, GroupGap, fairness_gap
from assay.stats.power import TooCloseToCall, examples_for_figure
from assay.stats.samples import StatisticsError

_METHOD = "gap between groups"


@dataclass(frozen=True, slots=True)
class _Groups:
    metric: Metric
    limit: float
    names: tuple[str, ...]
    found: FairnessGap

    def pair(self, gap: GroupGap) -> str:
        """Which two groups?"""
        return f"{self.names[gap.high]} and {self.names[gap.low]}"


def check_fairness(check: FairnessCheck, case: GateCase, _: int) -> Judged:
    """What is known of the gaps between the groups of this column?"""
    name = case.gate.metric_of(check)
    metric = case.metric(name)
    if metric is None:
        return Judged(undeclared(name), metric=name)
    if case.choice.group is None:
        return Judged(nothing_measured(), metric=name)
    measured = measure(case.choice.group, metric, case.gate.dataset)
    if isinstance(measured, Problem):
        return Judged(problem(measured, _METHOD), metric=name)
    level = level_for(measured, case.case, float(case.choice.k))
    if isinstance(level, NotNow):
        runs = tuple(seed.run for seed in measured.seeds)
        known = Checked(Outcome.UNCLEAR, _METHOD, "")
        return Judged(waiting(level, measured, runs=runs, known=known), metric=name)
    groups = _groups(check, metric, level)
    if isinstance(groups, Checked):
        return Judged(groups, metric=name)
    parts = tuple(_part(gap, groups, check, level) for gap in groups.found.pairs)
    return Judged(_answer(check, groups, measured, level), parts, name)


def _groups(check: FairnessCheck, metric: Metric, level: Level) -> _Groups | Checked:
    table = level.measured.table
    if table is None:
        return Checked(
            Outcome.NO_EVIDENCE,
            _METHOD,
            f"gaps need {metric.name} of every example, and only totals are there",
            n=counts(level.measured),
            settle=Settlement(kind="measure", text=f"per-example scores of {metric.name}"),
        )
    limit = margin_of(check.gap, metric, None)
    if limit is None:
        return invalid(f"the gap is in another unit than {metric.name}", f"write it in {metric.unit.value}")
    labels = table.slices.get(check.by)
    if labels is None:
        return invalid(
            f"the results have no column '{check.by}' (they have: {listed(sorted(table.slices)) or 'none'})",
            f"write the column {check.by}, or name one that is there",
        )
    names, codes = coded(labels)
    try:
        found = fairness_gap(
            table.matrix,
            codes,
            len(names),
            margin=limit,
            clusters=table.cluster_labels,
            alpha=level.alpha,
            at_any_time=level.sequential,
        )
    except StatisticsError as error:
        return invalid(str(error), "name a column with at least two groups")
    if metric.unit is Unit.FRACTION:
        found = replace(found, pairs=tuple(_possible(gap) for gap in found.pairs))
    return _Groups(metric, limit, names, found)


def _possible(gap: GroupGap) -> GroupGap:
    """No two rates are further apart than 100 points."""
    return replace(gap, detectable=None) if gap.detectable is not None and gap.detectable > 1.0 else gap


def _part(gap: GroupGap, groups: _Groups, check: FairnessCheck, level: Level) -> GatePart:
    open_end = Outcome.UNCLEAR if check.claim and gap.p_within > level.alpha else Outcome.MET
    return GatePart(
        label=groups.pair(gap),
        outcome=Outcome.NOT_MET if gap.shown else open_end,
        n=gap.n_high + gap.n_low,
        estimate=gap.gap,
        interval=_shown(gap, claim=check.claim),
        p_value=_p(gap, claim=check.claim),
        detectable=gap.detectable,
    )


def _shown(gap: GroupGap, *, claim: bool) -> ShownInterval:
    """The interval that decided: of the claim at alpha, else (and where a gap is shown) of the alarm at its corrected level."""
    span = gap.claimed if claim and not gap.shown else gap.interval
    return shown_interval(span, (1.0 - span.confidence) / 2.0)


def _p(gap: GroupGap, *, claim: bool) -> float:
    """The p-value that decided: of "no wider gap" for a claim, else of a wider gap after Holm."""
    return gap.p_within if claim and not gap.shown else gap.p_adjusted


def _e_value(gap: GroupGap, *, claim: bool) -> float | None:
    p = gap.p_within if claim else gap.p_gap
    return 1.0 / p if p > 0.0 else None


def _answer(check: FairnessCheck, groups: _Groups, measured: Measured, level: Level) -> Checked:
    found, metric = groups.found, groups.metric
    outcome, reason, settle = _outcome(check, groups, level)
    claim = check.claim and not found.shown
    largest = found.largest if found.pairs else None
    if claim and found.pairs:
        largest = max(found.pairs, key=lambda gap: (gap.p_within, gap.gap))
    seen = [gap.detectable for gap in found.pairs]
    left_out = [groups.names[at] for at in found.untested]
    return Checked(
        outcome=outcome,
        method=f"{found.method}, {level.text}",
        reason=reason,
        point=Outcome.NOT_MET if largest is not None and largest.gap > groups.limit else Outcome.MET,
        estimate=None if largest is None else largest.gap,
        interval=None if largest is None else _shown(largest, claim=claim),
        threshold=groups.limit,
        p_value=None if largest is None else _p(largest, claim=claim),
        e_value=None if largest is None or not level.sequential else _e_value(largest, claim=claim),
        alpha=level.alpha,
        looks=level.spent,
        detectable=max((one for one in seen if one is not None), default=None) if None not in seen else None,
        lacks=None if found.pairs else Lacks.TOO_SMALL,
        n=counts(level.measured),
        settle=settle,
        would_change=_would_change(outcome, groups),
        notes=(
            *measured.notes,
            *level.notes,
            *((f"could not be compared: {listed(left_out)}",) if left_out else ()),
            *(
                (
                    f"{metric.name}: the {'least sure' if claim else 'largest'} gap is between {groups.pair(largest)}",
                )
                if largest
                else ()
            ),
            *(
                (
                    "interval and p-value are those of the claim: all pairs have to hold, so nothing is corrected",
                )
                if claim and largest
                else ()
            ),
        ),
    )


def _outcome(check: FairnessCheck, groups: _Groups, level: Level) -> tuple[Outcome, str, Settlement | None]:
    found, metric = groups.found, groups.metric
    limit = _size(groups.limit, metric)
    if found.shown:
        named = listed(f"{groups.pair(gap)} ({_size(gap.gap, metric)})" for gap in found.shown)
        return Outcome.NOT_MET, f"a gap wider than {limit} is shown between {named}", None
    if not found.pairs:
        return Outcome.UNCLEAR, "no two groups could be compared", _more()
    if check.claim:
        open_ones = [gap for gap in found.pairs if gap.p_within > level.alpha]
        if open_ones or found.untested:
            named = listed(
                [groups.pair(gap) for gap in open_ones] or [groups.names[at] for at in found.untested]
            )
            return (
                Outcome.UNCLEAR,
                f"a gap wider than {limit} is not ruled out between {named}",
                _to_rule_out(groups, level),
            )
        return (
            Outcome.MET,
            f"a gap wider than {limit} is ruled out for {count(len(found.pairs), 'pair')}",
            None,
        )
    return _not_shown(check, groups, limit)


def _not_shown(check: FairnessCheck, groups: _Groups, limit: str) -> tuple[Outcome, str, Settlement | None]:
    found, metric = groups.found, groups.metric
    if check.must_see is not None:
        wanted = margin_of(check.must_see, metric, None)
        if wanted is None:
            fix = Settlement(kind="mend", text=f"write must_see in {metric.unit.value}")
            return Outcome.INVALID, f"must_see is in another unit than {metric.name}", fix
        blind = found.blind_to(wanted)
        if blind or found.untested:
            named = listed(f"{groups.names[a]} and {groups.names[b]}" for a, b in blind) or listed(
                groups.names[at] for at in found.untested
            )
            return (
                Outcome.UNCLEAR,
                f"{named} could not have seen a gap of {_size(wanted, metric)}",
                _to_see(groups, wanted),
            )
    known = [gap.detectable for gap in found.pairs if gap.detectable is not None]
    if not known:
        return Outcome.UNCLEAR, "no two groups are large enough to see any gap, however wide", _more()
    sight = (
        f"; a gap of {_size(max(known), metric)} would have been seen between any two"
        if len(known) == len(found.pairs)
        else "; some groups are too small to see any gap"
    )
    return (
        Outcome.MET,
        f"no gap wider than {limit} is shown between {count(len(found.pairs), 'pair')}{sight}",
        None,
    )


def _would_change(outcome: Outcome, groups: _Groups) -> str:
    limit = _size(groups.limit, groups.metric)
    if outcome is Outcome.MET:
        return f"two groups that are shown to lie more than {limit} apart"
    return "a wider limit, or the gap mended" if outcome is Outcome.NOT_MET else ""


def _size(value: float, metric: Metric) -> str:
    return difference(value, metric).removeprefix("+")


def _more() -> Settlement:
    return Settlement(kind="examples", text="more examples in the small groups")


def _to_see(groups: _Groups, wanted: float) -> Settlement:
    """The detectable gap beyond the margin shrinks with the square root of the examples of the smaller group."""
    needed: dict[int, int] = {}
    for gap in groups.found.pairs:
        small, n = _smaller(gap)
        if gap.detectable is None or wanted <= groups.limit:
            return _more()
        factor = ((gap.detectable - groups.limit) / (wanted - groups.limit)) ** 2
        needed[small] = max(needed.get(small, 0), math.ceil(n * (factor - 1.0)))
    return _in_groups(needed, groups)


def _to_rule_out(groups: _Groups, level: Level) -> Settlement:
    """What would probably settle the pairs of which a wider gap is not ruled out."""
    needed: dict[int, int] = {}
    for gap in groups.found.pairs:
        if gap.p_within <= level.alpha:
            continue
        small, n = _smaller(gap)
        se = (
            (gap.interval.width or 0.0) / 2.0 / -float(normal_quantile((1.0 - gap.interval.confidence) / 2.0))
        )
        if se <= 0.0:
            return _more()
        outlook = examples_for_figure(groups.limit - gap.gap, se, n, alpha=level.alpha)
        if isinstance(outlook, TooCloseToCall):
            text = f"too close to call between {groups.pair(gap)}: more examples would probably not settle it"
            return too_close(text)
        needed[small] = max(needed.get(small, 0), outlook.more)
    return _in_groups(needed, groups)


def _smaller(gap: GroupGap) -> tuple[int, int]:
    return (gap.low, gap.n_low) if gap.n_low <= gap.n_high else (gap.high, gap.n_high)


def _in_groups(needed: dict[int, int], groups: _Groups) -> Settlement:
    known = {at: more for at, more in needed.items() if more > 0}
    if not known or groups.found.untested:
        return _more()
    dearest = sorted(known, key=lambda at: (-known[at], at))
    each = listed((f"{count(known[at], 'more example')} in {groups.names[at]}" for at in dearest), most=3)
    return Settlement(kind="examples", amount=sum(known.values()), text=f"about {each} would settle it")
