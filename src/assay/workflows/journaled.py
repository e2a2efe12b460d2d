"""What does the journal tell of one kind of happening in a project?"""

from __future__ import annotations

from assay.workflows.ports import ReadTransaction
from assay.workflows.records import Project
from assay.workflows.views import JournalRow

_PAGE = 500


def rows_of_kind(tx: ReadTransaction, project: Project, kind: str) -> list[JournalRow]:
    """All entries of one kind, oldest first."""
    rows: list[JournalRow] = []
    before: int | None = None
    while True:
        page = tx.journal_page(
            project=project.slug, before=before, limit=_PAGE, kind=kind, subject=None, actor=None
        )
        rows += page.rows
        before = page.next_before
        if before is None:
            return rows[::-1]
