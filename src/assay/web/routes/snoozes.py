"""The two forms beside a recommended kill: overrule it for a while, and take that back."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from assay.domain.gates.snoozes import DEFAULT_DAYS
from assay.errors import Invalid
from assay.routing import RouteWhenAsked
from assay.web import frame, inputs
from assay.web.permissions import requires
from assay.workflows.actor import Permission
from assay.workflows.snoozes import snooze_kill, wake_kill

router = APIRouter(include_in_schema=False, route_class=RouteWhenAsked)


@router.post("/p/{slug}/t/{key}/snooze", dependencies=requires(Permission.DECIDE))
def snooze(request: Request, slug: str, key: str, form: inputs.Form) -> Response:
    """Go on although a rule recommends to kill."""
    snooze_kill(
        frame.workspace(request),
        frame.actor(request),
        slug,
        key,
        rule=inputs.text(form, "rule"),
        reason=inputs.text(form, "reason"),
        days=_days(inputs.text(form, "days")),
    )
    return inputs.see_other(f"/p/{slug}/t/{key}", "snoozed")


@router.post("/p/{slug}/t/{key}/wake", dependencies=requires(Permission.DECIDE))
def wake(request: Request, slug: str, key: str, form: inputs.Form) -> Response:
    """Take it back."""
    wake_kill(frame.workspace(request), frame.actor(request), slug, key, rule=inputs.text(form, "rule"))
    return inputs.see_other(f"/p/{slug}/t/{key}", "woken")


def _days(text: str) -> int:
    said = text.strip() or str(DEFAULT_DAYS)
    if said.isascii() and said.isdigit() and len(said) <= 4:
        return int(said)
    raise Invalid(
        f"cannot read days of a snooze: found {ascii(text)[:40]} (expected a whole number of days)",
        hint=f"{DEFAULT_DAYS}, for a week",
        code="snooze-days",
        field="days",
    )
