"""What was forgotten is ended: several stale tickets are killed at once, each by a decision with its own learnings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from assay.domain.experiments.experiment import DecisionKind
from assay.domain.experiments.learnings import checked_learnings
from assay.errors import AssayError, Invalid, Refused
from assay.workflows.actor import Actor, Permission
from assay.workflows.decisions import DecisionResult, may_be_decided, record_decision
from assay.workflows.idempotency import Remember, write_once
from assay.workflows.lookup import required_project
from assay.workflows.ports import Workspace, WriteTransaction
from assay.workflows.records import Project, Ticket
from assay.workflows.staleness import StaleCard, list_stale, stale_cards

MOST_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class StaleChoice:
    """A stale ticket that may be killed, or why it may not."""

    card: StaleCard
    version: int
    verdict: str
    """promote, iterate, kill or undecided; empty where no verdict is computed."""
    why_not: str
    """Empty where it may be decided."""
    do: str


@dataclass(frozen=True, slots=True)
class StaleKill:
    """The end of one stale ticket."""

    key: str
    learnings: str
    expected_version: int | None


def stale_choices(
    ws: Workspace, actor: Actor, slug: str, keys: Sequence[str] = ()
) -> tuple[Project, tuple[StaleChoice, ...]]:
    """Which stale tickets could be killed now, the longest first? `keys` narrows it to those.

    Raises:
        NotFound: no such project.
    """
    found = [card for card in list_stale(ws, actor, slug) if not keys or card.key in keys][:MOST_AT_ONCE]
    with ws.store.read() as tx:
        project = required_project(tx, slug)
        named = [card.key for card in found]
        tickets = {one.key: one for one in (tx.tickets(project.id, keys=named) if named else ())}
    choices = []
    for card in found:
        ticket = tickets.get(card.key)
        if ticket is None:
            continue
        refused = may_be_decided(project, ticket)
        choices.append(
            StaleChoice(
                card,
                ticket.version,
                str(ticket.card.get("recommendation") or ""),
                "" if refused is None else refused.message,
                "" if refused is None else _instead(project, ticket, refused),
            )
        )
    return project, tuple(choices)


def _instead(project: Project, ticket: Ticket, refused: Refused) -> str:
    """What ends a ticket that cannot be decided: one on which nothing was promised needs no decision."""
    if ticket.lock is None and not ticket.card.get("runs"):
        return f"take it back to {project.settings.board.first.title}, or delete it"
    return refused.hint


def kill_stale(
    ws: Workspace,
    actor: Actor,
    slug: str,
    kills: Sequence[StaleKill],
    *,
    reason: str,
    remember: Remember | None = None,
) -> tuple[DecisionResult, ...]:
    """Kill stale tickets, all of them or none: each with the decision that any kill needs. A kill is not taken back.

    Raises:
        Invalid: none is chosen, or learnings or a reason are missing; `field` is the key of the ticket.
        Refused: one is not stale any more, or may not be decided.
        StaleVersion: somebody changed one meanwhile.
    """
    actor.require(Permission.DECIDE)
    if not kills or len(kills) > MOST_AT_ONCE:
        raise Invalid(
            f"cannot kill stale tickets: {len(kills) or 'none'} chosen (expected 1 to {MOST_AT_ONCE})",
            hint="assay board --stale",
            code="stale-none-chosen",
            field="key",
        )
    lessons = {kill.key: _lesson(kill) for kill in kills}

    def work(tx: WriteTransaction) -> tuple[DecisionResult, ...]:
        project = required_project(tx, slug)
        stale = stale_cards(tx, project, ws.clock())
        return tuple(_killed(tx, ws, actor, project, kill, lessons, stale, reason) for kill in kills)

    return write_once(ws, remember, work)


def _lesson(kill: StaleKill) -> str:
    try:
        return checked_learnings(kill.learnings)
    except Invalid as error:
        error.field = kill.key
        raise


def _killed(
    tx: WriteTransaction,
    ws: Workspace,
    actor: Actor,
    project: Project,
    kill: StaleKill,
    lessons: Mapping[str, str],
    stale: Mapping[str, object],
    reason: str,
) -> DecisionResult:
    if kill.key not in stale:
        raise Refused(
            f"cannot kill {kill.key[:40]!r} as stale: it is not stale any more (expected one without a sign of life, or past its "
            "time box)",
            hint="assay board --stale",
            code="ticket-not-stale",
            field=kill.key,
        )
    try:
        return record_decision(
            tx,
            ws,
            actor,
            project,
            kill.key,
            kind=DecisionKind.KILL,
            lesson=lessons[kill.key],
            reason=reason,
            expected_version=kill.expected_version,
        )
    except AssayError as error:
        error.field = kill.key
        raise
