"""The part of the ticket form that asks what is expected: as typed, and as it was meant."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from assay.domain.experiments.prediction import SIZES, Prediction
from assay.domain.experiments.prediction_data import prediction_to_data
from assay.domain.experiments.ticket_data import prediction_from_data
from assay.errors import Invalid
from assay.web.contexts.ticket_form import Choice, SizeField, Typed

_PLAIN = {
    "chance": "chance",
    "person_days": "person_days",
    "likely_gpu_hours": "gpu_hours",
    "training_days": "training_days",
    "evaluation_days": "evaluation_days",
    "reward": "reward",
}
_EFFECT = {f"effect_{name}": name for name in ("low", "mid", "high", "mean", "sd")}
_DELAY = {
    "business_value": "Business value",
    "time_criticality": "Time criticality",
    "risk_reduction": "Risk reduction",
    "job_size": "Job size",
}
FIELDS = (*_PLAIN, *_EFFECT, *_DELAY)
"""Names of the form's fields that are about what is expected."""
_NAMES = {
    "prediction.effect": "effect_low",
    **{f"prediction.{path}": name for name, path in _PLAIN.items()},
    **{f"prediction.effect.{path}": name for name, path in _EFFECT.items()},
    **{f"prediction.cost_of_delay.{name}": name for name in _DELAY},
}


def typed_prediction(prediction: Prediction | None) -> dict[str, str]:
    """What stands in the form's fields for this prediction: numbers as they are, the chance in percent."""
    data = prediction_to_data(prediction)
    nested = {**data.get("effect", {}), **data.get("cost_of_delay", {})}
    found = {name: data.get(path) for name, path in _PLAIN.items()}
    found |= {name: nested.get(path) for name, path in _EFFECT.items()}
    found |= {name: nested.get(name) for name in _DELAY}
    if prediction is not None and prediction.chance is not None:
        found["chance"] = f"{(prediction.chance * 100).normalize():f}%"
    return {name: "" if value is None else str(value) for name, value in found.items()}


def prediction_of(typed: Typed) -> Prediction | None:
    """What do the typed fields mean? None where all are empty.

    Raises:
        Invalid: one cannot be read; its `field` is the name of the form's field.
    """
    said = {name: text for name, text in asdict(typed).items() if name in FIELDS and text}
    if not said:
        return None
    data: dict[str, Any] = {path: said[name] for name, path in _PLAIN.items() if name in said}
    data["effect"] = {path: said[name] for name, path in _EFFECT.items() if name in said} or None
    data["cost_of_delay"] = {name: _size(said[name]) for name in _DELAY if name in said} or None
    try:
        return prediction_from_data(data)
    except Invalid as error:
        error.field = _NAMES.get(error.field or "", error.field)
        raise


def _size(text: str) -> int | str:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 3 else text


def size_fields(typed: Typed) -> tuple[SizeField, ...]:
    """The four lists of cost of delay over job size."""
    return tuple(
        SizeField(
            name=name,
            label=label,
            choices=tuple(
                Choice(value, value or "Not said", getattr(typed, name) == value)
                for value in ("", *map(str, SIZES))
            ),
        )
        for name, label in _DELAY.items()
    )
