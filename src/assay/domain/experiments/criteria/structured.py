"""The structured form of a criterion, for YAML and JSON: plain mappings in, plain mappings out, lossless.

    {kind: threshold, metric: accuracy, comparison: ">=", value: 0.85, unit: fraction, dataset: support-eval@3}
    {kind: improvement, metric: f1, comparison: ">=", margin: 0.03, unit: fraction}
    {kind: non_inferiority, metric: latency_p95, margin: 0.02, unit: fraction, relative: true}
    {kind: percentile, metric: latency, percent: 95, comparison: "<", value: 500, unit: ms}
    {kind: spread, metric: accuracy, comparison: "<=", limit: 0.03, unit: fraction, claim: false}
    {kind: curve_falls, metric: train_loss, after_step: 1, step_name: epoch, negated: true}
    {kind: diverges, metric: train_loss, after: 3 seeds}
    {kind: resource, resource: compute, comparison: ">", amount: 2, unit: x budget}
    {kind: plateau, metric: accuracy, tolerance: 0.01, unit: fraction, runs: 3}
    {kind: gap, metric: accuracy, comparison: ">", value: 0.15, unit: fraction}

Wherever a criterion is read, a line of text in the short form does as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Literal, TypeVar, cast

from assay.domain.experiments.criteria.amounts import PERCENT, TIMES_BUDGET, UNIT_WORDS, WrittenAmount
from assay.domain.experiments.criteria.draft import (
    RESOURCE_UNITS,
    RUNS_MAX,
    STEP_MAX,
    Draft,
    Kind,
    criterion_of,
)
from assay.domain.experiments.criteria.faults import CriterionError, Part
from assay.domain.experiments.criteria.grammar import read_amount, read_condition
from assay.domain.experiments.criteria.model import (
    Comparison,
    Criterion,
    DatasetRef,
    Margin,
    Quantity,
    ResourceUse,
)
from assay.domain.experiments.criteria.scanner import Scanner
from assay.domain.experiments.criteria.text import (
    condition_text,
    criterion_text,
    dataset_text,
    parse_criterion,
    parse_draft,
)
from assay.domain.experiments.exact_numbers import json_number
from assay.domain.experiments.fields import (
    as_choice,
    as_decimal,
    as_flag,
    as_integer,
    as_list,
    as_mapping,
    as_text,
    found_text,
    refuse,
)
from assay.domain.kernel.findings import Role
from assay.domain.kernel.metrics import MetricCatalog, Unit
from assay.errors import Invalid

Form = Literal["structured", "text"]
Read = TypeVar("Read")
CRITERIA_MAX = 100
_AMOUNT_KEY: dict[Kind, str | None] = {
    "threshold": "value",
    "improvement": "margin",
    "non_inferiority": "margin",
    "percentile": "value",
    "spread": "limit",
    "curve_falls": None,
    "diverges": None,
    "resource": "amount",
    "plateau": "tolerance",
    "gap": "value",
}
KEYS: dict[Kind, tuple[str, ...]] = {
    "threshold": ("metric", "comparison", "value", "unit"),
    "improvement": ("metric", "comparison", "margin", "unit", "relative"),
    "non_inferiority": ("metric", "margin", "unit", "relative"),
    "percentile": ("metric", "percent", "comparison", "value", "unit"),
    "spread": ("metric", "comparison", "limit", "unit", "claim"),
    "curve_falls": ("metric", "after_step", "step_name", "negated"),
    "diverges": ("metric",),
    "resource": ("resource", "comparison", "amount", "unit"),
    "plateau": ("metric", "tolerance", "unit", "runs"),
    "gap": ("metric", "comparison", "value", "unit"),
}
"""The fields of each kind, beside those that every criterion may have."""
_SHARED_KEYS = ("kind", "role", "dataset", "after")
_DEFAULT_COMPARISON = {
    "improvement": Comparison.AT_LEAST,
    "spread": Comparison.AT_MOST,
    "gap": Comparison.ABOVE,
}
_UNIT_NAMES = {
    **{unit.lower(): unit.value for unit in Unit},
    **UNIT_WORDS,
    PERCENT: PERCENT,
    TIMES_BUDGET: TIMES_BUDGET,
}


def criterion_to_data(criterion: Criterion, *, with_role: bool = True) -> dict[str, Any]:
    """How is the criterion written in JSON and YAML? Numbers are exact, units are always named."""
    test = criterion.test
    data: dict[str, Any] = {"role": criterion.role.value} if with_role else {}
    for name, value in test:
        data.update(_entries(name, value))
    if isinstance(test, ResourceUse):
        data["unit"] = data.pop("unit")
    if criterion.dataset is not None:
        data["dataset"] = dataset_text(criterion.dataset)
    if criterion.after is not None:
        data["after"] = condition_text(criterion.after)
    return data


def _entries(name: str, value: object) -> dict[str, Any]:
    if isinstance(value, Margin) and value.relative:
        return {name: json_number(value.value), "unit": Unit.FRACTION.value, "relative": True}
    if isinstance(value, Margin | Quantity):
        return {name: json_number(value.value), "unit": value.unit.value}
    if isinstance(value, Comparison):
        return {name: value.value}
    if name in ("amount", "percent"):
        return {name: json_number(cast("Any", value))}
    return {name: value}


def criterion_from_data(
    data: object, metrics: MetricCatalog, *, role: Role | None = None, path: str = "criterion"
) -> Criterion:
    """Which criterion does this line of text or this mapping mean?

    Args:
        data: text in the short form, or a mapping in the structured form (`kind` may be left out for a threshold).
        metrics: the declared metrics.
        role: the role when the data names none.
        path: where the data stands, for errors.

    Raises:
        Invalid: `field` is the path of the entry at fault, such as `criteria.primary[0].value`.
    """
    if isinstance(data, str):
        return _at(path, lambda: parse_criterion(data, metrics=metrics, role=role))
    return _from_mapping(
        data, path, lambda draft, fields: criterion_of(draft, _role(fields, role, path), metrics)
    )


def draft_from_data(data: object, *, path: str = "criterion") -> Draft:
    """What is written in this line of text or this mapping, before any metric is asked what it means?

    Raises:
        Invalid: as `criterion_from_data`, for what no metric could mend.
    """
    if isinstance(data, str):
        return _at(path, lambda: parse_draft(data))
    return _from_mapping(data, path, lambda draft, _: draft)


def _at(path: str, read: Callable[[], Read]) -> Read:
    try:
        return read()
    except Invalid as error:
        error.field = path
        raise


def _from_mapping(data: object, path: str, meaning: Callable[[Draft, Mapping[str, object]], Read]) -> Read:
    if not isinstance(data, Mapping):
        refuse(path, found_text(data), "a line such as 'accuracy >= 85%', or a mapping")
    kind = _kind(data, path)
    fields = as_mapping(data, path, known=(*_SHARED_KEYS, *KEYS[kind]))
    try:
        return meaning(_draft(kind, fields, path), fields)
    except CriterionError as fault:
        raise _invalid(fault, kind, path) from None


def criteria_to_data(
    criteria: Iterable[Criterion], *, form: Form = "structured", metrics: MetricCatalog | None = None
) -> dict[str, list[Any]]:
    """How are criteria written by role: `{primary: [...], kill: [...]}`? Roles without criteria are left out."""
    lists: dict[str, list[Any]] = {role.value: [] for role in Role}
    for criterion in criteria:
        entry: Any = criterion_text(criterion, metrics=metrics) if form == "text" else None
        lists[criterion.role].append(entry or criterion_to_data(criterion, with_role=False))
    return {role: entries for role, entries in lists.items() if entries}


def criteria_from_data(
    data: object, metrics: MetricCatalog, *, path: str = "criteria"
) -> tuple[Criterion, ...]:
    """Which criteria does `{primary: [...], kill: [...]}` (or one list whose entries name their role) mean?

    Raises:
        Invalid: as `criterion_from_data`, for the first entry that cannot be read.
    """
    if data is None:
        return ()
    if isinstance(data, list | tuple):
        entries = as_list(data, path, limit=CRITERIA_MAX)
        return tuple(
            criterion_from_data(entry, metrics, path=f"{path}[{i}]") for i, entry in enumerate(entries)
        )
    lists = as_mapping(data, path, known=tuple(Role))
    read: list[Criterion] = []
    for role in Role:
        where = f"{path}.{role}"
        for i, entry in enumerate(as_list(lists.get(role), where, limit=CRITERIA_MAX)):
            read.append(criterion_from_data(entry, metrics, role=role, path=f"{where}[{i}]"))
    return tuple(read)


def checked_criterion(criterion: Criterion, metrics: MetricCatalog) -> Criterion:
    """Does a criterion that was built by hand hold in this project? Returns it in canonical units, or raises Invalid."""
    return criterion_from_data(criterion_to_data(criterion), metrics)


def _kind(data: Mapping[Any, Any], path: str) -> Kind:
    kind = data.get("kind", "resource" if "resource" in data else "threshold")
    if not isinstance(kind, str) or kind not in KEYS:
        refuse(f"{path}.kind", found_text(kind), ", ".join(KEYS))
    return kind


def _role(fields: Mapping[str, object], given: Role | None, path: str) -> Role:
    if "role" not in fields:
        if given is None:
            refuse(f"{path}.role", "nothing", ", ".join(Role), code="criterion-role-missing")
        return given
    role = as_choice(fields["role"], f"{path}.role", Role)
    if given is not None and role is not given:
        refuse(
            f"{path}.role", f"'{role}' in the list of {given} criteria", given, code="criterion-role-conflict"
        )
    return role


def _draft(kind: Kind, fields: Mapping[str, object], path: str) -> Draft:
    subject_key = "resource" if kind == "resource" else "metric"
    subject = as_text(fields.get(subject_key), f"{path}.{subject_key}", limit=100)
    if kind == "resource" and subject not in RESOURCE_UNITS:
        refuse(f"{path}.resource", found_text(subject), ", ".join(RESOURCE_UNITS))
    draft = Draft(kind, subject)
    amount_key = _AMOUNT_KEY[kind]
    if amount_key is not None:
        draft = replace(draft, amount=_amount(fields, amount_key, path))
    if "comparison" in KEYS[kind]:
        default = _DEFAULT_COMPARISON.get(kind)
        draft = replace(
            draft, comparison=as_choice(fields.get("comparison", default), f"{path}.comparison", Comparison)
        )
    if kind == "plateau":
        draft = replace(draft, count=as_integer(fields.get("runs", 3), f"{path}.runs", low=2, high=RUNS_MAX))
    if kind == "curve_falls":
        draft = _curve(draft, fields, path)
    if kind == "percentile":
        draft = replace(draft, percent=as_decimal(fields.get("percent"), f"{path}.percent"))
    if kind == "spread":
        draft = replace(draft, claim=as_flag(fields.get("claim", False), f"{path}.claim"))
    return _clauses(draft, fields, path)


def _curve(draft: Draft, fields: Mapping[str, object], path: str) -> Draft:
    step_name = fields.get("step_name", "epoch")
    if step_name not in ("epoch", "step"):
        refuse(f"{path}.step_name", found_text(step_name), "epoch or step")
    return replace(
        draft,
        count=as_integer(fields.get("after_step"), f"{path}.after_step", low=0, high=STEP_MAX),
        step_name=step_name,
        negated=as_flag(fields.get("negated", False), f"{path}.negated"),
    )


def _clauses(draft: Draft, fields: Mapping[str, object], path: str) -> Draft:
    if fields.get("dataset") is not None:
        draft = replace(draft, dataset=dataset_from_data(fields["dataset"], f"{path}.dataset"))
    if fields.get("after") is not None:
        scanner = Scanner(as_text(fields["after"], f"{path}.after", limit=60))
        draft = replace(draft, after=read_condition(scanner))
        _need_end(scanner, "after")
    return draft


def dataset_from_data(value: object, path: str) -> DatasetRef:
    """Which evaluation set does `support-eval@3` name?

    Raises:
        Invalid: it is no text. CriterionError: the text names none.
    """
    scanner = Scanner(as_text(value, path, limit=160))
    name, version = scanner.need_dataset()
    _need_end(scanner, "dataset")
    return DatasetRef(name=name, version=version)


def amount_from_data(value: object, path: str) -> WrittenAmount:
    """Which amount is written: `85%`, `20 ms`, `2% relative`, 0.85?

    Raises:
        Invalid: it is neither text nor a number. CriterionError: the text is no amount.
    """
    if isinstance(value, str):
        return _amount_text(value, path)
    return WrittenAmount(as_decimal(value, path), integer=isinstance(value, int))


def _amount(fields: Mapping[str, object], key: str, path: str) -> WrittenAmount:
    amount = amount_from_data(fields.get(key), f"{path}.{key}")
    if fields.get("relative") is not None:
        amount = replace(amount, relative=as_flag(fields["relative"], f"{path}.relative"))
    if fields.get("unit") is None:
        return amount
    unit = _unit(fields["unit"], f"{path}.unit")
    if amount.unit not in (None, unit):
        refuse(f"{path}.unit", found_text(unit), f"{amount.unit}, the unit that {key} is written with")
    return replace(amount, unit=unit)


def _amount_text(value: str, path: str) -> WrittenAmount:
    scanner = Scanner(as_text(value, path, limit=60))
    amount = read_amount(scanner)
    _need_end(scanner, "amount")
    return amount


def _unit(value: object, path: str) -> str:
    name = _UNIT_NAMES.get(as_text(value, path, limit=40).strip().lower())
    return (
        name
        if name is not None
        else refuse(path, found_text(value), ", ".join([*Unit, PERCENT, TIMES_BUDGET, "d"]))
    )


def _need_end(scanner: Scanner, part: Part) -> None:
    if not scanner.at_end:
        raise scanner.unexpected("the end", part=part)


def _invalid(fault: CriterionError, kind: Kind, path: str) -> Invalid:
    names: dict[Part, str | None] = {
        "metric": "resource" if kind == "resource" else "metric",
        "percent": "percent",
        "comparison": "comparison",
        "amount": _AMOUNT_KEY[kind],
        "count": "runs" if kind == "plateau" else "after_step",
        "dataset": "dataset",
        "after": "after",
    }
    name = names.get(fault.part)
    field = f"{path}.{name}" if name else path
    one_of = " or ".join(fault.expected[:6])
    hint = f"write {' or '.join(fault.alternatives)}" if fault.alternatives else ""
    return Invalid(
        f"cannot read criterion '{field}': {fault.fact} (expected {one_of})",
        hint="; ".join(filter(None, (hint, fault.hint))) or f"write {one_of}",
        code=fault.code,
        field=field,
        details={"part": fault.part, "expected": list(fault.expected), "readings": list(fault.alternatives)},
    )
