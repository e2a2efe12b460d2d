"""What changed between two versions of a gate, and did anything become easier to pass?

Dropping loosens, always. So does all of which it cannot be told that no results pass now that did not pass before: another
evaluation set, another metric, one more slice in a correction. `loosens` is what a reviewer has to agree to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from assay.domain.experiments.changes import criteria_changes, moved
from assay.domain.experiments.criteria.ease import Ease, margins_ease
from assay.domain.experiments.criteria.model import Margin
from assay.domain.experiments.criteria.text import margin_text
from assay.domain.experiments.exact_numbers import number_text, percent_text
from assay.domain.gates.gate import (
    ConsistencyCheck,
    FairnessCheck,
    Gate,
    GateCheck,
    GoldenCheck,
    Item,
    ItemsCheck,
    LeakageCheck,
    RegressionCheck,
    ReliabilityCheck,
    SlicesCheck,
)
from assay.domain.gates.gate_change import GateChange, Kind, gate_change, side
from assay.domain.gates.gate_data import asked_checks, gate_digest
from assay.domain.gates.gate_metrics import inferred_metrics
from assay.domain.gates.gate_text import check_text, item_shown, tries_text
from assay.domain.gates.gate_wide_changes import (
    choice_changes,
    dataset_changes,
    family_changes,
    metric_changes,
    settings_changes,
)
from assay.domain.gates.wording import listed
from assay.domain.kernel.findings import Role
from assay.domain.kernel.metrics import MetricCatalog, Unit

Units = dict[str, Unit]
_LEFT_OUT = "left out"


def changes(old: Gate, new: Gate) -> tuple[GateChange, ...]:
    """What changed from the old gate to the new one? Empty exactly when both ask the same under the same name and version.

    Golden examples are compared one by one once their files were read (`GoldenCheck.with_file`).

    >>> from assay.domain.gates.gate_data import gate_from_data
    >>> before, after = (gate_from_data({"criteria": [line]}) for line in ("accuracy >= 85%", "accuracy >= 80%"))
    >>> [change.text for change in changes(before, after)][0]
    'loosened primary: accuracy >= 85% is now accuracy >= 80%'
    """
    return tuple(change for compared in _COMPARED for change in compared(old, new))


def _criteria(old: Gate, new: Gate) -> Iterator[GateChange]:
    before, after = (MetricCatalog(metrics=gate.metrics) for gate in (old, new))
    for change in criteria_changes(old.criteria, new.criteria, before, after):
        yield GateChange(kind=change.kind, text=change.text, loosens=change.loosens)


def _checks(old: Gate, new: Gate) -> Iterator[GateChange]:
    gone, come = _told_apart(old, new)
    for slot in (_same_place, _same_subject, _same_kind):
        for one, other in _paired(gone, come, slot):
            yield from _check_changes(one, other, old, new)
    for check in gone:
        yield gate_change("removed", f"removed {check.role}: {check_text(check, old)}", loosens=True)
    for check in come:
        yield gate_change("added", f"added {check.role}: {check_text(check, new)}", loosens=False)


def _told_apart(old: Gate, new: Gate) -> tuple[list[GateCheck], list[GateCheck]]:
    """The checks of each gate that the other does not have, in one order."""
    before, after = (sorted(asked_checks(gate), key=_sort_key) for gate in (old, new))
    gone = []
    for check in before:
        if check in after:
            after.remove(check)
        else:
            gone.append(check)
    return gone, after


def _sort_key(check: GateCheck) -> str:
    return check.model_dump_json()


def _same_place(check: GateCheck) -> tuple[object, ...]:
    columns = getattr(check, "by", getattr(check, "against", getattr(check, "file", None)))
    tries = check.all_of_them if isinstance(check, ReliabilityCheck) else None
    return (*_same_subject(check), columns, tries)


def _same_subject(check: GateCheck) -> tuple[object, ...]:
    return (check.kind, getattr(check, "metric", None))


def _same_kind(check: GateCheck) -> tuple[object, ...]:
    return (check.kind,)


def _paired(
    gone: list[GateCheck], come: list[GateCheck], slot: Callable[[GateCheck], tuple[object, ...]]
) -> Iterator[tuple[GateCheck, GateCheck]]:
    """Pairs in the same slot, taken out of both lists, whichever of the two is called old."""
    for one in tuple(gone):
        other = next((candidate for candidate in come if slot(candidate) == slot(one)), None)
        if other is not None:
            gone.remove(one)
            come.remove(other)
            yield one, other


def _check_changes(one: GateCheck, other: GateCheck, old: Gate, new: Gate) -> Iterator[GateChange]:
    metric = getattr(one, "metric", None)
    name = f"{other.role} {one.kind}{f' of {metric}' if metric else ''}"
    if one.role is not other.role:
        kind = moved(one.role, other.role)
        yield gate_change(kind, f"{kind}: {check_text(one, old)} was {one.role} and is now {other.role}")
    now = getattr(other, "metric", None)
    if metric != now:
        yield gate_change("changed", f"changed {name}: it now reads {now}", loosens=True)
    yield from _FIELDS[one.kind](name, one, other, _shared_units(old, new))


def _slices(name: str, one: SlicesCheck, other: SlicesCheck, _: Units) -> Iterator[GateChange]:
    dropped, added = sorted(set(one.by) - set(other.by)), sorted(set(other.by) - set(one.by))
    if dropped:
        yield gate_change("loosened", f"loosened {name}: slices by {listed(dropped)} dropped")
    if added and other.claim:
        yield gate_change("tightened", f"tightened {name}: slices by {listed(added)} added")
    elif added:
        text = f"changed {name}: slices by {listed(added)} added, so that each slice needs more harm to fail"
        yield gate_change("changed", text, loosens=True)
    yield from _alarm_margin(name, "margin", one, other)
    yield from _alarm(name, one, other)


def _fairness(name: str, one: FairnessCheck, other: FairnessCheck, _: Units) -> Iterator[GateChange]:
    if one.by != other.by:
        text = f"changed {name}: groups by {one.by} are now groups by {other.by}"
        yield gate_change("changed", text, loosens=True)
    yield from _alarm_margin(name, "gap", one, other)
    yield from _alarm(name, one, other)


def _alarm_margin(
    name: str, field: str, one: SlicesCheck | FairnessCheck, other: SlicesCheck | FairnessCheck
) -> Iterator[GateChange]:
    """Beside a narrower margin a smaller harm can be seen, and an alarm that was too blind to answer may pass."""
    was, now = getattr(one, field), getattr(other, field)
    if not other.claim and margins_ease(was, now) is Ease.HARDER:
        text = f"changed {name}: {field} {margin_text(was)} is now {margin_text(now)}"
        yield gate_change("changed", f"{text}, and what was too small to see harm may pass", loosens=True)
    else:
        yield from _margin(name, field, was, now)


def _alarm(
    name: str, one: SlicesCheck | FairnessCheck, other: SlicesCheck | FairnessCheck
) -> Iterator[GateChange]:
    if other.claim and not one.claim:
        text = f"changed {name}: an alarm that is now a claim, which need not see a harm of any size"
        yield gate_change("changed", text, loosens=True)
        return
    yield from _claim(name, one, other)
    words = "harm that must be visible"
    if one.must_see is not None and other.must_see is not None:
        yield from _margin(name, words, one.must_see, other.must_see)
    elif one.must_see is not None:
        yield gate_change(
            "loosened", f"loosened {name}: {words} {margin_text(one.must_see)} is no longer asked"
        )
    elif other.must_see is not None:
        yield gate_change("tightened", f"tightened {name}: {words} is now {margin_text(other.must_see)}")


def _claim(
    name: str,
    one: SlicesCheck | FairnessCheck | ConsistencyCheck,
    other: SlicesCheck | FairnessCheck | ConsistencyCheck,
) -> Iterator[GateChange]:
    if one.claim and not other.claim:
        yield gate_change("loosened", f"loosened {name}: a claim that is now an alarm")
    elif other.claim and not one.claim:
        yield gate_change("tightened", f"tightened {name}: an alarm that is now a claim")


def _regression(
    name: str, one: RegressionCheck, other: RegressionCheck, units: Units
) -> Iterator[GateChange]:
    yield from _margin(name, "margin", one.margin, other.margin)
    yield from _margin(name, "margin of other metrics", one.others, other.others)
    written = {own.metric for check in (one, other) for own in check.margins}
    for metric in sorted(written.union(one.leave_out, other.leave_out)):
        was, now = (_written_margin(check, metric) for check in (one, other))
        if was == now:
            continue
        if _LEFT_OUT in (was, now):
            yield _left_out(name, metric, now)
        else:
            sides = ((one, was), (other, now))
            was, now = (
                w if isinstance(w, Margin) else _default_margin(c, units.get(metric)) for c, w in sides
            )
            yield from _own_margin(name, metric, was, now)


def _left_out(name: str, metric: str, now: Margin | str | None) -> GateChange:
    if now == _LEFT_OUT:
        return gate_change("loosened", f"loosened {name}: {metric} may get worse")
    why = "results that share nothing else were invalid and may pass"
    return gate_change("changed", f"changed {name}: {metric} may no longer get worse; {why}", loosens=True)


def _own_margin(name: str, metric: str, was: Margin | None, now: Margin | None) -> Iterator[GateChange]:
    """None is the default of a metric whose unit is not known, so that nobody can say which of the two it is."""
    words = f"margin of {metric}"
    if was is not None and now is not None and was != now:
        yield from _margin(name, words, was, now)
    elif was is not None and was == now:
        yield gate_change(
            "changed", f"changed {name}: {words} is {margin_text(was)}, as it was", loosens=False
        )
    else:
        told = ["as by default" if margin is None else margin_text(margin) for margin in (was, now)]
        yield gate_change("changed", f"changed {name}: {words} {told[0]} is now {told[1]}", loosens=True)


def _written_margin(check: RegressionCheck, metric: str) -> Margin | str | None:
    """What the check says of this metric; None where it says nothing."""
    if metric in check.leave_out:
        return _LEFT_OUT
    return next((own.margin for own in check.margins if own.metric == metric), None)


def _default_margin(check: RegressionCheck, unit: Unit | None) -> Margin | None:
    if unit is None:
        return None
    return check.margin if unit is Unit.FRACTION else check.others


def _golden(name: str, one: GoldenCheck, other: GoldenCheck, _: Units) -> Iterator[GateChange]:
    if one.examples and other.examples:
        yield from _members(name, "golden examples", one.examples, other.examples)
        return
    told = [_source(check) for check in (one, other)]
    if told[0] != told[1]:
        yield gate_change("changed", f"changed {name}: {told[0]} is now {told[1]}", loosens=True)


def _source(check: GoldenCheck) -> str:
    if check.examples:
        return "examples by name"
    return f"file {check.file} ({check.digest or 'not pinned'})"


def _consistency(name: str, one: ConsistencyCheck, other: ConsistencyCheck, _: Units) -> Iterator[GateChange]:
    yield from _margin(name, "sd", one.sd, other.sd)
    yield from _claim(name, one, other)
    if one.seeds != other.seeds:
        kind = side((one.seeds or 0) - (other.seeds or 0))
        told = [f"{check.seeds} seeds" if check.seeds else "any number of seeds" for check in (one, other)]
        if kind == "tightened" and other.role is Role.SECONDARY:
            text = f"changed {name}: {told[0]} is now {told[1]}, and until then broken results go unseen"
            yield gate_change("changed", text, loosens=True)
        else:
            yield gate_change(kind, f"{kind} {name}: {told[0]} is now {told[1]}")


def _reliability(name: str, one: ReliabilityCheck, other: ReliabilityCheck, _: Units) -> Iterator[GateChange]:
    was, now = (f"{tries_text(check)} >= {percent_text(check.at_least)}" for check in (one, other))
    if was == now:
        return
    same_tries = _demand(one) == _demand(other)
    easier = {_sign(one.at_least - other.at_least), _sign(Decimal(_demand(one) - _demand(other)))} - {0}
    kind = side(easier.pop()) if len(easier) == 1 else "changed"
    if kind == "tightened" and not same_tries:
        # Fewer tries are enough to be judged, and all of as many as there were are judged by another test.
        text = f"changed {name}: {was} is now {now}, which other results can show"
        yield gate_change("changed", text, loosens=True)
        return
    # Nothing is easier where one try is written in the other spelling; two sides at odds cannot be told.
    yield gate_change(
        kind, f"{kind} {name}: {was} is now {now}", loosens=kind == "loosened" or len(easier) > 1
    )


def _demand(check: ReliabilityCheck) -> int:
    """How much is asked: all of more tries is more, one of more tries is less. One try is the same either way."""
    return check.k - 1 if check.all_of_them else 1 - check.k


def _leakage(name: str, one: LeakageCheck, other: LeakageCheck, _: Units) -> Iterator[GateChange]:
    yield from _members(name, "training files", one.against, other.against)
    if one.text != other.text:
        kind: Kind = "tightened" if one.text is None else "loosened" if other.text is None else "changed"
        told = [f"text of column {check.text}" if check.text else "ids alone" for check in (one, other)]
        yield gate_change(kind, f"{kind} {name}: {told[0]} is now {told[1]}", loosens=kind != "tightened")
    if one.near != other.near:
        kind = side(_sign(other.near - one.near))
        was, now = (number_text(check.near) for check in (one, other))
        yield gate_change(kind, f"{kind} {name}: near-duplicates from {was} on are now those from {now} on")
    if one.near_limit != other.near_limit:
        limits = [Decimal(2) if check.near_limit is None else check.near_limit for check in (one, other)]
        kind = side(_sign(limits[1] - limits[0]))
        was, now = ("any share" if limit > 1 else f"at most {percent_text(limit)}" for limit in limits)
        yield gate_change(kind, f"{kind} {name}: {was} of near-duplicates is now {now}")


def _items(name: str, one: ItemsCheck, other: ItemsCheck, _: Units) -> Iterator[GateChange]:
    before = {item.name: item for item in one.items}
    after = {item.name: item for item in other.items}
    yield from _members(name, "items", tuple(before), tuple(after))
    for key in sorted(before.keys() & after.keys()):
        was, now = before[key], after[key]
        if was != now:
            kind: Kind = "loosened" if _shows_less(was, now) else "changed"
            text = f"{kind} item {key}: {_item_text(was)} is now {_item_text(now)}"
            told_less = bool(was.evidence) and not now.evidence
            loosens = kind == "loosened" or told_less or _may_be_done_now(was, now)
            yield gate_change(kind, text, loosens=loosens)


def _shows_less(was: Item, now: Item) -> bool:
    """Was it shown by evidence that is now another, less of it, or a person's word?"""
    if (was.looks_at, was.known) == (None, None):
        return False
    ways = [(item.file, item.tests, item.known) for item in (was, now)]
    return ways[0] != ways[1] or not set(was.says) <= set(now.says)


