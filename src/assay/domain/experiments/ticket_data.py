"""A ticket as plain data, for YAML files, the API and forms: plain mappings in, plain mappings out, lossless.

    type: experiment
    title: Fine-tune the 8B model on support tickets
    hypothesis: Fine-tuning lifts accuracy from 72% to at least 85%.
    baseline:
      - {metric: accuracy, value: 0.72, source: zero-shot}
    criteria:
      primary: [accuracy >= 85% on support-eval@3]
      kill: [accuracy < 78% after training, compute > 2x budget]
    budget: {gpu_hours: 24, cost_usd: 500}
    time_box_days: 10
    prediction:
      chance: 35%
      effect: {low: 0, mid: 0.05, high: 0.16}
      person_days: 4

What is left at its default is left out. Unknown fields are refused with close matches.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from typing import Any, TypeVar

from pydantic import ValidationError

from assay.domain.experiments.baseline_data import baseline_to_data, budget_to_data
from assay.domain.experiments.criteria.structured import Form, criteria_from_data, criteria_to_data
from assay.domain.experiments.exact_numbers import json_number
from assay.domain.experiments.experiment import (
    Axis,
    Baseline,
    Budget,
    DataNeed,
    KillRuleValues,
    LookPlan,
    Mode,
    Place,
    TicketContent,
    TrackerLink,
    web_address,
)
from assay.domain.experiments.fields import (
    TEXT_MAX,
    arrival_from_data,
    as_choice,
    as_decimal,
    as_flag,
    as_integer,
    as_line,
    as_list,
    as_mapping,
    as_moment,
    as_text,
    found_text,
    moment_data,
    refuse,
)
from assay.domain.experiments.prediction import CostOfDelay, Effect, Prediction, said_something
from assay.domain.experiments.prediction_data import chance_from_data, prediction_to_data, size_from_data
from assay.domain.experiments.type_fields import (
    OWN_FIELDS,
    DataFields,
    DataStage,
    EngineeringFields,
    FeatureFields,
    SpikeFields,
)
from assay.domain.kernel.ids import TicketType, checked_ticket_key
from assay.domain.kernel.kill_rules import KillRuleName
from assay.domain.kernel.metric_name import METRIC_NAME
from assay.domain.kernel.metrics import MetricCatalog
from assay.domain.kernel.model import Value
from assay.errors import Invalid

LIST_MAX = 100
Model = TypeVar("Model", bound=Value)
_DEFAULT = TicketContent(title="-")
Reader = Callable[[object, str], Any]
_RULES = {
    "missing": "a value",
    "string_too_long": "at most {max_length} characters",
    "string_too_short": "some text",
    "string_unicode": "text that is valid Unicode",
    "greater_than": "more than {gt}",
    "greater_than_equal": "at least {ge}",
    "less_than": "less than {lt}",
    "less_than_equal": "at most {le}",
    "too_short": "at least {min_length} entries",
    "too_long": "at most {max_length} entries",
    "value_error": "text that can be shown",
}
"""What the model's own checks expect, in words."""


def ticket_to_data(
    content: TicketContent, metrics: MetricCatalog | None = None, *, criteria: Form = "text"
) -> dict[str, Any]:
    """How is a ticket written in YAML and JSON? Reading it with `ticket_from_data` gives the same ticket.

    Args:
        content: the ticket.
        metrics: the declared metrics, as `criterion_text` needs them.
        criteria: `text` writes each criterion as one line, `structured` as a mapping.
    """
    data: dict[str, Any] = {"type": content.type.value, "title": content.title}
    for name in ("hypothesis", "method"):
        _put(data, name, getattr(content, name))
    _put(data, "baseline", [baseline_to_data(baseline) for baseline in content.baseline])
    _put(data, "criteria", criteria_to_data(content.criteria, form=criteria, metrics=metrics))
    _put(data, "budget", budget_to_data(content.budget))
    _put(data, "gpus", content.gpus)
    _put(data, "time_box_days", content.time_box_days)
    _put(data, "mode", content.mode.value if content.mode else None)
    _put(data, "axis", content.axis.value if content.axis else None)
    _put(data, "data_needs", [_need_to_data(need) for need in content.data_needs])
    if content.looks != _DEFAULT.looks:
        data["looks"] = list(content.looks.stages)
    if content.candidate is not None:
        data["candidate"] = content.candidate
    _put(data, "owner", content.owner)
    if content.priority != _DEFAULT.priority:
        data["priority"] = content.priority
    _put(data, "labels", list(content.labels))
    _put(data, "kill_rules_off", list(content.kill_rules_off))
    _put(data, "kill_rule_values", {n: json_number(v) for n, v in content.kill_rule_values if v is not None})
    _put(data, "trackers", [_plain_fields(link) for link in content.trackers])
    for name in OWN_FIELDS:
        _put(data, name, _plain_fields(getattr(content, name)))
    _put(data, "prediction", prediction_to_data(content.prediction))
    if content.place is not None:
        data["place"] = content.place.model_dump()
    return data


