"""Past runs for the back-test of kill rules: those of locked tickets that are over, and their curves."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence

from sqlalchemy import ColumnElement, and_, bindparam, func, select

from assay.domain.experiments.evidence import UNFINISHED, Curve, RunStatus
from assay.domain.experiments.experiment import Lock
from assay.storage import documents
from assay.storage.curves import unpacked
from assay.storage.session import Row, Session, Statement, any_of, from_json, in_list
from assay.storage.tables import curves, runs, ticket_documents, tickets
from assay.workflows.back_test_ports import EndedRun

_R, _T, _D, _C = runs.c, tickets.c, ticket_documents.c, curves.c
_AT_ONCE = 50
"""Runs whose curves are in memory at once."""
LOCKS = Statement(
    select(_T.key, _D.lock)
    .join_from(tickets, ticket_documents, _D.ticket_id == _T.id)
    .where(_T.project_id == bindparam("the_project"), _D.lock.is_not(None))
    .order_by(_T.number, _T.id)
)


def _over(engine: str) -> ColumnElement[bool]:
    return and_(
        _R.project_id == bindparam("the_project"),
        in_list(engine, _R.ticket, "keys"),
        _R.deleted == 0,
        *(_R.status != status.value for status in UNFINISHED),
    )


HOW_MANY = Statement(lambda engine: select(func.count()).select_from(runs).where(_over(engine)))
NEWEST = Statement(
    lambda engine: (
        select(_R.run_id, _R.ticket, _R.name, _R.status, _R.gpu_hours, _R.body)
        .where(_over(engine))
        .order_by(_R.id.desc())
        .limit(bindparam("the_limit"))
    )
)
DIGESTS = Statement(
    lambda engine: (
        select(_R.run_id, _R.ticket, _R.digest)
        .where(_over(engine))
        .order_by(_R.id.desc())
        .limit(bindparam("the_limit"))
    )
)
POINTS = Statement(
    lambda engine: (
        select(_R.run_id, _C.metric, _C.points)
        .join_from(runs, curves, _C.run_id == _R.id)
        .where(
            _R.project_id == bindparam("the_project"),
            in_list(engine, _R.run_id, "ids"),
            in_list(engine, _C.metric, "metrics"),
        )
    )
)
BODIES = Statement(
    lambda engine: (
        select(_R.run_id, _C.metric, _C.points, _C.body)
        .join_from(runs, curves, _C.run_id == _R.id)
        .where(
            _R.project_id == bindparam("the_project"),
            in_list(engine, _R.run_id, "ids"),
            in_list(engine, _C.metric, "metrics"),
        )
    )
)


class BackTestQueries(Session):
    """Which runs are over, and how did they go (port `BackTestReads`)?"""

    __slots__ = ()

    def ticket_locks(self, project_id: int) -> Mapping[str, Lock]:
        """What every ticket with a lock promised, by its key."""
        return {key: documents.lock(text) for key, text in self.rows(LOCKS, the_project=project_id)}

    def ended_runs(
        self, project_id: int, tickets: Collection[str], metrics: Collection[str], *, limit: int
    ) -> tuple[Sequence[EndedRun], int]:
        """The newest runs of these tickets that are over, deleted ones left out, with how many there are in all."""
        asked = {"the_project": project_id, "keys": any_of(self.engine, tickets)}
        if not tickets:
            return (), 0
        total = int(self.one(HOW_MANY, **asked)[0])
        rows = self.rows(NEWEST, **asked, the_limit=limit)
        points: dict[str, dict[str, int]] = {}
        ids = any_of(self.engine, [row[0] for row in rows])
        named = any_of(self.engine, metrics)
        for run_id, metric, count in self.rows(POINTS, the_project=project_id, ids=ids, metrics=named):
            points.setdefault(run_id, {})[metric] = count
        return [_ended(row, points.get(row[0], {})) for row in rows], total

    def past_digest(self, project_id: int, *, limit: int) -> str:
        """A digest of all that these two answers and the curves hold: as long as it is the same, so is a back-test of `limit` runs."""
        found = hashlib.sha256()
        keys = []
        for key, text in self.rows(LOCKS, the_project=project_id):
            keys.append(key)
            found.update(f"{key}\0{text}\0".encode())
        if keys:
            asked = {"the_project": project_id, "keys": any_of(self.engine, keys)}
            found.update(f"{self.one(HOW_MANY, **asked)[0]}\0".encode())
            for row in self.rows(DIGESTS, **asked, the_limit=limit):
                found.update("\0".join(row).encode())
        return found.hexdigest()

    def curves_in_turn(
        self, project_id: int, run_ids: Collection[str], metrics: Collection[str]
    ) -> Iterator[tuple[str, str, Curve]]:
        """Run id, metric and curve, a few runs at a time: all at once may be more than memory holds."""
        ids, named = list(run_ids), any_of(self.engine, metrics)
        for start in range(0, len(ids), _AT_ONCE):
            some = any_of(self.engine, ids[start : start + _AT_ONCE])
            for run_id, metric, points, body in self.rows(
                BODIES, the_project=project_id, ids=some, metrics=named
            ):
                yield run_id, metric, unpacked(bytes(body), points)


def _ended(row: Row, points: Mapping[str, int]) -> EndedRun:
    run_id, ticket, name, status, gpu_hours, text = row
    body = from_json(text)
    return EndedRun(
        run_id,
        ticket,
        name,
        RunStatus(status),
        body["arm"],
        body.get("dataset"),
        gpu_hours,
        body.get("url"),
        points,
    )
