"""Runs and their curves: thousands in one transaction, one packed row a curve."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import and_, bindparam, case, delete, func, or_, select, update

from assay.domain.experiments.evidence import UNFINISHED, Curve, Past, Provenance, Run, RunStatus
from assay.domain.gates.checks.resources import is_amount
from assay.domain.gates.seed_groups import BASELINE_ARM, CANDIDATE_TAG
from assay.errors import Invalid
from assay.storage.curves import packed, unpacked
from assay.storage.repositories.run_pasts import PastReader, PastWriter
from assay.storage.run_ends import brokenness
from assay.storage.session import Row, Statement, any_of, from_json, in_list, to_json
from assay.storage.tables import curves, run_pasts, runs
from assay.storage.types import storable
from assay.workflows.records import PutRuns, Source
from assay.workflows.run_views import unread_tag

CHUNK_RUNS = 1024
INT64_MAX = 2**63 - 1

_R = runs.c
RUN_COLUMNS = (
    _R.id,
    _R.run_id,
    _R.external_id,
    _R.ticket,
    _R.started_at,
    _R.deleted,
    _R.digest,
    _R.seen_seq,
    _R.body,
    _R.first_candidate,
    _R.first_arm,
)
OF_TICKET = Statement(
    select(*RUN_COLUMNS)
    .where(_R.project_id == bindparam("the_project"), _R.ticket == bindparam("the_ticket"))
    .order_by(_R.run_id)
)
DETACHED = Statement(
    select(*RUN_COLUMNS)
    .where(
        _R.project_id == bindparam("the_project"),
        or_(
            and_(_R.tagged_ticket == bindparam("the_ticket"), _R.by_hand == 1),
            _R.id.in_(select(run_pasts.c.run_id).where(run_pasts.c.ticket == bindparam("the_ticket"))),
        ),
        or_(_R.ticket.is_(None), _R.ticket != bindparam("the_ticket")),
    )
    .order_by(_R.run_id)
)
BY_RUN_ID = Statement(
    select(*RUN_COLUMNS).where(_R.project_id == bindparam("the_project"), _R.run_id == bindparam("the_run"))
)
CURVES_OF = Statement(
    lambda engine: (
        select(curves.c.run_id, curves.c.metric, curves.c.points, curves.c.body)
        .where(in_list(engine, curves.c.run_id, "ids"))
        .order_by(curves.c.run_id, curves.c.metric)
    )
)
DIGESTS = Statement(
    select(_R.external_id, _R.digest).where(_R.source_id == bindparam("the_source"), _R.deleted == 0)
)
STORED = Statement(
    lambda engine: select(_R.external_id, _R.id, _R.digest, _R.deleted, _R.ticket, _R.by_hand).where(
        _R.source_id == bindparam("the_source"), in_list(engine, _R.external_id, "ids")
    )
)
MAX_ID = Statement(select(func.coalesce(func.max(_R.id), 0)))
_FACTS = (
    "tagged_ticket", "name", "status", "seed", "started_at", "gpu_hours", "deleted", "digest", "last_values", "body",
    "ended_at", "of_baseline", "broken", "cost_usd",
)  # fmt: skip
_NEW = (
    "id", "project_id", "source_id", "external_id", "run_id", "ticket", "by_hand", "seen_seq", "first_candidate", "first_arm",
    *_FACTS,
)  # fmt: skip
_CURVE = ("run_id", "metric", "points", "body")
EDIT = Statement(
    update(runs)
    .where(_R.id == bindparam("the_id"))
    .values(ticket=case((_R.by_hand == 0, bindparam("the_tag", type_=_R.ticket.type)), else_=_R.ticket)),
    _FACTS,
)
DROP_CURVES = Statement(delete(curves).where(curves.c.run_id == bindparam("the_id")))
TOUCHED = Statement(
    lambda engine: (
        select(_R.ticket)
        .distinct()
        .where(
            _R.source_id == bindparam("the_source"),
            in_list(engine, _R.external_id, "ids"),
            _R.deleted == 0,
            _R.ticket.is_not(None),
        )
        .order_by(_R.ticket)
    )
)
MARK_DELETED = Statement(
    lambda engine: (
        update(runs)
        .where(
            _R.source_id == bindparam("the_source"), in_list(engine, _R.external_id, "ids"), _R.deleted == 0
        )
        .values(deleted=1)
    )
)
ATTACH = Statement(
    update(runs)
    .where(_R.project_id == bindparam("the_project"), _R.run_id == bindparam("the_run"))
    .values(by_hand=1),
    ("ticket",),
)


class RunReader(PastReader):
    """What do the trackers say?"""

    __slots__ = ()

    def runs(self, project_id: int, ticket_key: str, *, with_curves: bool = True) -> Sequence[Run]:
        """Runs of a ticket, deleted ones included, ordered by run id; three statements for any number of runs.

        Scores are not loaded (see `blob`); without curves, `curves` and `past` are empty.
        """
        rows = self.rows(OF_TICKET, the_project=project_id, the_ticket=ticket_key)
        return self._whole(rows) if with_curves else [run_of(row, {}, ()) for row in rows]

    def detached_runs(self, project_id: int, ticket_key: str) -> Sequence[Run]:
        """Runs off this ticket that were on it with something to show, or whose tag names it, ordered by run id."""
        return self._whole(self.rows(DETACHED, the_project=project_id, the_ticket=ticket_key))

    def run(self, project_id: int, run_id: str) -> Run | None:
        """One run with its curves."""
        row = self.row(BY_RUN_ID, the_project=project_id, the_run=run_id)
        return None if row is None else self._whole([row])[0]

    def run_digests(self, source_id: int) -> Mapping[str, str]:
        """External id to digest for every run of a source that is not marked deleted."""
        return dict(self.rows(DIGESTS, the_source=source_id))

    def _whole(self, rows: Sequence[Row]) -> list[Run]:
        ids = [row[0] for row in rows]
        found = self._curves(ids)
        pasts = self.pasts(ids, found)
        return [run_of(row, found.get(row[0], {}), pasts.get(row[0], ())) for row in rows]

    def _curves(self, ids: Sequence[int]) -> dict[int, dict[str, Curve]]:
        found: dict[int, dict[str, Curve]] = {}
        if ids:
            for run, metric, points, body in self.rows(CURVES_OF, ids=any_of(self.engine, ids)):
                found.setdefault(run, {})[metric] = unpacked(bytes(body), points)
        return found


class RunWriter(RunReader, PastWriter):
    """Changes to runs."""

    __slots__ = ()

    def put_runs(self, source: Source, runs: Iterable[Run], *, seq: int) -> PutRuns:
        """Insert or update runs by external id; returns what differs from what was stored.

        `seen_seq` and attachments by hand are kept.
        """
        remaining = iter(runs)
        differing, gone, tickets, named = 0, 0, set[str](), set[str]()
        while chunk := {run.external_id: run for run in islice(remaining, CHUNK_RUNS)}:
            differ, left = self._put_chunk(source, chunk, seq, tickets, named)
            differing, gone = differing + differ, gone + left
        return PutRuns(differing - gone, frozenset(tickets), frozenset(named), gone)

    def mark_deleted(self, source_id: int, external_ids: Sequence[str], *, seq: int) -> Sequence[str]:
        """Mark runs gone from the tracker; returns the ticket keys touched."""
        self.remember_gone(source_id, external_ids, seq)
        given = {"the_source": source_id, "ids": any_of(self.engine, external_ids)}
        touched = [ticket for (ticket,) in self.rows(TOUCHED, **given)]
        self.execute(MARK_DELETED, **given)
        return touched

    def attach_run(self, project_id: int, run_id: str, ticket_key: str | None, *, seq: int) -> bool:
        """Attach a run to a ticket by hand (None: detach); False when there is no such run."""
        row = self.row(BY_RUN_ID, the_project=project_id, the_run=run_id)
        if row is not None:
            moved = replace(self._whole([row])[0], ticket=ticket_key)
            self.remember({row[0]: moved}, seq)
        return self.execute(ATTACH, the_project=project_id, the_run=run_id, ticket=ticket_key) == 1

    def _put_chunk(
        self, source: Source, chunk: Mapping[str, Run], seq: int, tickets: set[str], named: set[str]
    ) -> tuple[int, int]:
        """How many of these differ, and how many of those left?

        Adds the tickets that they were on or are on now, and what they name as their ticket.
        """
        rows = self.rows(STORED, the_source=source.id, ids=any_of(self.engine, chunk))
        stored = {row[0]: row[1:] for row in rows}
        (last_id,) = self.one(MAX_ID)
        left = 0
        new: list[Row] = []
        known: dict[int, Run] = {}
        lines: list[Row] = []
        touched: set[str | None] = set()
        for external_id, run in chunk.items():
            before = stored.get(external_id)
            if before is None:
                number = last_id + len(new) + 1
                by_hand = 0
                new.append(_new_row(source, run, number, seq))
                touched.add(run.ticket)
            else:
                number, digest, gone, ticket, by_hand = before
                if run.digest and (digest, bool(gone)) == (run.digest, run.deleted):
                    continue
                known[number] = run
                left += run.deleted and not gone
                touched.update((ticket, ticket if by_hand else run.ticket))
            if not (by_hand or run.deleted):
                named.add(storable(run.ticket or unread_tag(None, run.tags) or ""))
            lines.extend(_curve_rows(number, run))
        self.add_rows(runs, _NEW, new)
        if known:
            self.remember(known, seq, packed={(row[0], row[1]): row[3] for row in lines})
            self.execute_many(EDIT, [_edit(number, run) for number, run in known.items()])
            self.execute_many(DROP_CURVES, [{"the_id": number} for number in known])
        self.add_rows(curves, _CURVE, lines)
        tickets.update(key for key in touched if key is not None)
        named.discard("")
        return len(new) + len(known), left


def last_value(value: float) -> float | str:
    """How is a last value kept in JSON, which has no NaN: as the number, or as "NaN", "inf", "-inf"?"""
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else str(value)


def _curve_rows(number: int, run: Run) -> list[Row]:
    return [(number, storable(metric), curve.points, packed(curve)) for metric, curve in run.curves.items()]


def _new_row(source: Source, run: Run, number: int, seq: int) -> Row:
    unfinished = run.status in UNFINISHED
    return (
        number,
        source.project_id,
        source.id,
        run.external_id,
        run.run_id,
        run.ticket,
        0,
        seq,
        run.tags.get(CANDIDATE_TAG) if unfinished else None,
        run.arm if unfinished else None,
        *_facts(run),
    )


def _edit(number: int, run: Run) -> dict[str, Any]:
    return {"the_id": number, "the_tag": run.ticket, **dict(zip(_FACTS, _facts(run), strict=True))}


def _facts(run: Run) -> Row:
    seed, hours = run.seed, run.gpu_hours
    last = {storable(metric): curve.last for metric, curve in run.curves.items() if curve.points}
    return (
        run.ticket,
        storable(run.name),
        run.status.value,
        seed if seed is not None and -INT64_MAX <= seed <= INT64_MAX else None,
        run.started_at,
        hours if hours is not None and math.isfinite(hours) else None,
        int(run.deleted),
        run.digest,
        to_json({metric: last_value(value) for metric, value in last.items()}),
        _body_text(run),
        run.ended_at,
        int(run.arm == BASELINE_ARM),
        brokenness(last.values()),
        run.cost_usd if run.cost_usd is not None and is_amount(run.cost_usd) else None,
    )


def _body_text(run: Run) -> str:
    """Few texts have to change before every engine can keep them, and one look at the whole says whether any has."""
    body = _body(run)
    try:
        text = to_json(body)
    except Invalid:
        return to_json(_storable_parts(body))
    return to_json(_storable_parts(body)) if "\\u0000" in text else text


def _storable_parts(part: Any) -> Any:
    if isinstance(part, str):
        return storable(part)
    if isinstance(part, Mapping):
        return {storable(name): _storable_parts(value) for name, value in part.items()}
    return part


def _body(run: Run) -> dict[str, Any]:
    """What lists neither sort nor filter by. Values that are absent are left out."""
    config, tags = run.config, run.tags
    body = {
        "source": run.source,
        "name": run.name,
        "status": run.status,
        "config": config if type(config) is dict else dict(config),
        "seed": None if run.seed is None else str(run.seed),
        "scores_digest": run.scores_digest,
        "scores_error": run.scores_error,
        "arm": run.arm,
        "dataset": run.dataset,
        "ended_at": run.ended_at,
        "gpu_hours": run.gpu_hours,
        "gpu_hours_source": run.gpu_hours_source,
        "cost_usd": run.cost_usd,
        "provenance": run.provenance,
        "url": run.url,
        "artifacts": run.artifacts,
        "tags": tags if type(tags) is dict else dict(tags),
    }
    return {name: value for name, value in body.items() if value is not None}


def run_of(row: Row, found: Mapping[str, Curve], past: tuple[Past, ...]) -> Run:
    """The run that a row of `RUN_COLUMNS` tells of."""
    (
        _, run_id, external_id, ticket, started_at, deleted, digest, seen_seq, text, first_candidate, first_arm,
    ) = row  # fmt: skip
    body = from_json(text)
    seed, ended_at = body.get("seed"), body.get("ended_at")
    return Run(
        run_id=run_id, source=body["source"], external_id=external_id, name=body["name"],
        status=RunStatus(body["status"]), config=body["config"], seed=None if seed is None else int(seed),
        curves=found, scores_digest=body.get("scores_digest"), scores_error=body.get("scores_error"),
        ticket=ticket, arm=body["arm"], dataset=body.get("dataset"), started_at=started_at,
        ended_at=None if ended_at is None else datetime.fromisoformat(ended_at), gpu_hours=body.get("gpu_hours"),
        gpu_hours_source=body.get("gpu_hours_source"), cost_usd=body.get("cost_usd"), deleted=bool(deleted),
        provenance=Provenance(body["provenance"]), url=body.get("url"), artifacts=body.get("artifacts"),
        tags=body["tags"], digest=digest, seen_seq=seen_seq, candidate_when_first_seen=first_candidate, arm_when_first_seen=first_arm, past=past,
    )  # fmt: skip
