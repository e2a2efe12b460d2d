"""The journal page: what happened, newest first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ClauseElement, Select, bindparam, func, literal_column, select, text

from assay.storage.queries.filters import page_size
from assay.storage.repositories.journal import LAST_SEQ
from assay.storage.session import Session, Statement, any_of, from_json, in_list
from assay.storage.tables import journal
from assay.storage.types import storable
from assay.workflows.views import JournalPage, JournalRow

MOST_COUNTED = 10_000

_J = journal.c
ABOUT = Statement(
    lambda engine: (
        select(_J.body, _J.hash)
        .where(
            _J.subject == bindparam("subject"),
            # Not by the kind or the project, whose indexes hold the entries of all tickets.
            in_list(engine, func.coalesce(_J.kind, ""), "kinds"),
            func.coalesce(_J.project, "") == bindparam("project"),
        )
        .order_by(_J.seq)
    )
)

LATEST = Statement(
    select(_J.body, _J.hash)
    .where(_J.subject == bindparam("subject"), func.coalesce(_J.project, "") == bindparam("project"))
    .order_by(_J.seq.desc())
    .limit(bindparam("most"))
)


def of_kinds(engine: str, *, after: bool = False) -> ClauseElement:
    """Body, number and hash of every entry of a project of these kinds (parameters `project`, `kinds`), in the order of the journal.

    Found by the kind, not by the project, whose index holds all that ever happened in it. SQLite is made to: by what it counts
    it would rather walk the whole journal. So is PostgreSQL, which takes a cursor's first rows for all that is wanted: an
    expression as the order keeps it off the order of the table.

    Args:
        engine: `sqlite` or `postgresql`.
        after: only those after the number `after`.
    """
    if engine == "sqlite":
        later = " AND j.seq > :after" if after else ""
        return text(
            "SELECT j.body, j.seq, j.hash FROM json_each(:kinds) k CROSS JOIN journal j ON j.kind = k.value "  # noqa: S608 - no text of others
            f"WHERE coalesce(j.project, '') = :project{later} ORDER BY j.seq"
        )
    chosen = select(_J.body, _J.seq, _J.hash).where(
        func.coalesce(_J.project, "") == bindparam("project"), in_list(engine, _J.kind, "kinds")
    )
    return (chosen.where(_J.seq > bindparam("after")) if after else chosen).order_by(_J.seq + 0)


TOLD = Statement(of_kinds)


class JournalQueries(Session):
    """What happened, a page at a time?"""

    __slots__ = ()

    def journal_about(self, project: str, subject: str, kinds: Sequence[str]) -> Sequence[JournalRow]:
        """Every entry of these kinds about one subject, oldest first, in one walk over what was written about it."""
        wanted = {"project": project, "subject": storable(subject), "kinds": any_of(self.engine, kinds)}
        return tuple(
            line_of(bytes(body), bytes(entry_hash)) for body, entry_hash in self.rows(ABOUT, **wanted)
        )

    def told(self, project: str, kinds: Sequence[str]) -> Iterator[JournalRow]:
        """Every entry of these kinds of a project, oldest first, streamed."""
        wanted = any_of(self.engine, kinds)
        for body, _, entry_hash in self.stream(TOLD, size=500, project=project, kinds=wanted):
            yield line_of(bytes(body), bytes(entry_hash))

    def latest_about(self, project: str, subject: str, *, limit: int) -> Sequence[JournalRow]:
        """The newest entries about one subject, newest first."""
        rows = self.rows(LATEST, project=project, subject=storable(subject), most=page_size(limit))
        return tuple(line_of(bytes(body), bytes(entry_hash)) for body, entry_hash in rows)

    def journal_page(
        self,
        *,
        project: str | None,
        before: int | None,
        limit: int,
        kind: str | None,
        subject: str | None,
        actor: str | None,
    ) -> JournalPage:
        """A page of the journal.

        `before` is the number to go on below, None for the newest; `kind` is exact, or a beginning that ends in a dot,
        such as `ticket.`.
        """
        limit = page_size(limit)
        conditions = [
            column == storable(value)
            for column, value in ((_J.project, project), (_J.subject, subject), (_J.actor, actor))
            if value
        ]
        if kind:
            conditions.append(
                _J.kind.startswith(kind, autoescape=True) if kind.endswith(".") else _J.kind == kind
            )
        if conditions:
            some: Select[tuple[Any]] = (
                select(literal_column("1")).select_from(journal).where(*conditions).limit(MOST_COUNTED + 1)
            )
            ((total,),) = self.select(select(func.count()).select_from(some.subquery()))
        else:
            (total,) = self.one(LAST_SEQ)
        more = bool(conditions) and total > MOST_COUNTED
        if before is not None:
            conditions.append(_J.seq < min(before, 2**62))
        chosen = select(_J.body, _J.hash)
        rows = self.select(chosen.where(*conditions).order_by(_J.seq.desc()).limit(limit + 1))
        lines = tuple(line_of(bytes(body), bytes(entry_hash)) for body, entry_hash in rows[:limit])
        return JournalPage(
            rows=lines,
            next_before=lines[-1].seq if len(rows) > limit else None,
            total=MOST_COUNTED if more else total,
            more_than_total=more,
        )


def line_of(body: bytes, entry_hash: bytes) -> JournalRow:
    """What the hashed bytes say: the columns beside them are only there to filter by."""
    said = from_json(body)
    return JournalRow(
        seq=said["seq"],
        at=datetime.fromisoformat(said["at"]),
        actor=said["actor"],
        kind=said["kind"],
        project=said["project"],
        subject=said["subject"],
        payload=said["payload"],
        hash=entry_hash.hex(),
    )