def ticket_from_data(data: object, metrics: MetricCatalog) -> TicketContent:
    """Which ticket does this data mean?

    Args:
        data: a mapping as `ticket_to_data` writes it; `title` is the only field that must be there.
        metrics: the declared metrics, as criteria need them.

    Raises:
        Invalid: `field` is the path of the entry at fault, such as `criteria.primary[0].value` or `budget.gpu_hours`.
    """
    readers: dict[str, Reader] = {
        **_READERS,
        "criteria": lambda value, path: criteria_from_data(value, metrics, path=path),
    }
    fields = as_mapping(data, "", known=tuple(readers))
    if "title" not in fields:
        refuse("title", "nothing", "a title", hint="add a line such as 'title: Fine-tune on support tickets'")
    read = {name: readers[name](value, name) for name, value in fields.items() if _given(name, value)}
    _of_its_type(read)
    return _built(TicketContent, read, "")


def check_lines(data: Mapping[str, Any]) -> None:
    """Is every text of one line such a text, in data of a form that is not read by `ticket_from_data`?

    Raises:
        Invalid: one is not; `field` is its path, such as `owner` or `baseline[0].source`.
    """
    for name in ("title", "owner", "candidate"):
        if data.get(name) is not None:
            as_line(data[name], name)
    for name, inside in _LINES_OF_LISTS.items():
        for place, entry in enumerate(data.get(name) or ()):
            for part in inside:
                as_line(entry[part] if part else entry, f"{name}[{place}]{part and '.'}{part}")


_LINES_OF_LISTS = {
    "labels": ("",),
    "baseline": ("source",),
    "data_needs": ("dataset", "versions"),
    "trackers": ("title",),
}


def _of_its_type(read: dict[str, Any]) -> None:
    kind = read.get("type", _DEFAULT.type)
    for name, owner in OWN_FIELDS.items():
        if owner is not kind and read.get(name, getattr(_DEFAULT, name)) != getattr(_DEFAULT, name):
            refuse(
                name,
                f"it on a ticket of type {kind.value}",
                f"it on tickets of type {owner.value} alone",
                hint=f"write 'type: {owner.value}', or remove '{name}'",
            )


def prediction_from_data(data: object) -> Prediction | None:
    """What does this data expect? None where it leaves everything open.

    Raises:
        Invalid: it is no prediction; `field` says where, such as `prediction.chance`.
    """
    return said_something(_PREDICTION(data, "prediction"))


def place_from_data(data: object) -> Place:
    """Which place in the ranking does this data mean?

    Raises:
        Invalid: it is none; `field` says where.
    """
    place: Place = _PLACE(data, "place")
    return place


def _given(name: str, value: object) -> bool:
    """An empty YAML entry (`owner:`) is nothing, except where there must be something."""
    return value is not None or name == "title"


def _put(data: dict[str, Any], name: str, value: object) -> None:
    if value not in (None, "", [], {}):
        data[name] = value


def _need_to_data(need: DataNeed) -> dict[str, Any]:
    data: dict[str, Any] = {"dataset": need.dataset}
    _put(data, "versions", need.versions)
    if need.needed_by is not None:
        data["needed_by"] = moment_data(need.needed_by)
    _put(data, "arrives", need.arrives)
    if need.ready:
        data["ready"] = True
    return data


def _plain_fields(value: Value) -> dict[str, Any]:
    """The fields that are not left at their default, numbers as exact as they were written."""
    given = value.model_dump(exclude_defaults=True)
    return {name: _plain_value(found) for name, found in given.items()}


def _plain_value(value: Any) -> Any:
    if isinstance(value, Decimal):
        return json_number(value)
    return value.value if isinstance(value, StrEnum) else value


def _words(value: object, path: str) -> str:
    return as_text(value, path, limit=TEXT_MAX)


def _decimal(value: object, path: str) -> object:
    return as_decimal(value, path)


def _metric_name(value: object, path: str) -> str:
    name = as_text(value, path, limit=100)
    if METRIC_NAME.match(name) is None:
        refuse(
            path, f"'{name[:40]}'" if name.isprintable() else "text", "the name of a metric such as accuracy"
        )
    return name


def _address(value: object, path: str) -> str:
    text = as_text(value, path, limit=2000)
    try:
        return web_address(text)
    except ValueError:
        refuse(path, found_text(value), "a web address that begins with https:// or http://")


def read_ticket_key(value: object, path: str) -> str:
    """The key of a ticket, such as EXP-42."""
    try:
        return checked_ticket_key(as_text(value, path, limit=40))
    except Invalid as error:
        error.field = path
        error.hint = "write the key of a ticket, such as EXP-42"
        raise


