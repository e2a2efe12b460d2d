"""Ceremonies that prepare themselves: what the tracker and the journal know, nobody has to type."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from assay.domain.board.blockers import Blocker
from assay.domain.experiments.evidence import UNFINISHED
from assay.domain.experiments.experiment import DecisionKind
from assay.domain.experiments.pipeline_jobs import where_it_broke
from assay.domain.gates.snoozes import asleep
from assay.domain.kernel.ids import TicketType
from assay.domain.kernel.kill_rules import KillRuleName
from assay.domain.kernel.time import utc
from assay.domain.kernel.verdicts import Recommendation
from assay.domain.kernel.zones import is_at_night, working_day_before
from assay.domain.sprints.progress import (
    ASKS_A_QUESTION,
    SILENT_AFTER,
    HalfTime,
    Progress,
    RunNews,
    by_our_clock,
    news_of,
)
from assay.domain.sprints.sprint import SprintContent, SprintState, changed_plan
from assay.errors import Invalid
from assay.workflows.actor import Actor, Permission
from assay.workflows.advised_stops import advised_stops
from assay.workflows.kill_cards import snoozes_of
from assay.workflows.lookup import required_project
from assay.workflows.ports import ReadTransaction, Workspace
from assay.workflows.records import Sprint, Ticket
from assay.workflows.sprint_facts import (
    SprintFacts,
    begin_of,
    commitments_of,
    facts_of,
    half_time_facts,
    keys_in_progress,
    questions_in_progress,
    sprint_facts,
    standing,
)
from assay.workflows.sprint_views import (
    CheckView,
    GateLine,
    Learned,
    ReviewView,
    RunLine,
    ScopeChange,
    Stand,
    StandupView,
    Stuck,
    TicketAt,
)
from assay.workflows.views import JournalRow

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
MOST_GATE_RUNS = 200
_WORDS = {DecisionKind.KILL: "killed", DecisionKind.PROMOTE: "promoted", DecisionKind.ITERATE: "iterating"}
_TO_BE_RUN = (Progress.STARTED, Progress.WAITING)
_TROUBLE_FIRST = (
    RunNews.DIVERGED,
    RunNews.FAILED,
    RunNews.STALLED,
    RunNews.STOPPED,
    RunNews.FINISHED,
    RunNews.STARTED,
)


def standup(ws: Workspace, actor: Actor, slug: str, *, since: date | None = None) -> StandupView:
    """What happened since then (a day: its beginning; None: the working day before), who is stuck, and what comes next?

    Beside the running sprint stand the experiments and spikes in progress that are not in it. Without one it is about every ticket in progress.

    Raises:
        NotFound: no such project.
        Invalid: `since` is not in the past.
    """
    actor.require(Permission.READ)
    with ws.store.read() as tx:
        at = ws.clock()
        project = required_project(tx, slug)
        begin = _since(since, at, project.settings.time_zone)
        sprint = next((one for one in tx.sprints(project.id) if one.state is SprintState.ACTIVE), None)
        keys = None if sprint else keys_in_progress(tx, project)
        beside = questions_in_progress(tx, project) if sprint else []
        facts = facts_of(ws, tx, project, sprint, at, now=at, keys=keys, beside=beside)
        lines = _run_lines(tx, facts, begin)
        loose = tx.loose_runs(project.id, since=begin)
        stuck = tuple(_stuck(one, at) for one in tx.blockers(project.id, open_only=True))
        broken = where_it_broke(tx.failed_jobs(project.id, since=begin))
        unread = tuple(tx.unread_orchestrators(project.id, None))
    stands = tuple(replace(one, chance=_chance(facts.tickets.get(one.key), at)) for one in standing(facts))
    inside, committed = {one.key for one in stands}, commitments_of(facts)
    return StandupView(
        stand=stand_of(sprint, at) if sprint else None,
        at=at,
        since=begin,
        runs=tuple(line for line in lines if line.ticket in inside),
        loose_runs=loose,
        stops=advised_stops(stands, facts.tickets, at),
        learned=tuple(one for one in learned_between(facts, begin, at, verdicts=True) if one.key in inside),
        next=_next([one for one in stands if sprint is None or one.key in committed]),
        stuck=stuck,
        failed_jobs=tuple(one for one in broken if one.ticket in inside),
        unread=unread,
        silent=tuple(one for one in stands if is_silent(one, at)),
        tickets=stands,
        scope=tuple(change for change in _scope(facts) if change.at > begin),
    )


def _chance(ticket: Ticket | None, at: datetime) -> str:
    """The chance of its runs under way, with the rule's advice unless somebody snoozed it."""
    if ticket is None or ticket.decision is not None:
        return ""
    card, rule = ticket.card, KillRuleName.FUTILITY
    advised = any(one["rule"] == rule for one in card.get("kills", ()))
    snoozed = rule in asleep(snoozes_of(ticket), at)
    chance = str(card.get("chance") or "")
    return (
        f"{chance}: the rule for futility advises to stop" if chance and advised and not snoozed else chance
    )


