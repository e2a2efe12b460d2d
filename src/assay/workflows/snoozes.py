"""Overrule a recommended kill for a while, with a reason, and take that back."""

from __future__ import annotations

from datetime import timedelta

from assay.domain.experiments.learnings import checked_learnings
from assay.domain.experiments.texts import clean_text
from assay.domain.gates.snoozes import DEFAULT_DAYS, MOST_DAYS, RecommendedKill, Snooze, recommended_kills
from assay.domain.kernel.events import Event
from assay.domain.kernel.verdicts import Verdict
from assay.errors import Invalid, NotFound, Refused
from assay.workflows.actor import Actor, Permission
from assay.workflows.idempotency import Remember, write_once
from assay.workflows.kill_cards import snoozes_of, tell_woken, with_kills
from assay.workflows.lookup import required_project, required_ticket
from assay.workflows.ports import Workspace, WriteTransaction
from assay.workflows.records import Project, Ticket
from assay.workflows.standing_verdicts import read_record

MAX_REASON_LENGTH = 2000


def snooze_kill(
    ws: Workspace,
    actor: Actor,
    slug: str,
    key: str,
    *,
    rule: str,
    reason: str,
    days: int = DEFAULT_DAYS,
    remember: Remember | None = None,
) -> Snooze:
    """Go on although this rule recommends to kill, for so many days. Said again, it counts from now.

    Args:
        ws: the workspace.
        actor: who overrules it.
        slug: the project.
        key: the ticket.
        rule: name of the rule of thumb, or the text of the ticket's kill criterion.
        reason: why, at least a sentence.
        days: 1 to 30.
        remember: so that a repeat is answered the same.

    Raises:
        Invalid: days or reason break a rule.
        Refused: the ticket is closed, or the rule does not recommend to kill it.
    """
    actor.require(Permission.DECIDE)
    _check_days(key, days)
    said = _checked_reason(key, reason)

    def work(tx: WriteTransaction) -> Snooze:
        project = required_project(tx, slug)
        ticket = required_ticket(tx, project, key)
        verdict = _verdict(tx, ticket)
        kills = () if verdict is None else recommended_kills(verdict)
        _check_open(project, ticket)
        named = _named(ticket.key, rule, kills)
        at = ws.clock()
        made = Snooze(rule=named, until=at + timedelta(days=days), by=actor.name, reason=said, at=at)
        told = {"rule": named, "until": made.model_dump(mode="json")["until"], "reason": said}
        tx.append(Event.of("kill.snoozed", project=slug, subject=ticket.key, **told), actor=actor, at=at)
        assert verdict is not None
        others = [one for one in snoozes_of(ticket) if one.rule != named]
        tx.put_card(ticket.id, with_kills(ticket.card, verdict, [*others, made], restore=True))
        return made

    return write_once(ws, remember, work)


def wake_kill(
    ws: Workspace, actor: Actor, slug: str, key: str, *, rule: str, remember: Remember | None = None
) -> Snooze:
    """Take a snooze back: the rule is pressed again. Returns what it was.

    Raises:
        NotFound: no snooze of this rule holds.
    """
    actor.require(Permission.DECIDE)

    def work(tx: WriteTransaction) -> Snooze:
        project = required_project(tx, slug)
        ticket = required_ticket(tx, project, key)
        snoozes = snoozes_of(ticket)
        found = next((one for one in snoozes if _is_named(one.rule, rule)), None)
        verdict = _verdict(tx, ticket)
        if found is None or verdict is None:
            known = ", ".join(f"'{one.rule}'" for one in snoozes)
            raise NotFound(
                f"cannot wake rule {rule[:80]!r} of {ticket.key!r}: it is not snoozed "
                f"(expected {'one of: ' + known if known else 'a snoozed rule; none is'})",
                hint=f"assay ticket show {ticket.key}",
                code="snooze-unknown",
                field="rule",
            )
        tell_woken(tx, actor, project, ticket, found, because="taken back", at=ws.clock())
        left = [one for one in snoozes if one is not found]
        tx.put_card(ticket.id, with_kills(ticket.card, verdict, left, restore=True))
        return found

    return write_once(ws, remember, work)


def _verdict(tx: WriteTransaction, ticket: Ticket) -> Verdict | None:
    stored = tx.verdict(ticket.id)
    return None if stored is None else read_record(stored).verdict


def _is_named(rule: str, given: str) -> bool:
    said = given.strip()
    return rule in (said, said.replace("-", "_"))


def _named(key: str, given: str, kills: tuple[RecommendedKill, ...]) -> str:
    found = next((one.rule for one in kills if _is_named(one.rule, given)), None)
    if found is not None:
        return found
    known = ", ".join(f"'{one.rule}'" for one in kills)
    raise Refused(
        f"cannot snooze rule {given[:80]!r} of {key!r}: it does not recommend to kill it "
        f"(expected {'one that does: ' + known if known else 'a recommended kill; there is none'})",
        hint=f"assay verdict {key}",
        code="snooze-not-recommended",
        field="rule",
    )


def _check_open(project: Project, ticket: Ticket) -> None:
    stage = project.settings.board.stage(ticket.stage)
    if stage is not None and stage.terminal:
        raise Refused(
            f"cannot snooze a kill of {ticket.key!r}: it is closed in {stage.title} (expected an open ticket)",
            hint=f"assay ticket follow-up {ticket.key}",
            code="ticket-closed",
        )


def _check_days(key: str, days: int) -> None:
    if not 1 <= days <= MOST_DAYS:
        raise Invalid(
            f"cannot snooze a kill of {key[:40]!r}: found {str(days)[:20]} days (expected 1 to {MOST_DAYS})",
            hint=f"--days {DEFAULT_DAYS}; it can be snoozed again",
            code="snooze-days",
            field="days",
        )


def _checked_reason(key: str, reason: str) -> str:
    said, fact = "", ""
    try:
        said = clean_text(checked_learnings(reason))
    except Invalid as error:
        fact = "it is empty" if not reason.strip() else error.message.partition(": ")[2].partition(" (")[0]
    except ValueError as error:
        fact = str(error)
    if not fact and len(said) > MAX_REASON_LENGTH:
        fact = f"{len(said)} characters"
    if fact:
        raise Invalid(
            f"cannot read reason for a snooze on {key[:40]!r}: {fact} (expected at least one sentence of three words or "
            f"more, at most {MAX_REASON_LENGTH} characters)",
            hint='--reason "The learning rate was wrong until Monday."',
            code="snooze-reason",
            field="reason",
        )
    return said
