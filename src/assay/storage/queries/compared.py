"""Runs to compare: those that match, newest first, with their configuration and last values but without curves."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, func, select

from assay.storage.queries.filters import NONE_WORD, contains, cursor_parts, cursor_text
from assay.storage.queries.in_json import json_has_entry, json_word
from assay.storage.queries.runs import NO_TICKET
from assay.storage.repositories.runs import RUN_COLUMNS, run_of
from assay.storage.session import Session, from_json
from assay.storage.tables import runs, sources
from assay.storage.types import storable
from assay.workflows.comparison_views import ComparisonFilters, MatchedRun, MatchedRuns

_R = runs.c


class ComparedQueries(Session):
    """Which runs are compared?"""

    __slots__ = ()

    def matched_runs(
        self, project_id: int, asked: ComparisonFilters, *, after: str | None, limit: int
    ) -> MatchedRuns:
        """The newest runs that match, deleted ones left out, with how many match in all."""
        conditions = [_R.project_id == project_id, _R.deleted == 0, *self._compared(asked)]
        ((total,),) = self.select(select(func.count()).select_from(runs).where(*conditions))
        if after:
            (number,) = cursor_parts(after, (int,))
            conditions.append(_R.id < (number or 0))
        asking = select(*RUN_COLUMNS, _R.last_values).where(*conditions).order_by(_R.id.desc())
        rows = self.select(asking.limit(limit + 1))
        found = tuple(
            MatchedRun(run_of(row[:-1], {}, ()), _numbers(from_json(row[-1]))) for row in rows[:limit]
        )
        return MatchedRuns(found, total, cursor_text(rows[limit - 1][0]) if len(rows) > limit else None)

    def _compared(self, asked: ComparisonFilters) -> list[ColumnElement[bool]]:
        given: list[tuple[object, Any]] = [
            (asked.runs, lambda: _R.run_id.in_([storable(run) for run in asked.runs])),
            (asked.q, lambda: contains(asked.q, _R.name, _R.run_id)),
            (asked.ticket, lambda: _of_ticket(asked.ticket)),
            (asked.status, lambda: _R.status == storable(asked.status)),
            (asked.source, lambda: _of_source(asked.source)),
            (asked.seed is not None, lambda: _R.seed == asked.seed),
            (asked.since, lambda: _R.started_at >= asked.since),
            (asked.before, lambda: _R.started_at < asked.before),
            (
                asked.dataset,
                lambda: json_word(self.engine, _R.body, "dataset") == storable(asked.dataset),
            ),
        ]
        found = [condition() for value, condition in given if value]
        for name, value in asked.config:
            entry = storable(name), storable(value)
            found.append(json_has_entry(self.engine, _R.body, "config", *entry))
        return found


def _of_ticket(key: str) -> ColumnElement[bool]:
    return NO_TICKET if key == NONE_WORD else _R.ticket == storable(key)


def _of_source(name: str) -> ColumnElement[bool]:
    return _R.source_id.in_(select(sources.c.id).where(sources.c.name == storable(name)))


def _numbers(values: dict[str, Any]) -> dict[str, float]:
    return {name: float(value) for name, value in values.items()}
