"""Criteria and metrics as they travel."""

from __future__ import annotations

from typing import Any

from typing_extensions import TypedDict


class CriterionDocument(TypedDict):
    """A criterion in both forms."""

    text: str
    role: str
    metric: str | None
    structured: dict[str, Any]
