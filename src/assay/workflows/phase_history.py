"""Through which phases a project went, from the journal."""

from __future__ import annotations

from datetime import date

from assay.domain.portfolio.phase_of_work import PhaseBegin, way_of_phases
from assay.domain.portfolio.phases import Phase
from assay.workflows.kept import PHASE
from assay.workflows.ports import ReadTransaction

_KINDS = ("phase.begun", "phase.edited")


def phases_of(tx: ReadTransaction, slug: str) -> tuple[PhaseBegin, ...]:
    """The phases of a project, each with its first day; empty while nobody said."""
    rows = tx.journal_about(slug, PHASE, _KINDS)
    said = [(row.payload["phase"], row.payload["after"].get("since")) for row in rows]
    return way_of_phases((Phase(phase), date.fromisoformat(since)) for phase, since in said if since)
