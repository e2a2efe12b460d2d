"""What ceremonies ask: what was told of some tickets, how their runs ended, what was decided when."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    ClauseElement,
    ColumnElement,
    Double,
    and_,
    bindparam,
    case,
    cast,
    exists,
    func,
    not_,
    or_,
    select,
    text,
)

from assay.domain.experiments.evidence import STOP_REASON_TAG, UNFINISHED, RunStatus
from assay.domain.experiments.experiment import DecisionKind
from assay.domain.sprints.progress import RunBegan, RunEnd, RunsSoFar
from assay.storage.queries.journal import line_of
from assay.storage.queries.runs import NO_TICKET
from assay.storage.session import Row, Session, Statement, any_of, from_json, in_list
from assay.storage.tables import commitments, decisions, journal, runs, tickets
from assay.workflows.sprint_views import AtHand, Decided
from assay.workflows.views import JournalRow

_J, _R, _T = journal.c, runs.c, tickets.c
LATEST = datetime.max.replace(tzinfo=UTC)
TOLD = Statement(
    lambda engine: (
        select(_J.body, _J.hash)
        .where(
            in_list(engine, _J.subject, "subjects"),
            in_list(engine, func.coalesce(_J.kind, ""), "kinds"),
            func.coalesce(_J.project, "") == bindparam("project"),
            _J.at <= bindparam("until", type_=_J.at.type),
        )
        # Not in the order of the table, which would be walked whole for it.
        .order_by(_J.seq + 0)
    )
)
_GOES_ON = or_(*(_R.status == one for one in UNFINISHED))
_NEWS = or_(
    and_(_GOES_ON, _R.started_at.is_not(None)),
    and_(
        not_(_GOES_ON), func.coalesce(_R.ended_at, _R.started_at) > bindparam("since", type_=_R.ended_at.type)
    ),
)
RUN_ENDS = Statement(
    lambda engine: (
        select(
            _R.run_id, _R.name, _R.ticket, _R.status, _R.started_at, _R.ended_at,
            # Of most runs every last value is a number, and nobody asks which.
            case((_R.broken == 1, _R.last_values)),
            # Why it was stopped is a tag.
            case((_R.status == RunStatus.STOPPED, _R.body)),
        )
        .where(*_of_tickets(engine), _NEWS)
        .order_by(_R.id)
    )
)  # fmt: skip
RUNS_BEGUN = Statement(
    lambda engine: select(_R.ticket, _R.started_at, _R.gpu_hours).where(
        *_of_tickets(engine), _R.started_at > bindparam("since", type_=_R.started_at.type)
    )
)


def _of_tickets(engine: str) -> tuple[ColumnElement[bool], ...]:
    return (_R.project_id == bindparam("the_project"), in_list(engine, _R.ticket, "keys"), _R.deleted == 0)


def _runs_so_far(engine: str) -> ClauseElement:
    """One line a ticket, counted along its index."""
    begin, until = (bindparam(name, type_=_R.started_at.type) for name in ("begin", "until"))
    has_begun, in_sprint = _R.started_at <= until, _R.started_at.between(begin, until)
    counts, finished = and_(has_begun, _R.of_baseline == 0), _R.status == RunStatus.FINISHED
    ended = _R.ended_at.between(begin, until)
    has_result = and_(finished, _R.broken == 0, or_(_R.ended_at.is_(None), _R.ended_at <= until))
    number = func.count()
    return (
        select(
            _R.ticket,
            number.filter(counts),
            number.filter(and_(counts, has_result)),
            number.filter(and_(counts, or_(and_(_GOES_ON, _R.ended_at.is_(None)), _R.ended_at > until))),
            func.max(_R.started_at).filter(has_begun),
            func.max(_R.ended_at).filter(_R.ended_at <= until),
            func.coalesce(func.sum(_R.gpu_hours).filter(in_sprint), 0.0),
            number.filter(and_(in_sprint, _R.gpu_hours.is_(None))),
            number.filter(ended),
            number.filter(and_(ended, or_(_R.broken == 1, not_(finished)))),
        )
        .where(*_of_tickets(engine))
        .group_by(_R.ticket)
    )


RUNS_SO_FAR = Statement(_runs_so_far)


def _longest_runs(engine: str) -> ClauseElement:
    days: Callable[[ColumnElement[datetime]], ColumnElement[Any]] = (
        func.julianday if engine == "sqlite" else lambda moment: func.extract("epoch", moment) / 86_400
    )
    took = days(_R.ended_at) - days(_R.started_at)
    return (
        select(_R.ticket, cast(func.max(took), Double))
        .where(
            *_of_tickets(engine),
            _R.status == RunStatus.FINISHED,
            _R.started_at.is_not(None),
            _R.ended_at.is_not(None),
        )
        .group_by(_R.ticket)
    )


LONGEST_RUNS = Statement(_longest_runs)


def _newest_of(engine: str) -> ClauseElement:
    """One step back along the index from the end of what was written about each subject, to the first that counts.

    SQLite would go by the kind, whose index holds the entries of all tickets; PostgreSQL knows better, if it may see the columns.
    """
    subjects, counts = (
        (
            "json_each(:subjects)",
            "coalesce(o.kind, '') IN (SELECT value FROM json_each(:kinds)) AND coalesce(o.project, '') = :project",
        )
        if engine == "sqlite"
        else (
            "unnest(CAST(:subjects AS text[])) AS s(value)",
            "o.kind = ANY(:kinds) AND o.project = :project",
        )
    )
    return text(
        f"SELECT j.body, j.hash FROM {subjects} JOIN journal j ON j.seq = ("  # noqa: S608 - no text of others
        f"SELECT o.seq FROM journal o WHERE o.subject = value AND {counts} "
        "AND o.at <= :until ORDER BY o.seq DESC LIMIT 1)"
    ).bindparams(bindparam("until", type_=_J.at.type))


NEWEST_OF = Statement(_newest_of)
LOOSE_RUNS = Statement(
    select(func.count()).where(
        _R.project_id == bindparam("the_project"),
        NO_TICKET,
        _R.deleted == 0,
        _R.started_at > bindparam("since", type_=_R.started_at.type),
    )
)
_decided = (
    select(tickets.c.key, decisions.c.kind, decisions.c.at, decisions.c.learnings)
    .join_from(decisions, tickets, tickets.c.id == decisions.c.ticket_id)
    .where(tickets.c.project_id == bindparam("the_project"))
    .order_by(decisions.c.id)
)
DECIDED = Statement(_decided)
DECIDED_OF = Statement(lambda engine: _decided.where(in_list(engine, tickets.c.key, "keys")))

_last_decided = (
    select(decisions.c.at)
    .where(decisions.c.ticket_id == _T.id)
    .order_by(decisions.c.id.desc())
    .limit(1)
    .correlate(tickets)
    .scalar_subquery()
)
AT_HAND = Statement(
    lambda engine: select(_T.key, _T.title, _T.type, _T.priority, _T.rank).where(
        _T.project_id == bindparam("the_project"),
        not_(in_list(engine, _T.stage, "over")),
        or_(_T.decision.is_(None), _T.decision == DecisionKind.ITERATE, _T.entered_stage_at > _last_decided),
        ~exists().where(
            commitments.c.ticket_id == _T.id,
            commitments.c.sprint_id == bindparam("the_sprint"),
            commitments.c.removed_at.is_(None),
        ),
    )
)


class SprintQueries(Session):
    """What happened around a sprint?"""

    __slots__ = ()

    def told_of(
        self, project: str, subjects: Sequence[str], kinds: Sequence[str], *, until: datetime = LATEST
    ) -> Sequence[JournalRow]:
        """Every entry of these kinds about these subjects, by this moment where one is named, oldest first."""
        wanted = {"subjects": any_of(self.engine, subjects), "kinds": any_of(self.engine, kinds)}
        rows = self.rows(TOLD, project=project, until=until, **wanted) if subjects else []
        return [line_of(bytes(body), bytes(entry_hash)) for body, entry_hash in rows]

    def newest_of(
        self, project: str, subjects: Sequence[str], kinds: Sequence[str], *, until: datetime
    ) -> Mapping[str, JournalRow]:
        """The newest entry of these kinds about each subject by this moment; those that have none are left out."""
        if not subjects:
            return {}
        wanted = {"subjects": any_of(self.engine, subjects), "kinds": any_of(self.engine, kinds)}
        rows = self.rows(NEWEST_OF, project=project, until=until, **wanted)
        found = (line_of(bytes(body), bytes(entry_hash)) for body, entry_hash in rows)
        return {line.subject: line for line in found if line.subject is not None}

    def runs_so_far(
        self, project_id: int, keys: Sequence[str], *, begin: datetime, until: datetime
    ) -> Mapping[str, RunsSoFar]:
        """What the runs of these tickets had come to, those still in their tracker; tickets that have none are left out.

        begin, until: both count; the sprint is between them.
        """
        if not keys:
            return {}
        asked = {"the_project": project_id, "keys": any_of(self.engine, keys), "begin": begin, "until": until}
        found = {}
        for ticket, begun, results, going, started, ended_at, hours, unknown, ended, badly in self.rows(
            RUNS_SO_FAR, **asked
        ):
            signs = [moment for moment in (started, ended_at) if moment is not None]
            last = max(signs, default=None)
            found[ticket] = RunsSoFar(begun, results, going, last, hours, unknown, ended, badly)
        return found

    def run_ends(self, project_id: int, keys: Sequence[str], *, since: datetime) -> Sequence[RunEnd]:
        """Runs of these tickets that go on, or ended after this moment, those first seen first."""
        asked = {"the_project": project_id, "keys": any_of(self.engine, keys), "since": since}
        return [_run_end(row) for row in self.rows(RUN_ENDS, **asked)] if keys else []

    def longest_runs(self, project_id: int, keys: Sequence[str]) -> Mapping[str, timedelta]:
        """How long the longest finished run of each ticket took, to the millisecond."""
        asked = {"the_project": project_id, "keys": any_of(self.engine, keys)}
        rows = self.rows(LONGEST_RUNS, **asked) if keys else []
        return {ticket: timedelta(milliseconds=round(days * 86_400_000)) for ticket, days in rows}

    def runs_begun(self, project_id: int, keys: Sequence[str], *, since: datetime) -> Sequence[RunBegan]:
        """Runs of these tickets that began after this moment."""
        asked = {"the_project": project_id, "keys": any_of(self.engine, keys), "since": since}
        return [RunBegan(*row) for row in self.rows(RUNS_BEGUN, **asked)] if keys else []

    def loose_runs(self, project_id: int, *, since: datetime) -> int:
        """How many runs that began after this moment belong to no ticket?"""
        (count,) = self.one(LOOSE_RUNS, the_project=project_id, since=since)
        return int(count)

    def at_hand(self, project_id: int, sprint_id: int, *, over: Sequence[str]) -> Sequence[AtHand]:
        """Tickets in none of these columns, not in this sprint, neither killed nor promoted since they came where they stand."""
        asked = {"the_project": project_id, "the_sprint": sprint_id, "over": any_of(self.engine, over)}
        return [AtHand(*row) for row in self.rows(AT_HAND, **asked)]

    def decided(self, project_id: int, keys: Sequence[str] | None = None) -> Sequence[Decided]:
        """Every decision of a project, or on these tickets of it, oldest first."""
        rows = (
            self.rows(DECIDED, the_project=project_id)
            if keys is None
            else self.rows(DECIDED_OF, the_project=project_id, keys=any_of(self.engine, keys))
        )
        return [Decided(key, DecisionKind(kind), at, learnings) for key, kind, at, learnings in rows]


def _run_end(row: Row) -> RunEnd:
    run_id, name, ticket, status, started_at, ended_at, last_values, body = row
    values = {} if last_values is None else from_json(last_values)
    return RunEnd(
        run_id=run_id,
        name=name,
        ticket=ticket,
        status=RunStatus(status),
        started_at=started_at,
        ended_at=ended_at,
        broken=tuple(metric for metric, value in sorted(values.items()) if not math.isfinite(float(value))),
        why="" if body is None else str(from_json(body).get("tags", {}).get(STOP_REASON_TAG, "")),
    )
