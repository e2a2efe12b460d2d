"""Ceremonies: each prepared from what is known, as data or as Markdown."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query, Request
from starlette.responses import Response
from typing_extensions import TypedDict

from assay.api.answers import gives
from assay.api.documents import answer
from assay.api.pages import CeremonyAsked, MomentAsked, StandupAsked
from assay.api.permissions import actor_of, requires, workspace_of
from assay.api.versioned import v1_router
from assay.domain.sprints.burn import BurnDay
from assay.workflows.actor import Permission
from assay.workflows.ceremonies import mid_sprint_check, review, standup
from assay.workflows.ceremony_markdown import (
    check_markdown,
    retro_markdown,
    review_markdown,
    standup_markdown,
)
from assay.workflows.retro import retro
from assay.workflows.sprint_charts import sprint_burn
from assay.workflows.sprint_flow import sprint_flows, sprint_rates
from assay.workflows.sprint_views import (
    CheckView,
    RetroView,
    ReviewView,
    SprintFlow,
    SprintRate,
    StandupView,
)

router = v1_router("ceremonies", prefix="/projects/{slug}")
READ = [requires(Permission.READ)]
Number = Annotated[int, Path(ge=1, le=2**31 - 1, description="Number of the sprint")]
Asked = Annotated[CeremonyAsked, Query()]


def _markdown(text: str) -> Response:
    return Response(text, media_type="text/markdown; charset=utf-8")


@router.get("/standup", dependencies=READ, **gives(StandupView))
def show_standup(request: Request, slug: str, asked: Annotated[StandupAsked, Query()]) -> Response:
    """What happened since yesterday, what is stuck, what comes next."""
    view = standup(workspace_of(request), actor_of(request), slug, since=asked.since)
    return _markdown(standup_markdown(view)) if asked.format == "markdown" else answer(view)


@router.get("/sprints/{number}/check", dependencies=READ, **gives(CheckView))
def show_check(request: Request, slug: str, number: Number, asked: Asked) -> Response:
    """Have half of the experiments preliminary results or a flag, and which have neither?"""
    view = mid_sprint_check(workspace_of(request), actor_of(request), slug, number)
    return _markdown(check_markdown(view)) if asked.format == "markdown" else answer(view)


@router.get("/sprints/{number}/review", dependencies=READ, **gives(ReviewView))
def show_review(request: Request, slug: str, number: Number, asked: Asked) -> Response:
    """What the sprint taught, results against criteria, gates, demo."""
    view = review(workspace_of(request), actor_of(request), slug, number)
    return _markdown(review_markdown(view)) if asked.format == "markdown" else answer(view)


@router.get("/sprints/{number}/retro", dependencies=READ, **gives(RetroView))
def show_retro(request: Request, slug: str, number: Number, asked: Asked) -> Response:
    """Kills and what their lateness cost, promotion rate and hit rate by sprint, what became of the last improvement."""
    view = retro(workspace_of(request), actor_of(request), slug, number)
    return _markdown(retro_markdown(view)) if asked.format == "markdown" else answer(view)


class SprintBurn(TypedDict):
    """Burn-up of a sprint; days that have not come hold null."""

    days: tuple[BurnDay, ...]


class SprintFlows(TypedDict):
    """The flow of each sprint, by number."""

    rows: tuple[SprintFlow, ...]


class SprintRates(TypedDict):
    """What was decided in each sprint, by number."""

    rows: tuple[SprintRate, ...]


@router.get("/sprints/{number}/burn", dependencies=READ, **gives(SprintBurn))
def show_burn(request: Request, slug: str, number: Number) -> Response:
    """What was committed and decided at the end of each day of a sprint."""
    return answer(SprintBurn(days=sprint_burn(workspace_of(request), actor_of(request), slug, number)))


@router.get("/sprint-rates", dependencies=READ, **gives(SprintRates))
def show_rates(request: Request, slug: str) -> Response:
    """Kills and promotions of every sprint, with the exact interval of the promotion rate."""
    return answer(SprintRates(rows=sprint_rates(workspace_of(request), actor_of(request), slug)))


@router.get("/sprint-flow", dependencies=READ, **gives(SprintFlows))
def show_sprint_flow(request: Request, slug: str, asked: Annotated[MomentAsked, Query()]) -> Response:
    """What was decided in each sprint, whether data was ready on time, lead time and blockers, as of any moment."""
    return answer(SprintFlows(rows=sprint_flows(workspace_of(request), actor_of(request), slug, at=asked.at)))
