"""Tickets: write one, change it, amend it after the lock, confirm what only people know, link, note."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from assay.domain.experiments.experiment import LinkKind, Lock, TicketContent
from assay.domain.experiments.prediction import Prediction
from assay.domain.experiments.preregistration import (
    amend,
    must_be_complete,
    registration_digest,
    registration_of,
)
from assay.domain.experiments.type_rules import ticket_problems
from assay.domain.kernel.events import Event
from assay.domain.kernel.ids import checked_ticket_key
from assay.domain.kernel.metrics import MetricCatalog
from assay.errors import Invalid, Refused
from assay.workflows.actor import Actor, Permission
from assay.workflows.column_limits import passed_limit
from assay.workflows.idempotency import Remember, write_once
from assay.workflows.journaled import content_data
from assay.workflows.lookup import check_version, required_project, required_ticket, stale
from assay.workflows.ports import ReadTransaction, Workspace, WriteTransaction
from assay.workflows.records import Override, Project, Ticket
from assay.workflows.spikes import note_rescoping
from assay.workflows.verdicts import refresh_verdict
from assay.workflows.views import DraftCheck

SIMILAR_SHOWN = 5


def create_ticket(
    ws: Workspace,
    actor: Actor,
    slug: str,
    content: TicketContent,
    *,
    remember: Remember | None = None,
    number: int | None = None,
) -> Ticket:
    """Write a new ticket into the first column.

    Raises:
        Invalid: the content names a metric or baseline ticket that does not exist.
    """
    actor.require(Permission.WRITE_TICKETS)

    def work(tx: WriteTransaction) -> Ticket:
        project = required_project(tx, slug)
        return insert_ticket(tx, ws, actor, project, content, number=number)

    return write_once(ws, remember, work)


def insert_ticket(
    tx: WriteTransaction,
    ws: Workspace,
    actor: Actor,
    project: Project,
    content: TicketContent,
    *,
    number: int | None = None,
) -> Ticket:
    """The transaction part of `create_ticket`, for workflows that write more beside it."""
    _metrics_exist(tx.metrics(project.id), content)
    baselines = _baseline_tickets(tx, project, content)
    at = ws.clock()
    stage = project.settings.board.first.key
    above, _ = tx.ranks_around(project.id, stage, before_key=None)
    ticket = tx.add_ticket(
        project,
        content,
        stage=stage,
        rank=(above or 0.0) + 1024.0,
        by=actor.name,
        at=at,
        number=number,
    )
    for other in baselines:
        tx.add_link(ticket.id, LinkKind.USES_BASELINE_OF, other.id)
    tx.append(
        Event.of(
            "ticket.created",
            project=project.slug,
            subject=ticket.key,
            column=ticket.stage,
            after=content_data(content),
        ),
        actor=actor,
        at=at,
    )
    return ticket


def _metrics_exist(catalog: MetricCatalog, content: TicketContent) -> None:
    for criterion in content.criteria:
        if criterion.metric is not None:
            catalog.require(criterion.metric)
    for index, baseline in enumerate(content.baseline):
        catalog.require(baseline.metric, field=f"baseline[{index}].metric")


def _baseline_tickets(tx: ReadTransaction, project: Project, content: TicketContent) -> tuple[Ticket, ...]:
    found = []
    for index, baseline in enumerate(content.baseline):
        if baseline.ticket is None:
            continue
        other = tx.ticket(project.id, checked_ticket_key(baseline.ticket))
        if other is None:
            raise Invalid(
                f"cannot use {baseline.ticket!r} as baseline: project {project.slug!r} has no such ticket "
                "(expected the key of an existing ticket)",
                hint="assay ticket list",
                code="baseline-unknown",
                field=f"baseline[{index}].ticket",
            )
        found.append(other)
    return tuple(found)


def get_ticket(ws: Workspace, actor: Actor, slug: str, key: str) -> Ticket:
    """The ticket `key`, or NotFound."""
    actor.require(Permission.READ)
    with ws.store.read() as tx:
        return required_ticket(tx, required_project(tx, slug), key)


def edit_ticket(
    ws: Workspace,
    actor: Actor,
    slug: str,
    key: str,
    content: TicketContent,
    *,
    expected_version: int | None,
    amendment_reason: str | None = None,
) -> Ticket:
    """Change a ticket. Once it is locked, a change of hypothesis, criteria, baseline or budget is an amendment.

    Raises:
        StaleVersion: somebody changed it meanwhile.
        Refused: it is locked and no reason for the amendment was given, or what would be locked is incomplete or at odds
            with itself, or its type would change, or a begun spike would get more time, or a card more GPUs than its column
            has room for, without a reason.
    """
    actor.require(Permission.WRITE_TICKETS)

    def work(tx: WriteTransaction) -> tuple[Ticket, bool]:
        project = required_project(tx, slug)
        before = required_ticket(tx, project, key)
        check_version(before, expected_version)
        return change_content(tx, ws, actor, project, before, content, amendment_reason=amendment_reason)

    ticket, amended = ws.store.write(work)
    if amended:
        refresh_verdict(ws, slug, key)
        return get_ticket(ws, actor, slug, key)
    return ticket


def change_content(
    tx: WriteTransaction,
    ws: Workspace,
    actor: Actor,
    project: Project,
    before: Ticket,
    content: TicketContent,
    *,
    amendment_reason: str | None,
    bulk: Mapping[str, int] | None = None,
) -> tuple[Ticket, bool]:
    """The transaction part of `edit_ticket`; also says whether the pre-registration was amended.

    `bulk` says that several tickets are edited at once: how many, and with which entry of the journal that begins.
    """
    if content == before.content:
        return before, False
    if content.type is not before.content.type:
        raise Refused(
            f"cannot change ticket {before.key!r}: its type is {before.content.type.value} (expected the same type)",
            hint="write a new ticket and link it",
            code="ticket-type-fixed",
            field="type",
        )
    catalog = tx.metrics(project.id)
    _metrics_exist(catalog, content)
    baselines = _baseline_tickets(tx, project, content)
    at = ws.clock()
    note_rescoping(tx, actor, project, before, content, reason=amendment_reason, at=at)
    passed = passed_limit(tx, project, before, content, reason=amendment_reason)
    changed = _changed_fields(before.content, content)
    seq = tx.append(
        Event.of(
            "ticket.edited",
            project=project.slug,
            subject=before.key,
            before=changed["before"],
            after=changed["after"],
            reason=amendment_reason or "",
            **({"overridden": True, "unmet": [passed]} if passed else {}),
            **(bulk or {}),
        ),
        actor=actor,
        at=at,
    )
    after = tx.edit_ticket(before, content, at=at)
    if after is None:
        raise stale(required_ticket(tx, project, before.key))
    if passed:
        _pass_limit(tx, actor, before, passed, reason=amendment_reason or "", at=at, seq=seq)
    _relink_baselines(tx, before, baselines)
    amended = _amend_lock(tx, ws, actor, project, before, content, catalog, reason=amendment_reason, seq=seq)
    return (required_ticket(tx, project, before.key) if amended or passed else after), amended


def _pass_limit(
    tx: WriteTransaction, actor: Actor, ticket: Ticket, unmet: str, *, reason: str, at: datetime, seq: int
) -> None:
    override = Override(
        from_stage=ticket.stage,
        to_stage=ticket.stage,
        reason=reason.strip(),
        unmet=(unmet,),
        by=actor.name,
        at=at,
        seq=seq,
    )
    tx.add_override(ticket.id, override)


def _changed_fields(old: TicketContent, new: TicketContent) -> Mapping[str, dict[str, Any]]:
    before, after = old.model_dump(mode="json"), new.model_dump(mode="json")
    names = [name for name in after if before[name] != after[name]]
    return {"before": {n: before[n] for n in names}, "after": {n: after[n] for n in names}}


def _relink_baselines(tx: WriteTransaction, before: Ticket, baselines: tuple[Ticket, ...]) -> None:
    wanted = {other.key: other.id for other in baselines}
    present = {
        link.key for link in tx.links(before.id) if link.kind is LinkKind.USES_BASELINE_OF and link.outgoing
    }
    for key, other_id in wanted.items():
        if key not in present:
            tx.add_link(before.id, LinkKind.USES_BASELINE_OF, other_id)
    for key in present - wanted.keys():
        gone = tx.ticket(before.project_id, key)
        if gone is not None:
            tx.remove_link(before.id, LinkKind.USES_BASELINE_OF, gone.id)


def _amend_lock(
    tx: WriteTransaction,
    ws: Workspace,
    actor: Actor,
    project: Project,
    before: Ticket,
    content: TicketContent,
    catalog: MetricCatalog,
    *,
    reason: str | None,
    seq: int,
) -> bool:
    lock = before.lock
    if lock is None:
        return False
    metrics = locked_catalog(lock, catalog)
    registration = registration_of(content, metrics)
    if registration_digest(registration) == lock.digest:
        return False
    if not (reason or "").strip():
        raise Refused(
            f"cannot change ticket {before.key!r}: hypothesis, criteria, baseline and budget are locked since "
            f"{lock.locked_at:%d %B %Y} (expected a reason, which makes the change an amendment)",
            hint=f'assay ticket edit {before.key} ... --amend "why"',
            code="ticket-locked",
            field="amendment_reason",
        )
    must_be_complete(content, metrics, verb="amend")
    at = ws.clock()
    after_results = tx.results_since(before.id) > 0 or bool(
        tx.runs(project.id, before.key, with_curves=False)
    )
    new_lock = amend(
        lock,
        registration,
        at=at,
        author=actor.name,
        reason=reason or "",
        seq=seq,
        after_results=after_results,
    )
    amendment = new_lock.amendments[-1]
    tx.put_lock(before.id, new_lock)
    tx.append(
        Event.of(
            "ticket.amended",
            project=project.slug,
            subject=before.key,
            number=amendment.number,
            reason=amendment.reason,
            changes=list(amendment.changes),
            loosens=amendment.loosens,
            after_results=after_results,
            digest_before=lock.digest,
            digest_after=new_lock.digest,
        ),
        actor=actor,
        at=at,
    )
    return True


def locked_catalog(lock: Lock, catalog: MetricCatalog) -> MetricCatalog:
    """The project's metrics, with those that were locked as they stood at the lock."""
    locked = {metric.name: metric for metric in lock.registration.metrics}
    merged = {metric.name: metric for metric in catalog.metrics} | locked
    return MetricCatalog.of(merged.values())