def mid_sprint_check(ws: Workspace, actor: Actor, slug: str, number: int) -> CheckView:
    """Have at least half of the experiments preliminary results, or a flag for extension? Which have neither?

    Of a sprint that has ended it is what was known at the end of its day of half time.
    """
    actor.require(Permission.READ)
    with ws.store.read() as tx:
        return check_of(half_time_facts(ws, tx, slug, number))


def check_of(facts: SprintFacts) -> CheckView:
    """The mid-sprint check out of what is known of a sprint."""
    assert facts.sprint is not None
    stands = standing(facts)
    questions = [one for one in stands if _asks(one)]
    rest = [one for one in questions if one.progress is not Progress.RESULTS and not one.progress.is_decided]
    return CheckView(
        stand=stand_of(facts.sprint, facts.at),
        at=facts.at,
        is_due=facts.at.date() >= facts.sprint.content.half_time,
        half_time=HalfTime(
            questions=len(questions),
            with_results=len(questions) - len(rest),
            flagged=sum(bool(one.extension_reason) for one in rest),
        ),
        neither=tuple(one for one in rest if not one.extension_reason),
        tickets=stands,
        scope=_scope(facts),
    )


def review(ws: Workspace, actor: Actor, slug: str, number: int) -> ReviewView:
    """What did the sprint teach? Killed experiments are answers, as promoted ones are."""
    actor.require(Permission.READ)
    with ws.store.read() as tx:
        facts = sprint_facts(ws, tx, slug, number)
        judged = tx.gate_run_page(
            facts.project.id, gate=None, ticket=None, before=None, limit=MOST_GATE_RUNS
        ).rows
    assert facts.sprint is not None
    stands, begin = standing(facts), begin_of(facts.sprint)
    inside = {one.key for one in stands}
    told = learned_between(facts, begin, facts.at, verdicts=False)
    learned = tuple(one for one in told if one.key in inside)
    keys = {one.key for one in stands}
    return ReviewView(
        stand=stand_of(facts.sprint, facts.at),
        at=facts.at,
        learned=learned,
        killed=sum(one.word == "killed" for one in learned),
        promoted=sum(one.word == "promoted" for one in learned),
        tickets=stands,
        gates=tuple(
            GateLine(run.number, run.gate, run.ticket, run.result.value, run.headline, run.at)
            for run in judged
            if run.ticket in keys and begin <= run.at <= facts.at
        ),
        demo=next((one for one in stands if one.key == facts.sprint.content.demo), None),
        scope=_scope(facts),
    )


def _since(asked: date | None, now: datetime, zone: str) -> datetime:
    if asked is None:
        return working_day_before(now, zone)
    is_moment = isinstance(asked, datetime)
    moment = asked if is_moment else datetime(asked.year, asked.month, asked.day, tzinfo=ZoneInfo(zone))
    assert isinstance(moment, datetime)
    if not EARLIEST <= utc(moment) <= now:
        raise Invalid(
            f"cannot look back to {asked}: it is no day of the past (expected a day or time before now, 1990 or later)",
            hint=f"assay sprint standup --since {working_day_before(now, zone).date()}",
            code="moment-out-of-range",
            field="since",
        )
    return utc(moment)


def stand_of(sprint: Sprint, at: datetime) -> Stand:
    """Where a sprint is on its way."""
    content = sprint.content
    return Stand(
        number=sprint.number,
        name=content.name,
        goal=content.goal,
        state=sprint.state.value,
        starts_on=content.starts_on,
        ends_on=content.ends_on,
        day=min(max(0, (at.date() - content.starts_on).days + 1), content.days),
        days=content.days,
        half_time=content.half_time,
    )


def _stuck(blocker: Blocker, at: datetime) -> Stuck:
    return Stuck(
        key=blocker.ticket,
        number=blocker.number,
        title=blocker.title,
        category=blocker.category.label,
        text=blocker.text,
        owner=blocker.owner,
        days=(at - blocker.opened_at).total_seconds() / 86_400.0,
    )


def _asks(ticket: TicketAt) -> bool:
    return TicketType(ticket.type) in ASKS_A_QUESTION


def _next(stands: Sequence[TicketAt]) -> TicketAt | None:
    open_questions = [one for one in stands if one.progress in _TO_BE_RUN and _asks(one)]
    return min(open_questions, key=lambda one: _TO_BE_RUN.index(one.progress), default=None)


def is_silent(ticket: TicketAt, at: datetime) -> bool:
    """Is somebody at work on it, and has nobody seen a sign of that for days?"""
    started = ticket.progress is not Progress.WAITING and not ticket.progress.is_decided
    return started and ticket.last_sign_at is not None and at - ticket.last_sign_at > SILENT_AFTER


