"""Every route of the API. Each reads its input, calls one workflow and lays the answer out.

Which module answers where is told by a word of the address, so that none is imported before somebody asks for it.
"""

from __future__ import annotations

from collections.abc import Mapping

from assay.api.versioned import PREFIX
from assay.routing import RouteTable

MODULES: Mapping[str, frozenset[str]] = {
    module: frozenset(nouns.split())
    for module, nouns in (
        ("health", "health ready instance"),
        ("projects", "projects"),
        ("metrics", "metrics criteria"),
        (
            "tickets",
            "tickets experiments tickets/page tickets/confirmations tickets/notes tickets/links tickets/follow-ups",
        ),
        ("exchange", "ticket-files"),
        ("backlogs", "backlog bulk-edits"),
        ("templates", "templates"),
        ("company", "tickets/watchers tickets/attachments"),
        ("inbox", "inbox"),
        ("board", "board flow flow-tickets tickets/moves"),
        ("board_files", "board-file"),
        ("history", "history"),
        ("backtest", "backtest"),
        ("stale", "stale"),
        ("saved_filters", "filters"),
        ("blockers", "blockers tickets/blockers"),
        ("diagnosis", "diagnosis"),
        ("sprints", "sprints"),
        ("ceremonies", "standup sprints sprint-rates sprint-flow"),
        ("planning", "planning"),
        ("cadence", "cadence"),
        ("prices", "prices"),
        ("canvas", "canvas tickets/parts"),
        ("phases", "phase"),
        ("state", "state"),
        ("choices", "build-or-buy"),
        ("verdicts", "tickets/verdict tickets/verdicts tickets/decisions"),
        ("snoozes", "tickets/snoozes kill-record"),
        ("webhooks", "webhooks webhook-rounds"),
        ("gates", "gates gate-files"),
        ("gate_runs", "gates gate-runs tickets/gate-runs tickets/gate"),
        ("evidence", "sources syncs runs"),
        ("comparison", "comparison"),
        ("examples", "examples"),
        ("pipelines", "openlineage tickets/jobs"),
        ("search", "search tried-before overview"),
        ("journal", "journal"),
        ("backups", "backups diagnosis"),
    )
}
"""The modules in the order in which their routes are asked, with the nouns (see `noun_of`) that stand in their addresses."""


def noun_of(path: str) -> str:
    """Which word of an address tells the modules that may answer there?

    The one behind the project, or the first where no project is named; for a ticket the one behind its key too.

    >>> noun_of("/api/v1/projects/{slug}/tickets/{key}/moves")
    'tickets/moves'
    """
    first, *more = path.removeprefix(PREFIX).strip("/").split("/")
    if first != "projects" or len(more) < 2:
        return first
    return "/".join([more[1], *more[3:4]]) if more[1] == "tickets" else more[1]


API_TABLE = RouteTable("assay.api.routers", MODULES, noun_of, describing=frozenset({"openapi.json"}))
