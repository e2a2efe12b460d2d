"""The experiment list: tickets by the page, sorted and filtered by named fields."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, func, or_, select

from assay.errors import Invalid
from assay.storage.queries.filters import cursor_parts, cursor_text, page_size, ticket_conditions
from assay.storage.session import Row, Session, Statement, from_json
from assay.storage.tables import stage_counts, tickets
from assay.workflows.asked import Asked
from assay.workflows.records import Project
from assay.workflows.views import ExperimentListPage, ExperimentRow

_T = tickets.c
ROW = (
    _T.id, _T.key, _T.type, _T.title, _T.stage, _T.owner, _T.axis, _T.mode, _T.decision, _T.recommendation,
    _T.updated_at, _T.created_at, _T.card, _T.number, _T.priority, _T.version,
)  # fmt: skip
_SORTS: Mapping[str, tuple[ColumnElement[Any], int, type]] = {
    "updated": (_T.updated_at, 10, datetime),
    "created": (_T.created_at, 11, datetime),
    "key": (_T.number, 13, int),
    "title": (_T.title, 3, str),
    "stage": (_T.stage, 4, str),
    "owner": (_T.owner, 5, str),
    "priority": (_T.priority, 14, int),
}
TOTAL = Statement(
    select(func.coalesce(func.sum(stage_counts.c.count), 0)).where(
        stage_counts.c.project_id == bindparam("the_project")
    )
)


class ExperimentQueries(Session):
    """Which experiments are there?"""

    __slots__ = ()

    def experiment_list(
        self, project: Project, *, after: str | None, limit: int, sort: str, filters: Asked
    ) -> ExperimentListPage:
        """A page of tickets.

        Args:
            project: whose tickets.
            after: `next_cursor` of the page before, None for the first.
            limit: 1 to 500 rows.
            sort: `updated`, `created`, `key`, `title`, `stage`, `owner` or `priority`; `-` before it for descending.
            filters: see `ticket_conditions`.
        """
        limit = page_size(limit)
        column, at, kind = _sort(sort)
        down = sort.startswith("-")
        conditions = [_T.project_id == project.id, *ticket_conditions(filters)]
        total = (
            self._total(conditions) if any(filters.values()) else self.one(TOTAL, the_project=project.id)[0]
        )
        if after:
            conditions.append(_behind(column, kind, after, down=down))
        order = (column.desc(), _T.id.desc()) if down else (column, _T.id)
        rows = self.select(select(*ROW).where(*conditions).order_by(*order).limit(limit + 1))
        more = len(rows) > limit
        cursor = cursor_text(_plain(rows[limit - 1][at]), rows[limit - 1][0]) if more else None
        return ExperimentListPage(
            rows=tuple(experiment_row(row) for row in rows[:limit]), next_cursor=cursor, total=int(total)
        )

    def _total(self, conditions: list[ColumnElement[bool]]) -> int:
        ((count,),) = self.select(select(func.count()).select_from(tickets).where(*conditions))
        return int(count)


def experiment_row(row: Row) -> ExperimentRow:
    """One line of a list, from the columns of `ROW`."""
    (
        _, key, kind, title, stage, owner, axis, mode, decision, recommendation, updated, created, card, _, priority,
        version,
    ) = row  # fmt: skip
    shown = from_json(card)
    return ExperimentRow(
        key=key, type=kind, title=title, stage=stage, owner=owner, axis=axis, mode=mode, decision=decision,
        recommendation=recommendation, updated_at=updated, created_at=created, runs=shown.get("runs", 0),
        metric=shown.get("metric"), current_text=shown.get("current_text", ""),
        target_text=shown.get("target_text", ""), compute_text=shown.get("compute_text") or "",
        money_text=shown.get("money_text") or "", chip=shown.get("chip", ""), version=version,
        priority=priority,
    )  # fmt: skip


def _sort(sort: str) -> tuple[ColumnElement[Any], int, type]:
    found = _SORTS.get(sort.removeprefix("-"))
    if found is None:
        raise Invalid(
            f"cannot sort by {ascii(sort)[:60]} (expected one of: {', '.join(_SORTS)}, with - before it for descending)",
            hint="leave sort out for the latest first",
            code="sort-unknown",
            field="sort",
        )
    return found


def _behind(column: ColumnElement[Any], kind: type, cursor: str, *, down: bool) -> ColumnElement[bool]:
    value, number = cursor_parts(cursor, (str if kind is datetime else kind, int))
    if kind is datetime:
        value = _moment(value)
    if value is None or number is None:
        raise _malformed()
    if down:
        return or_(column < value, and_(column == value, _T.id < number))
    return or_(column > value, and_(column == value, _T.id > number))


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _moment(text: str | None) -> datetime:
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        raise _malformed() from None
    if moment.tzinfo is None:
        raise _malformed()
    return moment


def _malformed() -> Invalid:
    return Invalid(
        "cannot read cursor: not one that a page gave (expected next_cursor of a page)",
        hint="start from the first page",
        code="cursor-malformed",
        field="cursor",
    )
