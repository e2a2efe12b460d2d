"""Build or buy: comparisons kept with the decision."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request
from starlette.responses import Response

from assay.api.answers import gives
from assay.api.documents import answer
from assay.api.permissions import actor_of, requires, workspace_of
from assay.api.preconditions import ExpectedVersion, etag
from assay.api.schemas.kept import KeptBody, PhaseAsked, yaml_text
from assay.api.schemas.projects import listed
from assay.api.versioned import v1_router
from assay.workflows.actor import Permission
from assay.workflows.choices import ChoiceView, get_choice, list_choices, put_choice

router = v1_router("choices", prefix="/projects/{slug}/build-or-buy")
READ = [requires(Permission.READ)]
WRITE = [requires(Permission.WRITE_TICKETS)]


@router.get("", dependencies=READ, **gives(dict[str, list[ChoiceView]]))
def project_choices(request: Request, slug: str) -> Response:
    """Every comparison of a project, by name, with what each option costs."""
    return answer(listed(list(list_choices(workspace_of(request), actor_of(request), slug))))


@router.get("/{name}", dependencies=READ, **gives(ChoiceView))
def show_choice(request: Request, slug: str, name: str, asked: Annotated[PhaseAsked, Query()]) -> Response:
    """One comparison with what each option costs over one, two and three years."""
    view = get_choice(workspace_of(request), actor_of(request), slug, name)
    headers = {"etag": etag(view.version)}
    if asked.format == "yaml":
        return Response(yaml_text(view.data), headers=headers, media_type="application/yaml; charset=utf-8")
    return answer(view, 200, headers)


@router.put("/{name}", dependencies=WRITE, **gives(ChoiceView))
def keep_choice(request: Request, slug: str, name: str, body: KeptBody, version: ExpectedVersion) -> Response:
    """Write a comparison, or the decision into it. Needs If-Match; "0" for a new one."""
    view = put_choice(
        workspace_of(request),
        actor_of(request),
        slug,
        name,
        body.data("comparison"),
        expected_version=version,
    )
    return answer(view, 200, {"etag": etag(view.version)})
