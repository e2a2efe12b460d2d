"""The examples behind a value."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query, Request
from starlette.responses import Response
from typing_extensions import TypedDict

from assay.api.answers import gives
from assay.api.documents import answer
from assay.api.pages import Asked, Text
from assay.api.permissions import actor_of, requires, workspace_of
from assay.api.versioned import v1_router
from assay.domain.gates.example_evidence import Confused
from assay.workflows.actor import Permission
from assay.workflows.example_views import ExamplesView
from assay.workflows.examples import examples_of

router = v1_router("examples")


class ExamplesAsked(Asked):
    """Examples of a run, or of a group of a ticket."""

    ticket: Text | None = None
    run: Text | None = None
    group: Text | None = None
    metric: Text | None = None
    column: Text | None = None


class ExamplesDocument(TypedDict):
    """What is known of the examples; what was not logged is null."""

    ticket: str | None
    run: str | None
    group: str | None
    groups: list[dict[str, Any]]
    run_ids: list[str]
    left_out: list[dict[str, str]]
    metric: str | None
    metrics: list[str]
    hardest: dict[str, Any] | None
    confusion: dict[str, Any] | None
    column: str | None
    columns: list[str]
    labels: list[dict[str, Any]]


@router.get("/projects/{slug}/examples", dependencies=[requires(Permission.READ)], **gives(ExamplesDocument))
def examples(request: Request, slug: str, asked: Annotated[ExamplesAsked, Query()]) -> Response:
    """Hardest examples, confusions and mean score by label of one run, or of the seeds of one configuration of a ticket."""
    ws, actor = workspace_of(request), actor_of(request)
    view = examples_of(
        ws,
        actor,
        slug,
        ticket=asked.ticket or "",
        run=asked.run or "",
        group=asked.group,
        metric=asked.metric,
        column=asked.column,
    )
    return answer(_document(view))


def _document(view: ExamplesView) -> ExamplesDocument:
    hard = view.hard
    return ExamplesDocument(
        ticket=view.ticket,
        run=None if view.run is None else view.run.run_id,
        group=None if view.group is None else view.group.key,
        groups=[
            {"group": g.key, "label": g.label, "arm": g.arm, "candidate": g.is_candidate, "runs": g.runs}
            for g in view.groups
        ],
        run_ids=[run.run_id for run in view.runs],
        left_out=[{"run_id": run.run_id, "why": why} for run, why in view.left_out],
        metric=view.metric,
        metrics=list(view.metrics),
        hardest=None
        if hard is None
        else {
            "examples": [
                {"sample_id": e.sample_id, "mean": e.mean, "seeds": e.seeds, "labels": dict(e.labels)}
                for e in hard.examples
            ],
            "total": hard.total,
            "ties": hard.ties,
            "unscored": hard.unscored,
        },
        confusion=None if view.confused is None else _confusion(view.confused),
        column=view.column,
        columns=list(view.columns),
        labels=[
            {"label": one.label, "mean": one.mean, "examples": one.examples, "scores": one.scores}
            for one in view.labels
        ],
    )


def _confusion(found: Confused) -> dict[str, Any]:
    return {
        "labels": list(found.counts.labels),
        "counts": found.counts.counts.tolist(),
        "seeds": found.seeds,
        "classes": [
            {
                "label": one.label, "support": one.support, "answered": one.answered, "precision": one.precision,
                "recall": one.recall, "f1": one.f1,
            }
            for one in found.classes
        ],
    }  # fmt: skip
