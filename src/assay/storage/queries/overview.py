"""The overview: where a project stands, in fourteen statements."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    bindparam,
    case,
    func,
    literal_column,
    not_,
    or_,
    select,
    true,
)

from assay.domain.board.flow import EXPERIMENTS, FlowRules, Outcome, flow_rules
from assay.domain.board.saved_compute import KilledWork
from assay.domain.experiments.evidence import RunStatus
from assay.domain.experiments.experiment import DecisionKind
from assay.domain.experiments.prices import DEVICE_TAG, SEEN_DEVICE_TAG
from assay.domain.kernel.readings import LAST
from assay.storage.queries.awaited import ITERATES, READY, AwaitedQueries, led_on
from assay.storage.queries.in_json import json_entry
from assay.storage.repositories.journal import LAST_SEQ
from assay.storage.repositories.tickets import COUNTS
from assay.storage.session import Row, Statement, any_of, from_json, in_list
from assay.storage.tables import decisions, runs, sources, tickets
from assay.workflows.overview_views import Learning, Measured, OverviewView
from assay.workflows.records import Project

LEARNINGS_SHOWN = 8
ATTENTION_SHOWN = 12
HOUR_DIGITS = 9
"""Digits of a sum of measured hours or of money that do not depend on the order in which they are added."""

_T = tickets.c
_OF_PROJECT = _T.project_id == bindparam("the_project")
_IS_EXPERIMENT = and_(_T.key >= EXPERIMENTS, _T.key < EXPERIMENTS[:-1] + chr(ord(EXPERIMENTS[-1]) + 1))
"""By its key, which an index holds."""
_MADE = decisions.c
_ENDING = or_(*(_MADE.kind == kind.value for kind in (DecisionKind.KILL, DecisionKind.PROMOTE)))
_FIRST_ENDING = select(_MADE.kind).where(_MADE.ticket_id == _T.id, _ENDING).order_by(_MADE.id).limit(1)
_ENDED_AT = select(func.min(_MADE.at)).where(_MADE.ticket_id == _T.id, _ENDING).scalar_subquery()


EXPERIMENTS_WRITTEN = Statement(select(func.count()).where(_OF_PROJECT, _IS_EXPERIMENT))
DECIDED = Statement(
    lambda engine: (
        select(_FIRST_ENDING.scalar_subquery().label("first"), _T.stage, func.count())
        .where(
            _OF_PROJECT, _IS_EXPERIMENT, or_(_T.decision.is_not(None), in_list(engine, _T.stage, "stages"))
        )
        .group_by(literal_column("1"), _T.stage)
    )
)
"""An experiment counts once, with its first decision to kill or to promote, as it does in flow."""
BUDGETS, MONEY_BUDGETS = (
    Statement(select(budget, func.count()).where(_OF_PROJECT, budget.is_not(None)).group_by(budget))
    for budget in (_T.budget_gpu_hours, _T.budget_cost_usd)
)
USED = Statement(
    select(func.count(), func.sum(runs.c.gpu_hours), func.count(runs.c.gpu_hours)).where(
        runs.c.project_id == bindparam("the_project"), runs.c.deleted == 0
    )
)
PAID = Statement(
    select(func.sum(runs.c.cost_usd), func.count()).where(
        runs.c.project_id == bindparam("the_project"), runs.c.deleted == 0, runs.c.cost_usd.is_not(None)
    )
)
_KILLS = (
    select(_T.project_id, _T.key, _T.budget_gpu_hours, func.max(_MADE.at).label("at"))
    .join_from(tickets, decisions, and_(_MADE.ticket_id == _T.id, _MADE.kind == DecisionKind.KILL.value))
    .where(
        _OF_PROJECT, _IS_EXPERIMENT, _T.decision == DecisionKind.KILL.value, _MADE.at >= bindparam("since")
    )
    .group_by(_T.id, _T.project_id, _T.key, _T.budget_gpu_hours)
    .subquery("kills")
)
_BEGUN_BY_THEN = and_(
    runs.c.project_id == _KILLS.c.project_id,
    runs.c.ticket == _KILLS.c.key,
    runs.c.status != RunStatus.SCHEDULED.value,
    func.coalesce(runs.c.started_at <= _KILLS.c.at, true()),
)
KILLED = Statement(
    select(
        _KILLS.c.key,
        _KILLS.c.budget_gpu_hours,
        func.sum(runs.c.gpu_hours),
        func.count(runs.c.status),
        func.count(runs.c.status) - func.count(runs.c.gpu_hours),
    )
    .join_from(_KILLS, runs, _BEGUN_BY_THEN, isouter=True)
    .group_by(_KILLS.c.key, _KILLS.c.budget_gpu_hours)
)
"""Killed experiments with what their runs had used by then, deleted ones too: they were paid for."""
LEARNED = Statement(
    select(_T.key, _T.title, decisions.c.kind, decisions.c.learnings, decisions.c.at)
    .join_from(decisions, tickets, _T.id == decisions.c.ticket_id)
    # Not by the project's tickets, of which there may be many, but back through the decisions.
    .where(_T.project_id + 0 == bindparam("the_project"), decisions.c.learnings != "")
    .order_by(decisions.c.id.desc())
    .limit(LEARNINGS_SHOWN)
)
SYNCS = Statement(
    select(sources.c.last_sync_at, sources.c.name, sources.c.last_sync_error)
    .where(sources.c.project_id == bindparam("the_project"))
    .order_by(sources.c.name)
)
PROGRESS = Statement(
    lambda engine: (
        select(
            case(
                (not_(_IS_EXPERIMENT), "other"),
                (ITERATES, "iterating"),
                (READY, "ready"),
                else_="unknown",
            ).label("state"),
            func.count(),
            func.count(_ENDED_AT),
        )
        .where(
            _OF_PROJECT,
            in_list(engine, _T.stage, "stages"),
            or_(_T.decision.is_(None), func.coalesce(_T.entered_stage_at > _ENDED_AT, true())),
        )
        .group_by(literal_column("1"))
    )
)
"""Work in progress as flow counts it: begun, in no column where work is over, not decided, or moved on since."""
MEASURED = Statement(
    select(_T.key, _T.card).where(
        _OF_PROJECT, _T.locked == literal_column("1"), _T.recommendation.is_not(None)
    )
)


class OverviewQueries(AwaitedQueries):
    """Where does a project stand?"""

    __slots__ = ()

    def overview(self, project: Project) -> OverviewView:
        """What a leader wants to see first."""
        of_project = {"the_project": project.id}
        board = project.settings.board
        rules = flow_rules(board)
        working = [s.key for s in board.stages if s.key not in rules.waiting and s.key not in rules.ended]
        (seq,) = self.one(LAST_SEQ)
        counts: dict[str, int] = dict(self.rows(COUNTS, **of_project))
        ended, working = any_of(self.engine, rules.ended), any_of(self.engine, working)
        decided = _outcomes(self.rows(DECIDED, **of_project, stages=ended), rules)
        progress = self.rows(PROGRESS, **of_project, **led_on(board), stages=working)
        waiting = self.awaited(project, limit=ATTENTION_SHOWN)
        states = {state: count for state, count, _ in progress}
        run_count, hours, known = self.one(USED, **of_project)
        paid, priced = self._paid(project)
        last_sync_at, sync_error = _sync(self.rows(SYNCS, **of_project))
        return OverviewView(
            stage_counts={stage.key: counts.get(stage.key, 0) for stage in board.stages},
            experiments=self.one(EXPERIMENTS_WRITTEN, **of_project)[0],
            decided=decided.total(),
            killed=decided[Outcome.KILLED],
            promoted=decided[Outcome.PROMOTED],
            active=sum(states.values()),
            iterating=states.get("iterating", 0),
            ready=states.get("ready", 0),
            undecided=states.get("unknown", 0),
            other_work=states.get("other", 0),
            reopened=sum(again for _, _, again in progress),
            waiting=counts.get(board.first.key, 0),
            runs=run_count,
            gpu_hours=None if hours is None else round(hours, HOUR_DIGITS),
            runs_without_gpu_hours=run_count - known,
            gpu_hours_budget=_total(self.rows(BUDGETS, **of_project)),
            cost_usd=None if paid is None else round(paid, HOUR_DIGITS),
            runs_without_cost=run_count - priced,
            cost_usd_budget=_total(self.rows(MONEY_BUDGETS, **of_project)),
            learnings=tuple(Learning(*row) for row in self.rows(LEARNED, **of_project)),
            attention=waiting.rows,
            attention_total=waiting.total,
            last_sync_at=last_sync_at,
            sync_error=sync_error,
            seq=seq,
        )

    def _paid(self, project: Project) -> tuple[float | None, int]:
        """What all runs cost together, and how many of them have a cost: their own, or one by the price list."""
        said, count = self.one(PAID, the_project=project.id)
        prices = project.settings.prices
        if not prices.prices:
            return said, count
        days = sorted({one.since for one in prices.prices if one.since is not None})
        amounts = [] if said is None else [said]
        for device, seen, known, passed, hours, runs_of_it in self.select(
            _unpaid(self.engine, project.id, days)
        ):
            began = _moment(days[passed - 1] if passed else date.min) if known else None
            price = prices.price_at(device, began, seen=seen)
            if price is not None:
                amounts.append(hours * float(price.usd_per_hour))
                count += runs_of_it
        return math.fsum(amounts) if amounts else None, count

    def killed_work(self, project_id: int, *, since: datetime) -> tuple[KilledWork, ...]:
        """The experiments killed from then on that still are, with what their runs had used by then, in no order."""
        return tuple(KilledWork(*row) for row in self.rows(KILLED, the_project=project_id, since=since))

    def measured(self, project_id: int) -> tuple[Measured, ...]:
        """What every locked ticket with intact evidence measured, in no order."""
        found = []
        for key, text in self.rows(MEASURED, the_project=project_id):
            card = from_json(text)
            if card.get("estimate") is not None and card.get("measured_at") and card.get("metric"):
                at = datetime.fromisoformat(card["measured_at"])
                reading = card.get("reading", LAST.text)
                found.append(Measured(key, card["metric"], card["estimate"], at, reading))
        return tuple(found)


def _unpaid(engine: str, project_id: int, days: Sequence[date]) -> Select[Any]:
    """GPU-hours of runs that do not say what they cost, by device and by how many of these days had come when they began."""
    began = runs.c.started_at
    passed: ColumnElement[Any] = sum(
        (case((began >= _moment(day), 1), else_=0) for day in days), start=literal_column("0")
    )
    device = json_entry(engine, runs.c.body, "tags", DEVICE_TAG)
    return (
        select(
            device.label("device"),
            json_entry(engine, runs.c.body, "tags", SEEN_DEVICE_TAG).label("seen"),
            began.is_not(None).label("known"),
            passed.label("passed"),
            func.sum(runs.c.gpu_hours),
            func.count(),
        )
        .where(
            runs.c.project_id == project_id,
            runs.c.deleted == 0,
            runs.c.cost_usd.is_(None),
            runs.c.gpu_hours.is_not(None),
        )
        .group_by(literal_column("1"), literal_column("2"), literal_column("3"), literal_column("4"))
    )


def _moment(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _outcomes(rows: list[Row], rules: FlowRules) -> Counter[Outcome]:
    """Killed and promoted experiments: as first decided, else as the column says where one came without a decision."""
    said = {DecisionKind.KILL.value: Outcome.KILLED, DecisionKind.PROMOTE.value: Outcome.PROMOTED}
    found: Counter[Outcome] = Counter()
    for first, stage, count in rows:
        outcome = rules.ended.get(stage) if first is None else said[first]
        if outcome in (Outcome.KILLED, Outcome.PROMOTED):
            found[outcome] += count
    return found


def _total(budgets: list[Row]) -> float | None:
    """The sum of what people wrote, in the digits they wrote: floats added up would show others."""
    total = sum((Decimal(repr(float(hours))) * count for hours, count in budgets), start=Decimal(0))
    return float(total) if budgets else None


def _sync(rows: list[Row]) -> tuple[datetime | None, str]:
    times = [at for at, _, _ in rows if at is not None]
    errors = [f"{name}: {error}" for _, name, error in rows if error]
    return max(times, default=None), "; ".join(errors)