def follow_up(
    ws: Workspace, actor: Actor, slug: str, key: str, *, remember: Remember | None = None
) -> Ticket:
    """Take a closed experiment up again: a new ticket with the same content, linked to the old one.

    Raises:
        Refused: the ticket is still open.
    """
    actor.require(Permission.WRITE_TICKETS)

    def work(tx: WriteTransaction) -> Ticket:
        project = required_project(tx, slug)
        old = required_ticket(tx, project, key)
        stage = project.settings.board.stage(old.stage)
        if stage is None or not (stage.terminal or stage.hidden):
            raise Refused(
                f"cannot follow up {key!r}: it is still open in {old.stage} (expected a closed ticket)",
                hint=f"move {key} instead",
                code="ticket-still-open",
            )
        content = old.content.model_copy(
            update={
                "title": f"Follow-up: {old.content.title}"[:200],
                # Both were said of the old question, before its answer was known.
                "place": None,
                "prediction": _without_chance(old.content.prediction),
            }
        )
        new = insert_ticket(tx, ws, actor, project, content)
        tx.add_link(new.id, LinkKind.FOLLOW_UP_OF, old.id)
        event = Event.of("ticket.linked", project=slug, subject=new.key, link="follow_up_of", other=key)
        tx.append(event, actor=actor, at=ws.clock())
        return new

    return write_once(ws, remember, work)


