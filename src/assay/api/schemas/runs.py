"""Runs as they travel."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from typing_extensions import TypedDict

from assay.api.documents import number
from assay.domain.experiments.evidence import Curve
from assay.domain.experiments.prices import FROM_TAG
from assay.domain.kernel.canonical import exact_integer
from assay.workflows.run_artifacts import ArtifactFile, artifacts_url
from assay.workflows.run_views import RunView


class CurveDocument(TypedDict):
    """Every logged value of a metric, in step order; broken values as text."""

    steps: list[int]
    values: list[float | str]
    times_ms: list[int]


class RunDocument(TypedDict):
    """One run as the tracker tells it."""

    run_id: str
    source: str
    external_id: str
    name: str
    status: str
    ticket: str | None
    unknown_ticket: str | None
    arm: str
    seed: int | str | None
    dataset: str | None
    config: dict[str, str]
    tags: dict[str, str]
    started_at: datetime | None
    ended_at: datetime | None
    gpu_hours: float | None
    gpu_hours_source: str | None
    cost_usd: float | None
    cost_source: str | None
    cost_unknown: str | None
    deleted: bool
    provenance: str
    url: str | None
    artifacts: str | None
    artifacts_url: str | None
    digest: str
    scores_digest: str | None
    scores_error: str | None
    curves: dict[str, Any]


class ArtifactsDocument(TypedDict):
    """The files of a run; `fault` says why none can be listed, `left_out` what the limits have cut off."""

    artifacts: str | None
    artifacts_url: str | None
    files: tuple[ArtifactFile, ...]
    left_out: tuple[str, ...]
    fault: str


def run_document(view: RunView) -> RunDocument:
    """A run as the API tells it."""
    run = view.run
    return RunDocument(
        run_id=run.run_id,
        source=run.source,
        external_id=run.external_id,
        name=run.name,
        status=run.status.value,
        ticket=run.ticket,
        unknown_ticket=view.unknown_ticket,
        arm=run.arm,
        seed=exact_integer(run.seed),
        dataset=run.dataset,
        config=dict(run.config),
        tags=dict(run.tags),
        started_at=run.started_at,
        ended_at=run.ended_at,
        gpu_hours=run.gpu_hours,
        gpu_hours_source=run.gpu_hours_source,
        cost_usd=run.cost_usd,
        cost_source=FROM_TAG if run.cost_usd is not None and run.cost_source is None else run.cost_source,
        cost_unknown=view.cost_unknown,
        deleted=run.deleted,
        provenance=run.provenance.value,
        url=run.url,
        artifacts=run.artifacts,
        artifacts_url=artifacts_url(run),
        digest=run.digest,
        scores_digest=run.scores_digest,
        scores_error=run.scores_error,
        curves={name: _curve(curve) for name, curve in sorted(run.curves.items())},
    )


def _curve(curve: Curve) -> CurveDocument:
    return CurveDocument(
        steps=curve.steps.tolist(),
        values=[number(value) for value in curve.values.tolist()],
        times_ms=curve.times_ms.tolist(),
    )
