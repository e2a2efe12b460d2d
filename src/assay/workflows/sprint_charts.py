"""A sprint in figures, and its burn-up."""

from __future__ import annotations

from dataclasses import dataclass

from assay.domain.kernel.ids import TicketType
from assay.domain.sprints.burn import BurnDay, Committed, burn
from assay.domain.sprints.load import Load
from assay.domain.sprints.sprint import SprintState, offered_order
from assay.workflows.actor import Actor, Permission
from assay.workflows.ceremonies import check_of
from assay.workflows.open_tickets import stages_over
from assay.workflows.ports import Workspace
from assay.workflows.records import Project
from assay.workflows.sprint_conflicts import conflicts_of
from assay.workflows.sprint_facts import SprintFacts, over_of, sprint_facts
from assay.workflows.sprint_load import sprint_load, too_much
from assay.workflows.sprint_views import AtHand, CheckView
from assay.workflows.sprints import SprintPlan, may_reopen

MOST_AT_HAND = 200
"""More in one list help nobody choose."""


def sprint_burn(ws: Workspace, actor: Actor, slug: str, number: int) -> tuple[BurnDay, ...]:
    """How did scope and decisions of a sprint grow, day by day?"""
    actor.require(Permission.READ)
    with ws.store.read() as tx:
        facts = sprint_facts(ws, tx, slug, number)
    return _burn(facts)


@dataclass(frozen=True, slots=True)
class SprintOverview:
    """Everything the page of a sprint shows, read at once."""

    project: Project
    plan: SprintPlan
    check: CheckView
    days: tuple[BurnDay, ...]
    load: Load
    """What the tickets in it ask for."""
    over: tuple[str, ...]
    """Where more is asked for, or shared out, than there is."""
    at_hand: tuple[AtHand, ...]
    """What could be taken in, in the order in which it is offered: work on it is not over, nor is it in already."""
    can_reopen: bool
    """It has ended, none was started after it, and none runs."""


def sprint_overview(ws: Workspace, actor: Actor, slug: str, number: int) -> SprintOverview:
    """A sprint with its tickets as they stand, its burn-up, and what could be taken in."""
    actor.require(Permission.READ)
    with ws.store.read() as tx:
        facts = sprint_facts(ws, tx, slug, number)
        assert facts.sprint is not None
        at_hand = tx.at_hand(facts.project.id, facts.sprint.id, over=stages_over(facts.project))
        can_reopen = may_reopen(tx, facts.project, facts.sprint)
        conflicts = conflicts_of(tx, facts.project, facts.sprint, facts.commitments)
    inside = {made.key for made in facts.commitments if made.stands}
    tickets = [ticket for key, ticket in facts.tickets.items() if key in inside]
    has_ended = facts.sprint.state is SprintState.ENDED
    load = sprint_load(facts.project, tickets, has_ended=has_ended)
    return SprintOverview(
        project=facts.project,
        plan=SprintPlan(facts.sprint, tuple(facts.commitments), conflicts),
        check=check_of(facts),
        days=_burn(facts),
        load=load,
        over=too_much(facts.sprint.content, load),
        at_hand=tuple(
            sorted(
                (one for one in at_hand if not facts.project.settings.cadence.flows(TicketType(one.type))),
                key=lambda one: offered_order(one.priority, one.rank, one.key),
            )[:MOST_AT_HAND]
        ),
        can_reopen=can_reopen,
    )


def _burn(facts: SprintFacts) -> tuple[BurnDay, ...]:
    assert facts.sprint is not None
    content = facts.sprint.content
    return burn(
        (Committed(made.key, made.added_at, made.removed_at) for made in facts.commitments),
        {key: over_of(facts, key) for key in facts.tickets},
        first=min(content.starts_on, (facts.sprint.started_at or facts.at).date()),
        last=content.ends_on,
        until=facts.at,
    )
