"""What others did on tickets that somebody follows, since they follow them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, case, func, select
from sqlalchemy.sql.selectable import ScalarSelect

from assay.domain.experiments.notices import TOLD_KINDS
from assay.storage.queries.filters import page_size
from assay.storage.queries.journal import line_of
from assay.storage.repositories.projects import PROJECT, project_of
from assay.storage.session import Session, Statement, any_of, in_list
from assay.storage.tables import inbox_marks, journal, projects, tickets, watchers
from assay.storage.types import storable
from assay.workflows.company_ports import Heard
from assay.workflows.records import Project

_J, _W, _T, _M = journal.c, watchers.c, tickets.c, inbox_marks.c
MOST_COUNTED = 100
_MARK = (_M.project_id == bindparam("the_project"), _M.name == bindparam("the_name"))


def _heard(engine: str, *columns: ColumnElement[Any]) -> Select[Any]:
    """From those who follow to what was written: not by kind or project, whose indexes hold the entries of all tickets."""
    return (
        select(*columns)
        .select_from(watchers)
        .join(tickets, _T.id == _W.ticket_id)
        .join(journal, _J.subject == _T.key)
        .where(
            _W.name == bindparam("the_name"),
            _T.project_id == bindparam("the_project"),
            func.coalesce(_J.project, "") == bindparam("the_slug"),
            in_list(engine, func.coalesce(_J.kind, ""), "kinds"),
            func.coalesce(_J.actor, "") != bindparam("the_actor"),
            _J.at >= _W.since,
        )
    )


def _read_up_to() -> ColumnElement[int]:
    return func.coalesce(select(_M.seq).where(*_MARK).scalar_subquery(), 0)


def _unread(engine: str) -> ScalarSelect[int]:
    return _heard(engine, func.count()).where(_J.seq > _read_up_to()).scalar_subquery()


def _unread_at_most(engine: str) -> ScalarSelect[int]:
    """Every page asks: the rest of a long list need not be counted to know that it is long."""
    some = _heard(engine, _J.seq).where(_J.seq > _read_up_to()).limit(MOST_COUNTED).subquery()
    return select(func.count()).select_from(some).scalar_subquery()


HEARD = Statement(
    lambda engine: (
        _heard(engine, _J.body, _J.hash, _T.title)
        .where(_J.seq < bindparam("before"))
        # Not in the order of the table, which would be walked whole for it.
        .order_by((_J.seq + 0).desc())
        .limit(bindparam("most"))
    )
)
AROUND = Statement(
    lambda engine: select(
        *PROJECT, case((projects.c.id == bindparam("the_project"), _unread_at_most(engine)), else_=0)
    ).order_by(projects.c.slug)
)
UNREAD = Statement(lambda engine: select(_read_up_to(), _unread(engine)))
PEOPLE = Statement(
    select(_W.name, func.count())
    .join_from(watchers, tickets, _T.id == _W.ticket_id)
    .where(_T.project_id == bindparam("the_project"))
    .group_by(_W.name)
    .order_by(_W.name)
)


class InboxQueries(Session):
    """What is new for somebody?"""

    __slots__ = ()

    def heard(
        self, project: Project, name: str, *, before: int | None, limit: int
    ) -> tuple[Sequence[Heard], int | None]:
        """What others did on the tickets that somebody follows, newest first, and the number to go on below."""
        limit = page_size(limit)
        end = 2**62 if before is None else min(before, 2**62)
        rows = self.rows(HEARD, **self._asked(project, name), before=end, most=limit + 1)
        told = [Heard(line_of(bytes(body), bytes(digest)), title) for body, digest, title in rows[:limit]]
        return told, told[-1].row.seq if len(rows) > limit else None

    def unread(self, project: Project, name: str) -> tuple[int, int]:
        """Up to which journal number somebody has read, and how much came since."""
        mark, count = self.one(UNREAD, **self._asked(project, name))
        return int(mark), int(count)

    def projects_and_unread(self, project: Project, name: str) -> tuple[Sequence[Project], int]:
        """Every project by slug, and how much is new for somebody in one of them, counted up to 100."""
        rows = self.rows(AROUND, **self._asked(project, name))
        return [project_of(row[:-1]) for row in rows], sum(int(row[-1]) for row in rows)

    def followers(self, project_id: int) -> Sequence[tuple[str, int]]:
        """Everybody who follows tickets of a project, by name, and how many."""
        return [(name, int(count)) for name, count in self.rows(PEOPLE, the_project=project_id)]

    def _asked(self, project: Project, name: str) -> dict[str, object]:
        return {
            "the_project": project.id,
            "the_slug": project.slug,
            "the_name": name,
            "the_actor": storable(name),
            "kinds": any_of(self.engine, TOLD_KINDS),
        }
