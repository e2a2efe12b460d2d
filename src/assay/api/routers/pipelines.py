"""What pipelines tell of their jobs by OpenLineage, and where the jobs of a ticket stand."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import Response

from assay.api.answers import gives
from assay.api.documents import answer
from assay.api.permissions import actor_of, requires, workspace_of
from assay.api.preconditions import SentBody, remembered
from assay.api.schemas.pipelines import LineageEventBody
from assay.api.versioned import v1_router
from assay.bootstrap import read_lineage_event
from assay.workflows.actor import Permission
from assay.workflows.job_views import JobTree
from assay.workflows.pipelines import Received, receive_event, ticket_jobs

router = v1_router("pipelines")


@router.post(
    "/projects/{slug}/openlineage",
    dependencies=[requires(Permission.ADD_EVIDENCE)],
    **gives(Received),
)
def take_lineage_event(request: Request, slug: str, body: LineageEventBody, sent: SentBody) -> Response:
    """Take one event of OpenLineage, as its HTTP transport sends it. The same event twice is once."""
    event = read_lineage_event(body.model_dump(by_alias=True, exclude_unset=True))
    remember = remembered(request, sent, answer)
    return answer(receive_event(workspace_of(request), actor_of(request), slug, event, remember=remember))


@router.get("/projects/{slug}/tickets/{key}/jobs", dependencies=[requires(Permission.READ)], **gives(JobTree))
def list_ticket_jobs(request: Request, slug: str, key: str) -> Response:
    """Where the jobs stand that pipelines run for a ticket: each below the one that started it, the newest pipeline first."""
    return answer(ticket_jobs(workspace_of(request), actor_of(request), slug, key))
