"""Features and the tickets they are broken down into, as they travel."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from assay.api.schemas.tickets import Body
from assay.domain.portfolio.breakdown import Stage
from assay.workflows.breakdown import Breakdown, Part


class BreakdownBody(Body):
    """By which stages to break a feature down."""

    stages: Annotated[list[Stage], Field(max_length=20)] | None = None
    """Left out: those that have no ticket yet of the usual ones."""


class PartsDocument(TypedDict):
    """A feature's tickets."""

    feature: str
    created: tuple[str, ...]
    rows: tuple[Part, ...]


def parts_document(found: Breakdown) -> PartsDocument:
    """A breakdown as the API tells it."""
    return PartsDocument(feature=found.feature, created=found.created, rows=found.parts)
