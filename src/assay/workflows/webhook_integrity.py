"""Are the webhooks those that the journal tells of?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from assay.workflows.journaled import differing
from assay.workflows.ports import ReadTransaction
from assay.workflows.records import Project
from assay.workflows.webhooks import journaled_form

_KINDS = ("webhook.added", "webhook.changed", "webhook.removed")


def webhook_faults(tx: ReadTransaction, project: Project) -> Iterator[tuple[str, str]]:
    """Which webhook is it, and in which way is it not the one in the journal?"""
    told: dict[str, Mapping[str, Any]] = {}
    for row in tx.told(project.slug, _KINDS):
        if row.kind == "webhook.removed":
            told.pop(str(row.subject), None)
        else:
            told[str(row.subject)] = row.payload
    stored = {one.name: journaled_form(one) for one in tx.webhooks(project.id)}
    for name in dict.fromkeys((*told, *stored)):
        what = f"webhook {name}"
        if name not in stored:
            yield what, "the journal tells of it, and it is gone"
        elif name not in told:
            yield what, "it is not in the journal"
        elif other := differing(stored[name], told[name]):
            yield what, f"it is not the one in the journal: it differs in {', '.join(other)}"
