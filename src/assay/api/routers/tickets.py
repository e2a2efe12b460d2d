"""Tickets: write, read, change, amend, confirm, note, link, follow up, delete."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query, Request
from starlette.responses import Response

from assay.api.answers import gives, gives_nothing
from assay.api.documents import answer
from assay.api.pages import TicketPage
from assay.api.permissions import actor_of, requires, workspace_of
from assay.api.preconditions import ExpectedVersion, SentBody, etag, remembered
from assay.api.schemas.tickets import (
    ConfirmationBody,
    EditBody,
    LinkBody,
    NoteBody,
    NoteDocument,
    PatchBody,
    TicketBody,
    TicketDocument,
    note_document,
    ticket_document,
)
from assay.api.schemas.views import TicketPageDocument, ticket_page_document
from assay.api.versioned import v1_router
from assay.domain.experiments.experiment import LinkKind, TicketContent
from assay.domain.experiments.ticket_data import ticket_from_data, ticket_to_data
from assay.domain.experiments.time_box import IN_SPRINTS, box_in_days
from assay.workflows.actor import Permission
from assay.workflows.confirmations import attest, withdraw_attestation
from assay.workflows.links import link_tickets, unlink_tickets
from assay.workflows.notes import add_note
from assay.workflows.overview import list_experiments
from assay.workflows.projects import get_metrics
from assay.workflows.records import Note, Ticket
from assay.workflows.sprints import get_sprint_days
from assay.workflows.ticket_page import ticket_page
from assay.workflows.tickets import (
    create_ticket,
    delete_ticket,
    draft_check,
    edit_ticket,
    follow_up,
    get_ticket,
)
from assay.workflows.views import DraftCheck, ExperimentListPage

router = v1_router("tickets")
READ = [requires(Permission.READ)]
WRITE = [requires(Permission.WRITE_TICKETS)]


def shown(ticket: object, status: int = 200) -> Response:
    """A ticket as an answer, with its ETag."""
    assert isinstance(ticket, Ticket)
    return answer(ticket_document(ticket), status, {"etag": etag(ticket.version)})


def _created(slug: str, ticket: object) -> Response:
    response = shown(ticket, 201)
    assert isinstance(ticket, Ticket)
    response.headers["location"] = f"/api/v1/projects/{slug}/tickets/{ticket.key}"
    return response


def _content(request: Request, slug: str, data: dict[str, Any]) -> TicketContent:
    return ticket_from_data(data, get_metrics(workspace_of(request), actor_of(request), slug))


def _said(request: Request, slug: str, body: TicketBody | PatchBody) -> dict[str, Any]:
    """The fields that were sent, a time box in sprints as the days it stands for."""
    data = body.sent()
    if data.get(IN_SPRINTS) is None:
        return data
    return box_in_days(data, get_sprint_days(workspace_of(request), actor_of(request), slug))


@router.get("/projects/{slug}/tickets", dependencies=READ, **gives(ExperimentListPage))
@router.get(
    "/projects/{slug}/experiments", dependencies=READ, name="project_experiments", **gives(ExperimentListPage)
)
def project_tickets(request: Request, slug: str, asked: Annotated[TicketPage, Query()]) -> Response:
    """The tickets of a project, a page at a time."""
    return answer(
        list_experiments(
            workspace_of(request),
            actor_of(request),
            slug,
            cursor=asked.cursor,
            limit=asked.limit,
            sort=asked.sort,
            filters=asked.filters(),
        )
    )


@router.post("/projects/{slug}/tickets", dependencies=WRITE, **gives(TicketDocument, 201))
def new_ticket(request: Request, slug: str, body: TicketBody, sent: SentBody) -> Response:
    """Write a new ticket into the first column."""
    remember = remembered(request, sent, lambda ticket: _created(slug, ticket))
    content = _content(request, slug, _said(request, slug, body))
    ticket = create_ticket(workspace_of(request), actor_of(request), slug, content, remember=remember)
    return _created(slug, ticket)


@router.post("/projects/{slug}/tickets/check", dependencies=READ, **gives(DraftCheck))
def check_draft(request: Request, slug: str, body: TicketBody) -> Response:
    """What does this draft still lack before it may start, and was it tried before? Nothing is stored."""
    content = _content(request, slug, _said(request, slug, body))
    return answer(draft_check(workspace_of(request), actor_of(request), slug, content))


@router.get("/projects/{slug}/tickets/{key}", dependencies=READ, **gives(TicketDocument))
def show_ticket(request: Request, slug: str, key: str) -> Response:
    """A ticket as it stands, with its ETag."""
    return shown(get_ticket(workspace_of(request), actor_of(request), slug, key))


@router.get("/projects/{slug}/tickets/{key}/page", dependencies=READ, **gives(TicketPageDocument))
def show_ticket_page(
    request: Request, slug: str, key: str, metric: Annotated[str | None, Query(max_length=100)] = None
) -> Response:
    """A ticket with all that is known of it: verdict, runs, curves, links, notes, exits, history."""
    view = ticket_page(workspace_of(request), actor_of(request), slug, key, metric=metric)
    return answer(ticket_page_document(view), headers={"etag": etag(view.ticket.version)})


@router.put("/projects/{slug}/tickets/{key}", dependencies=WRITE, **gives(TicketDocument))
def put_ticket(request: Request, slug: str, key: str, body: EditBody, version: ExpectedVersion) -> Response:
    """The new content of a ticket, whole. Needs If-Match; after the lock a change of what is locked needs a reason."""
    return shown(
        edit_ticket(
            workspace_of(request),
            actor_of(request),
            slug,
            key,
            _content(request, slug, _said(request, slug, body)),
            expected_version=version,
            amendment_reason=body.amendment_reason,
        )
    )


@router.patch("/projects/{slug}/tickets/{key}", dependencies=WRITE, **gives(TicketDocument))
def patch_ticket(
    request: Request, slug: str, key: str, body: PatchBody, version: ExpectedVersion
) -> Response:
    """Change some fields of a ticket; a field that is sent replaces the old one whole. Needs If-Match."""
    ws, actor = workspace_of(request), actor_of(request)
    before = get_ticket(ws, actor, slug, key)
    content = _content(
        request, slug, {**ticket_to_data(before.content, criteria="structured"), **_said(request, slug, body)}
    )
    return shown(
        edit_ticket(
            ws,
            actor,
            slug,
            key,
            content,
            expected_version=before.version if version is None else version,
            amendment_reason=body.amendment_reason,
        )
    )


@router.delete("/projects/{slug}/tickets/{key}", dependencies=WRITE, **gives_nothing())
def remove_ticket(request: Request, slug: str, key: str, version: ExpectedVersion) -> Response:
    """Delete a ticket that never was locked and has no runs. Needs If-Match."""
    delete_ticket(workspace_of(request), actor_of(request), slug, key, expected_version=version)
    return Response(status_code=204)


@router.post("/projects/{slug}/tickets/{key}/confirmations", dependencies=WRITE, **gives(TicketDocument))
def confirm(
    request: Request, slug: str, key: str, body: ConfirmationBody, version: ExpectedVersion
) -> Response:
    """Confirm what only a person can know, such as that the team agreed. Needs If-Match."""
    return shown(
        attest(
            workspace_of(request),
            actor_of(request),
            slug,
            key,
            item=body.item,
            note=body.note,
            expected_version=version,
        )
    )


@router.delete(
    "/projects/{slug}/tickets/{key}/confirmations/{item}", dependencies=WRITE, **gives(TicketDocument)
)
def withdraw(request: Request, slug: str, key: str, item: str, version: ExpectedVersion) -> Response:
    """Take a confirmation back. Needs If-Match."""
    return shown(
        withdraw_attestation(
            workspace_of(request), actor_of(request), slug, key, item=item, expected_version=version
        )
    )


@router.post("/projects/{slug}/tickets/{key}/notes", dependencies=WRITE, **gives(NoteDocument, 201))
def new_note(request: Request, slug: str, key: str, body: NoteBody, sent: SentBody) -> Response:
    """Write a note on a ticket."""

    def noted(note: object) -> Response:
        assert isinstance(note, Note)
        return answer(note_document(note), 201)

    remember = remembered(request, sent, noted)
    return noted(add_note(workspace_of(request), actor_of(request), slug, key, body.text, remember=remember))


@router.post("/projects/{slug}/tickets/{key}/links", dependencies=WRITE, **gives_nothing())
def link(request: Request, slug: str, key: str, body: LinkBody) -> Response:
    """Relate two tickets; twice is the same as once."""
    link_tickets(workspace_of(request), actor_of(request), slug, key, body.kind, body.other)
    return Response(status_code=204)


@router.delete("/projects/{slug}/tickets/{key}/links/{kind}/{other}", dependencies=WRITE, **gives_nothing())
def unlink(request: Request, slug: str, key: str, kind: LinkKind, other: str) -> Response:
    """Take a relation back."""
    unlink_tickets(workspace_of(request), actor_of(request), slug, key, kind, other)
    return Response(status_code=204)


@router.post("/projects/{slug}/tickets/{key}/follow-ups", dependencies=WRITE, **gives(TicketDocument, 201))
def new_follow_up(request: Request, slug: str, key: str, sent: SentBody) -> Response:
    """Take a closed experiment up again, as a new ticket with the same content."""
    remember = remembered(request, sent, lambda ticket: _created(slug, ticket))
    return _created(slug, follow_up(workspace_of(request), actor_of(request), slug, key, remember=remember))
