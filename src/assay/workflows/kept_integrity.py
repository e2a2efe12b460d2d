"""Do the documents of a project (canvas, phase, comparisons) still say what the journal says they said?"""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import ValidationError

from assay.domain.portfolio.standing import Standing
from assay.workflows.journaled import differing, rows_of_kind
from assay.workflows.kept import CANVAS, CHOICE, PHASE, STANDING
from assay.workflows.ports import ReadTransaction
from assay.workflows.records import KeptDocument, Project
from assay.workflows.views import JournalRow

_WRITTEN = (
    (CANVAS, ("canvas.edited",)),
    (PHASE, ("phase.begun", "phase.edited")),
    (CHOICE, ("choice.edited", "choice.decided")),
)
_GONE = "the journal tells of it, and it is gone"


def kept_faults(tx: ReadTransaction, project: Project) -> Iterator[tuple[str, str]]:
    """Which document is it, and in which way is it not what the journal says?"""
    for kind, kinds in _WRITTEN:
        told = {row.subject: row for row in tx.told(project.slug, kinds)}
        for document in tx.all_kept(project.id, kind):
            row = told.pop(_subject(document), None)
            yield from ((_name(document), reason) for reason in _reasons(document, row))
        for subject in told:
            yield str(subject).replace("choice-", "comparison "), _GONE
    yield from (("canvas", reason) for reason in _standing_reasons(tx, project))


def _subject(document: KeptDocument) -> str:
    return f"{CHOICE}-{document.name}" if document.kind == CHOICE else document.kind


def _name(document: KeptDocument) -> str:
    return f"comparison {document.name}" if document.kind == CHOICE else document.kind


def _reasons(document: KeptDocument, row: JournalRow | None) -> Iterator[str]:
    if row is None:
        yield "it is not in the journal"
        return
    said = row.payload
    if said.get("digest", document.digest) != document.digest:
        yield "what it says was changed in the database: it no longer has its digest"
    stored = {"version": document.version, "by": document.by, "at": document.at}
    other = differing(stored, {"version": said.get("version"), "by": row.actor, "at": row.at})
    if other:
        yield f"it is not the one in the journal: it differs in {', '.join(other)}"


def _standing_reasons(tx: ReadTransaction, project: Project) -> Iterator[str]:
    judged, kept = rows_of_kind(tx, project, "canvas.judged"), tx.kept(project.id, STANDING)
    if kept is None:
        if judged:
            yield "the journal tells how its numbers stand, and that is gone"
        return
    try:
        told = [one.told() for one in Standing.model_validate_json(kept.body).readings]
    except ValidationError:
        told = None
    if not judged or told != judged[-1].payload.get("readings"):
        yield "how its numbers stand is not what the journal says of it"
