"""The run list: what the trackers say, a page at a time; and the runs of a ticket as its page shows them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, exists, func, or_, select

from assay.domain.experiments.evidence import Curve
from assay.domain.experiments.prices import DEVICE_TAG, SEEN_DEVICE_TAG
from assay.domain.kernel.canonical import exact_integer
from assay.storage.curves import unpacked
from assay.storage.queries.filters import (
    NONE_WORD,
    contains,
    cursor_parts,
    cursor_text,
    page_size,
    unknown_filter,
)
from assay.storage.session import Row, Session, Statement, any_of, from_json, in_list
from assay.storage.tables import curves, runs, sources, tickets
from assay.storage.types import storable
from assay.workflows.records import Project
from assay.workflows.run_ports import TicketRun
from assay.workflows.run_views import RunListPage, RunRow, priced_row, unread_tag

_R = runs.c
_ROW = (
    _R.id, _R.run_id, sources.c.name, _R.external_id, _R.name, _R.ticket, _R.status, _R.started_at,
    _R.gpu_hours, _R.deleted, _R.last_values, _R.body,
)  # fmt: skip
_ITS_TICKET = and_(tickets.c.project_id == _R.project_id, tickets.c.key == _R.ticket)
NO_TICKET = or_(_R.ticket.is_(None), ~exists().where(_ITS_TICKET).correlate(runs))
"""It names none, or one that the project does not have."""
_FIELDS: Mapping[str, ColumnElement[Any]] = {
    "ticket": _R.ticket,
    "status": _R.status,
}
OF_TICKET = Statement(
    select(_R.run_id, _R.external_id, _R.name, _R.status, _R.started_at, _R.deleted, _R.last_values, _R.body)
    .where(_R.project_id == bindparam("the_project"), _R.ticket == bindparam("the_ticket"))
    .order_by(_R.run_id)
)
KEYS_THERE = Statement(
    lambda engine: select(tickets.c.key).where(
        tickets.c.project_id == bindparam("the_project"), in_list(engine, tickets.c.key, "keys")
    )
)
CURVES_OF = Statement(
    lambda engine: (
        select(_R.run_id, curves.c.points, curves.c.body)
        .join_from(runs, curves, curves.c.run_id == _R.id)
        .where(
            _R.project_id == bindparam("the_project"),
            in_list(engine, _R.run_id, "ids"),
            curves.c.metric == bindparam("the_metric"),
        )
    )
)
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
        joined = (
            select(*_ROW, tickets.c.key)
            .join_from(runs, sources, sources.c.id == _R.source_id)
            .outerjoin(tickets, _ITS_TICKET)
        )
        ((total,),) = self.select(select(func.count()).select_from(runs).where(*conditions))
        if after:
            (number,) = cursor_parts(after, (int,))
            conditions.append(_R.id < (number or 0))
        rows = self.select(joined.where(*conditions).order_by(_R.id.desc()).limit(limit + 1))
        cursor = cursor_text(rows[limit - 1][0]) if len(rows) > limit else None
        prices = project.settings.prices
        shown = tuple(priced_row(_run_row(row), prices) for row in rows[:limit])
        return RunListPage(rows=shown, next_cursor=cursor, total=total)

    def keys_there(self, project_id: int, keys: Collection[str]) -> AbstractSet[str]:
        """Those of the keys that runs name that are tickets of the project."""
        asked = any_of(self.engine, keys)
        return (
            {key for (key,) in self.rows(KEYS_THERE, the_project=project_id, keys=asked)} if keys else set()
        )

    def runs_of(self, project_id: int, ticket_key: str) -> Sequence[TicketRun]:
        """Runs of a ticket without their curves, deleted ones included, ordered by run id."""
        rows = self.rows(OF_TICKET, the_project=project_id, the_ticket=ticket_key)
        return [_ticket_run(ticket_key, row) for row in rows]

    def curves_of(self, project_id: int, metric: str, run_ids: Sequence[str]) -> Mapping[str, Curve]:
        """One metric of these runs, by run id; those that never logged it are left out."""
        asked = {
            "the_project": project_id,
            "the_metric": storable(metric),
            "ids": any_of(self.engine, run_ids),
        }
        rows = self.rows(CURVES_OF, **asked) if run_ids else []
        return {run_id: unpacked(bytes(body), points) for run_id, points, body in rows}


def _ticket_run(ticket: str, row: Row) -> TicketRun:
    run_id, external_id, name, status, started_at, deleted, last_values, text = row
    body, values = from_json(text), from_json(last_values)
    seed = body.get("seed")
    shown = RunRow(
        run_id=run_id, source=body["source"], external_id=external_id, name=name, ticket=ticket, status=status,
        seed=None if seed is None else exact_integer(int(seed)),
        started_at=started_at, gpu_hours=body.get("gpu_hours"), cost_usd=body.get("cost_usd"), deleted=bool(deleted),
        metrics={metric: f"{float(values[metric]):.6g}" for metric in sorted(values)},
        url=body.get("url"), device=body["tags"].get(DEVICE_TAG),
        device_seen=body["tags"].get(SEEN_DEVICE_TAG),
    )  # fmt: skip
    return TicketRun(shown, body["arm"])


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
            found.append(NO_TICKET if (name, value) == ("ticket", NONE_WORD) else column == storable(value))
        else:
            raise unknown_filter(name, (*_FIELDS, "source", "deleted", "q"))
    return found


def _run_row(row: Row) -> RunRow:
    (
        _, run_id, source, external_id, name, ticket, status, started_at, gpu_hours, deleted, last_values, text,
        there,
    ) = row  # fmt: skip
    body = from_json(text)
    seed = body.get("seed")
    return RunRow(
        run_id=run_id, source=source, external_id=external_id, name=name, ticket=there, status=status,
        seed=None if seed is None else exact_integer(int(seed)),
        started_at=started_at, gpu_hours=gpu_hours, cost_usd=body.get("cost_usd"), deleted=bool(deleted),
        metrics={metric: str(value) for metric, value in from_json(last_values).items()},
        url=body.get("url"), device=body["tags"].get(DEVICE_TAG),
        device_seen=body["tags"].get(SEEN_DEVICE_TAG),
        unknown_ticket=None if there else ticket or unread_tag(None, body["tags"]),
    )  # fmt: skip
