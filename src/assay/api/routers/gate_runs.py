"""Answers of gates: judge what is sent or what a ticket has, read it back, replay it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Path, Query, Request
from starlette.responses import Response

from assay.api.answers import gives, gives_text
from assay.api.documents import answer
from assay.api.pages import GateRunPageAsked
from assay.api.permissions import actor_of, requires, workspace_of
from assay.api.preconditions import SentBody, remembered
from assay.api.schemas.gates import (
    GateRunDocument,
    TicketGateDocument,
    TicketGateRunBody,
    run_document,
    ticket_gate_document,
)
from assay.api.uploads import (
    SentForm,
    form_digest,
    known_fields,
    sent_files,
    sent_number,
    sent_text,
    takes_form,
)
from assay.api.versioned import v1_router
from assay.errors import Invalid
from assay.workflows.actor import Permission
from assay.workflows.board_gates import ticket_gate
from assay.workflows.gate_runs import (
    gate_run_file,
    get_gate_run,
    judge_ticket,
    judge_upload,
    list_gate_runs,
    replay_gate_run,
)
from assay.workflows.gate_views import GateReplay, GateRun, GateRunPage, Upload

router = v1_router("gates")
READ = [requires(Permission.READ)]
JUDGE = [requires(Permission.ADD_EVIDENCE)]
Number = Annotated[int, Path(ge=1, lt=2**31, description="Number of the gate run in its project.")]
_FILES = {"type": "array", "items": {"type": "string", "format": "binary"}, "maxItems": 200}
_FORM: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "candidate": _FILES
        | {
            "description": "Results to judge: one file, or those of a folder. Left out, the runs of the ticket, or nothing but the gate's items."
        },
        "baseline": _FILES | {"description": "Results to compare with."},
        "baseline_run": {"type": "integer", "description": "Compare with the candidate of this gate run."},
        "training": _FILES
        | {
            "description": "What the gate names beside results, training data and files that show items, under its names."
        },
        "ticket": {"type": "string", "description": "Key of the ticket that this is about."},
        "version": {"type": "integer", "description": "Version of the gate; left out, the newest."},
        "reader": {"type": "string", "description": "Who wrote the results; left out, found by content."},
    },
}


def _created(slug: str, run: object) -> Response:
    assert isinstance(run, GateRun)
    where = f"/api/v1/projects/{slug}/gate-runs/{run.number}"
    return answer(run_document(run), 201, {"location": where})


@router.post(
    "/projects/{slug}/gates/{gate}/runs",
    dependencies=JUDGE,
    **gives(GateRunDocument, 201),
    **takes_form(_FORM),
)
def judge_files(request: Request, slug: str, gate: str, form: SentForm) -> Response:
    """Judge result files by a gate. A multipart form of at most 64 MB; the answer is kept with every file it was made of."""
    known_fields(form, frozenset(_FORM["properties"]))
    reader = sent_text(form, "reader")
    baseline, earlier = sent_files(form, "baseline"), sent_number(form, "baseline_run")
    if baseline and earlier is not None:
        raise Invalid(
            "cannot judge: a baseline and the number of an earlier run were sent (expected one of the two)",
            hint="send one of the two",
            code="baseline-twice",
            field="baseline_run",
        )
    run = judge_upload(
        workspace_of(request),
        actor_of(request),
        slug,
        gate,
        candidate=Upload(sent_files(form, "candidate"), reader),
        baseline=Upload(baseline, reader) if baseline else earlier,
        training=sent_files(form, "training"),
        ticket=sent_text(form, "ticket"),
        version=sent_number(form, "version"),
        remember=remembered(request, form_digest(form), lambda run: _created(slug, run)),
    )
    return _created(slug, run)


@router.post("/projects/{slug}/tickets/{key}/gate-runs", dependencies=JUDGE, **gives(GateRunDocument, 201))
def judge_ticket_runs(
    request: Request, slug: str, key: str, body: TicketGateRunBody, sent: SentBody
) -> Response:
    """Judge the runs of a ticket by a gate: the one its column names, where none is given."""
    run = judge_ticket(
        workspace_of(request),
        actor_of(request),
        slug,
        key,
        gate=body.gate,
        version=body.version,
        remember=remembered(request, sent, lambda run: _created(slug, run)),
    )
    return _created(slug, run)


@router.get("/projects/{slug}/tickets/{key}/gate", dependencies=READ, **gives(TicketGateDocument))
def show_ticket_gate(request: Request, slug: str, key: str) -> Response:
    """The gate that the board asks of this ticket, and whether its newest run still counts; null where no column names one."""
    return answer(ticket_gate_document(ticket_gate(workspace_of(request), actor_of(request), slug, key)))


@router.get("/projects/{slug}/gate-runs", dependencies=READ, **gives(GateRunPage))
def project_gate_runs(request: Request, slug: str, asked: Annotated[GateRunPageAsked, Query()]) -> Response:
    """The answers of a project's gates, newest first: of one gate over its versions, or about one ticket."""
    return answer(
        list_gate_runs(
            workspace_of(request),
            actor_of(request),
            slug,
            gate=asked.gate,
            ticket=asked.ticket,
            before=asked.before,
            limit=asked.limit,
        )
    )


@router.get("/projects/{slug}/gate-runs/{number}", dependencies=READ, **gives(GateRunDocument))
def show_gate_run(request: Request, slug: str, number: Number) -> Response:
    """One answer with its record: findings with their parts, what would settle it, the digests of all it saw."""
    return answer(run_document(get_gate_run(workspace_of(request), actor_of(request), slug, number)))


@router.get(
    "/projects/{slug}/gate-runs/{number}/files/{digest}",
    dependencies=READ,
    **gives_text("application/octet-stream", description="The file"),
)
def show_gate_run_file(request: Request, slug: str, number: Number, digest: str) -> Response:
    """A file that a gate run judged, byte for byte."""
    _, content = gate_run_file(workspace_of(request), actor_of(request), slug, number, digest)
    named = f'attachment; filename="{digest.removeprefix("sha256:")[:12]}"'
    return Response(content, media_type="application/octet-stream", headers={"content-disposition": named})


@router.get(
    "/projects/{slug}/gate-runs/{number}/replay",
    dependencies=[requires(Permission.AUDIT)],
    **gives(GateReplay),
)
def replay_run(request: Request, slug: str, number: Number) -> Response:
    """Does a stored answer come out again, byte for byte, from the files that were kept?"""
    return answer(replay_gate_run(workspace_of(request), actor_of(request), slug, number))
