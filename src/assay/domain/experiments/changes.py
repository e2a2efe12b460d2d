"""What changed between two registrations, and did anything become easier to pass?

A change loosens when a claim becomes easier to meet, or a kill harder. Where that cannot be told (another data set, another unit,
another kind of limit) it counts as loosening, because the reader of a verdict must not be the one to find out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Literal

from assay.domain.experiments.criteria.ease import Ease, ease_of
from assay.domain.experiments.criteria.model import Criterion, Percentile, ResourceUse
from assay.domain.experiments.criteria.text import criterion_text
from assay.domain.experiments.experiment import Baseline, Registration
from assay.domain.kernel.findings import Role
from assay.domain.kernel.metrics import Direction, Metric, MetricCatalog
from assay.domain.kernel.model import Value

Kind = Literal["added", "removed", "loosened", "tightened", "changed"]
_WEIGHT = {Role.SECONDARY: 0, Role.PRIMARY: 1, Role.BLOCKING: 2}
"""A blocking criterion fails where nothing was measured; a primary one is then not known yet."""


class Change(Value):
    """One difference between two registrations."""

    kind: Kind
    role: Role | None
    """Role of the criterion, None for what is no criterion."""
    text: str
    """One sentence, such as "loosened primary: accuracy >= 85% is now accuracy >= 80%"."""
    loosens: bool
    """It became easier to pass, or to go on, or it cannot be told."""


def compare(old: Registration, new: Registration) -> tuple[Change, ...]:
    """What changed from the old registration to the new one? Empty exactly when both have the same digest."""
    return tuple(change for compared in _COMPARED for change in compared(old, new))


def _catalog(registration: Registration) -> MetricCatalog:
    return MetricCatalog.of(registration.metrics)


def _criteria(old: Registration, new: Registration) -> Iterator[Change]:
    return criteria_changes(old.criteria, new.criteria, _catalog(old), _catalog(new))


def criteria_changes(
    old: Iterable[Criterion], new: Iterable[Criterion], before: MetricCatalog, after: MetricCatalog
) -> Iterator[Change]:
    """What changed from the old criteria to the new ones, whatever their order? Each with its metrics, for the wording."""
    kept, now = Counter(old), Counter(new)
    gone, come = _sorted(kept - now), _sorted(now - kept)
    for slot in (_same_place, _same_test, _same_subject, _same_metric):
        for one, other in _paired(gone, come, slot):
            yield _change(one, other, before, after)
    for criterion in gone:
        text = criterion_text(criterion, metrics=before, with_role=True)
        yield Change(kind="removed", role=criterion.role, text=f"removed {text}", loosens=True)
    for criterion in come:
        text = criterion_text(criterion, metrics=after, with_role=True)
        yield Change(kind="added", role=criterion.role, text=f"added {text}", loosens=False)


def _sorted(criteria: Counter[Criterion]) -> list[Criterion]:
    return sorted(criteria.elements(), key=lambda criterion: criterion.model_dump_json())


def _same_place(criterion: Criterion) -> tuple[object, ...]:
    return (criterion.role, criterion.test.kind, _subject(criterion), criterion.dataset)


def _same_test(criterion: Criterion) -> tuple[object, ...]:
    return (criterion.role is Role.KILL, criterion.test, criterion.dataset, criterion.after)


def _same_subject(criterion: Criterion) -> tuple[object, ...]:
    return (criterion.role, criterion.test.kind, _subject(criterion))


def _same_metric(criterion: Criterion) -> tuple[object, ...]:
    return (criterion.role, criterion.test.kind, criterion.metric)


def _subject(criterion: Criterion) -> tuple[str, Decimal | None]:
    test = criterion.test
    name = test.resource if isinstance(test, ResourceUse) else test.metric
    return name, test.percent if isinstance(test, Percentile) else None


def _paired(
    gone: list[Criterion], come: list[Criterion], slot: Callable[[Criterion], tuple[object, ...]]
) -> Iterator[tuple[Criterion, Criterion]]:
    """Pairs in the same slot, taken out of both lists, whichever of the two is called old."""
    for one in tuple(gone):
        other = next((candidate for candidate in come if slot(candidate) == slot(one)), None)
        if other is not None:
            gone.remove(one)
            come.remove(other)
            yield one, other


def _change(one: Criterion, other: Criterion, old: MetricCatalog, new: MetricCatalog) -> Change:
    before = criterion_text(one, metrics=old)
    after = criterion_text(other, metrics=new)
    if one.role is not other.role:
        kind = moved(one.role, other.role)
        text = f"{kind}: {before} was {one.role} and is now {other.role}"
        return Change(kind=kind, role=other.role, text=text, loosens=kind == "loosened")
    ease = ease_of(one, other)
    if ease is Ease.HARDER and one.role is Role.SECONDARY and one.after != other.after:
        ease = Ease.UNKNOWN  # broken evidence, which a secondary criterion tells of, goes unseen until then
    if ease not in (Ease.EASIER, Ease.HARDER):
        return Change(
            kind="changed", role=one.role, text=f"changed {one.role}: {before} is now {after}", loosens=True
        )
    loosened = (ease is Ease.EASIER) != (one.role is Role.KILL)
    kind = "loosened" if loosened else "tightened"
    return Change(
        kind=kind, role=one.role, text=f"{kind} {one.role}: {before} is now {after}", loosens=loosened
    )


def moved(one: Role, other: Role) -> Kind:
    """Does a check weigh more or less in its new role?"""
    if _WEIGHT[one] == _WEIGHT[other]:
        return "changed"
    return "tightened" if _WEIGHT[one] < _WEIGHT[other] else "loosened"


def _baselines(old: Registration, new: Registration) -> Iterator[Change]:
    gone = sorted(
        (Counter(old.baseline) - Counter(new.baseline)).elements(), key=lambda b: b.model_dump_json()
    )
    come = sorted(
        (Counter(new.baseline) - Counter(old.baseline)).elements(), key=lambda b: b.model_dump_json()
    )
    for one in tuple(gone):
        other = next((candidate for candidate in come if candidate.metric == one.metric), None)
        if other is not None:
            gone.remove(one)
            come.remove(other)
            yield _baseline_change(one, other, _catalog(old).get(one.metric), _catalog(new).get(one.metric))
    for baseline in gone:
        yield _note("removed", f"removed baseline: {_baseline_text(baseline)}", loosens=True)
    for baseline in come:
        yield _note("added", f"added baseline: {_baseline_text(baseline)}", loosens=False)


def _baseline_change(one: Baseline, other: Baseline, before: Metric | None, after: Metric | None) -> Change:
    text = f"baseline: {_baseline_text(one)} is now {_baseline_text(other)}"
    if one.value == other.value and one.ticket == other.ticket:
        return _note("changed", f"changed {text}", loosens=False)
    known = before is not None and after is not None and before.direction is after.direction
    if before is None or not known or one.value is None or other.value is None or one.ticket != other.ticket:
        return _note("changed", f"changed {text}", loosens=True)
    if one.value == other.value:
        return _note("changed", f"changed {text}", loosens=True)
    easier = (other.value < one.value) == (before.direction is Direction.HIGHER)
    return _note(
        "loosened" if easier else "tightened",
        f"{'loosened' if easier else 'tightened'} {text}",
        loosens=easier,
    )


def _baseline_text(baseline: Baseline) -> str:
    value = f" {baseline.value}" if baseline.value is not None else ""
    runs = f" runs of {baseline.ticket}" if baseline.ticket is not None else ""
    source = f" ({baseline.source})" if baseline.source else ""
    return f"{baseline.metric}{value}{runs}{source}"


def _budget(old: Registration, new: Registration) -> Iterator[Change]:
    days = (_days(old.time_box_days), _days(new.time_box_days))
    limits = (
        ("budget", "GPU-h", old.budget.gpu_hours, new.budget.gpu_hours),
        ("budget", "USD", old.budget.cost_usd, new.budget.cost_usd),
        ("time box", "d", *days),
    )
    for name, unit, before, after in limits:
        if before != after:
            loosens = after is None or (before is not None and after > before)
            kind: Kind = "loosened" if loosens else "tightened"
            text = f"{kind} {name}: {_amount(before, unit)} is now {_amount(after, unit)}"
            yield _note(kind, text, loosens=loosens)


def _days(days: int | None) -> Decimal | None:
    return None if days is None else Decimal(days)


def _amount(value: Decimal | None, unit: str) -> str:
    return f"no limit in {unit}" if value is None else f"{value} {unit}"


def _plans(old: Registration, new: Registration) -> Iterator[Change]:
    if old.looks != new.looks:
        stages = [", ".join(map(str, plan.stages)) for plan in (old.looks, new.looks)]
        yield _note("changed", f"changed looks: {stages[0]} seeds is now {stages[1]} seeds", loosens=True)
    if old.candidate != new.candidate:
        named = [
            f"'{name}'" if name is not None else "the best group" for name in (old.candidate, new.candidate)
        ]
        yield _note("changed", f"changed candidate: {named[0]} is now {named[1]}", loosens=True)


def _metrics(old: Registration, new: Registration) -> Iterator[Change]:
    before = {metric.name: metric for metric in old.metrics}
    after = {metric.name: metric for metric in new.metrics}
    yield from declaration_changes(before, after)
    for name in sorted(before.keys() ^ after.keys()):
        kind: Kind = "added" if name in after else "removed"
        yield _note(kind, f"{kind} metric {name}", loosens=False)


def declaration_changes(before: Mapping[str, Metric], after: Mapping[str, Metric]) -> Iterator[Change]:
    """What changed in the declarations of metrics that are declared both times, by name?"""
    for name in sorted(before.keys() & after.keys()):
        one, other = before[name], after[name]
        said = [(field, getattr(one, field), getattr(other, field)) for field in ("direction", "unit")]
        for field, was, now in (*said, ("reading", one.reading.text, other.reading.text)):
            if was != now:
                yield _note("changed", f"changed metric {name}: {field} {was} is now {now}", loosens=True)
        if sorted(one.aliases) != sorted(other.aliases):
            yield _note("changed", f"changed metric {name}: it is read under other names now", loosens=True)
        if (one.decimals, one.description) != (other.decimals, other.description):
            yield _note("changed", f"changed metric {name}: how it is shown and described", loosens=False)


def _words(old: Registration, new: Registration) -> Iterator[Change]:
    if old.hypothesis != new.hypothesis:
        yield _note("changed", "changed hypothesis", loosens=False)


def _note(kind: Kind, text: str, *, loosens: bool) -> Change:
    return Change(kind=kind, role=None, text=text, loosens=loosens)


_COMPARED: tuple[Callable[[Registration, Registration], Iterator[Change]], ...] = (
    _criteria,
    _baselines,
    _budget,
    _plans,
    _metrics,
    _words,
)
