"""The small forms of the ticket page: confirm, note, link, follow up, compute again, delete."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from assay.domain.experiments.experiment import LinkKind
from assay.errors import Invalid
from assay.routing import RouteWhenAsked
from assay.web import frame, inputs
from assay.web.permissions import requires
from assay.workflows.actor import Permission
from assay.workflows.confirmations import attest, withdraw_attestation
from assay.workflows.links import link_tickets, unlink_tickets
from assay.workflows.notes import add_note
from assay.workflows.tickets import delete_ticket, follow_up
from assay.workflows.verdicts import recompute_verdict

router = APIRouter(include_in_schema=False, route_class=RouteWhenAsked)


@router.post("/p/{slug}/t/{key}/attest", dependencies=requires(Permission.WRITE_TICKETS))
def confirm(request: Request, slug: str, key: str, form: inputs.Form) -> Response:
    """Confirm what only a person can know."""
    attest(
        frame.workspace(request),
        frame.actor(request),
        slug,
        key,
        item=inputs.text(form, "item"),
        note=inputs.text(form, "note"),
        expected_version=inputs.version(form),
    )
    return inputs.see_other(f"/p/{slug}/t/{key}", "confirmed")


@router.post("/p/{slug}/t/{key}/withdraw", dependencies=requires(Permission.WRITE_TICKETS))
def take_back(request: Request, slug: str, key: str, form: inputs.Form) -> Response:
    """Take a confirmation back."""
    withdraw_attestation(
        frame.workspace(request),
        frame.actor(request),
        slug,
        key,
        item=inputs.text(form, "item"),
        expected_version=inputs.version(form),
    )
    return inputs.see_other(f"/p/{slug}/t/{key}", "withdrawn")


@router.post("/p/{slug}/t/{key}/notes", dependencies=requires(Permission.WRITE_TICKETS))
def write_note(request: Request, slug: str, key: str, form: inputs.Form) -> Response:
    """Add a note."""
    add_note(frame.workspace(request), frame.actor(request), slug, key, inputs.text(form, "text"))
    return inputs.see_other(f"/p/{slug}/t/{key}", "noted")


@router.post("/p/{slug}/t/{key}/links", dependencies=requires(Permission.WRITE_TICKETS))
def link(request: Request, slug: str, key: str, form: inputs.Form) -> Response:
    """Link this ticket to another one."""
    link_tickets(frame.workspace(request), frame.actor(request), slug, key, _kind(form), _other(form))
    return inputs.see_other(f"/p/{slug}/t/{key}", "linked")


@router.post("/p/{slug}/t/{key}/unlink", dependencies=requires(Permission.WRITE_TICKETS))
def unlink(request: Request, slug: str, key: str, form: inputs.Form) -> Response:
    """Remove a link."""
    unlink_tickets(frame.workspace(request), frame.actor(request), slug, key, _kind(form), _other(form))
    return inputs.see_other(f"/p/{slug}/t/{key}", "unlinked")


def _kind(form: inputs.Form) -> LinkKind:
    text = inputs.text(form, "kind")
    try:
        return LinkKind(text)
    except ValueError:
        names = ", ".join(kind.value for kind in LinkKind)
        raise Invalid(
            f"cannot link tickets: found relation {text[:40]!r} (expected one of: {names})",
            hint="choose one of them",
            code="link-kind-unknown",
            field="kind",
        ) from None


def _other(form: inputs.Form) -> str:
    return inputs.text(form, "other").upper()


@router.post("/p/{slug}/t/{key}/follow-up", dependencies=requires(Permission.WRITE_TICKETS))
def take_up_again(request: Request, slug: str, key: str, form: inputs.Form) -> Response:  # noqa: ARG001 - checked for its token
    """A new ticket with the same content, linked to the closed one."""
    new = follow_up(frame.workspace(request), frame.actor(request), slug, key)
    return inputs.see_other(f"/p/{slug}/t/{new.key}/edit", "followed-up")


@router.post("/p/{slug}/t/{key}/recompute", dependencies=requires(Permission.ADD_EVIDENCE))
def compute_again(request: Request, slug: str, key: str, form: inputs.Form) -> Response:  # noqa: ARG001 - checked for its token
    """Compute the verdict now."""
    recompute_verdict(frame.workspace(request), frame.actor(request), slug, key)
    return inputs.see_other(f"/p/{slug}/t/{key}", "recomputed")


@router.post("/p/{slug}/t/{key}/delete", dependencies=requires(Permission.WRITE_TICKETS))
def delete(request: Request, slug: str, key: str, form: inputs.Form) -> Response:
    """Remove a draft."""
    delete_ticket(
        frame.workspace(request), frame.actor(request), slug, key, expected_version=inputs.version(form)
    )
    return inputs.see_other(f"/p/{slug}/board", "deleted")
