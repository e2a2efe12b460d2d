"""Documents a project keeps, and what its tickets' verdicts say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import bindparam, func, insert, select, update

from assay.storage.session import Row, Session, Statement, any_of, in_list
from assay.storage.tables import project_documents, runs, tickets, verdicts
from assay.workflows.records import KeptDocument

_D, _V = project_documents.c, verdicts.c
_KEPT = select(_D.id, _D.project_id, _D.kind, _D.name, _D.version, _D.body, _D.by, _D.at).where(
    _D.project_id == bindparam("the_project"), _D.kind == bindparam("the_kind")
)
ONE = Statement(_KEPT.where(_D.name == bindparam("the_name")))
OF_KIND = Statement(_KEPT.order_by(_D.name))
ADD = Statement(
    insert(project_documents).returning(_D.id),
    ("project_id", "kind", "name", "version", "body", "by", "at"),
)
SAVE = Statement(
    update(project_documents)
    .where(_D.id == bindparam("the_document"), _D.version == bindparam("seen"))
    .values(version=_D.version + 1),
    ("body", "by", "at"),
)
_newest = verdicts.alias("newest")
LATEST = Statement(
    select(tickets.c.key, _V.digest)
    .join_from(
        tickets,
        verdicts,
        _V.id == select(func.max(_newest.c.id)).where(_newest.c.ticket_id == tickets.c.id).scalar_subquery(),
    )
    .where(
        tickets.c.project_id == bindparam("the_project"),
        tickets.c.locked == 1,
        tickets.c.recommendation.is_not(None),
    )
    .order_by(tickets.c.number)
)
BODIES = Statement(
    lambda engine: (
        select(tickets.c.key, _V.body)
        .join_from(verdicts, tickets, tickets.c.id == _V.ticket_id)
        .where(tickets.c.project_id == bindparam("the_project"), in_list(engine, _V.digest, "digests"))
        .order_by(_V.id)
    )
)
SPENT = Statement(
    select(func.count(), func.count(runs.c.gpu_hours), func.sum(runs.c.gpu_hours)).where(
        runs.c.project_id == bindparam("the_project"), runs.c.deleted == 0
    )
)
HOUR_DIGITS = 9
"""Digits of a sum of hours that do not depend on the order in which they are added."""


class KeptReader(Session):
    """What does a project keep?"""

    __slots__ = ()

    def kept(self, project_id: int, kind: str, name: str = "") -> KeptDocument | None:
        """One document."""
        row = self.row(ONE, the_project=project_id, the_kind=kind, the_name=name)
        return None if row is None else _kept(row)

    def all_kept(self, project_id: int, kind: str) -> Sequence[KeptDocument]:
        """Every document of a kind, by name."""
        return [_kept(row) for row in self.rows(OF_KIND, the_project=project_id, the_kind=kind)]

    def latest_verdicts(self, project_id: int) -> Sequence[tuple[str, str]]:
        """Key and digest of the newest verdict of every locked ticket, by number."""
        return [(key, digest) for key, digest in self.rows(LATEST, the_project=project_id)]

    def verdict_bodies(self, project_id: int, digests: Sequence[str]) -> Sequence[tuple[str, bytes]]:
        """Key and bytes of these verdicts, the oldest first."""
        if not digests:
            return []
        wanted = any_of(self.engine, digests)
        return [(key, bytes(body)) for key, body in self.rows(BODIES, the_project=project_id, digests=wanted)]

    def compute_spent(self, project_id: int) -> tuple[int, int, float | None]:
        """Runs, those among them whose GPU-hours are known, and the sum of these."""
        count, known, hours = self.one(SPENT, the_project=project_id)
        return count, known, None if hours is None else round(hours, HOUR_DIGITS)


class KeptWriter(KeptReader):
    """Changes to what a project keeps."""

    __slots__ = ()

    def keep(
        self, project_id: int, kind: str, name: str, body: str, *, by: str, at: datetime
    ) -> KeptDocument:
        """A new document, in its first version."""
        (number,) = self.one(
            ADD, project_id=project_id, kind=kind, name=name, version=1, body=body, by=by, at=at
        )
        return KeptDocument(
            id=number, project_id=project_id, kind=kind, name=name, version=1, body=body, by=by, at=at
        )

    def save_kept(self, document: KeptDocument) -> KeptDocument | None:
        """Write body, author and time where the version still is `document.version`; None when stale."""
        changed = self.execute(
            SAVE,
            the_document=document.id,
            seen=document.version,
            body=document.body,
            by=document.by,
            at=document.at,
        )
        return replace(document, version=document.version + 1) if changed else None


def _kept(row: Row) -> KeptDocument:
    number, project, kind, name, version, body, by, at = row
    return KeptDocument(
        id=number, project_id=project, kind=kind, name=name, version=version, body=body, by=by, at=at
    )
