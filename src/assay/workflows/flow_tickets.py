"""The tickets behind a figure of flow: which stood in a column at a moment, which ever got so far?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from assay.domain.board.flow import ItemFlow
from assay.domain.board.funnel import PROMOTED_STEP, reached, steps_of
from assay.domain.kernel.ids import key_order
from assay.errors import Invalid
from assay.workflows.actor import Actor, Permission
from assay.workflows.flow import moment_of
from assay.workflows.flow_facts import FlowFacts, flow_facts
from assay.workflows.lookup import required_project
from assay.workflows.ports import Workspace
from assay.workflows.records import Commitment
from assay.workflows.sprints import required_sprint


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
    sprint: int | None
    title: str
    """Of the column, of the step or of the sprint; empty where every ticket was asked for."""
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
    sprint: int | None = None,
) -> FlowTickets:
    """Which tickets stood in a column at this moment (a day: its end; None: now), or ever got so far by then, or were in a sprint?

    Args:
        ws: the workspace.
        actor: who asks.
        slug: the project.
        at: None for now.
        column: key of the column; None takes every ticket that was there.
        furthest: instead those experiments that had reached this column or got further; `promoted` for the end.
        sprint: only those that were in this sprint then.

    Raises:
        Invalid: no such column, or the moment is not in the past.
        NotFound: no such project, or no such sprint.
    """
    actor.require(Permission.READ)
    moment = moment_of(at, ws.clock())
    with ws.store.read() as tx:
        project = required_project(tx, slug)
        facts = flow_facts(ws, tx, project, moment)
        title = _title(facts, column, furthest)
        found = _behind(facts, column, furthest)
        if sprint is not None:
            of = required_sprint(tx, project, sprint)
            title, inside = title or of.content.name, _in_sprint(tx.commitments(of.id), moment)
            found = [flow for flow in found if flow.item in inside]
        titles = tx.titles(project.id)
    rows = sorted(
        (_row(flow, facts, titles) for flow in found), key=lambda row: (-row.days, key_order(row.key))
    )
    return FlowTickets(moment, column, furthest, sprint, title, tuple(rows))


def _title(facts: FlowFacts, column: str | None, furthest: str | None) -> str:
    """Of what is asked for. A column may be gone since, or come since: cards stood in it once. A step is one of the moment."""
    if furthest is not None:
        steps = {stage.key: stage.title for stage in steps_of(facts.board, facts.rules)}
        steps[PROMOTED_STEP] = PROMOTED_STEP.capitalize()
        return _known(steps, furthest, "reached")
    if column is None:
        return ""
    every = {stage.key: stage.title for board in facts.boards.boards for stage in board.stages}
    return _known({**every, **{stage.key: stage.title for stage in facts.board.stages}}, column, "column")


def _known(titles: Mapping[str, str], key: str, field: str) -> str:
    if key not in titles:
        raise Invalid(
            f"cannot show tickets of column {key[:60]!r}: the board has none of this name (expected one of: {', '.join(titles)})",
            hint="assay board export names the columns",
            code="column-unknown",
            field=field,
        )
    return titles[key]


def _behind(facts: FlowFacts, column: str | None, furthest: str | None) -> Sequence[ItemFlow]:
    if furthest is not None:
        experiments = [flow for flow in facts.flows if flow.is_experiment]
        return reached(experiments, facts.board, facts.rules, furthest)
    return [flow for flow in facts.flows if flow.stage is not None and column in (None, flow.stage)]


def _in_sprint(made: Iterable[Commitment], at: datetime) -> frozenset[str]:
    return frozenset(
        one.key for one in made if one.added_at <= at and (one.removed_at is None or one.removed_at > at)
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
