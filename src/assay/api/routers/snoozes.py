"""Recommended kills that somebody overrules for a while, and the record of the rules that recommend them."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import Response

from assay.api.answers import gives
from assay.api.documents import answer
from assay.api.permissions import actor_of, requires, workspace_of
from assay.api.preconditions import SentBody, remembered
from assay.api.schemas.snoozes import SnoozeBody, WakeBody
from assay.api.versioned import v1_router
from assay.domain.gates.snoozes import Snooze
from assay.workflows.actor import Permission
from assay.workflows.kill_record import KillRecord, kill_record
from assay.workflows.snoozes import snooze_kill, wake_kill

router = v1_router("snoozes")


@router.post(
    "/projects/{slug}/tickets/{key}/snoozes",
    dependencies=[requires(Permission.DECIDE)],
    **gives(Snooze, 201),
)
def new_snooze(request: Request, slug: str, key: str, body: SnoozeBody, sent: SentBody) -> Response:
    """Overrule a recommended kill for some days, with a reason. The verdict stays as it is."""
    made = snooze_kill(
        workspace_of(request),
        actor_of(request),
        slug,
        key,
        rule=body.rule,
        reason=body.reason,
        days=body.days,
        remember=remembered(request, sent, _made),
    )
    return _made(made)


@router.post(
    "/projects/{slug}/tickets/{key}/snoozes/endings",
    dependencies=[requires(Permission.DECIDE)],
    **gives(Snooze),
)
def end_snooze(request: Request, slug: str, key: str, body: WakeBody, sent: SentBody) -> Response:
    """Take a snooze back: the rule is pressed again."""
    ended = wake_kill(
        workspace_of(request),
        actor_of(request),
        slug,
        key,
        rule=body.rule,
        remember=remembered(request, sent, answer),
    )
    return answer(ended)


@router.get("/projects/{slug}/kill-record", dependencies=[requires(Permission.READ)], **gives(KillRecord))
def show_kill_record(request: Request, slug: str) -> Response:
    """How often each rule recommended a kill, was followed or overruled, and what became of the tickets."""
    return answer(kill_record(workspace_of(request), actor_of(request), slug))


def _made(snooze: object) -> Response:
    return answer(snooze, 201)
