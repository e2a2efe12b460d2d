"""The canvas in plain words for the page."""

from __future__ import annotations

from collections.abc import Sequence

from assay.domain.kernel.findings import Outcome
from assay.domain.portfolio.breakdown import Stage
from assay.web import wording
from assay.web.contexts.canvas import CanvasFeature, CanvasNumber, CanvasPage, CanvasPart
from assay.web.contexts.gates import ResultChip
from assay.workflows.breakdown import Breakdown
from assay.workflows.canvas import CanvasView
from assay.workflows.canvas_words import (
    NumberLine,
    clock_text,
    compute_text,
    cost_text,
    kill_lines,
    latency_line,
    success_lines,
)

_UNKNOWN = ResultChip("Not judged yet", "none", "circle")
_KILLS = {
    Outcome.MET: ResultChip("Met", "kill", "stop"),
    Outcome.NOT_MET: ResultChip("Not met", "promote", "check"),
}


def canvas_page(
    slug: str, view: CanvasView, features: Sequence[tuple[Breakdown, str, str]], *, csrf_token: str
) -> CanvasPage:
    """Everything the page prints.

    features: each with its title and the title of its column.
    """
    canvas, base = view.canvas, f"/p/{slug}/canvas"
    limits, latency = canvas.constraints, latency_line(view)
    said = (
        ("Compute", compute_text(view)),
        ("Cost", cost_text(view)),
        ("Privacy", limits.privacy),
        ("Infrastructure", limits.infrastructure),
    )
    kills = kill_lines(view)
    return CanvasPage(
        objective=canvas.objective,
        alarm="; ".join(
            f"{one.criterion}{': ' + one.note if one.note else ''}" for one in kills if one.alarm
        ),
        success=tuple(_number(one, slug) for one in success_lines(view)),
        kill=tuple(
            _kill(one, slug, counts=state.counts) for one, state in zip(kills, view.kills, strict=True)
        ),
        latency=None if latency is None else _number(latency, slug),
        data=tuple((one.name, one.available, one.gaps) for one in canvas.data),
        limits=tuple((label, text) for label, text in said if text),
        risks=tuple((one.risk, one.mitigation) for one in canvas.risks),
        time_box=clock_text(view),
        features=tuple(_feature(one, title, stage, slug) for one, title, stage in features),
        written=f"Version {view.version} by {view.by}, {wording.minute(view.at)}" if view.at else "",
        judged=wording.minute(view.judged_at) if view.judged_at else "",
        judged_iso=wording.iso(view.judged_at) if view.judged_at else "",
        is_empty=canvas.is_empty,
        edit_href=f"{base}/edit",
        phase_href=f"/p/{slug}/phase",
        choices_href=f"/p/{slug}/build-or-buy",
        downloads=(
            ("YAML", f"/api/v1/projects/{slug}/canvas?format=yaml"),
            ("Markdown", f"/api/v1/projects/{slug}/canvas?format=markdown"),
        ),
        csrf_token=csrf_token,
    )


def _number(line: NumberLine, slug: str) -> CanvasNumber:
    chip = _UNKNOWN if line.outcome is None else ResultChip(*wording.OUTCOMES[line.outcome.value])
    return CanvasNumber(
        criterion=line.criterion,
        note=line.note,
        value=line.value,
        interval=line.interval,
        chip=chip,
        ticket=line.ticket or "",
        href=f"/p/{slug}/t/{line.ticket}" if line.ticket else "",
        reason=line.reason,
    )


def _kill(line: NumberLine, slug: str, *, counts: bool) -> CanvasNumber:
    """A kill criterion that is met is bad news, unlike any other number; before its sprint has ended it is none yet."""
    number = _number(line, slug)
    chip = _KILLS.get(line.outcome, number.chip) if line.outcome is not None else number.chip
    if not counts:
        chip = ResultChip("Not yet due", "none", "circle")
    return CanvasNumber(
        criterion=line.criterion,
        note=line.note,
        value=number.value,
        interval=number.interval,
        chip=chip,
        ticket=number.ticket,
        href=number.href,
        reason=line.reason,
        when="" if counts else line.word,
    )


def _feature(found: Breakdown, title: str, stage: str, slug: str) -> CanvasFeature:
    return CanvasFeature(
        key=found.feature,
        href=f"/p/{slug}/t/{found.feature}",
        title=title,
        stage=stage,
        action=f"/p/{slug}/canvas/features/{found.feature}",
        parts=tuple(
            CanvasPart(
                one.key, f"/p/{slug}/t/{one.key}", one.title, one.backlog, one.stage, one.model_version
            )
            for one in found.parts
        ),
        is_whole=len(found.parts) >= len(Stage),
    )
