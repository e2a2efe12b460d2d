"""What is told to those who follow a ticket?"""

from __future__ import annotations

from collections.abc import Mapping

from assay.domain.experiments.mentions import mentioned

TOLD_KINDS = (
    "amendment.marked", "blocker.closed", "blocker.opened", "decision.recorded", "kill.snoozed", "kill.woken", "ticket.amended", "ticket.attached",
    "ticket.attachment_removed", "ticket.confirmation_withdrawn", "ticket.confirmed", "ticket.edited", "ticket.linked",
    "ticket.locked", "ticket.moved", "ticket.noted", "ticket.rescoped", "ticket.unlinked", "verdict.computed",
)  # fmt: skip
"""Entries of the journal about a ticket that are news. Its order in a column and who else follows it are none; evidence is told by the
verdict that it leads to."""


def speaks_to(name: str, kind: str, payload: Mapping[str, object]) -> bool:
    """Does an entry mention somebody by name?

    >>> speaks_to("ada", "ticket.noted", {"text": "@ada, is rank 16 worth it?"})
    True
    """
    text = payload.get("text")
    return kind == "ticket.noted" and isinstance(text, str) and name in mentioned(text)
