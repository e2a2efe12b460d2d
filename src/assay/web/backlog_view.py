"""The two backlogs as the page prints them, and the form for many tickets at once."""

from __future__ import annotations

from fastapi import Request

from assay.domain.experiments.experiment import Axis, Mode
from assay.domain.gates.wording import hours
from assay.web import wording
from assay.web.contexts.backlog import BacklogColumn, BacklogPage, BulkForm, Undo, Waiting
from assay.web.contexts.ticket_form import Choice
from assay.workflows.backlogs import Backlog, Backlogs
from assay.workflows.views import BacklogRow

PRIORITIES = ("Urgent", "High", "Normal", "Low", "Lowest")
_LEAVE = Choice("", "Leave as it is", True)
_CLEAR = Choice("none", "None", False)


def backlog_page(found: Backlogs, slug: str, bulk: BulkForm) -> BacklogPage:
    """Both, side by side."""
    return BacklogPage(
        slug=slug,
        csrf_token=bulk.csrf_token,
        bulk=bulk,
        columns=(
            _column(
                "experiment", "Experiment backlog", "hypotheses, data, questions", found.experiment, slug,
                "experiment",
            ),
            _column("product", "Product backlog", "features, engineering, incidents", found.product, slug, "feature"),
        ),
    )  # fmt: skip


def _column(name: str, title: str, purpose: str, found: Backlog, slug: str, kind: str) -> BacklogColumn:
    keys = [row.key for row in found.rows]
    return BacklogColumn(
        name=name,
        title=title,
        purpose=purpose,
        total=found.total,
        new_href=f"/p/{slug}/t/new?type={kind}",
        new_label=f"New {kind}",
        rows=tuple(_waiting(row, slug, keys, at) for at, row in enumerate(found.rows)),
    )


def _waiting(row: BacklogRow, slug: str, keys: list[str], at: int) -> Waiting:
    words = (
        row.type if row.type != "experiment" else "",
        row.axis or "",
        row.mode or "",
        f"{hours(row.gpu_hours)} GPU-h" if row.gpu_hours is not None else "",
        wording.plural(row.time_box_days, "day") if row.time_box_days is not None else "",
        ", ".join(row.labels),
    )
    return Waiting(
        key=row.key,
        href=f"/p/{slug}/t/{row.key}",
        title=row.title,
        kind=row.type,
        version=row.version,
        priority=PRIORITIES[row.priority] if row.priority != 2 else "",
        tone=("kill", "iterate", "", "", "")[row.priority],
        owner=row.owner,
        facts=" · ".join(word for word in words if word),
        up=keys[at - 1] if at else "",
        below=keys[at + 2] if at + 2 < len(keys) else "",
        last=at + 1 == len(keys),
    )


def bulk_form(request: Request, slug: str, *, back: str) -> BulkForm:
    """The form beside a list of tickets, with the way back where one was just used."""
    return BulkForm(
        action=f"/p/{slug}/bulk",
        undo_action=f"/p/{slug}/bulk/undo",
        back=back,
        csrf_token=request.state.csrf_token,
        priorities=(_LEAVE, *(Choice(str(n), word, False) for n, word in enumerate(PRIORITIES))),
        axes=(_LEAVE, _CLEAR, *(Choice(a.value, a.value.capitalize(), False) for a in Axis)),
        modes=(_LEAVE, _CLEAR, *(Choice(m.value, m.value.capitalize(), False) for m in Mode)),
        undo=_undo(request),
    )


def _undo(request: Request) -> Undo | None:
    asked = request.query_params
    first, _, last = asked.get("undo", "").partition("-")
    numbers = [text for text in (first, last) if text.isascii() and text.isdigit() and len(text) < 16]
    if len(numbers) != 2:
        return None
    many = int(last) - int(first) + 1
    return Undo(f"{wording.plural(many, 'ticket')} changed.", int(first), int(last)) if many > 0 else None
