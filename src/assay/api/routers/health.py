"""Is the process alive, and can it answer?"""

from __future__ import annotations

from fastapi import Request
from starlette.responses import Response

import assay
from assay.api.answers import gives
from assay.api.documents import answer
from assay.api.permissions import actor_of, public, requires, workspace_of
from assay.api.schemas.instance import Health, Instance, Ready
from assay.api.versioned import bare_router, v1_router
from assay.workflows.actor import Permission
from assay.workflows.projects import list_projects

router = bare_router("instance")
v1 = v1_router("instance")
routers = (router, v1)


@router.get("/health", dependencies=[public()], **gives(Health))
async def health() -> Response:
    """Is the process alive?"""
    return answer(Health(status="alive"))


@router.get("/ready", dependencies=[public()], **gives(Ready))
def ready(request: Request) -> Response:
    """Can it read what is remembered?"""
    ws = workspace_of(request)
    with ws.store.read() as tx:
        last, _ = tx.head()
    return answer(Ready(status="ready", version=assay.__version__, entries=last))


@v1.get("/instance", dependencies=[requires(Permission.READ)], **gives(Instance))
def show_instance(request: Request) -> Response:
    """Which installation is this?"""
    ws, actor = workspace_of(request), actor_of(request)
    return answer(
        Instance(
            version=assay.__version__,
            instance=ws.instance_id,
            key_id=ws.signer.public_key.key_id,
            actor=actor.name,
            permissions=sorted(permission.value for permission in actor.permissions),
            projects=[project.slug for project in list_projects(ws, actor)],
            entries=ws.store.last_seq(),
            default_project=request.app.state.settings.project,
        )
    )
