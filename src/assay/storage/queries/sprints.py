"""What ceremonies ask: what was told of some tickets, how their runs ended, what was decided when."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, func, select

from assay.domain.experiments.evidence import RunStatus
from assay.domain.experiments.experiment import DecisionKind
from assay.domain.sprints.progress import RunEnd
from assay.storage.queries.journal import line_of
from assay.storage.session import Row, Session, Statement, any_of, from_json, in_list
from assay.storage.tables import decisions, journal, runs, tickets
from assay.workflows.sprint_views import Decided
from assay.workflows.views import JournalRow

_J, _R = journal.c, runs.c
TOLD = Statement(
    lambda engine: (
        select(_J.body, _J.hash)
        .where(
            in_list(engine, _J.subject, "subjects"),
            in_list(engine, func.coalesce(_J.kind, ""), "kinds"),
            func.coalesce(_J.project, "") == bindparam("project"),
        )
        # Not in the order of the table, which would be walked whole for it.
        .order_by(_J.seq + 0)
    )
)
RUN_ENDS = Statement(
    lambda engine: (
        select(_R.run_id, _R.name, _R.ticket, _R.status, _R.started_at, _R.gpu_hours, _R.last_values, _R.body)
        .where(_R.project_id == bindparam("the_project"), in_list(engine, _R.ticket, "keys"), _R.deleted == 0)
        .order_by(_R.id)
    )
)
LOOSE_RUNS = Statement(
    select(func.count()).where(
        _R.project_id == bindparam("the_project"),
        _R.ticket.is_(None),
        _R.deleted == 0,
        _R.started_at > bindparam("since", type_=_R.started_at.type),
    )
)
DECIDED = Statement(
    select(tickets.c.key, decisions.c.kind, decisions.c.at, decisions.c.learnings)
    .join_from(decisions, tickets, tickets.c.id == decisions.c.ticket_id)
    .where(tickets.c.project_id == bindparam("the_project"))
    .order_by(decisions.c.id)
)


class SprintQueries(Session):
    """What happened around a sprint?"""

    __slots__ = ()

    def told_of(self, project: str, subjects: Sequence[str], kinds: Sequence[str]) -> Sequence[JournalRow]:
        """Every entry of these kinds about these subjects, oldest first."""
        wanted = {"subjects": any_of(self.engine, subjects), "kinds": any_of(self.engine, kinds)}
        rows = self.rows(TOLD, project=project, **wanted) if subjects else []
        return [line_of(bytes(body), bytes(entry_hash)) for body, entry_hash in rows]

    def run_ends(self, project_id: int, keys: Sequence[str]) -> Sequence[RunEnd]:
        """Runs of these tickets that are still in their tracker, those first seen first."""
        if not keys:
            return []
        wanted = any_of(self.engine, keys)
        return [_run_end(row) for row in self.rows(RUN_ENDS, the_project=project_id, keys=wanted)]

    def loose_runs(self, project_id: int, *, since: datetime) -> int:
        """How many runs that began after this moment belong to no ticket?"""
        (count,) = self.one(LOOSE_RUNS, the_project=project_id, since=since)
        return int(count)

    def decided(self, project_id: int) -> Sequence[Decided]:
        """Every decision of a project, oldest first."""
        return [
            Decided(key, DecisionKind(kind), at, learnings)
            for key, kind, at, learnings in self.rows(DECIDED, the_project=project_id)
        ]


def _run_end(row: Row) -> RunEnd:
    run_id, name, ticket, status, started_at, gpu_hours, last_values, text = row
    body = from_json(text)
    ended_at = body.get("ended_at")
    # Finite values are numbers, the others texts: most runs have none of those.
    values = from_json(last_values) if ':"' in last_values else {}
    return RunEnd(
        run_id=run_id,
        name=name,
        ticket=ticket,
        status=RunStatus(status),
        started_at=started_at,
        ended_at=None if ended_at is None else datetime.fromisoformat(ended_at),
        gpu_hours=gpu_hours,
        broken=tuple(metric for metric, value in sorted(values.items()) if not math.isfinite(float(value))),
        is_baseline=body.get("arm") == "baseline",
    )