def _may_be_done_now(was: Item, now: Item) -> bool:
    """It was not done, or nobody knew, and now somebody vouches for it or something shows it."""
    vouched_before = (was.looks_at, was.known) == (None, None) and was.done is not True
    shown_now = (now.looks_at, now.known) != (None, None)
    return vouched_before and (now.done is True or shown_now)


def _item_text(item: Item) -> str:
    done = "unknown" if item.done is None else "done" if item.done else "not done"
    shown = item_shown(item) or done
    return f"{shown} ({item.evidence[:100]})" if item.evidence else shown


def _identity(old: Gate, new: Gate) -> Iterator[GateChange]:
    if old.name != new.name:
        yield gate_change("changed", f"changed gate: {old.name} is now {new.name}", loosens=False)
    if old.description != new.description:
        yield gate_change("changed", "changed description", loosens=False)
    if old.version != new.version:
        text = f"changed version: {old.version} is now {new.version}"
        yield gate_change("changed", text, loosens=False)
    if new.version <= old.version and gate_digest(old) != gate_digest(new):
        text = (
            f"version must rise: the gate asks something else and is version {new.version} "
            f"(expected {old.version + 1} or more)"
        )
        yield gate_change("changed", text, loosens=False)


def _margin(name: str, words: str, one: Margin, other: Margin) -> Iterator[GateChange]:
    if one == other:
        return
    ease = margins_ease(one, other)
    kind: Kind = "loosened" if ease is Ease.EASIER else "tightened" if ease is Ease.HARDER else "changed"
    text = f"{kind} {name}: {words} {margin_text(one)} is now {margin_text(other)}"
    yield gate_change(kind, text, loosens=kind != "tightened")