def _without_chance(prediction: Prediction | None) -> Prediction | None:
    return None if prediction is None else prediction.model_copy(update={"chance": None})


def delete_ticket(ws: Workspace, actor: Actor, slug: str, key: str, *, expected_version: int | None) -> None:
    """Remove a ticket that never was locked and has no runs; the journal keeps that it existed.

    Raises:
        Refused: it was locked: such a ticket is killed with learnings, not deleted; or it has runs, which are detached first; or
            it was in a sprint while that was running, whose scope would change after the fact.
    """
    actor.require(Permission.WRITE_TICKETS)

    def work(tx: WriteTransaction) -> None:
        project = required_project(tx, slug)
        ticket = required_ticket(tx, project, key)
        check_version(ticket, expected_version)
        _must_be_untouched(tx, project, ticket)
        _must_be_in_no_begun_sprint(tx, project, ticket)
        files = tx.attachments(ticket.id)
        if not tx.delete_ticket(ticket):
            raise stale(ticket)
        for file in files:
            tx.drop_unattached(file.digest)
        event = Event.of("ticket.deleted", project=slug, subject=key, before=content_data(ticket.content))
        tx.append(event, actor=actor, at=ws.clock())

    ws.store.write(work)


def _must_be_untouched(tx: ReadTransaction, project: Project, ticket: Ticket) -> None:
    key = ticket.key
    if ticket.lock is not None:
        raise Refused(
            f"cannot delete ticket {key!r}: it was locked (expected a draft)",
            hint=f"assay decide {key} kill --learnings TEXT",
            code="ticket-has-history",
        )
    runs = tx.runs(project.id, key, with_curves=False)
    if runs:
        raise Refused(
            f"cannot delete ticket {key!r}: it has {len(runs)} {'run' if len(runs) == 1 else 'runs'} (expected a draft without "
            "runs)",
            hint=f"assay run detach {runs[0].run_id}; then it belongs to no ticket. All of them: assay run list --ticket {key}",
            code="ticket-has-runs",
            details={"runs": len(runs)},
        )


