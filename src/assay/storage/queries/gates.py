"""A page of what the gates of a project answered."""

from __future__ import annotations

from assay.storage.queries.filters import page_size
from assay.storage.repositories.gates import RUN_ROW, run_row, runs_of_project
from assay.storage.session import Session
from assay.storage.tables import gate_runs, gates
from assay.workflows.gate_views import GateRunPage


class GateQueries(Session):
    """Which answers does a page show?"""

    __slots__ = ()

    def gate_run_page(
        self, project_id: int, *, gate: str | None, ticket: str | None, before: int | None, limit: int
    ) -> GateRunPage:
        """Answers of a project, newest first; `before` is the number to go on below."""
        limit = page_size(limit)
        named = ((gates.c.name, gate), (gate_runs.c.ticket, ticket))
        conditions = [column == value for column, value in named if value is not None]
        if before is not None:
            conditions.append(gate_runs.c.number < before)
        asked = runs_of_project(*RUN_ROW).where(*conditions).order_by(gate_runs.c.number.desc())
        found = self.select(asked.limit(limit + 1), {"the_project": project_id})
        rows = tuple(run_row(row) for row in found[:limit])
        return GateRunPage(rows=rows, next_before=rows[-1].number if len(found) > limit else None)