def _record(kind: type[Model], readers: dict[str, Reader]) -> Callable[[object, str], Model]:
    """A reader for a mapping that becomes one value."""

    def read(value: object, path: str) -> Model:
        fields = as_mapping(value, path, known=tuple(readers))
        found = {n: readers[n](v, f"{path}.{n}") for n, v in fields.items() if v is not None}
        return _built(kind, found, path)

    return read


def _each(reader: Reader) -> Reader:
    """A reader for a list whose entries are read alike."""

    def read(value: object, path: str) -> tuple[Any, ...]:
        return tuple(reader(e, f"{path}[{i}]") for i, e in enumerate(as_list(value, path, limit=LIST_MAX)))

    return read


def looks_from_data(value: object, path: str) -> LookPlan:
    """Which look plan do these rising numbers of seeds mean?"""
    stages = _each(lambda entry, where: as_integer(entry, where, low=2, high=10_000))(value, path)
    if not stages or any(later <= earlier for earlier, later in pairwise(stages)):
        refuse(
            path, f"the stages {', '.join(map(str, stages))}", "rising numbers of seeds such as [3, 5, 8, 10]"
        )
    return LookPlan(stages=stages)


def _built(kind: type[Model], fields: dict[str, Any], path: str) -> Model:
    """The value made of fields that were read one by one; what only the whole can tell is told here."""
    try:
        return kind.model_validate(fields)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        found = "nothing" if first["type"] == "missing" else found_text(first["input"])
        rule = _RULES.get(first["type"], "{msg}").format(msg=first["msg"], **first.get("ctx", {}))
        if first["type"] == "value_error" and isinstance(first["input"], dict):
            found, rule = "entries that do not go together", str(first["ctx"]["error"])
        elif first["type"] == "value_error":
            found = f"{found}: {first['ctx']['error']}"
        refuse(_path(path, first["loc"]), found, rule)


def _path(path: str, places: tuple[int | str, ...]) -> str:
    text = "".join(f"[{place}]" if isinstance(place, int) else f".{place}" for place in places)
    return f"{path}{text}".removeprefix(".")


_BASELINE = _record(
    Baseline, {"metric": _metric_name, "value": _decimal, "source": as_line, "ticket": read_ticket_key}
)
_EFFECT = _record(Effect, dict.fromkeys(Effect.model_fields, _decimal))
_DELAY = _record(CostOfDelay, dict.fromkeys(CostOfDelay.model_fields, size_from_data))
_PREDICTION = _record(
    Prediction,
    {
        **dict.fromkeys(Prediction.model_fields, _decimal),
        "chance": chance_from_data,
        "effect": _EFFECT,
        "cost_of_delay": _DELAY,
    },
)
_PLACE = _record(
    Place, {"rank": lambda value, path: as_integer(value, path, low=1, high=1000), "reason": _words}
)
_NEED = _record(
    DataNeed,
    {
        "dataset": as_line,
        "versions": as_line,
        "needed_by": as_moment,
        "arrives": arrival_from_data,
        "ready": as_flag,
    },
)
_READERS: dict[str, Reader] = {
    "type": lambda value, path: as_choice(value, path, TicketType),
    "title": as_line,
    "hypothesis": _words,
    "method": _words,
    "baseline": _each(_BASELINE),
    "criteria": _words,
    "budget": _record(Budget, {"gpu_hours": _decimal, "cost_usd": _decimal}),
    "gpus": lambda value, path: as_integer(value, path, low=0, high=10_000),
    "time_box_days": lambda value, path: as_integer(value, path, low=1, high=3650),
    "mode": lambda value, path: as_choice(value, path, Mode),
    "axis": lambda value, path: as_choice(value, path, Axis),
    "data_needs": _each(_NEED),
    "looks": looks_from_data,
    "candidate": as_line,
    "owner": as_line,
    "priority": lambda value, path: as_integer(value, path, low=0, high=4),
    "labels": _each(as_line),
    "kill_rules_off": _each(lambda value, path: as_choice(value, path, KillRuleName).value),
    "kill_rule_values": _record(KillRuleValues, dict.fromkeys(KillRuleValues.model_fields, _decimal)),
    "trackers": _each(_record(TrackerLink, {"url": _address, "title": as_line})),
    "spike": _record(SpikeFields, {"question": _words, "deliverable": _words}),
    "data": _record(
        DataFields,
        {
            "source": _words,
            "volume": _words,
            "stage": lambda value, path: as_choice(value, path, DataStage),
            "arrives": arrival_from_data,
        },
    ),
    "engineering": _record(
        EngineeringFields,
        {
            "model_version": _words,
            "latency_ms": _decimal,
            "latency_percentile": lambda value, path: as_integer(value, path, low=1, high=100),
            "cost_usd_per_1000": _decimal,
        },
    ),
    "feature": _record(FeatureFields, {"fallback": _words}),
    "prediction": _PREDICTION,
    "place": _PLACE,
}
"""Every field of a ticket, in the order in which it is written; the reader of criteria also needs the metrics."""
