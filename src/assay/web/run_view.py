"""One run as a page."""

from __future__ import annotations

from urllib.parse import quote

import numpy as np

from assay.domain.experiments.display import format_value
from assay.domain.experiments.evidence import UNREAD_SCORES_TAG, Curve, Provenance, Run
from assay.domain.experiments.prices import FROM_TAG
from assay.domain.experiments.readings import read_curve
from assay.domain.gates.wording import hours as hours_text
from assay.domain.kernel.metrics import Metric, MetricCatalog
from assay.domain.kernel.readings import LAST
from assay.web import wording
from assay.web.contexts.lists import ArtifactLine, ArtifactsPanel, MetricLine, RunPage
from assay.web.run_groups import STATUS
from assay.workflows.run_artifacts import ArtifactFile, ArtifactFolder, artifacts_url
from assay.workflows.run_views import RunView

PROVENANCE = {
    Provenance.FETCHED: "read from the tracker by this server",
    Provenance.CI: "sent by a verified CI job",
    Provenance.SELF_REPORTED: "as reported by the run itself",
}


def run_href(slug: str, run_id: str) -> str:
    """The page of a run."""
    return f"/p/{slug}/runs/{quote(run_id, safe=':')}"


def run_page(
    view: RunView, slug: str, catalog: MetricCatalog, *, files: ArtifactFolder | None, csrf_token: str
) -> RunPage:
    """Everything the page prints. files: those of the run, where they were asked for."""
    run = view.run
    tone, icon = STATUS.get(run.status.value, ("", "circle"))
    return RunPage(
        name=run.name or run.external_id,
        status=run.status.value,
        status_tone=tone,
        status_icon=icon,
        deleted=run.deleted,
        ticket=run.ticket or "",
        ticket_href=f"/p/{slug}/t/{run.ticket}" if run.ticket else "",
        unknown_ticket=view.unknown_ticket or "",
        external_url=wording.safe_link(run.url),
        compare_href=f"/p/{slug}/compare{f'?ticket={run.ticket}' if run.ticket else ''}",
        examples_href=f"/p/{slug}/examples?run={quote(run.run_id, safe=':')}" if run.scores_digest else "",
        facts=_facts(run, view.cost_unknown),
        config=tuple(sorted(run.config.items())),
        tags=tuple(sorted(run.tags.items())),
        metrics=tuple(_metric(name, curve, catalog.get(name)) for name, curve in sorted(run.curves.items())),
        scores_error=run.scores_error or "",
        artifacts=_artifacts(run, run_href(slug, run.run_id), files),
        action=run_href(slug, run.run_id),
        csrf_token=csrf_token,
    )


def _artifacts(run: Run, href: str, files: ArtifactFolder | None) -> ArtifactsPanel:
    in_tracker = wording.safe_link(artifacts_url(run))
    found = files or ArtifactFolder(())
    return ArtifactsPanel(
        reference=run.artifacts or "",
        href=in_tracker,
        scores_digest=run.scores_digest or "",
        list_href="" if files is not None or in_tracker or not run.artifacts else f"{href}?files=1#artifacts",
        listed=files is not None,
        files=tuple(_file(one) for one in found.files),
        left_out=found.left_out,
        fault=found.fault,
    )


def _file(one: ArtifactFile) -> ArtifactLine:
    size = "" if one.size_bytes is None else wording.file_size(one.size_bytes)
    return ArtifactLine(path=one.path, size=size, sha256=one.sha256 or "", note=one.note)


def _facts(run: Run, cost_unknown: str | None) -> tuple[tuple[str, str], ...]:
    hours = "" if run.gpu_hours is None else hours_text(run.gpu_hours)
    if hours and run.gpu_hours_source:
        hours = f"{hours}, from {run.gpu_hours_source}"
    found = (
        ("Source", run.source),
        ("Id in the tracker", run.external_id),
        ("Arm", run.arm),
        ("Seed", "" if run.seed is None else str(run.seed)),
        ("Evaluated on", run.dataset or ""),
        ("Started", wording.minute(run.started_at) if run.started_at else ""),
        ("Ended", wording.minute(run.ended_at) if run.ended_at else ""),
        ("GPU-hours", hours or wording.UNKNOWN),
        ("Cost", _cost(run, cost_unknown)),
        ("Per-example scores", _scores(run)),
        ("Provenance", PROVENANCE[run.provenance]),
    )
    return tuple((name, value) for name, value in found if value)


def _scores(run: Run) -> str:
    if run.scores or run.scores_digest:
        return ", ".join(sorted(run.scores)) or "stored"
    unread = run.tags.get(UNREAD_SCORES_TAG)
    return f"{wording.UNKNOWN}: {unread}" if unread else "none"


def _cost(run: Run, unknown: str | None) -> str:
    if run.cost_usd is None:
        return f"{wording.UNKNOWN}: {unknown}" if unknown else wording.UNKNOWN
    return f"{run.cost_usd:,.2f} USD, from {run.cost_source or FROM_TAG}"


def _counts(curve: Curve, metric: Metric | None) -> str:
    """The value that counts, where that is not the last one."""
    if metric is None or metric.reading == LAST:
        return ""
    value = read_curve(curve, metric.reading, metric.direction)
    return f"{format_value(metric, value)}{metric.reading.beside}"


def _metric(name: str, curve: Curve, metric: Metric | None) -> MetricLine:
    finite = curve.values[np.isfinite(curve.values)]
    broken = len(curve.values) - len(finite)
    return MetricLine(
        name=name,
        counts=_counts(curve, metric),
        last=format_value(metric, curve.last) if len(curve.values) else "",
        lowest=format_value(metric, float(finite.min())) if len(finite) else "",
        highest=format_value(metric, float(finite.max())) if len(finite) else "",
        points=f"{len(curve.values):,}",
        broken=f"{broken:,}" if broken else "",
    )
