"""The gate that a column of the board names: what did it last say of a card, and does that still count?"""

from __future__ import annotations

from assay.domain.board.board import Stage
from assay.domain.board.exit_policies import ExitFacts, GateSaid, check_gate
from assay.domain.gates.gate_record import GateResult
from assay.domain.kernel.findings import Outcome
from assay.workflows.actor import Actor, Permission
from assay.workflows.gate_views import GateRun, TicketGate
from assay.workflows.lookup import required_project, required_ticket
from assay.workflows.ports import ReadTransaction, Workspace, WriteTransaction
from assay.workflows.records import Project, Ticket

MOST_SHOWN = 280
_OUTCOME = {
    GateResult.PASS: Outcome.MET,
    GateResult.FAIL: Outcome.NOT_MET,
    GateResult.INCONCLUSIVE: Outcome.UNCLEAR,
    GateResult.INVALID: Outcome.INVALID,
}


def gate_said(tx: ReadTransaction, project: Project, ticket: Ticket, name: str) -> GateSaid | None:
    """What does the newest run of this gate say of the ticket? None where none is about it."""
    run = tx.latest_gate_run(project.id, name, ticket.key)
    if run is None:
        return None
    settle = run.record.settle
    return GateSaid(
        number=run.number,
        outcome=_OUTCOME[run.result],
        headline=run.headline,
        source=f"files that {run.by} sent" if run.candidate.kind == "files" else "",
        do="" if settle is None else settle.text,
        outdated=_outdated(tx, project, ticket, run),
    )


def _outdated(tx: ReadTransaction, project: Project, ticket: Ticket, run: GateRun) -> str:
    newest = tx.gate_version(project.id, run.gate)
    if newest is not None and newest.version != run.version:
        return f"it was judged by version {run.version}, the gate is version {newest.version} now"
    if run.at < ticket.entered_stage_at:
        return "it is from before the card entered this column"
    if tx.evidence_seq(project.id, _evidence_of(ticket)) > run.seen_seq:
        return "evidence came after it"
    return ""


def _evidence_of(ticket: Ticket) -> tuple[str, ...]:
    """The ticket, and the ones whose runs are its baseline."""
    named = ticket.lock.registration.baseline if ticket.lock is not None else ticket.content.baseline
    return (ticket.key, *sorted({one.ticket for one in named if one.ticket is not None}))


def card_gate(tx: ReadTransaction, project: Project, ticket: Ticket) -> dict[str, str]:
    """What a card shows of its column's gate; empty texts where the column names none."""
    column = project.settings.board.stage(ticket.stage)
    if column is None or column.gate is None:
        return {"gate": "", "gate_stage": ""}
    said = gate_said(tx, project, ticket, column.gate)
    if said is None:
        told = "not run yet"
    elif said.outdated:
        told = f"run it again, {said.outdated}"
    else:
        told = said.headline
    return {"gate": f"Gate {column.gate}: {told}"[:MOST_SHOWN], "gate_stage": ticket.stage}


def show_gate(tx: WriteTransaction, project: Project, ticket: Ticket) -> None:
    """Put what the gate says on the card; whoever changed it has journaled the change."""
    shown = card_gate(tx, project, ticket)
    if any(ticket.card.get(name, "") != text for name, text in shown.items()):
        tx.put_card(ticket.id, ticket.card | shown)


def show_gates(tx: WriteTransaction, project: Project, name: str | None = None) -> None:
    """The same for every card in a column whose gate it is; None: in every column, after they were named anew."""
    columns = {one.key for one in project.settings.board.stages if name is None or one.gate == name}
    if not columns:
        return
    for ticket in tx.tickets(project.id):
        if ticket.stage in columns:
            show_gate(tx, project, ticket)


def gate_of_column(project: Project, stage: str) -> Stage | None:
    """The column whose gate a card has before it: its own where that names one, else the next one that does."""
    stages = project.settings.board.stages
    place = next((at for at, one in enumerate(stages) if one.key == stage), 0)
    return next((one for one in (*stages[place:], *stages[:place]) if one.gate is not None), None)


def ticket_gate(ws: Workspace, actor: Actor, slug: str, key: str) -> TicketGate | None:
    """The gate that the board asks of this ticket, with its newest run; None when no column names one."""
    actor.require(Permission.READ)
    with ws.store.read() as tx:
        project = required_project(tx, slug)
        ticket = required_ticket(tx, project, key)
        stage = gate_of_column(project, ticket.stage)
        if stage is None or stage.gate is None:
            return None
        facts = ExitFacts(
            content=ticket.content,
            entered_stage_at=ticket.entered_stage_at,
            gate=gate_said(tx, project, ticket, stage.gate),
        )
        return TicketGate(
            gate=stage.gate,
            stage=stage.title,
            latest=tx.latest_gate_run(project.id, stage.gate, ticket.key),
            finding=check_gate(stage.gate, facts),
        )