def _run_lines(tx: ReadTransaction, facts: SprintFacts, since: datetime) -> tuple[RunLine, ...]:
    groups = _grouped(_single_runs(tx, facts, since)).values()
    lines = [one for group in groups for one in _told_together(group)]
    return tuple(
        sorted(
            lines,
            key=lambda line: (not line.overnight, _TROUBLE_FIRST.index(line.news), line.at, line.run_id),
        )
    )


def _grouped(lines: Iterable[RunLine]) -> Mapping[tuple[str, RunNews, bool], Sequence[RunLine]]:
    found: dict[tuple[str, RunNews, bool], list[RunLine]] = defaultdict(list)
    for line in lines:
        found[line.ticket, line.news, line.overnight].append(line)
    return found


def _told_together(lines: Sequence[RunLine]) -> Sequence[RunLine]:
    """Many runs of one ticket that went well are one piece of news; trouble is told run by run."""
    if lines[0].news not in {RunNews.FINISHED, RunNews.STARTED} or len(lines) == 1:
        return lines
    last = max(lines, key=lambda line: (line.at, line.run_id))
    word = "finished" if last.news is RunNews.FINISHED else "are running"
    return [replace(last, runs=len(lines), text=f"{len(lines)} runs {word}, {last.name} last")]


def _single_runs(tx: ReadTransaction, facts: SprintFacts, since: datetime) -> Sequence[RunLine]:
    project = facts.project.id
    runs = [by_our_clock(run, facts.at) for run in tx.run_ends(project, list(facts.tickets), since=since)]
    going = dict.fromkeys(run.ticket for run in runs if run.status in UNFINISHED)
    longest = tx.longest_runs(project, list(going))
    lines, zone = [], facts.project.settings.time_zone
    for run in runs:
        found = news_of(run, longest.get(run.ticket), since=since, at=facts.at)
        moment = run.ended_at or run.started_at
        if found is not None and moment is not None:
            lines.append(
                RunLine(
                    run_id=run.run_id,
                    name=run.name or run.run_id,
                    ticket=run.ticket,
                    title=facts.tickets[run.ticket].content.title,
                    news=found[0],
                    text=found[1],
                    at=moment,
                    overnight=is_at_night(moment, zone),
                )
            )
    return lines


def learned_between(
    facts: SprintFacts, begin: datetime, end: datetime, *, verdicts: bool
) -> tuple[Learned, ...]:
    """What was decided about the tickets between two moments, and with `verdicts` what their verdicts came to say?"""
    found = [
        Learned(
            one.key, facts.tickets[one.key].content.title, one.at, _WORDS[one.kind], one.learnings.strip()
        )
        for told in facts.decided.values()
        for one in told
        if begin < one.at <= end and one.key in facts.tickets
    ]
    spoken = {one.key for one in found}
    for key, row in facts.said.items() if verdicts else ():
        # A verdict without a run, as after the lock, teaches nothing.
        if begin < row.at <= end and key not in spoken and key in facts.tickets and key in facts.runs:
            title = facts.tickets[key].content.title
            found.append(_verdict_line(facts, key, title, row))
    return tuple(sorted(found, key=lambda one: (one.at, one.key), reverse=True))


def _verdict_line(facts: SprintFacts, key: str, title: str, row: JournalRow) -> Learned:
    """A kill that somebody overruled for now is told with their word beside it, and is not pressed."""
    word, text = str(row.payload.get("recommendation") or ""), str(row.payload.get("headline") or "")
    ticket = facts.tickets[key]
    said = snoozes_of(ticket)
    if word == Recommendation.KILL and ticket.card.get("snoozed") and said:
        return Learned(key, title, row.at, "snoozed", f"{text}, {'; '.join(one.text for one in said)}")
    return Learned(key, title, row.at, word, text)


def _scope(facts: SprintFacts) -> tuple[ScopeChange, ...]:
    started = facts.sprint.started_at if facts.sprint else None
    if started is None:
        return ()
    found = []
    for made in facts.commitments:
        title = facts.tickets[made.key].content.title if made.key in facts.tickets else ""
        if made.after_start and made.added_at <= facts.at:
            found.append(ScopeChange(made.added_at, made.key, title, True, made.added_by, ""))
        if made.removed_at is not None and started <= made.removed_at <= facts.at:
            found.append(
                ScopeChange(made.removed_at, made.key, title, False, made.removed_by, made.removed_reason)
            )
    for row in facts.plans:
        before, after = (SprintContent.model_validate(row.payload[side]) for side in ("before", "after"))
        found += [ScopeChange(row.at, "", text, False, row.actor, "") for text in changed_plan(before, after)]
    return tuple(sorted(found, key=lambda change: (change.at, change.key)))
