"""Sprints: plan, commit, start, end, look back."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Request
from starlette.responses import Response

from assay.api.answers import gives
from assay.api.documents import answer
from assay.api.permissions import actor_of, requires, workspace_of
from assay.api.preconditions import ExpectedVersion, SentBody, etag, remembered
from assay.api.schemas.sprints import (
    CommitBody,
    ExtensionBody,
    ImprovementBody,
    ReleaseBody,
    SprintBody,
    SprintList,
    SprintPlanDocument,
    StartBody,
    plan_document,
    sprint_document,
)
from assay.api.versioned import v1_router
from assay.domain.sprints.sprint import Retro, SprintContent
from assay.domain.sprints.sprint_data import sprint_from_data
from assay.workflows.actor import Permission
from assay.workflows.commitments import commit_tickets, flag_extension, release_ticket
from assay.workflows.looking_back import pick_improvement, save_retro
from assay.workflows.sprint_cancelling import cancel_sprint, restore_sprint
from assay.workflows.sprints import (
    SprintPlan,
    create_sprint,
    edit_sprint,
    end_sprint,
    get_sprint,
    list_sprints,
    next_sprint,
    reopen_sprint,
    start_sprint,
)

router = v1_router("sprints", prefix="/projects/{slug}/sprints")
READ = [requires(Permission.READ)]
WRITE = [requires(Permission.WRITE_TICKETS)]
Number = Annotated[int, Path(ge=1, le=2**31 - 1, description="Number of the sprint")]


def _shown(plan: object, status: int = 200) -> Response:
    assert isinstance(plan, SprintPlan)
    return answer(plan_document(plan), status, {"etag": etag(plan.sprint.version)})


def _made(slug: str, plan: object) -> Response:
    response = _shown(plan, 201)
    assert isinstance(plan, SprintPlan)
    response.headers["location"] = f"/api/v1/projects/{slug}/sprints/{plan.sprint.number}"
    return response


def _content(before: SprintContent, body: SprintBody) -> SprintContent:
    given = {name: getattr(body, name) for name in body.model_fields_set}
    return sprint_from_data({name: one for name, one in given.items() if one is not None}, before=before)


@router.get("", dependencies=READ, **gives(SprintList))
def project_sprints(request: Request, slug: str) -> Response:
    """Every sprint of a project, by number."""
    found = list_sprints(workspace_of(request), actor_of(request), slug)
    return answer(SprintList(rows=[sprint_document(sprint) for sprint in found]))


@router.post("", dependencies=WRITE, **gives(SprintPlanDocument, 201))
def new_sprint(request: Request, slug: str, body: SprintBody, sent: SentBody) -> Response:
    """Plan a sprint. What is left out follows from the last one, whose undecided experiments go on in it."""
    ws, actor = workspace_of(request), actor_of(request)
    content = _content(next_sprint(ws, actor, slug), body)
    remember = remembered(request, sent, lambda plan: _made(slug, plan))
    return _made(slug, create_sprint(ws, actor, slug, content, remember=remember))


@router.get("/{number}", dependencies=READ, **gives(SprintPlanDocument))
def show_sprint(request: Request, slug: str, number: Number) -> Response:
    """A sprint with everything ever taken into it, and its ETag."""
    return _shown(get_sprint(workspace_of(request), actor_of(request), slug, number))


@router.patch("/{number}", dependencies=WRITE, **gives(SprintPlanDocument))
def patch_sprint(
    request: Request, slug: str, number: Number, body: SprintBody, version: ExpectedVersion
) -> Response:
    """Change goal, dates, capacity or demo of a sprint. Needs If-Match."""
    ws, actor = workspace_of(request), actor_of(request)
    before = get_sprint(ws, actor, slug, number).sprint
    expected = before.version if version is None else version
    content = _content(before.content, body)
    return _shown(edit_sprint(ws, actor, slug, number, content, expected_version=expected))


@router.post("/{number}/start", dependencies=WRITE, **gives(SprintPlanDocument))
def begin_sprint(
    request: Request, slug: str, number: Number, version: ExpectedVersion, body: StartBody | None = None
) -> Response:
    """Start a planned sprint; `confirmed` where what is carried over makes it more than usual. Needs If-Match."""
    return _shown(
        start_sprint(
            workspace_of(request),
            actor_of(request),
            slug,
            number,
            confirmed=body is not None and body.confirmed,
            expected_version=version,
        )
    )


@router.post("/{number}/end", dependencies=WRITE, **gives(SprintPlanDocument))
def close_sprint(request: Request, slug: str, number: Number, version: ExpectedVersion) -> Response:
    """End the running sprint. Needs If-Match."""
    return _shown(
        end_sprint(workspace_of(request), actor_of(request), slug, number, expected_version=version)
    )


@router.post("/{number}/reopen", dependencies=WRITE, **gives(SprintPlanDocument))
def take_up_sprint(request: Request, slug: str, number: Number, version: ExpectedVersion) -> Response:
    """Let the sprint that ended last go on. Needs If-Match."""
    return _shown(
        reopen_sprint(workspace_of(request), actor_of(request), slug, number, expected_version=version)
    )


@router.post("/{number}/cancel", dependencies=WRITE, **gives(SprintPlanDocument))
def give_up_sprint(
    request: Request, slug: str, number: Number, version: ExpectedVersion, body: ReleaseBody | None = None
) -> Response:
    """Cancel a planned sprint; what is committed goes out. Needs If-Match."""
    return _shown(
        cancel_sprint(
            workspace_of(request),
            actor_of(request),
            slug,
            number,
            reason="" if body is None else body.reason,
            expected_version=version,
        )
    )


@router.post("/{number}/restore", dependencies=WRITE, **gives(SprintPlanDocument))
def plan_sprint_again(request: Request, slug: str, number: Number, version: ExpectedVersion) -> Response:
    """Plan a cancelled sprint again, with those of its tickets that are open and in no other planned sprint. Needs If-Match."""
    return _shown(
        restore_sprint(workspace_of(request), actor_of(request), slug, number, expected_version=version)
    )


@router.post("/{number}/commitments", dependencies=WRITE, **gives(SprintPlanDocument))
def commit(request: Request, slug: str, number: Number, body: CommitBody, sent: SentBody) -> Response:
    """Take tickets into a sprint; more than a team usually finishes needs `confirmed`. Twice is the same as once."""
    return _shown(
        commit_tickets(
            workspace_of(request),
            actor_of(request),
            slug,
            number,
            body.tickets,
            confirmed=body.confirmed,
            remember=remembered(request, sent, _shown),
        )
    )


@router.post("/{number}/commitments/{key}/release", dependencies=WRITE, **gives(SprintPlanDocument))
def release(request: Request, slug: str, number: Number, key: str, body: ReleaseBody) -> Response:
    """Take a ticket out of a sprint; once it runs, that needs a reason."""
    return _shown(
        release_ticket(workspace_of(request), actor_of(request), slug, number, key, reason=body.reason)
    )


@router.put("/{number}/commitments/{key}/extension", dependencies=WRITE, **gives(SprintPlanDocument))
def extension(request: Request, slug: str, number: Number, key: str, body: ExtensionBody) -> Response:
    """Flag an experiment that needs longer than its sprint; an empty reason takes the flag back."""
    return _shown(
        flag_extension(workspace_of(request), actor_of(request), slug, number, key, reason=body.reason)
    )


@router.put("/{number}/retro", dependencies=WRITE, **gives(SprintPlanDocument))
def put_retro(request: Request, slug: str, number: Number, body: Retro, version: ExpectedVersion) -> Response:
    """Keep what the team took from a sprint. Needs If-Match."""
    return _shown(
        save_retro(workspace_of(request), actor_of(request), slug, number, body, expected_version=version)
    )


@router.post("/{number}/improvement", dependencies=WRITE, **gives(SprintPlanDocument))
def improve(request: Request, slug: str, number: Number, body: ImprovementBody, sent: SentBody) -> Response:
    """Make a ticket of the one improvement that the retro picked."""
    return _shown(
        pick_improvement(
            workspace_of(request),
            actor_of(request),
            slug,
            number,
            title=body.title,
            remember=remembered(request, sent, _shown),
        )
    )
