"""Is this part of a gate file what it needs to be? Names, amounts and rates; every error names the path."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NoReturn, TypeVar

from pydantic import ValidationError

from assay.domain.experiments.criteria.amounts import (
    PERCENT,
    WrittenAmount,
    absolute_margin_of,
    margin_of,
)
from assay.domain.experiments.criteria.faults import CriterionError
from assay.domain.experiments.criteria.model import DatasetRef, Margin
from assay.domain.experiments.criteria.structured import amount_from_data, dataset_from_data
from assay.domain.experiments.criteria.text import margin_text
from assay.domain.experiments.exact_numbers import json_number, percent_text, plain
from assay.domain.experiments.fields import as_flag, as_list, as_text, found_text, refuse
from assay.domain.kernel.metric_name import METRIC_NAME
from assay.domain.kernel.metrics import Metric, MetricCatalog, Unit
from assay.domain.kernel.model import Value
from assay.errors import Invalid

Model = TypeVar("Model", bound=Value)
Read = TypeVar("Read")
_UNITS = {unit.value: unit for unit in Unit}
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)
_BARE = (Unit.NUMBER, Unit.COUNT)


@dataclass(frozen=True, slots=True)
class Entry:
    """The fields of one check while they are read. Nothing in the place of a value means it was not given."""

    fields: Mapping[str, object]
    path: str
    metrics: MetricCatalog
    primary: str | None
    """The metric of checks that name none."""

    def at(self, name: str) -> str:
        """The path of a field."""
        return f"{self.path}.{name}"

    def has(self, name: str) -> bool:
        """Is there a value?"""
        return self.fields.get(name) is not None

    def need(self, name: str, expected: str) -> object:
        """The value, or the error that it is missing."""
        if not self.has(name):
            refuse(self.at(name), "nothing", expected)
        return self.fields[name]

    @property
    def metric(self) -> Metric | None:
        """The declaration of the metric that is read, as far as it is known."""
        name = self.metric_name or self.primary
        return None if name is None else self.metrics.get(name)

    @property
    def metric_name(self) -> str | None:
        """The metric that the check names."""
        return metric_name(self.fields["metric"], self.at("metric")) if self.has("metric") else None

    def flag(self, name: str) -> bool:
        """True or false; false where nothing is given."""
        return as_flag(self.fields[name], self.at(name)) if self.has(name) else False

    def margin(self, name: str, *, absolute: bool = False) -> Margin:
        """A margin that must be there."""
        value = self.need(name, _EXAMPLES)
        return margin(value, self.at(name), self.metric, absolute=absolute)

    def optional_margin(self, name: str, *, absolute: bool = False) -> Margin | None:
        """A margin, None where nothing is given."""
        return self.margin(name, absolute=absolute) if self.has(name) else None

    def names(self, name: str, expected: str, *, limit: int) -> tuple[str, ...]:
        """One name or a list of them."""
        return names(self.need(name, expected), self.at(name), limit=limit)


_GATE_WORDS = {
    "on the metrics page": "under 'metrics'",
    " or the role kill)": ")",
    "or give it the role kill; ": "",
    "; or give it the role kill": "",
}
_EXAMPLES = "a margin such as 3%, 20 ms or 2% relative"


def margin(value: object, path: str, metric: Metric | None, *, absolute: bool = False) -> Margin:
    """How far is `3%`, `20 ms` or `2% relative`, for a metric that may not be known yet?"""
    amount = written(lambda: amount_from_data(value, path), path)
    if metric is not None:
        means = absolute_margin_of if absolute else margin_of
        return written(lambda: means(amount, metric), path)
    return _margin_alone(amount, path, absolute=absolute)


def points_margin(value: object, path: str) -> Margin:
    """How far, for metrics that are fractions: `2%` is points, `2% relative` a share of the baseline?"""
    found = _margin_alone(written(lambda: amount_from_data(value, path), path), path, absolute=False)
    if found.relative or found.unit is Unit.FRACTION:
        return found
    if found.unit is Unit.NUMBER and found.value < 1:
        return found.model_copy(update={"unit": Unit.FRACTION})
    return refuse(
        path, found_text(value), "points such as 2%, or a share of the baseline such as 2% relative"
    )


def relative_margin(value: object, path: str) -> Margin:
    """How far, for metrics of any unit?"""
    found = _margin_alone(written(lambda: amount_from_data(value, path), path), path, absolute=False)
    if found.relative:
        return found
    return refuse(
        path,
        found_text(value),
        "a share of the baseline such as 2% relative",
        hint="these metrics have several units; give a metric its own with margins: {latency_ms: 20 ms}",
    )


def rate(value: object, path: str) -> Decimal:
    """Which share is `40%` or 0.4?"""
    amount = written(lambda: amount_from_data(value, path), path)
    expected = "a share such as 40% or 0.4"
    if amount.relative or amount.unit not in (None, PERCENT):
        refuse(path, found_text(value), expected)
    share = amount.number.scaleb(-2) if amount.unit == PERCENT else amount.number
    if amount.unit is None and amount.number == 1 and amount.integer:
        refuse(path, "1, which could be 1% or 100%", "the percent sign, or 1.0")
    if not 0 <= share <= 1:
        refuse(path, found_text(value), expected)
    return plain(share)


def _margin_alone(amount: WrittenAmount, path: str, *, absolute: bool) -> Margin:
    """The margin as its unit alone tells it."""
    if amount.number < 0:
        refuse(path, f"{amount.text}, which is negative", "a margin of 0 or more")
    if amount.relative and absolute:
        refuse(path, "a share of the baseline", "an amount in the unit of the metric, such as 3% or 20 ms")
    if amount.relative or amount.unit == PERCENT:
        if amount.unit not in (None, PERCENT):
            refuse(path, f"{amount.text} {amount.unit} relative", "a share such as 2% relative")
        if amount.unit is None and amount.number >= 1:
            refuse(path, f"{amount.text} relative", f"the percent sign: {amount.text}% relative")
        share = amount.number.scaleb(-2) if amount.unit == PERCENT else amount.number
        if not amount.relative and share > 1:
            refuse(path, f"{amount.text}%", "at most 100%")
        unit = Unit.NUMBER if amount.relative else Unit.FRACTION
        return Margin(value=plain(share), unit=unit, relative=amount.relative)
    if amount.unit is None:
        return Margin(value=plain(amount.number))
    unit_of_metric = _UNITS.get(amount.unit)
    if unit_of_metric is None:
        refuse(path, f"the unit {amount.unit}", _EXAMPLES)
    return Margin(value=plain(amount.number), unit=unit_of_metric)


def margin_data(margin: Margin) -> Any:
    """How is a margin written in a gate file?"""
    bare = not margin.relative and margin.unit in _BARE
    return json_number(margin.value) if bare else margin_text(margin)


def rate_data(share: Decimal) -> str:
    """How is a share written in a gate file?"""
    return percent_text(share)


def metric_name(value: object, path: str) -> str:
    """The name of a metric."""
    name = as_text(value, path, limit=100)
    if METRIC_NAME.match(name) is None:
        refuse(path, found_text(name), "the name of a metric such as accuracy")
    return name


def names(value: object, path: str, *, limit: int) -> tuple[str, ...]:
    """One name or a list of them; numbers count as the text they are written as."""
    if isinstance(value, str) or _is_whole(value):
        return (name(value, path),)
    found = as_list(value, path, limit=limit)
    if not found:
        refuse(path, "an empty list", "at least one name")
    return tuple(name(entry, f"{path}[{place}]") for place, entry in enumerate(found))


def name(value: object, path: str) -> str:
    """A name such as that of a column or an example; a whole number counts as the text it is written as."""
    text = str(value) if _is_whole(value) else as_text(value, path, limit=400)
    if not text.strip():
        refuse(path, "empty text", "a name")
    return text


def dataset(value: object, path: str) -> DatasetRef:
    """Which evaluation set does `support-eval@3` name?"""
    try:
        return dataset_from_data(value, path)
    except CriterionError:
        return refuse(path, found_text(value), "an evaluation set such as support-eval@3")


def file_digest(value: object, path: str) -> str:
    """The SHA-256 of a file."""
    text = as_text(value, path, limit=100)
    expected = "sha256: and 64 hexadecimal digits"
    return text if _DIGEST.fullmatch(text) else refuse(path, found_text(text), expected)


def built(kind: type[Model], fields: Mapping[str, object], path: str) -> Model:
    """The value made of fields that were read one by one; what only the whole can tell is told here."""
    try:
        return kind.model_validate(dict(fields))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = path + "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in first["loc"])
        told = str(first["ctx"]["error"]) if first["type"] == "value_error" else ""
        fact, _, rule = told.removesuffix(")").partition(" (expected ")
        if told:
            _refuse_whole(place.removeprefix("."), fact, rule)
        refuse(place.removeprefix("."), found_text(first["input"]), first["msg"].lower())


def written(read: Callable[[], Read], path: str) -> Read:
    """What is read, or the error with its path where the text means nothing."""
    try:
        return read()
    except CriterionError as fault:
        one_of = " or ".join(fault.expected[:6])
        hint = f"write {' or '.join(fault.alternatives)}" if fault.alternatives else f"write {one_of}"
        raise Invalid(
            f"cannot read field '{path}': {fault.fact} (expected {one_of})",
            hint=in_gate_words("; ".join(filter(None, (hint, fault.hint)))),
            code=fault.code,
            field=path,
            details={"expected": list(fault.expected), "readings": list(fault.alternatives)},
        ) from None


def in_gate_words(text: str) -> str:
    """What an error says, for people who have a gate file: no project, and no criteria that stop an experiment."""
    for project, gate in _GATE_WORDS.items():
        text = text.replace(project, gate)
    return text


def _refuse_whole(path: str, fact: str, rule: str) -> NoReturn:
    subject = f"field '{path}'" if path else "gate"
    expected = f" (expected {rule})" if rule else ""
    raise Invalid(
        f"cannot read {subject}: {fact}{expected}",
        hint=f"write {rule}" if rule else "change it, or leave it out",
        code="gate-invalid",
        field=path,
    )


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
