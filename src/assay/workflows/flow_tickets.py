"""The tickets behind a figure of flow: which stood in a column at a moment, which ever got so far?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from assay.domain.board.flow import ItemFlow
from assay.domain.board.funnel import PROMOTED_STEP, reached
from assay.domain.board.standing_boards import StandingBoards
from assay.errors import Invalid
from assay.workflows.actor import Actor, Permission
from assay.workflows.flow import moment_of
from assay.workflows.flow_facts import FlowFacts, flow_facts
from assay.workflows.lookup import required_project
from assay.workflows.ports import Workspace


@dataclass(frozen=True, slots=True)
class FlowTicket:
    """A ticket as it stood at a moment."""

    key: str
    title: str
    """Empty for one that was deleted since."""
    column: str
    """Title of its column; empty when it was deleted by then."""
    since: datetime
    """When it came there."""
    days: float
    """For how long it had been there."""
    outcome: str
    """killed, promoted or closed; empty while it was not decided."""


@dataclass(frozen=True, slots=True)
class FlowTickets:
    """Tickets behind a figure."""

    at: datetime
    column: str | None
    reached: str | None
    rows: tuple[FlowTicket, ...]
    """Those that are longest there first."""


def flow_tickets(
    ws: Workspace,
    actor: Actor,
    slug: str,
    *,
    at: date | None = None,
    column: str | None = None,
    furthest: str | None = None,
) -> FlowTickets:
    """Which tickets stood in a column at this moment (a day: its end; None: now), or ever got so far by then?

    Args:
        ws: the workspace.
        actor: who asks.
        slug: the project.
        at: None for now.
        column: key of the column; None takes every ticket that was there.
        furthest: instead those experiments that had reached this column or got further; `promoted` for the end.

    Raises:
        Invalid: no such column, or the moment is not in the past.
    """
    actor.require(Permission.READ)
    moment = moment_of(at, ws.clock())
    with ws.store.read() as tx:
        project = required_project(tx, slug)
        facts = flow_facts(ws, tx, project, moment)
        _known(facts.boards, column, "column")
        _known(facts.boards, None if furthest == PROMOTED_STEP else furthest, "reached")
        titles = tx.titles(project.id)
    if furthest is not None:
        experiments = [flow for flow in facts.flows if flow.is_experiment]
        found = reached(experiments, facts.board, facts.rules, furthest)
    else:
        found = tuple(
            flow
            for flow in facts.flows
            if flow.stage is not None and (column is None or flow.stage == column)
        )
    rows = sorted((_row(flow, facts, titles) for flow in found), key=lambda row: (-row.days, row.key))
    return FlowTickets(moment, column, furthest, tuple(rows))


def _known(boards: StandingBoards, key: str | None, field: str) -> None:
    if key is not None and all(board.stage(key) is None for board in boards.boards):
        names = ", ".join(stage.key for stage in boards.boards[-1].stages)
        raise Invalid(
            f"cannot show tickets of column {key[:60]!r}: the board has none of this name (expected one of: {names})",
            hint="assay board export names the columns",
            code="column-unknown",
            field=field,
        )


def _row(flow: ItemFlow, facts: FlowFacts, titles: Mapping[str, str]) -> FlowTicket:
    since, key = flow.visits[-1]
    stage = None if key is None else facts.boards.stage(key, facts.asked)
    return FlowTicket(
        key=flow.item,
        title=titles.get(flow.item, ""),
        column=stage.title if stage is not None else key or "",
        since=since,
        days=(facts.at - since).total_seconds() / 86_400.0,
        outcome="" if flow.outcome is None else flow.outcome.value,
    )
