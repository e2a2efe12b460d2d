"""Are recommended kills snoozed as the journal says, and no others?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from assay.workflows.journaled import differing
from assay.workflows.kill_cards import snoozes_of
from assay.workflows.ports import ReadTransaction
from assay.workflows.records import Project, Ticket


def snooze_faults(
    tx: ReadTransaction, project: Project, tickets: Mapping[str, Ticket]
) -> Iterator[tuple[str, str]]:
    """Which ticket is it, and in which way are its snoozes not those of the journal?"""
    told: dict[str | None, dict[str, dict[str, Any]]] = {}
    for row in tx.told(project.slug, ("kill.snoozed", "kill.woken")):
        said, of_ticket = row.payload, told.setdefault(row.subject, {})
        if row.kind == "kill.woken":
            of_ticket.pop(str(said.get("rule")), None)
        else:
            of_ticket[str(said.get("rule"))] = {
                "until": said.get("until"), "reason": said.get("reason"), "by": row.actor, "at": row.at,
            }  # fmt: skip
    for key, ticket in tickets.items():
        expected = told.get(key, {})
        stored = {one.rule: one for one in snoozes_of(ticket)}
        for rule in dict.fromkeys((*expected, *stored)):
            one, journaled = stored.get(rule), expected.get(rule)
            if one is None:
                yield key, f"the journal tells that '{rule}' was snoozed, and that is gone"
            elif journaled is None:
                yield key, f"that '{rule}' is snoozed is not in the journal"
            else:
                shown = one.model_dump(mode="json")
                other = differing(
                    {"until": shown["until"], "reason": one.reason, "by": one.by, "at": one.at}, journaled
                )
                if other:
                    yield (
                        key,
                        f"the snooze of '{rule}' is not the one in the journal: it differs in {', '.join(other)}",
                    )
