"""Did we try this already?"""

from __future__ import annotations

from assay.workflows.actor import Actor, Permission
from assay.workflows.lookup import required_project
from assay.workflows.ports import Workspace
from assay.workflows.views import SearchHit

MAX_QUERY_LENGTH = 500


def search(ws: Workspace, actor: Actor, slug: str, text: str, *, limit: int = 20) -> tuple[SearchHit, ...]:
    """Tickets that match every word, best first; the last word may be a beginning."""
    actor.require(Permission.READ)
    if not text.strip():
        return ()
    with ws.store.read() as tx:
        project = required_project(tx, slug)
        return tuple(tx.search(project.id, text[:MAX_QUERY_LENGTH], limit=limit))


def tried_before(
    ws: Workspace, actor: Actor, slug: str, text: str, *, exclude: str | None = None, limit: int = 5
) -> tuple[SearchHit, ...]:
    """Past tickets that share telling words with a draft, most words first; `shared` says which."""
    actor.require(Permission.READ)
    if not text.strip():
        return ()
    with ws.store.read() as tx:
        project = required_project(tx, slug)
        return tuple(tx.similar(project.id, text[:MAX_QUERY_LENGTH], exclude=exclude, limit=limit))
