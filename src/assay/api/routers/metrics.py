"""Metrics of a project, and criteria written in them."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import Response

from assay.api.answers import gives, gives_nothing
from assay.api.documents import answer
from assay.api.metrics import metric_from_body
from assay.api.permissions import actor_of, requires, workspace_of
from assay.api.preconditions import SentBody, remembered
from assay.api.schemas.criteria import CriterionDocument
from assay.api.schemas.projects import MetricBody, NamedMetricBody, listed
from assay.api.schemas.tickets import ParseBody
from assay.api.versioned import v1_router
from assay.domain.experiments.criteria.structured import criterion_from_data, criterion_to_data
from assay.domain.experiments.criteria.text import criterion_text
from assay.domain.kernel.metrics import Metric
from assay.workflows.actor import Permission
from assay.workflows.projects import declare_metric, drop_metric, get_metrics

router = v1_router("metrics")


@router.get(
    "/projects/{slug}/metrics", dependencies=[requires(Permission.READ)], **gives(dict[str, list[Metric]])
)
def project_metrics(request: Request, slug: str) -> Response:
    """The metrics a project declared, by name."""
    return answer(listed(get_metrics(workspace_of(request), actor_of(request), slug).metrics))


@router.post("/projects/{slug}/metrics", dependencies=[requires(Permission.CONFIGURE)], **gives(Metric, 201))
def add_metric(request: Request, slug: str, body: NamedMetricBody, sent: SentBody) -> Response:
    """Declare a metric; declaring the same again changes nothing."""
    remember = remembered(request, sent, lambda metric: answer(metric, 201))
    metric = metric_from_body(body.name, body)
    return answer(
        declare_metric(workspace_of(request), actor_of(request), slug, metric, remember=remember), 201
    )


@router.put(
    "/projects/{slug}/metrics/{name:path}", dependencies=[requires(Permission.CONFIGURE)], **gives(Metric)
)
def put_metric(request: Request, slug: str, name: str, body: MetricBody) -> Response:
    """Declare a metric, or change its declaration. Locked tickets keep the one they were locked with."""
    metric = metric_from_body(name, body)
    return answer(declare_metric(workspace_of(request), actor_of(request), slug, metric))


@router.delete(
    "/projects/{slug}/metrics/{name:path}", dependencies=[requires(Permission.CONFIGURE)], **gives_nothing()
)
def remove_metric(request: Request, slug: str, name: str) -> Response:
    """Remove a declaration that no criterion uses."""
    drop_metric(workspace_of(request), actor_of(request), slug, name)
    return Response(status_code=204)


@router.post(
    "/projects/{slug}/criteria/parse", dependencies=[requires(Permission.READ)], **gives(CriterionDocument)
)
def check_criterion(request: Request, slug: str, body: ParseBody) -> Response:
    """What does this criterion mean here? A fault is told with its place in the text."""
    metrics = get_metrics(workspace_of(request), actor_of(request), slug)
    criterion = criterion_from_data(body.criterion, metrics, role=body.role)
    return answer(
        CriterionDocument(
            text=criterion_text(criterion, metrics=metrics, with_role=True),
            role=criterion.role.value,
            metric=criterion.metric,
            structured=criterion_to_data(criterion),
        )
    )
