"""The retro: what kills cost, whether the team's aim improves, how data and tooling did, what became of the last improvement."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from assay.domain.board.blockers import BlockedSpan, pareto
from assay.domain.board.flow import Outcome, flow_rules
from assay.domain.board.shares import Share
from assay.domain.kernel.verdicts import Recommendation
from assay.domain.sprints.calls import Call, call_text, calls, effects_inside, score_of
from assay.domain.sprints.progress import Progress, RunBegan, late_kill
from assay.workflows.actor import Actor, Permission
from assay.workflows.ceremonies import learned_between, stand_of
from assay.workflows.planning import scored_between
from assay.workflows.ports import ReadTransaction, Workspace
from assay.workflows.records import Project, Sprint, Ticket
from assay.workflows.sprint_facts import SprintFacts, begin_of, sprint_facts, standing
from assay.workflows.sprint_flow import flows_of_sprints, rates_of
from assay.workflows.sprint_flow_words import kills_text
from assay.workflows.sprint_views import (
    Expected,
    Improvement,
    KillLine,
    RetroView,
    SprintAim,
    Tooling,
)


def retro(ws: Workspace, actor: Actor, slug: str, number: int) -> RetroView:
    """Which kills came late and what did that cost, does the team's aim improve, what became of the last improvement?"""
    actor.require(Permission.READ)
    with ws.store.read() as tx:
        facts = sprint_facts(ws, tx, slug, number)
        sprint = facts.sprint
        assert sprint is not None
        every, made = tx.sprints(facts.project.id), tx.all_commitments(facts.project.id)
        sprints = [one for one in every if one.number <= number]
        kills, tooling = _kills(tx, facts), _tooling(tx, facts)
        known = calls(ws.memory.calls(tx, facts.project.slug), until=facts.at)
        flowed = flows_of_sprints(ws, tx, facts.project, facts.at, every, made)
        picked = {one.number: one.retro.improvement for one in sprints if one.retro.improvement}
        named = {
            ticket.key: ticket for ticket in tx.tickets(facts.project.id, keys=sorted(set(picked.values())))
        }
    before = max((one for one in picked if one < number), default=None)
    begin = begin_of(sprint)
    flow = next((one for one in flowed if one.number == number), None)
    return RetroView(
        stand=stand_of(sprint, facts.at),
        at=facts.at,
        version=sprint.version,
        notes=sprint.retro,
        last_improvement=_improvement(facts.project, before, picked, named),
        improvement=_improvement(facts.project, number, picked, named),
        kills=kills,
        kills_text=kills_text(kills, flow),
        rates=rates_of(flowed, sprints, made),
        flow=flow,
        expected=_expected(known, begin, facts.at),
        aims=tuple(
            _aim(one, known, facts.at) for one in sprints if one.started_at and one.started_at <= facts.at
        ),
        tooling=tooling,
        learned=learned_between(facts, begin, facts.at, verdicts=False),
    )


def _tooling(tx: ReadTransaction, facts: SprintFacts) -> Tooling:
    """How did data and tooling do: runs that broke, and what was in the way?"""
    assert facts.sprint is not None
    inside = {one.key for one in standing(facts)}
    spans = (
        BlockedSpan(one.ticket, one.number, one.category, one.opened_at, one.closed_at)
        for one in tx.blockers(facts.project.id)
        if one.ticket in inside
    )
    return Tooling(
        runs=sum(one.ended for one in facts.runs.values()),
        broken_runs=sum(one.ended_badly for one in facts.runs.values()),
        blocked=pareto(spans, begin_of(facts.sprint), facts.at),
    )


def _expected(known: tuple[Call, ...], begin: datetime, end: datetime) -> Expected:
    found = scored_between(known, begin, end)
    return Expected(
        chances=found.score_text,
        ranking="" if found.paid is None else found.paid.text,
        calls=tuple((call.item, call_text(call)) for call in found.decided),
    )


def _kills(tx: ReadTransaction, facts: SprintFacts) -> tuple[KillLine, ...]:
    assert facts.sprint is not None
    killed = [
        one for one in standing(facts) if one.progress is Progress.KILLED and one.decided_at is not None
    ]
    keys = [one.key for one in killed]
    said: dict[str, list[tuple[datetime, Recommendation]]] = defaultdict(list)
    for row in tx.told_of(facts.project.slug, keys, ("verdict.computed",), until=facts.at):
        if row.subject is not None:
            said[row.subject].append((row.at, Recommendation(row.payload["recommendation"])))
    first = min(
        (at for told in said.values() for at, word in told if word is Recommendation.KILL), default=None
    )
    runs: dict[str, list[RunBegan]] = defaultdict(list)
    for run in tx.runs_begun(facts.project.id, keys, since=first) if first else ():
        runs[run.ticket].append(run)
    lines = []
    for ticket in killed:
        assert ticket.decided_at is not None
        late = late_kill(said[ticket.key], runs[ticket.key], decided_at=ticket.decided_at)
        call = facts.sprint.retro.kill_calls.get(ticket.key)
        lines.append(KillLine(ticket, late, call.value if call else ""))
    return tuple(lines)


def _aim(sprint: Sprint, known: Sequence[Call], at: datetime) -> SprintAim:
    begin, end = begin_of(sprint), sprint.ended_at or at
    mine = [call for call in known if begin <= call.decided_at <= end]
    score, (inside, effects) = score_of(mine), effects_inside(mine)
    hit = Share(sum(call.hit for call in mine), len(mine))
    return SprintAim(
        number=sprint.number,
        decided=hit.of,
        hits=hit.count,
        hit_rate=hit.rate,
        hit_low=hit.interval.low if hit.interval else None,
        hit_high=hit.interval.high if hit.interval else None,
        chances=score.n if score else 0,
        said=score.mean_chance if score else None,
        came_true=score.base_rate if score else None,
        brier=score.score if score else None,
        effects=effects,
        effects_inside=inside,
    )


def _improvement(
    project: Project, number: int | None, picked: Mapping[int, str], tickets: Mapping[str, Ticket]
) -> Improvement | None:
    ticket = tickets.get(picked.get(number, "")) if number is not None else None
    if ticket is None or number is None:
        return None
    board = project.settings.board
    stage = board.stage(ticket.stage)
    ended = flow_rules(board).ended.get(ticket.stage)
    return Improvement(
        sprint=number,
        key=ticket.key,
        title=ticket.content.title,
        stage=stage.title if stage else ticket.stage,
        is_done=ended is Outcome.PROMOTED or ended is Outcome.CLOSED,
    )
