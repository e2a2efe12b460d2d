"""Every route of the API. Each reads its input, calls one workflow and lays the answer out."""

from assay.api.routers import (
    backlogs,
    backups,
    blockers,
    board,
    board_files,
    canvas,
    ceremonies,
    choices,
    company,
    diagnosis,
    evidence,
    exchange,
    gate_runs,
    gates,
    health,
    history,
    journal,
    metrics,
    phases,
    planning,
    projects,
    saved_filters,
    search,
    sprints,
    templates,
    tickets,
    verdicts,
)

API_ROUTES = tuple(
    route
    for router in (
        health.router,
        health.v1,
        projects.router,
        metrics.router,
        tickets.router,
        exchange.router,
        backlogs.router,
        templates.router,
        company.router,
        board.router,
        board_files.router,
        history.router,
        saved_filters.router,
        blockers.router,
        diagnosis.router,
        sprints.router,
        ceremonies.router,
        planning.router,
        canvas.router,
        phases.router,
        choices.router,
        verdicts.router,
        gates.router,
        gate_runs.router,
        evidence.router,
        search.router,
        journal.router,
        backups.router,
    )
    for route in router.routes
)

__all__ = ["API_ROUTES"]
