"""Runs side by side."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request
from starlette.responses import Response

from assay.api.answers import gives
from assay.api.documents import answer
from assay.api.permissions import actor_of, requires, workspace_of
from assay.api.schemas.comparison import (
    ComparisonCurvesDocument,
    ComparisonDocument,
    ComparisonQuery,
    comparison_document,
    curves_document,
)
from assay.api.versioned import v1_router
from assay.workflows.actor import Permission
from assay.workflows.comparison import compare, compare_curves
from assay.workflows.comparison_asked import comparison_asked

router = v1_router("comparison")


@router.get(
    "/projects/{slug}/comparison", dependencies=[requires(Permission.READ)], **gives(ComparisonDocument)
)
def runs_compared(request: Request, slug: str, asked: Annotated[ComparisonQuery, Query()]) -> Response:
    """Runs as seed groups with mean, spread, interval and n, the best first; at most 1,000 runs at once, newest first."""
    view = compare(workspace_of(request), actor_of(request), slug, comparison_asked(asked.words()))
    return answer(comparison_document(view))


@router.get(
    "/projects/{slug}/comparison/curves",
    dependencies=[requires(Permission.READ)],
    **gives(ComparisonCurvesDocument),
)
def curves_compared(request: Request, slug: str, asked: Annotated[ComparisonQuery, Query()]) -> Response:
    """Curves of at most 200 runs at once, thinned to about 16,000 points in all; ends and extremes are kept."""
    view, pictures = compare_curves(
        workspace_of(request), actor_of(request), slug, comparison_asked(asked.words())
    )
    return answer(curves_document(view, pictures))
