"""The backlog: what waits, in which order, and the same change on many tickets."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from assay.errors import Invalid
from assay.routing import RouteWhenAsked
from assay.web import backlog_view, frame, inputs, lists_view, templating
from assay.web.permissions import requires
from assay.workflows.actor import Permission
from assay.workflows.backlogs import backlogs
from assay.workflows.board import move_card
from assay.workflows.bulk_edits import BulkChange, BulkReport, edit_many, undo_many
from assay.workflows.projects import get_project

router = APIRouter(include_in_schema=False, route_class=RouteWhenAsked)


@router.get("/p/{slug}/backlog", dependencies=requires(Permission.READ))
def show_backlog(request: Request, slug: str) -> HTMLResponse:
    """Product backlog and experiment backlog, side by side."""
    ws, actor = frame.workspace(request), frame.actor(request)
    project = get_project(ws, actor, slug)
    bulk = backlog_view.bulk_form(request, slug, back=f"/p/{slug}/backlog")
    context = backlog_view.backlog_page(backlogs(ws, actor, slug), slug, bulk)
    around = frame.build(
        request,
        "Backlog",
        project=project,
        section="backlog",
        twin=f"/api/v1/projects/{slug}/backlog",
        scripts=("vendor/Sortable.min.js", "js/backlog.js"),
        sheets=("css/board.css",),
    )
    return templating.page("pages/backlog.html", around, context)


@router.post("/p/{slug}/backlog/order", dependencies=requires(Permission.MOVE_CARDS))
def put_in_order(request: Request, slug: str, form: inputs.Form) -> Response:
    """One ticket to another place of its backlog."""
    ws, actor = frame.workspace(request), frame.actor(request)
    key = inputs.text(form, "key").upper()
    move_card(
        ws,
        actor,
        slug,
        key,
        to=backlogs(ws, actor, slug).stage,
        before_key=inputs.text(form, "before_key") or None,
        expected_version=inputs.version(form),
    )
    return inputs.see_other(f"/p/{slug}/backlog", "ordered")


@router.post("/p/{slug}/bulk", dependencies=requires(Permission.WRITE_TICKETS))
def change_many(request: Request, slug: str, form: inputs.Form) -> Response:
    """The same change on every ticket that was chosen."""
    report = edit_many(
        frame.workspace(request),
        frame.actor(request),
        slug,
        _chosen(inputs.texts(form, "ticket")),
        _change(form),
    )
    return _back(slug, form, report)


@router.post("/p/{slug}/bulk/undo", dependencies=requires(Permission.WRITE_TICKETS))
def take_back(request: Request, slug: str, form: inputs.Form) -> Response:
    """The change that was just made on many tickets, taken back."""
    report = undo_many(
        frame.workspace(request),
        frame.actor(request),
        slug,
        first_seq=inputs.version(form, "first_seq"),
        last_seq=inputs.version(form, "last_seq"),
    )
    return _back(slug, form, report, done="bulk-undone")


def _chosen(values: tuple[str, ...]) -> list[tuple[str, int | None]]:
    """Each box says the key and the version that was on the page."""
    chosen: list[tuple[str, int | None]] = []
    for value in values:
        key, _, version = value.partition("~")
        if not (version.isascii() and version.isdigit() and len(version) < 10):
            raise Invalid(
                f"cannot read chosen ticket {value[:40]!r} (expected a key and the version that the page shows)",
                hint="load the page again",
                code="version-malformed",
                field="ticket",
            )
        chosen.append((key, int(version)))
    return chosen


def _change(form: inputs.Form) -> BulkChange:
    fields: dict[str, Any] = {}
    for name in ("owner", "priority", "axis", "mode"):
        value = inputs.text(form, name)
        if value:
            empty = "" if name == "owner" else None
            fields[name] = empty if value == "none" else value
    return BulkChange(
        fields=fields, add_labels=_labels(form, "add_labels"), remove_labels=_labels(form, "remove_labels")
    )


def _labels(form: inputs.Form, name: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in inputs.text(form, name).split(",") if part.strip())


def _back(slug: str, form: inputs.Form, report: BulkReport, *, done: str = "") -> Response:
    """To the page it came from; only to one of this project."""
    back = inputs.text(form, "back")
    known = (f"/p/{slug}/backlog", f"/p/{slug}/experiments")
    path, _, query = back.partition("?")
    kept = lists_view.query_of(query) if path in known else {}
    undo = "" if done or report.first_seq is None else f"{report.first_seq}-{report.last_seq}"
    said = done or ("" if undo else "bulk-nothing")
    return inputs.see_other(
        lists_view.address(path if path in known else known[0], {**kept, "undo": undo, "done": said})
    )
