"""How does the work of a project flow: asked for any moment, computed from the journal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np

from assay.domain.board.flow import (
    BulkEdit,
    FlowRules,
    ItemFlow,
    Outcome,
    bulk_edits,
    cumulative_flow,
    cycle_quantiles,
    decided_between,
    in_progress,
    learned_of_started,
    learning_share,
    share_of,
    stage_days,
    waiting,
)
from assay.domain.board.funnel import FunnelStep, funnel
from assay.domain.board.shares import KILL_BAND, PROMOTION_BAND, Share
from assay.domain.board.time_boxes import boxes_at, is_within
from assay.domain.kernel.ids import key_order
from assay.domain.kernel.time import utc
from assay.errors import Invalid
from assay.workflows.actor import Actor, Permission
from assay.workflows.flow_blockers import BlockersView, blockers_in_window
from assay.workflows.flow_facts import FlowFacts, flow_facts
from assay.workflows.flow_plans import (
    DataView,
    LeadView,
    data_in_window,
    data_known,
    lead_in_window,
    sprint_ends,
)
from assay.workflows.flow_shares import ShareView, share_view
from assay.workflows.lookup import required_project
from assay.workflows.ports import Workspace

LONGEST_WINDOW_DAYS = 3660
DEFAULT_WINDOW_DAYS = 90
USUAL = (0.5, 0.85)
FEWEST_STAYS = 5
"""Fewer finished stays in a column do not say what is usual there."""
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class CycleView:
    """One decided item, as a point of the scatter."""

    key: str
    title: str
    decided_at: datetime
    days: float | None
    """From its start to its decision; None when it was decided without ever having been started."""
    outcome: str
    reopened: bool
    time_box_days: int | None
    """Its time box when it was decided; None without one, or where its runs never began."""
    is_within: bool | None
    """It was decided before its time box was over, which begins with the lock."""
    is_bulk: bool
    """Its decision is part of a bulk edit: that may have been tidying up."""


@dataclass(frozen=True, slots=True)
class AgeView:
    """One item in progress, with its age against what is usual in its column."""

    key: str
    title: str
    stage: str
    days: float
    usual_days: float | None
    """Within so many days 85% of finished stays in this column ended; None before five did."""
    is_old: bool
    """Older than that."""


@dataclass(frozen=True, slots=True)
class WeekView:
    """What was decided in the seven days from `start` on."""

    start: date
    killed: int
    promoted: int


@dataclass(frozen=True, slots=True)
class FlowDays:
    """How many items were in each column at the end of each day (UTC). A column that is gone since is shown where it held any."""

    stages: tuple[str, ...]
    titles: tuple[str, ...]
    days: tuple[date, ...]
    counts: tuple[tuple[int, ...], ...]
    """By day, then by column."""


@dataclass(frozen=True, slots=True)
class FlowView:
    """Everything a flow page shows."""

    at: datetime
    """The moment it was asked for; nothing later is in any figure."""
    first_day: date
    last_day: date
    decided: int
    killed: ShareView
    promoted: ShareView
    with_learnings: ShareView
    cycle_days_median: float | None
    cycle_days_p85: float | None
    within_box: ShareView
    """Of the decided experiments with a time box, those that were decided within it."""
    in_progress: int
    waiting: int
    reopened: int
    weeks: tuple[WeekView, ...]
    cycles: tuple[CycleView, ...]
    ages: tuple[AgeView, ...]
    """Oldest against its column first."""
    cumulative: FlowDays
    blockers: BlockersView
    data: DataView
    """Whether the data of experiments was there when they needed it."""
    lead: LeadView
    """How long ideas took until they were in use."""
    learning: ShareView
    """Of the experiments that were started in these days, those that are decided, with learnings."""
    funnel: tuple[FunnelStep, ...]
    """Experiments of all time by how far they ever got."""
    bulk_edits: tuple[BulkEdit, ...]
    """Moments at which many cards were moved at once: bookkeeping that looks like flow."""
    seq: int


def flow(
    ws: Workspace, actor: Actor, slug: str, *, at: date | None = None, days: int = DEFAULT_WINDOW_DAYS
) -> FlowView:
    """How did work flow in the window of so many days that ends at this moment (a day: at its end; None: now)?

    Raises:
        NotFound: no such project.
        Invalid: the window is empty or too long, or the moment is not in the past.
    """
    actor.require(Permission.READ)
    if not 1 <= days <= LONGEST_WINDOW_DAYS:
        raise Invalid(
            f"cannot show flow of {days} days (expected 1 to {LONGEST_WINDOW_DAYS})",
            hint="assay flow --days 90",
            code="window-out-of-range",
            field="days",
        )
    moment = moment_of(at, ws.clock())
    with ws.store.read() as tx:
        project = required_project(tx, slug)
        facts = flow_facts(ws, tx, project, moment)
        titles = tx.titles(project.id)
        due = sprint_ends(tx.sprints(project.id), tx.all_commitments(project.id))
        seq = tx.head()[0]
    return _view(facts, titles, due, days, seq)


def moment_of(asked: date | None, now: datetime) -> datetime:
    """The moment that figures are asked for: a day means its end, None means now.

    Raises:
        Invalid: it is not in the past.
    """
    moment = asked
    if moment is None or moment == now.date():
        return now
    if not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day, 23, 59, 59, 999_999, tzinfo=UTC)
    if not EARLIEST <= utc(moment) <= now:
        raise Invalid(
            f"cannot show flow at {asked}: the journal knows nothing of it (expected a time in the past, 1990 or later)",
            hint="assay flow --at 2026-05-12",
            code="moment-out-of-range",
            field="at",
        )
    return utc(moment)


def _view(
    facts: FlowFacts,
    titles: Mapping[str, str],
    due: Mapping[str, Sequence[datetime]],
    days: int,
    seq: int,
) -> FlowView:
    at, events, flows, board, rules = facts.at, facts.events, facts.flows, facts.board, facts.rules
    last_day = at.date()
    first_day = last_day - timedelta(days=days - 1)
    begin = datetime(first_day.year, first_day.month, first_day.day, tzinfo=at.tzinfo)
    experiments = [flow for flow in flows if flow.is_experiment]
    decided = decided_between(experiments, begin, at + timedelta(microseconds=1))
    usual = cycle_quantiles(decided, USUAL) or (None, None)
    edits = bulk_edits(crossing for crossing in facts.crossings if crossing.at >= begin)
    boxes = boxes_at(events.about_boxes, {flow.item: flow.done_at for flow in decided if flow.done_at})
    cycles = tuple(_cycle(flow, boxes.get(flow.item), titles, edits) for flow in decided)
    kept = [cycle.is_within for cycle in cycles if cycle.is_within is not None]
    return FlowView(
        at=at,
        first_day=first_day,
        last_day=last_day,
        decided=len(decided),
        killed=share_view(share_of(decided, Outcome.KILLED), KILL_BAND),
        promoted=share_view(share_of(decided, Outcome.PROMOTED), PROMOTION_BAND),
        with_learnings=share_view(learning_share(decided)),
        cycle_days_median=usual[0],
        cycle_days_p85=usual[1],
        within_box=share_view(Share(sum(kept), len(kept)), none="none had a time box"),
        in_progress=len(in_progress(flows, rules)),
        waiting=len(waiting(flows, rules)),
        reopened=sum(flow.reopened for flow in decided),
        weeks=_weeks(decided, first_day, last_day),
        cycles=cycles,
        ages=_ages(flows, rules, titles, at),
        cumulative=_cumulative(facts, first_day, begin),
        funnel=funnel(experiments, board, rules),
        blockers=blockers_in_window(events, titles, begin, at),
        data=data_in_window(data_known(events, flows, due, at), titles, begin, at),
        lead=lead_in_window(flows, facts.deployed_title, titles, begin, at),
        learning=share_view(learned_of_started(experiments, begin, at), none="none started"),
        bulk_edits=edits,
        seq=seq,
    )


def _cumulative(facts: FlowFacts, first: date, begin: datetime) -> FlowDays:
    columns = facts.boards.columns(begin, facts.asked)
    counts = cumulative_flow(facts.flows, [stage.key for stage in columns], first, facts.at.date())
    standing = {stage.key for stage in facts.board.stages}
    shown = [place for place, stage in enumerate(columns) if stage.key in standing or counts[:, place].any()]
    return FlowDays(
        stages=tuple(columns[place].key for place in shown),
        titles=tuple(columns[place].title for place in shown),
        days=tuple(first + timedelta(days=number) for number in range(len(counts))),
        counts=tuple(map(tuple, counts[:, shown].tolist())),
    )


def _weeks(decided: tuple[ItemFlow, ...], first: date, last: date) -> tuple[WeekView, ...]:
    """Whole weeks that end with the last day; days before the first whole week stand in a shorter one."""
    by_day = Counter((flow.done_at.date(), flow.outcome) for flow in decided if flow.done_at is not None)
    found = []
    end = last + timedelta(days=1)
    while end > first:
        start = max(first, end - timedelta(days=7))
        days = [start + timedelta(days=number) for number in range((end - start).days)]
        killed, promoted = (
            sum(by_day[day, outcome] for day in days) for outcome in (Outcome.KILLED, Outcome.PROMOTED)
        )
        found.append(WeekView(start=start, killed=killed, promoted=promoted))
        end = start
    return tuple(found[::-1])


def _cycle(
    flow: ItemFlow, box: int | None, titles: Mapping[str, str], edits: tuple[BulkEdit, ...]
) -> CycleView:
    assert flow.done_at is not None
    assert flow.outcome is not None
    begun = flow.begun_at if flow.begun_at is not None and flow.begun_at <= flow.done_at else None
    known = None if begun is None else box
    return CycleView(
        key=flow.item,
        title=titles.get(flow.item, ""),
        decided_at=flow.done_at,
        days=flow.cycle_days,
        outcome=flow.outcome.value,
        reopened=flow.reopened,
        time_box_days=known,
        is_within=None if begun is None or known is None else is_within(begun, flow.done_at, known),
        is_bulk=any(
            edit.at <= flow.done_at < edit.at + timedelta(minutes=1) and flow.item in edit.keys
            for edit in edits
        ),
    )


def usual_stays(flows: Iterable[ItemFlow]) -> Mapping[str, float]:
    """By column, the days within which 85% of its finished stays were over; where there are too few of them, nothing is usual."""
    return {
        stage: float(np.quantile(stays, USUAL[1]))
        for stage, stays in stage_days(flows).items()
        if len(stays) >= FEWEST_STAYS
    }


def _ages(
    flows: tuple[ItemFlow, ...], rules: FlowRules, titles: Mapping[str, str], at: datetime
) -> tuple[AgeView, ...]:
    usual = usual_stays(flows)
    found = []
    for flow in in_progress(flows, rules):
        came, stage = flow.visits[-1]
        assert stage is not None
        days, most = (at - came).total_seconds() / 86_400.0, usual.get(stage)
        found.append(
            AgeView(
                key=flow.item,
                title=titles.get(flow.item, ""),
                stage=stage,
                days=days,
                usual_days=most,
                is_old=most is not None and days > most,
            )
        )
    return tuple(sorted(found, key=lambda age: (not age.is_old, -age.days, key_order(age.key))))
