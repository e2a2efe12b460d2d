"""The pages and their forms. Each route reads its input, calls one workflow and lays the answer out."""

from assay.web.routes import (
    backlog,
    blockers,
    board,
    canvas,
    ceremonies,
    charts,
    choices,
    company,
    diagnosis,
    experiments,
    flow,
    gates,
    journal,
    live,
    moves,
    overview,
    phase,
    planning,
    runs,
    search,
    settings,
    sprints,
    start,
    static,
    templates,
    ticket_actions,
    ticket_forms,
    tickets,
)

PAGE_ROUTES = tuple(
    route
    for module in (
        static,
        live,
        start,
        overview,
        board,
        moves,
        blockers,
        experiments,
        backlog,
        templates,
        ticket_forms,
        tickets,
        ticket_actions,
        company,
        charts,
        runs,
        flow,
        planning,
        sprints,
        ceremonies,
        canvas,
        diagnosis,
        phase,
        choices,
        gates,
        journal,
        search,
        settings,
    )
    for route in module.router.routes
)

__all__ = ["PAGE_ROUTES"]
