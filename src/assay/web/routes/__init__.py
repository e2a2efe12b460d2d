"""The pages and their forms. Each route reads its input, calls one workflow and lays the answer out."""

from fastapi import APIRouter

from assay.web.routes import (
    board,
    charts,
    experiments,
    journal,
    live,
    moves,
    overview,
    runs,
    search,
    settings,
    start,
    static,
    ticket_actions,
    ticket_forms,
    tickets,
)

router = APIRouter(include_in_schema=False)
for _module in (
    static,
    live,
    start,
    overview,
    board,
    moves,
    experiments,
    ticket_forms,
    tickets,
    ticket_actions,
    charts,
    runs,
    journal,
    search,
    settings,
):
    # One flat list: routers inside routers are searched again at every level, for every request.
    router.routes.extend(_module.router.routes)

__all__ = ["router"]