def _members(name: str, words: str, one: Sequence[str], other: Sequence[str]) -> Iterator[GateChange]:
    dropped, added = sorted(set(one) - set(other)), sorted(set(other) - set(one))
    if dropped:
        yield gate_change("loosened", f"loosened {name}: {words} {listed(dropped)} dropped")
    if added:
        yield gate_change("tightened", f"tightened {name}: {words} {listed(added)} added")


def _shared_units(old: Gate, new: Gate) -> Units:
    """The units that both gates give a metric."""
    after = _units(new)
    return {name: unit for name, unit in _units(old).items() if after.get(name) is unit}


def _units(gate: Gate) -> Units:
    units = {one.metric: one.unit for one in inferred_metrics(gate) if one.unit is not None}
    return units | {metric.name: metric.unit for metric in gate.metrics}


def _sign(number: Decimal) -> int:
    return (number > 0) - (number < 0)


_FIELDS: dict[str, Callable[[str, Any, Any, Units], Iterator[GateChange]]] = {
    "slices": _slices,
    "regression": _regression,
    "golden": _golden,
    "fairness": _fairness,
    "consistency": _consistency,
    "reliability": _reliability,
    "leakage": _leakage,
    "items": _items,
}
_COMPARED: tuple[Callable[[Gate, Gate], Iterator[GateChange]], ...] = (
    _criteria,
    _checks,
    family_changes,
    choice_changes,
    dataset_changes,
    settings_changes,
    metric_changes,
    _identity,
)
