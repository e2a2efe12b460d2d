"""How does the journal tell of a thing, and does the thing still say the same?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assay.domain.experiments.experiment import TicketContent
from assay.workflows.ports import ReadTransaction
from assay.workflows.records import Project
from assay.workflows.views import JournalRow


def rows_of_kind(tx: ReadTransaction, project: Project, kind: str) -> list[JournalRow]:
    """All entries of one kind, oldest first."""
    return list(tx.told(project.slug, (kind,)))


def content_data(content: TicketContent) -> dict[str, Any]:
    """Ticket content as plain JSON for the journal; what is left at its default is left out."""
    data = content.model_dump(mode="json", exclude_defaults=True)
    data["type"] = content.type.value
    return data


def differing(stored: Mapping[str, object], told: Mapping[str, object]) -> list[str]:
    """Names under which something else is stored than what was told, in the order of what is stored.

    >>> differing({"owner": "eve", "text": "x"}, {"owner": "ada", "text": "x"})
    ['owner']
    """
    return [name for name, value in stored.items() if value != told.get(name)]
