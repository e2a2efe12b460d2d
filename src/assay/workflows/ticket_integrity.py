"""Does what people wrote on tickets and confirmed still say what the journal says? Predictions are a part of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from assay.workflows.journaled import content_data, differing
from assay.workflows.ports import ReadTransaction
from assay.workflows.records import Attestation, Project, Ticket
from assay.workflows.views import JournalRow

_KINDS = (
    "ticket.created", "ticket.edited", "ticket.deleted", "ticket.confirmed", "ticket.confirmation_withdrawn", "ticket.moved",
)  # fmt: skip
_ONE_TRANSACTION = timedelta(seconds=1)
"""Older versions looked at the clock twice: a confirmation may be so much older than its entry."""


@dataclass(slots=True)
class _Told:
    """What the entries about one ticket amount to, taken oldest first."""

    created: dict[str, Any] | None = None
    edited: dict[str, Any] = field(default_factory=dict)
    """Fields that were changed since, as they were written last."""
    confirmed: dict[str, tuple[str, str, datetime]] = field(default_factory=dict)
    """By item: who, with which note, when."""
    deleted: bool = False

    def take(self, row: JournalRow) -> None:
        said = row.payload
        match row.kind:
            case "ticket.created":
                # An imported ticket may have the key of one that was deleted.
                self.created, self.edited, self.confirmed, self.deleted = said.get("after"), {}, {}, False
            case "ticket.edited":
                self.edited |= said.get("after", {})
            case "ticket.deleted":
                self.deleted = True
            case "ticket.confirmed":
                self.confirmed[said.get("item", "")] = (row.actor, said.get("note", ""), row.at)
            case "ticket.confirmation_withdrawn":
                self.confirmed.pop(said.get("item", ""), None)
            case _:
                for item in said.get("confirmations_ended", ()):
                    self.confirmed.pop(item, None)


def ticket_faults(
    tx: ReadTransaction, project: Project, tickets: Mapping[str, Ticket]
) -> Iterator[tuple[str, str]]:
    """Which ticket is it, and in which way does it say something else than the journal? Over all, those that are gone too."""
    told: dict[str | None, _Told] = {}
    for row in tx.told(project.slug, _KINDS):
        told.setdefault(row.subject, _Told()).take(row)
    for key, ticket in tickets.items():
        said = told.pop(key, _Told())
        reasons = (*_content_reasons(ticket, said), *_confirmed_reasons(ticket.attestations, said))
        yield from ((key, reason) for reason in reasons)
    for gone, said in told.items():
        if gone is not None and not said.deleted:
            yield gone, "the ticket is gone, and no entry says that it was deleted"


def _content_reasons(ticket: Ticket, told: _Told) -> Iterator[str]:
    if told.created is None:
        yield "no entry tells that it was written"
        return
    whole, short = ticket.content.model_dump(mode="json"), content_data(ticket.content)
    # An entry of a new ticket leaves out what stands at its default, one of an edit does not.
    stored = {name: value if name in told.edited else short.get(name) for name, value in whole.items()}
    other = differing(stored, told.created | told.edited)
    if other:
        yield f"it does not say what the journal says: it differs in {', '.join(other)}"


def _confirmed_reasons(said: Sequence[Attestation], told: _Told) -> Iterator[str]:
    stored = {one.item: one for one in said}
    for item in dict.fromkeys((*told.confirmed, *stored)):
        one, expected = stored.get(item), told.confirmed.get(item)
        if one is None:
            yield f"the journal tells that {item} was confirmed, and that is gone"
        elif expected is None:
            yield f"that {item} was confirmed is not in the journal"
        else:
            by, note, at = expected
            late = not timedelta() <= at - one.at < _ONE_TRANSACTION
            other = [*differing({"by": one.by, "note": one.note}, {"by": by, "note": note}), *["at"] * late]
            if other:
                yield f"the confirmation of {item} is not the one in the journal: it differs in {', '.join(other)}"
