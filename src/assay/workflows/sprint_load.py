"""What a sprint asks for, the same on every page."""

from __future__ import annotations

from collections.abc import Iterable

from assay.domain.sprints.load import Load, load_of, overloads
from assay.domain.sprints.sprint import SprintContent, overcommitted
from assay.workflows.open_tickets import is_over
from assay.workflows.records import Project, Ticket


def sprint_load(project: Project, tickets: Iterable[Ticket], *, has_ended: bool) -> Load:
    """How much do the tickets of a sprint ask for? What is decided asks for nothing more; of a sprint that has ended all count."""
    every = list(tickets)
    asking = {ticket.key: ticket.content for ticket in every if has_ended or not is_over(project, ticket)}
    return load_of(asking, taken_in={ticket.key: ticket.content for ticket in every})


def too_much(content: SprintContent, load: Load) -> tuple[str, ...]:
    """Where is more asked for, or shared out, than there is? One sentence each."""
    return (*overcommitted(content.capacity), *overloads(load, content.capacity))
