"""What a card shows of recommended kills: which there are, and which a person overruled for now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from assay.domain.gates.snoozes import (
    RecommendedKill,
    Snooze,
    asleep,
    is_quiet,
    judged_runs,
    recommended_kills,
    wakers,
)
from assay.domain.gates.summary import chip_text
from assay.domain.kernel.events import Event
from assay.domain.kernel.verdicts import Verdict
from assay.workflows.actor import SYSTEM, Actor
from assay.workflows.escalations import overrun, tell_overrun
from assay.workflows.ports import WriteTransaction
from assay.workflows.records import Project, Ticket
from assay.workflows.standing_verdicts import closed_by
from assay.workflows.views import KillView

SNOOZED = "Kill snoozed"
"""The chip of a card whose kill is not pressed."""
OVER = "its time is over"
_OF_KILLS = ("kills", "snoozes", "snoozed", "overrun")


def snoozes_of(ticket: Ticket) -> tuple[Snooze, ...]:
    """What was overruled on a ticket and not taken back since; some may be over by now."""
    return tuple(Snooze.model_validate(one) for one in ticket.card.get("snoozes", ()))


def kill_views(ticket: Ticket, verdict: Verdict | None, now: datetime) -> tuple[KillView, ...]:
    """The kills that this verdict recommends, with what holds of their snoozes now."""
    if verdict is None:
        return ()
    held = asleep(snoozes_of(ticket), now)
    return tuple(
        KillView(one.rule, one.reason, one.criterion, held.get(one.rule))
        for one in recommended_kills(verdict)
    )


def with_kills(
    card: Mapping[str, Any], verdict: Verdict, snoozes: Iterable[Snooze], *, restore: bool = False
) -> dict[str, Any]:
    """The card with these kills and snoozes; `restore` writes the chip anew, for a card that was snoozed before."""
    kills, held = recommended_kills(verdict), tuple(snoozes)
    shown = {name: kept for name, kept in card.items() if name not in _OF_KILLS}
    if kills:
        shown["kills"] = [asdict(one) for one in kills]
    over = overrun(verdict)
    if over:
        shown["overrun"] = over
    if held:
        shown["snoozes"] = [one.model_dump(mode="json") for one in held]
    if is_quiet(kills, [one.rule for one in held]):
        return shown | {"snoozed": min(one.until for one in held).isoformat(), "chip": SNOOZED}
    if restore:
        shown["chip"] = chip_text(verdict, int(card.get("running", 0)))
    return shown


def looked_at_again(
    tx: WriteTransaction,
    project: Project,
    ticket: Ticket,
    card: Mapping[str, Any],
    verdict: Verdict,
    before: Verdict | None,
    *,
    at: datetime,
) -> dict[str, Any]:
    """The card after a verdict was computed: says which rule recommends to kill for the first time, and wakes what is due.

    Args:
        tx: the transaction that keeps the verdict.
        project: of the ticket.
        ticket: as it is stored.
        card: as the new verdict makes it.
        verdict: the new one.
        before: the one that stood until now; None before the first.
        at: now.
    """
    if closed_by(project, ticket) is not None:
        # What it was killed on stands; nothing is recommended any more.
        return {**card, **{name: ticket.card[name] for name in _OF_KILLS if name in ticket.card}}
    kills, known = recommended_kills(verdict), () if before is None else recommended_kills(before)
    _tell_new(tx, project, ticket, kills, known, judged_runs(verdict), at)
    tell_overrun(tx, project, ticket, verdict, before, at=at)
    snoozes = snoozes_of(ticket)
    held = asleep(snoozes, at)
    for one in snoozes:
        if one.rule not in held:
            tell_woken(tx, SYSTEM, project, ticket, one, because=OVER, at=at)
    louder = wakers(known, kills, held)
    if louder:
        because = f"another rule recommends to kill: {', '.join(louder)}"
        for one in held.values():
            tell_woken(tx, SYSTEM, project, ticket, one, because=because, at=at)
        held = {}
    return with_kills(card, verdict, held.values())


def tell_woken(
    tx: WriteTransaction,
    actor: Actor,
    project: Project,
    ticket: Ticket,
    snooze: Snooze,
    *,
    because: str,
    at: datetime,
) -> None:
    """Journal that a kill is pressed again."""
    event = Event.of(
        "kill.woken", project=project.slug, subject=ticket.key, rule=snooze.rule, because=because
    )
    tx.append(event, actor=actor, at=at)


def _tell_new(
    tx: WriteTransaction,
    project: Project,
    ticket: Ticket,
    kills: Iterable[RecommendedKill],
    known: Iterable[RecommendedKill],
    runs: Iterable[str],
    at: datetime,
) -> None:
    before = {one.rule for one in known}
    new = [asdict(one) for one in kills if one.rule not in before]
    if new:
        told = {"kills": new, "runs": list(runs)}
        event = Event.of("kill.recommended", project=project.slug, subject=ticket.key, **told)
        tx.append(event, actor=SYSTEM, at=at)
