"""How did work flow in each sprint: what was decided, was data ready, how long did ideas take, how often was work blocked?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from assay.domain.board.blockers import BlockedSpan, blocked_spans, median_days_open, opened_between
from assay.domain.board.flow import (
    ItemFlow,
    Outcome,
    cycle_quantiles,
    decided_between,
    learning_share,
    share_of,
)
from assay.domain.board.readiness import DataAnswer
from assay.domain.board.shares import KILL_BAND, PROMOTION_BAND
from assay.workflows.actor import Actor, Permission
from assay.workflows.flow import moment_of
from assay.workflows.flow_facts import flow_facts
from assay.workflows.flow_plans import data_known, end_of, lead_in_window, ready_view, sprint_ends
from assay.workflows.flow_shares import share_view
from assay.workflows.lookup import required_project
from assay.workflows.ports import ReadTransaction, Workspace
from assay.workflows.records import Commitment, CommitmentCount, Project, Sprint
from assay.workflows.sprint_facts import begin_of
from assay.workflows.sprint_views import SprintFlow, SprintRate


@dataclass(frozen=True, slots=True)
class _Known:
    flows: Sequence[ItemFlow]
    answers: Sequence[DataAnswer]
    spans: Sequence[BlockedSpan]
    at: datetime


def sprint_flows(ws: Workspace, actor: Actor, slug: str, *, at: date | None = None) -> tuple[SprintFlow, ...]:
    """How did work flow in each sprint that was started by this moment (a day: its end; None: now), by number?

    Raises:
        NotFound: no such project.
        Invalid: the moment is not in the past.
    """
    actor.require(Permission.READ)
    moment = moment_of(at, ws.clock())
    with ws.store.read() as tx:
        project = required_project(tx, slug)
        sprints, made = tx.sprints(project.id), tx.all_commitments(project.id)
        return flows_of_sprints(ws, tx, project, moment, sprints, made)


def flows_of_sprints(
    ws: Workspace,
    tx: ReadTransaction,
    project: Project,
    at: datetime,
    sprints: Sequence[Sprint],
    made: Sequence[Commitment],
) -> tuple[SprintFlow, ...]:
    """The part of `sprint_flows` inside a transaction that has read the sprints and all that was committed to them."""
    started = [one for one in sprints if one.started_at is not None and one.started_at <= at]
    if not started:
        return ()
    known = _known(ws, project, sprint_ends(sprints, made), at, tx)
    taken: dict[int, list[Commitment]] = defaultdict(list)
    for one in made:
        taken[one.sprint_id].append(one)
    return tuple(_sprint(one, taken.get(one.id, ()), known) for one in started)


def sprint_rates(ws: Workspace, actor: Actor, slug: str) -> tuple[SprintRate, ...]:
    """What was decided in each sprint that was started, by number?"""
    rates, _ = sprints_in_figures(ws, actor, slug)
    return rates


def sprints_in_figures(
    ws: Workspace, actor: Actor, slug: str
) -> tuple[tuple[SprintRate, ...], tuple[SprintFlow, ...]]:
    """What was decided in each sprint that was started, and how did work flow in it, by number?"""
    actor.require(Permission.READ)
    with ws.store.read() as tx:
        project = required_project(tx, slug)
        sprints, made = tx.sprints(project.id), tx.all_commitments(project.id)
        flows = flows_of_sprints(ws, tx, project, ws.clock(), sprints, made)
    return rates_of(flows, sprints, made), flows


def rates_of(
    flows: Iterable[SprintFlow], sprints: Iterable[Sprint], made: Iterable[Commitment]
) -> tuple[SprintRate, ...]:
    """What was decided in these sprints, as flow counts it: experiments only, each once."""
    counts, of = counts_of(made), {one.number: one.id for one in sprints}
    return tuple(
        _rate(flow, counts.get(of[flow.number], CommitmentCount(0, 0, 0)))
        for flow in flows
        if flow.number in of
    )


def _rate(flow: SprintFlow, mine: CommitmentCount) -> SprintRate:
    return SprintRate(
        number=flow.number,
        name=flow.name,
        killed=flow.killed.count,
        promoted=flow.promoted.count,
        rate=flow.promoted.rate,
        kill_rate=flow.killed.rate,
        low=flow.promoted.low,
        high=flow.promoted.high,
        committed=mine.standing,
        late_scope=mine.after_start,
    )


def counts_of(made: Iterable[Commitment]) -> dict[int, CommitmentCount]:
    """How many tickets were taken into each sprint, by its id?"""
    found: dict[int, CommitmentCount] = {}
    for one in made:
        all_of_it, standing, late = found.get(one.sprint_id, CommitmentCount(0, 0, 0))
        found[one.sprint_id] = CommitmentCount(all_of_it + 1, standing + one.stands, late + one.after_start)
    return found


def _known(
    ws: Workspace, project: Project, due: Mapping[str, Sequence[datetime]], at: datetime, tx: ReadTransaction
) -> _Known:
    facts = flow_facts(ws, tx, project, at)
    spans = blocked_spans(facts.events.about_blockers, until=at)
    return _Known(facts.flows, data_known(facts.events, facts.flows, due, at), spans, at)


def _sprint(sprint: Sprint, taken: Sequence[Commitment], known: _Known) -> SprintFlow:
    begin, end = begin_of(sprint), min(sprint.ended_at or known.at, known.at)
    after = end + timedelta(microseconds=1)
    decided = decided_between((flow for flow in known.flows if flow.is_experiment), begin, after)
    inside = {one.key for one in taken if one.removed_at is None or one.removed_at > end}
    # Data is due at the latest when its sprint ends by plan, which may be later than when it was ended.
    latest = max(end, min(end_of(sprint), known.at))
    due = [one for one in known.answers if one.item in inside and begin <= one.due_at <= latest]
    lead = lead_in_window(known.flows, None, {}, begin, end)
    opened = opened_between(known.spans, begin, after)
    usual, middle = cycle_quantiles(decided), median_days_open(opened, known.at)
    return SprintFlow(
        number=sprint.number,
        name=sprint.content.name,
        begin=begin,
        end=end,
        is_over=sprint.ended_at is not None and sprint.ended_at <= known.at,
        decided=len(decided),
        killed=share_view(share_of(decided, Outcome.KILLED), KILL_BAND),
        killed_items=tuple(flow.item for flow in decided if flow.outcome is Outcome.KILLED),
        promoted=share_view(share_of(decided, Outcome.PROMOTED), PROMOTION_BAND),
        with_learnings=share_view(learning_share(decided)),
        cycle_days_median=None if usual is None else usual[0],
        data=ready_view(due),
        data_unknown=sum(one.on_time is None for one in due),
        data_late=tuple(one.item for one in due if one.on_time is False),
        deployed=tuple(point.key for point in lead.points),
        lead_days_median=lead.days_median,
        blockers_opened=len(opened),
        blocker_days_median=None if middle is None else middle.days,
        blocker_median_is_at_least=middle is not None and middle.is_at_least,
    )
