"""The pages and their forms. Each route reads its input, calls one workflow and lays the answer out.

Which module answers where is told by a word of the address, so that none is imported before somebody asks for it.
"""

from __future__ import annotations

from collections.abc import Mapping

from assay.routing import RouteTable

MODULES: Mapping[str, frozenset[str]] = {
    module: frozenset(nouns.split())
    for module, nouns in (
        ("static", "static"),
        ("live", "events"),
        ("start", "/ keys projects"),
        ("overview", "p"),
        ("board", "board"),
        ("moves", "t/lane t/move t/moves.json"),
        ("blockers", "blockers t/blockers"),
        ("experiments", "experiments"),
        ("saved_filters", "filters"),
        ("backlog", "backlog bulk"),
        ("templates", "templates"),
        ("ticket_forms", "t t/edit"),
        ("tickets", "t t/decide"),
        ("ticket_actions", "t/attest t/delete t/follow-up t/links t/notes t/recompute t/unlink t/withdraw"),
        ("snoozes", "t/snooze t/wake"),
        ("company", "t/files t/unwatch t/watch"),
        ("inbox", "inbox"),
        ("charts", "charts t/charts"),
        ("runs", "runs"),
        ("comparison", "compare"),
        ("examples", "examples"),
        ("flow", "charts flow"),
        ("stale", "flow"),
        ("planning", "planning"),
        ("sprints", "charts sprints"),
        ("ceremonies", "sprints standup"),
        ("canvas", "canvas"),
        ("diagnosis", "diagnosis"),
        ("phase", "phase"),
        ("backtest", "backtest"),
        ("state", "state"),
        ("choices", "build-or-buy"),
        ("gates", "gates t/gate"),
        ("journal", "journal"),
        ("search", "palette search"),
        ("settings", "settings"),
        ("webhooks", "webhooks"),
        ("history", "history"),
    )
}
"""The modules in the order in which their routes are asked, with the nouns (see `noun_of`) that stand in their addresses."""


def noun_of(path: str) -> str:
    """Which word of an address tells the modules that may answer there?

    The one behind the project, or the first where no project is named; for a ticket the one behind its key too.

    >>> noun_of("/p/{slug}/t/{key}/decide"), noun_of("/p/{slug}/board"), noun_of("/p/{slug}"), noun_of("/")
    ('t/decide', 'board', 'p', '/')
    """
    first, *more = path.strip("/").split("/")
    if first != "p" or len(more) < 2:
        return first or "/"
    return "/".join([more[1], *more[3:4]]) if more[1] == "t" else more[1]


PAGE_TABLE = RouteTable("assay.web.routes", MODULES, noun_of)
