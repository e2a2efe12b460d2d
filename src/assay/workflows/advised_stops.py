"""Which experiments under way does a rule say to stop, or ask a person about? With its reason, as their cards hold it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from assay.domain.gates.snoozes import asleep
from assay.domain.kernel.kill_rules import KillRuleName
from assay.workflows.kill_cards import snoozes_of
from assay.workflows.records import Ticket
from assay.workflows.sprint_views import AdvisedStop, TicketAt


def advised_stops(
    stands: Iterable[TicketAt], tickets: Mapping[str, Ticket], at: datetime
) -> tuple[AdvisedStop, ...]:
    """What is recommended about these: kill criteria that are met, then rules of thumb, then overrun budgets; what is snoozed last."""
    found = [
        one
        for stand in stands
        if not stand.progress.is_decided and stand.key in tickets
        for one in _of_ticket(stand, tickets[stand.key], at)
    ]
    return tuple(
        sorted(found, key=lambda one: (bool(one.snoozed), not one.criterion, not one.advises_kill, one.key))
    )


def _of_ticket(stand: TicketAt, ticket: Ticket, at: datetime) -> Iterable[AdvisedStop]:
    held = asleep(snoozes_of(ticket), at)
    for kill in ticket.card.get("kills", ()):
        rule = str(kill["rule"])
        yield AdvisedStop(
            key=stand.key,
            title=stand.title,
            rule=rule,
            reason=str(kill["reason"]),
            criterion=bool(kill["criterion"]),
            advises_kill=True,
            snoozed=held[rule].text if rule in held else "",
        )
    overrun = str(ticket.card.get("overrun") or "")
    if overrun:
        yield AdvisedStop(
            key=stand.key,
            title=stand.title,
            rule=KillRuleName.OVER_BUDGET.value,
            reason=overrun,
            criterion=False,
            advises_kill=False,
            snoozed="",
        )
