"""The canvas as plain data, with criteria as lines of text: what YAML and JSON hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assay.domain.experiments.criteria.model import Criterion
from assay.domain.experiments.criteria.structured import criterion_from_data
from assay.domain.experiments.criteria.text import criterion_text
from assay.domain.experiments.fields import as_mapping
from assay.domain.kernel.metrics import MetricCatalog
from assay.domain.portfolio.canvas import ROLES, Canvas
from assay.domain.portfolio.plain_data import document_from_data, document_to_data


def canvas_to_data(canvas: Canvas, metrics: MetricCatalog) -> dict[str, Any]:
    """How is a canvas written in YAML and JSON? Reading it with `canvas_from_data` gives the same canvas."""
    data = document_to_data(canvas)
    for number, metric in enumerate(canvas.success):
        data["success"][number] = {
            "metric": _text(metric.criterion, metrics),
            **_rest(data["success"][number]),
        }
    for number, kill in enumerate(canvas.kill):
        data["kill"][number] = {"criterion": _text(kill.criterion, metrics), **_rest(data["kill"][number])}
    if canvas.constraints.latency is not None:
        data["constraints"]["latency"] = _text(canvas.constraints.latency, metrics)
    return data


def _text(criterion: Criterion, metrics: MetricCatalog) -> str:
    return criterion_text(criterion, metrics=metrics).removeprefix(f"{criterion.role.value}: ")


def _rest(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if name != "criterion"}


def canvas_from_data(data: object, metrics: MetricCatalog) -> Canvas:
    """Which canvas does this data mean?

    Args:
        data: a mapping as `canvas_to_data` writes it; what is left out is empty.
        metrics: the declared metrics, as criteria need them.

    Raises:
        Invalid: `field` is the path of the entry at fault, such as `success[0].metric` or `time_box.ship_by_sprint`.
    """
    fields = {
        name: value
        for name, value in as_mapping(data, "", known=tuple(Canvas.model_fields)).items()
        if value is not None
    }
    fields["success"] = _lines(fields.get("success", ()), "success", "metric", metrics)
    fields["kill"] = _lines(fields.get("kill", ()), "kill", "criterion", metrics)
    limits = fields.get("constraints")
    if isinstance(limits, Mapping) and limits.get("latency") is not None:
        latency = criterion_from_data(
            limits["latency"], metrics, role=ROLES["latency"], path="constraints.latency"
        )
        fields["constraints"] = {**limits, "latency": latency}
    return document_from_data(Canvas, _without_nothing(fields))


def _lines(given: object, name: str, key: str, metrics: MetricCatalog) -> object:
    """Entries with their criterion read; anything else is left for the model to refuse."""
    if not isinstance(given, list | tuple):
        return given
    return tuple(_line(one, f"{name}[{number}]", name, key, metrics) for number, one in enumerate(given))


def _line(entry: object, path: str, name: str, key: str, metrics: MetricCatalog) -> object:
    if isinstance(entry, str):
        entry = {key: entry}
    fields = as_mapping(
        entry, path, known=(key, "why") if name == "success" else (key, "after_sprint", "then")
    )
    criterion = criterion_from_data(fields.pop(key, None), metrics, role=ROLES[name], path=f"{path}.{key}")
    return {"criterion": criterion, **fields}


def _without_nothing(value: Any) -> Any:
    """An empty YAML entry (`gaps:`) is nothing said."""
    if isinstance(value, Mapping):
        return {name: _without_nothing(one) for name, one in value.items() if one is not None}
    if isinstance(value, list | tuple):
        return tuple(map(_without_nothing, value))
    return value
