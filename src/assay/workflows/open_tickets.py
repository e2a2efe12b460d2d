"""Is work on a ticket over, as it stands now?"""

from __future__ import annotations

from collections.abc import Container

from assay.domain.board.flow import flow_rules
from assay.domain.experiments.experiment import DecisionKind
from assay.errors import Refused
from assay.workflows.records import Project, Ticket

_WORDS = {
    DecisionKind.KILL: "it was killed",
    DecisionKind.PROMOTE: "it was promoted",
    DecisionKind.ITERATE: "it is iterated on",
}


def is_over(project: Project, ticket: Ticket) -> bool:
    """Was it decided, or does it stand where work is over? A decision ends when the ticket is moved on afterwards."""
    return is_over_in(stages_over(project), ticket.stage, _standing(ticket))


def is_over_in(stages: Container[str], stage: str, decision: DecisionKind | None) -> bool:
    """The same, for many tickets of a project whose `stages_over` are known: by where each stands, and by the decision that stands."""
    return stage in stages or decision in {DecisionKind.KILL, DecisionKind.PROMOTE}


def stages_over(project: Project) -> tuple[str, ...]:
    """Columns in which work on a ticket is over, whatever was decided."""
    board = project.settings.board
    closed = {stage.key for stage in board.stages if stage.terminal or stage.hidden}
    return tuple(sorted(closed | set(flow_rules(board).ended)))


def is_closed(project: Project, ticket: Ticket) -> bool:
    """Is it in a column that ends a ticket, or off the board?"""
    stage = project.settings.board.stage(ticket.stage)
    return stage is not None and (stage.terminal or stage.hidden)


def _standing(ticket: Ticket) -> DecisionKind | None:
    decision = ticket.decision
    return None if decision is None or ticket.entered_stage_at > decision.at else decision.kind


def must_be_open(project: Project, ticket: Ticket, number: int) -> None:
    """Refused where a sprint could not run this ticket: work on it is over, and nobody took it up again."""
    if not is_over(project, ticket):
        return
    board, key = project.settings.board, ticket.key
    stage, decision = board.stage(ticket.stage), _standing(ticket)
    title = ticket.stage if stage is None else stage.title
    if is_closed(project, ticket):
        said, hint = f"it is closed in {title}", f"assay ticket follow-up {key}"
    else:
        said = (
            f"work on it is over in {title}"
            if decision is None
            else f"{_WORDS[decision]}, and stands in {title}"
        )
        again = [
            column for column in board.legal_targets(ticket.stage) if column not in flow_rules(board).ended
        ]
        hint = f"assay move {key} {again[-1] if again else board.first.key}"
    raise Refused(
        f"cannot commit {key} to sprint {number}: {said} (expected an open ticket)",
        hint=hint,
        code="ticket-closed",
        field="tickets",
    )
