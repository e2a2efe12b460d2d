"""Predictions in YAML and JSON: plain mappings out, and what their entries mean."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from assay.domain.experiments.exact_numbers import json_number
from assay.domain.experiments.fields import as_decimal, as_integer, found_text, refuse
from assay.domain.experiments.prediction import SIZES, Prediction
from assay.domain.kernel.model import Value


def prediction_to_data(prediction: Prediction | None) -> dict[str, Any]:
    """How is a prediction written in JSON and YAML? What is left open is left out.

    >>> prediction_to_data(Prediction(chance=Decimal("0.350"), person_days=Decimal(4)))
    {'chance': 0.35, 'person_days': 4}
    """
    return {} if prediction is None else _plain(prediction)


def _plain(value: Value) -> dict[str, Any]:
    found = {name: _entry(entry) for name, entry in value if entry is not None}
    return {name: entry for name, entry in found.items() if entry != {}}


def _entry(value: Any) -> Any:
    if isinstance(value, Value):
        return _plain(value)
    return json_number(value) if isinstance(value, Decimal) else value


def chance_from_data(value: object, path: str) -> Decimal:
    """Which chance does this mean: `0.35`, or the text `35%`?

    >>> chance_from_data("35%", "prediction.chance"), chance_from_data(0.35, "prediction.chance")
    (Decimal('0.35'), Decimal('0.35'))
    """
    percent = isinstance(value, str) and value.strip().endswith("%")
    number = as_decimal(value.strip()[:-1].strip() if percent and isinstance(value, str) else value, path)
    chance = number / 100 if percent else number
    if not 0 < chance < 1:
        hint = "nothing is certain before it is measured: write 1% or 99% at the ends"
        refuse(path, found_text(value), "more than 0 and less than 1, such as 0.35 or 35%", hint=hint)
    return chance


def size_from_data(value: object, path: str) -> int:
    """Which size on the usual scale of estimates?"""
    size = as_integer(value, path, low=1, high=13)
    if size not in SIZES:
        refuse(path, found_text(value), f"one of {', '.join(map(str, SIZES))}")
    return size
