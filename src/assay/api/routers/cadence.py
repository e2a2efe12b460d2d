"""The cadence a project works in: read it, choose it, ask which one fits."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Query, Request
from starlette.responses import Response
from typing_extensions import TypedDict

from assay.api.answers import gives
from assay.api.documents import answer
from assay.api.pages import Asked
from assay.api.permissions import actor_of, requires, workspace_of
from assay.api.preconditions import ExpectedVersion, etag
from assay.api.schemas.tickets import Body
from assay.api.versioned import v1_router
from assay.domain.sprints.cadence import Advice, Answers, Cadence, MainWork, advise
from assay.workflows.actor import Permission
from assay.workflows.cadence import set_cadence
from assay.workflows.projects import get_project
from assay.workflows.records import Project

router = v1_router("projects", prefix="/projects/{slug}/cadence")


class CadenceBody(Body):
    """The cadence to work in."""

    cadence: Cadence


class AdviceAsked(Asked):
    """What a team says of its next weeks."""

    work: MainWork
    ships_soon: Literal["yes", "no"]
    outside_dates: Literal["yes", "no"]


class CadenceDocument(TypedDict):
    """The cadence a project works in."""

    cadence: Cadence
    means: str


def _shown(project: Project) -> Response:
    cadence = project.settings.cadence
    return answer(
        CadenceDocument(cadence=cadence, means=cadence.means), headers={"etag": etag(project.version)}
    )


@router.get("", dependencies=[requires(Permission.READ)], **gives(CadenceDocument))
def show_cadence(request: Request, slug: str) -> Response:
    """Scrum, Kanban or Scrumban, and what it comes to; the ETag is the project's."""
    return _shown(get_project(workspace_of(request), actor_of(request), slug))


@router.put("", dependencies=[requires(Permission.CONFIGURE)], **gives(CadenceDocument))
def put_cadence(request: Request, slug: str, body: CadenceBody, version: ExpectedVersion) -> Response:
    """Choose the cadence. Sprints that there are stay. Needs If-Match with the ETag of the cadence, or `*`."""
    ws, actor = workspace_of(request), actor_of(request)
    return _shown(set_cadence(ws, actor, slug, body.cadence, expected_version=version))


@router.get("/advice", dependencies=[requires(Permission.READ)], **gives(Advice))
def advise_cadence(request: Request, slug: str, asked: Annotated[AdviceAsked, Query()]) -> Response:
    """Which cadence fits, by three answers, and why. Nothing is changed."""
    get_project(workspace_of(request), actor_of(request), slug)
    answers = Answers(
        asked.work, ships_soon=asked.ships_soon == "yes", outside_dates=asked.outside_dates == "yes"
    )
    return answer(advise(answers))
