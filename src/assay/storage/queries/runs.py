"""The run list: what the trackers say, a page at a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, func, select

from assay.domain.kernel.canonical import exact_integer
from assay.storage.queries.filters import (
    NONE_WORD,
    contains,
    cursor_parts,
    cursor_text,
    page_size,
    unknown_filter,
)
from assay.storage.session import Row, Session, from_json
from assay.storage.tables import runs, sources
from assay.storage.types import storable
from assay.workflows.records import Project
from assay.workflows.views import RunListPage, RunRow

_R = runs.c
_ROW = (
    _R.id, _R.run_id, sources.c.name, _R.external_id, _R.name, _R.ticket, _R.status, _R.started_at,
    _R.gpu_hours, _R.deleted, _R.last_values, _R.body,
)  # fmt: skip
_FIELDS: Mapping[str, ColumnElement[Any]] = {
    "ticket": _R.ticket,
    "status": _R.status,
}
_YES_NO = {"yes": 1, "no": 0, "true": 1, "false": 0, "1": 1, "0": 0}


class RunQueries(Session):
    """Which runs are there?"""

    __slots__ = ()

    def run_list(
        self, project: Project, *, after: str | None, limit: int, filters: Mapping[str, str]
    ) -> RunListPage:
        """A page of runs, those first seen last first.

        Filters: `ticket` (a key, or `none`), `status`, `source`, `deleted` (yes, no), `q` (words of name or id).
        """
        limit = page_size(limit)
        conditions = [_R.project_id == project.id, *_conditions(filters)]
        joined = select(*_ROW).join_from(runs, sources, sources.c.id == _R.source_id)
        ((total,),) = self.select(select(func.count()).select_from(runs).where(*conditions))
        if after:
            (number,) = cursor_parts(after, (int,))
            conditions.append(_R.id < (number or 0))
        rows = self.select(joined.where(*conditions).order_by(_R.id.desc()).limit(limit + 1))
        cursor = cursor_text(rows[limit - 1][0]) if len(rows) > limit else None
        return RunListPage(rows=tuple(_run_row(row) for row in rows[:limit]), next_cursor=cursor, total=total)


def _conditions(filters: Mapping[str, str]) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    for name, value in filters.items():
        if value == "":
            continue
        if name == "q":
            found.append(contains(value, _R.name, _R.run_id))
        elif name == "deleted":
            found.append(_R.deleted == _YES_NO.get(value.lower(), 1))
        elif name == "source":
            found.append(_R.source_id.in_(select(sources.c.id).where(sources.c.name == storable(value))))
        elif name in _FIELDS:
            column = _FIELDS[name]
            found.append(column.is_(None) if value == NONE_WORD else column == storable(value))
        else:
            raise unknown_filter(name, (*_FIELDS, "source", "deleted", "q"))
    return found


def _run_row(row: Row) -> RunRow:
    (
        _, run_id, source, external_id, name, ticket, status, started_at, gpu_hours, deleted, last_values, text,
    ) = row  # fmt: skip
    body = from_json(text)
    seed = body.get("seed")
    return RunRow(
        run_id=run_id, source=source, external_id=external_id, name=name, ticket=ticket, status=status,
        seed=None if seed is None else exact_integer(int(seed)),
        started_at=started_at, gpu_hours=gpu_hours, deleted=bool(deleted),
        metrics={metric: str(value) for metric, value in from_json(last_values).items()},
        url=body.get("url"),
    )  # fmt: skip
