"""What an hour of a device costs a project: read it, set it."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import Response
from typing_extensions import TypedDict

from assay.api.answers import gives
from assay.api.documents import answer
from assay.api.permissions import actor_of, requires, workspace_of
from assay.api.preconditions import ExpectedVersion, etag
from assay.api.versioned import v1_router
from assay.domain.experiments.prices import DevicePrice, PriceList
from assay.workflows.actor import Permission
from assay.workflows.prices import set_prices
from assay.workflows.projects import get_project
from assay.workflows.records import Project

router = v1_router("projects", prefix="/projects/{slug}/prices")


class PricesDocument(TypedDict):
    """The prices of a project, in USD an hour of one device."""

    prices: tuple[DevicePrice, ...]
    default_device: str | None


def _shown(project: Project) -> Response:
    held = project.settings.prices
    return answer(
        PricesDocument(prices=held.prices, default_device=held.default_device),
        headers={"etag": etag(project.version)},
    )


@router.get("", dependencies=[requires(Permission.READ)], **gives(PricesDocument))
def show_prices(request: Request, slug: str) -> Response:
    """What an hour of each device costs, and the device of runs whose own is not known; the ETag is the project's."""
    return _shown(get_project(workspace_of(request), actor_of(request), slug))


@router.put("", dependencies=[requires(Permission.CONFIGURE)], **gives(PricesDocument))
def put_prices(request: Request, slug: str, body: PriceList, version: ExpectedVersion) -> Response:
    """Set all prices at once. Needs If-Match with the ETag of the prices, or `*`."""
    ws, actor = workspace_of(request), actor_of(request)
    return _shown(set_prices(ws, actor, slug, body, expected_version=version))
