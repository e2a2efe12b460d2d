"""Baselines and budgets in JSON and YAML, as tickets and registrations write them."""

from __future__ import annotations

from typing import Any

from assay.domain.experiments.exact_numbers import json_number
from assay.domain.experiments.experiment import Baseline, Budget


def baseline_to_data(baseline: Baseline) -> dict[str, Any]:
    """How is a baseline written in JSON and YAML?"""
    data: dict[str, Any] = {"metric": baseline.metric}
    if baseline.value is not None:
        data["value"] = json_number(baseline.value)
    if baseline.source:
        data["source"] = baseline.source
    if baseline.ticket is not None:
        data["ticket"] = baseline.ticket
    return data


def budget_to_data(budget: Budget) -> dict[str, Any]:
    """How is a budget written in JSON and YAML? What is not set is left out."""
    return {name: json_number(value) for name, value in budget if value is not None}