def _must_be_in_no_begun_sprint(tx: ReadTransaction, project: Project, ticket: Ticket) -> None:
    begun = {one.id: one for one in tx.sprints(project.id) if one.started_at is not None}
    for made in tx.all_commitments(project.id) if begun else ():
        sprint = begun.get(made.sprint_id)
        if made.key != ticket.key or sprint is None or sprint.started_at is None:
            continue
        if made.removed_at is not None and made.removed_at < sprint.started_at:
            continue
        raise Refused(
            f"cannot delete ticket {ticket.key!r}: sprint {sprint.number} ran with it (expected a ticket of no sprint that was "
            "started: what a sprint committed to stays told)",
            hint=f"assay sprint release {sprint.number} {ticket.key} --reason TEXT"
            if made.stands and sprint.ended_at is None
            else f'assay ticket note {ticket.key} "why nobody will run it"',
            code="ticket-in-sprint",
            details={"sprint": sprint.number},
        )


def draft_check(
    ws: Workspace, actor: Actor, slug: str, content: TicketContent, *, exclude: str | None = None
) -> DraftCheck:
    """What does this draft still lack, and did we try it before?"""
    actor.require(Permission.READ)
    with ws.store.read() as tx:
        project = required_project(tx, slug)
        problems = ticket_problems(content, tx.metrics(project.id))
        text = f"{content.title} {content.hypothesis}"
        similar = tx.similar(project.id, text, exclude=exclude, limit=SIMILAR_SHOWN)
        return DraftCheck(problems=problems, similar=tuple(similar))
