"""The tests of each usual cause of not shipping: which of the facts speak for it, which against?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from statistics import median
from types import MappingProxyType

from assay.domain.board.blockers import BlockedSpan, open_at
from assay.domain.board.counted import is_or_are, plural
from assay.domain.board.diagnosis import Answer, Cause, Facts, Item, Standing, worst_first
from assay.domain.board.flow import ItemFlow, Outcome, decided_between, in_progress, learning_share, share_of
from assay.domain.board.plan_causes import data_not_ready, phase_mix, stuck_in_phase
from assay.domain.board.shares import KILL_BAND, Share, share_text
from assay.domain.kernel.durations import duration_text

MANY = 0.25
"""From this share of the work on, a cause that is counted on the board holds."""
FEW_CASES = 3
"""A middle of fewer cases says nothing."""
FEW_DECISIONS = 20
"""Half of so many decisions is as low as 6 or as high as 14 by chance."""


def diagnose(facts: Facts) -> tuple[Answer, ...]:
    """What does the team's data say of each usual cause? What holds comes first, the heaviest of it first."""
    return worst_first([test(facts) for test in TESTS.values()])


def _run_and_fail(facts: Facts) -> Answer:
    decided = decided_between(facts.experiments, facts.start, facts.end)
    killed, learned = share_of(decided, Outcome.KILLED), learning_share(decided)
    keys = tuple(flow.item for flow in decided if flow.outcome is Outcome.KILLED)
    rate = killed.rate
    if rate is None:
        none = "no experiment was decided in these days, so none failed"
        return Answer(Cause.RUN_AND_FAIL, Standing.DOES_NOT_HOLD, speaks_against=(none,))
    said = f"killed: {share_text(killed)}; healthy is {KILL_BAND.low:.0%} to {KILL_BAND.high:.0%}"
    taught = f"{learned.count} of {learned.of} decisions say what was learned"
    where = KILL_BAND.holds(killed)
    if where == "below":
        return Answer(Cause.RUN_AND_FAIL, Standing.DOES_NOT_HOLD, speaks_against=(said,), items=keys)
    if where == "above":
        return Answer(
            Cause.RUN_AND_FAIL,
            Standing.HOLDS,
            rate,
            speaks_for=(f"{said}: more than that", taught),
            items=keys,
            is_too_much=True,
        )
    if where == "unknown":
        few = f"{plural(killed.of, 'decision')} cannot tell a habit yet: decide more experiments"
        return Answer(
            Cause.RUN_AND_FAIL, Standing.NOT_KNOWN, speaks_for=(said, taught), missing=few, items=keys
        )
    return Answer(Cause.RUN_AND_FAIL, Standing.HOLDS, rate, speaks_for=(said, taught), items=keys)


def _do_not_start(facts: Facts) -> Answer:
    begun = {flow.item for flow in facts.flows if _started_in(flow, facts)}
    waiting = [item for item in facts.items.values() if item.is_experiment and _has_not_begun(item, facts)]
    in_the_way = _in_the_way(facts, waiting)
    said_for, said_against = [], []
    if begun:
        said_against.append(f"{plural(len(begun), 'card')} left the first column in these days")
    else:
        said_for.append("no card left the first column in these days")
    if not waiting:
        said_against.append("no experiment waits before it starts")
        return Answer(Cause.DO_NOT_START, Standing.DOES_NOT_HOLD, speaks_against=tuple(said_against))
    blocked = Share(len(in_the_way), len(waiting))
    (said_for if blocked.count else said_against).append(
        f"{blocked.count} of {blocked.of} experiments that have not begun {is_or_are(blocked.count)} blocked"
        + (f": {_kinds(in_the_way.values())}" if blocked.count else "")
    )
    share = max(blocked.rate or 0.0, 0.0 if begun else 1.0)
    return Answer(
        Cause.DO_NOT_START,
        Standing.HOLDS if share >= MANY else Standing.DOES_NOT_HOLD,
        share,
        speaks_for=tuple(said_for),
        speaks_against=tuple(said_against),
        items=tuple(in_the_way) or tuple(item.key for item in waiting),
    )


def _nobody_kills(facts: Facts) -> Answer:
    worked_on = _worked_on(facts)
    boxed = [item for item in worked_on if item.time_box_ends is not None]
    over = [item for item in boxed if item.time_box_ends is not None and item.time_box_ends < facts.end]
    told = [item for item in worked_on if item.verdict_says_kill and item not in over]
    zombies = [*over, *told]
    if not zombies and not boxed:
        missing = "no card in progress has a time box that began: without one nothing can be overdue"
        return Answer(Cause.NOBODY_KILLS, Standing.NOT_KNOWN, missing=missing)
    share = len(zombies) / len(worked_on)
    said = f"{len(over)} of {len(boxed)} cards with a running time box {is_or_are(len(over))} past it"
    also = (
        (f"of {plural(len(told), 'other card')} the evidence says kill, and nobody has decided",)
        if told
        else ()
    )
    holds = share >= MANY
    return Answer(
        Cause.NOBODY_KILLS,
        Standing.HOLDS if holds else Standing.DOES_NOT_HOLD,
        share,
        speaks_for=((said,) if over else ()) + also,
        speaks_against=() if over else (said,),
        items=tuple(item.key for item in zombies),
    )


def _too_much_in_progress(facts: Facts) -> Answer:
    """By Little's law a card takes as long as there are cards for each that is finished: held against their time boxes."""
    worked_on, cause = _worked_on(facts), Cause.TOO_MUCH_IN_PROGRESS
    if not worked_on:
        return Answer(cause, Standing.DOES_NOT_HOLD, speaks_against=("nothing is in progress",))
    over = [column for column in facts.columns if column.limit is not None and column.count > column.limit]
    full = tuple(f"{column.title} holds {column.count}, its limit is {column.limit}" for column in over)
    paces = [_pace(facts, worked_on, of_experiments=mine) for mine in (True, False)]
    known = [pace for pace in paces if pace is not None and pace.days is not None]
    missing = "; ".join(pace.text for pace in paces if pace is not None and pace.days is None)
    slow = [pace for pace in known if pace.excess > 0.0]
    holds = bool(over or slow)
    return Answer(
        cause,
        Standing.HOLDS if holds else Standing.DOES_NOT_HOLD if known else Standing.NOT_KNOWN,
        1.0 if over else max((pace.excess for pace in slow), default=0.0),
        speaks_for=(*full, *(pace.text for pace in slow)),
        speaks_against=tuple(pace.text for pace in known if pace.excess <= 0.0),
        missing=missing,
        items=tuple(item.key for item in worked_on),
    )


@dataclass(frozen=True, slots=True)
class _Pace:
    text: str
    days: float | None = None
    """That a card in progress takes; None where that is not known, as the text says."""
    excess: float = 0.0
    """Which part of it is beyond the time boxes."""


def _pace(facts: Facts, worked_on: list[Item], *, of_experiments: bool) -> _Pace | None:
    """How long does work of one sort take? Experiments end with a decision, other work where its column says so; None: none is in progress."""
    mine = [item for item in worked_on if item.is_experiment is of_experiments]
    if not mine:
        return None
    noun = "experiment" if of_experiments else "other card"
    finished = len(
        decided_between(facts.experiments, facts.start, facts.end)
        if of_experiments
        else [flow for flow in facts.flows if not flow.is_experiment and _finished_in(flow, facts)]
    )
    if not finished:
        done = "experiment was decided" if of_experiments else "other card was finished"
        return _Pace(f"no {done} in these days: how long what is in progress will take is not known")
    boxes = [item.time_box_days for item in mine if item.time_box_days is not None]
    if not boxes:
        return _Pace(f"no {noun} in progress has a time box to hold its pace against")
    days, box = len(mine) * facts.days / finished, float(median(boxes))
    said = (
        f"{plural(len(mine), noun)} in progress: at the pace of these days each takes {duration_text(days)}, "
        f"and their time boxes are {duration_text(box)} in the middle"
    )
    return _Pace(said, days, 1.0 - box / days)


def _finished_in(flow: ItemFlow, facts: Facts) -> bool:
    """What was deleted was not finished."""
    return flow.done_at is not None and facts.start <= flow.done_at < facts.end and flow.stage is not None


def _scope_added(facts: Facts) -> Answer:
    if not facts.sprints:
        missing = "no sprint was started yet: plan one, and what comes in after its start is recorded"
        return Answer(Cause.SCOPE_ADDED, Standing.NOT_KNOWN, missing=missing)
    added = Share(
        sum(sprint.after_start for sprint in facts.sprints), sum(sprint.taken_in for sprint in facts.sprints)
    )
    worst = max(facts.sprints, key=lambda sprint: sprint.after_start)
    sprints = plural(len(facts.sprints), "sprint")
    said = f"{added.count} of {added.of} tickets of the last {sprints} came in after the start"
    most = f", most in sprint {worst.number} ({worst.after_start})" if worst.after_start else ""
    share = added.rate or 0.0
    holds = share >= MANY
    return Answer(
        Cause.SCOPE_ADDED,
        Standing.HOLDS if holds else Standing.DOES_NOT_HOLD,
        share,
        speaks_for=(said + most,) if holds else (),
        speaks_against=() if holds else (said + most,),
    )


def _late_failures(facts: Facts) -> Answer:
    if Outcome.PROMOTED not in facts.rules.ended.values():
        missing = "no column of this board asks for a decision to promote, so none stands for production"
        return Answer(Cause.LATE_FAILURES, Standing.NOT_KNOWN, missing=missing)
    arrived = [flow for flow in facts.flows if _arrivals(flow, facts)]
    back = [flow for flow in arrived if _came_back(flow, facts)]
    if not arrived:
        none = "nothing came as far as production in these days"
        return Answer(Cause.LATE_FAILURES, Standing.DOES_NOT_HOLD, speaks_against=(none,))
    share = Share(len(back), len(arrived))
    interval = share.interval
    assert interval is not None
    assert interval.low is not None
    assert interval.high is not None
    said = f"{share.count} of {share.of} that reached production came back ({share.rate:.0%}, 95% interval {interval.low:.0%} to {interval.high:.0%})"
    keys = tuple(flow.item for flow in back)
    if interval.low >= MANY:
        return Answer(Cause.LATE_FAILURES, Standing.HOLDS, share.rate or 0.0, speaks_for=(said,), items=keys)
    if interval.high < MANY:
        return Answer(Cause.LATE_FAILURES, Standing.DOES_NOT_HOLD, speaks_against=(said,), items=keys)
    missing = f"{plural(share.of, 'case')} cannot tell whether a quarter comes back as a rule"
    return Answer(
        Cause.LATE_FAILURES,
        Standing.NOT_KNOWN,
        speaks_for=(said,) if back else (),
        speaks_against=() if back else (said,),
        missing=missing,
        items=keys,
    )


def _noise(facts: Facts) -> Answer:
    middle = facts.start + (facts.end - facts.start) / 2
    before = len(decided_between(facts.experiments, facts.start, middle))
    after = len(decided_between(facts.experiments, middle, facts.end))
    if not before + after:
        missing = "nothing was decided in these days: ask for a longer window"
        return Answer(Cause.NOISE, Standing.NOT_KNOWN, missing=missing)
    half = duration_text(facts.days / 2)
    interval = Share(after, before + after).interval
    assert interval is not None
    assert interval.low is not None
    assert interval.high is not None
    said = f"{before} decided in the first {half}, {after} in the second"
    changed = not interval.low <= 0.5 <= interval.high
    if changed:
        real = f"{said}: more than chance explains"
        return Answer(Cause.NOISE, Standing.DOES_NOT_HOLD, speaks_against=(real,))
    chance = f"{said}: chance alone explains that"
    if before + after >= FEW_DECISIONS:
        return Answer(
            Cause.NOISE,
            Standing.DOES_NOT_HOLD,
            speaks_against=(f"{chance}, and {before + after} would show a large change",),
        )
    few = (
        f"{plural(before + after, 'decision')} in all: half or twice as many in the next window may be chance"
    )
    return Answer(
        Cause.NOISE, Standing.HOLDS, 0.5 - 0.5 * (before + after) / FEW_DECISIONS, speaks_for=(chance, few)
    )


def _no_time_box(facts: Facts) -> Answer:
    worked_on = [item for item in _worked_on(facts) if item.is_experiment]
    without = [item for item in worked_on if item.time_box_days is None]
    if not worked_on:
        none = "no experiment is in progress"
        return Answer(Cause.NO_TIME_BOX, Standing.DOES_NOT_HOLD, speaks_against=(none,))
    share = len(without) / len(worked_on)
    said = f"{len(without)} of {len(worked_on)} experiments in progress {_has(len(without))} no time box"
    holds = share >= MANY
    return Answer(
        Cause.NO_TIME_BOX,
        Standing.HOLDS if holds else Standing.DOES_NOT_HOLD,
        share,
        speaks_for=(said,) if holds else (),
        speaks_against=() if holds else (said,),
        items=tuple(item.key for item in without),
    )


def _long_planning(facts: Facts) -> Answer:
    decided = decided_between(facts.experiments, facts.start, facts.end)
    parts = [part for flow in decided if (part := _planned_and_run(flow)) is not None]
    if len(parts) < FEW_CASES:
        missing = f"{plural(len(parts), 'decided experiment')} ran in these days (expected {FEW_CASES} or more to compare planning with running)"
        return Answer(Cause.LONG_PLANNING, Standing.NOT_KNOWN, missing=missing)
    planned, run = (median(column) for column in zip(*parts, strict=True))
    said = f"in the middle, {duration_text(planned)} from the first column to the start of runs, {duration_text(run)} from there to the decision"
    holds = planned > run
    return Answer(
        Cause.LONG_PLANNING,
        Standing.HOLDS if holds else Standing.DOES_NOT_HOLD,
        planned / (planned + run) if planned + run else 0.0,
        speaks_for=(said,) if holds else (),
        speaks_against=() if holds else (said,),
    )


TESTS: Mapping[Cause, Callable[[Facts], Answer]] = MappingProxyType(
    {
        Cause.RUN_AND_FAIL: _run_and_fail,
        Cause.DO_NOT_START: _do_not_start,
        Cause.NOBODY_KILLS: _nobody_kills,
        Cause.TOO_MUCH_IN_PROGRESS: _too_much_in_progress,
        Cause.DATA_NOT_READY: data_not_ready,
        Cause.SCOPE_ADDED: _scope_added,
        Cause.LATE_FAILURES: _late_failures,
        Cause.NOISE: _noise,
        Cause.NO_TIME_BOX: _no_time_box,
        Cause.LONG_PLANNING: _long_planning,
        Cause.PHASE_MIX: phase_mix,
        Cause.STUCK_IN_PHASE: stuck_in_phase,
    }
)


def _worked_on(facts: Facts) -> list[Item]:
    return [
        facts.items[flow.item] for flow in in_progress(facts.flows, facts.rules) if flow.item in facts.items
    ]


def _started_in(flow: ItemFlow, facts: Facts) -> bool:
    return flow.started_at is not None and facts.start <= flow.started_at <= facts.end


def _has_not_begun(item: Item, facts: Facts) -> bool:
    """It stands before the column in which runs begin."""
    places = {column.key: place for place, column in enumerate(facts.columns)}
    first = next((place for place, column in enumerate(facts.columns) if column.locks), 1)
    return places.get(item.stage, first) < first


def _in_the_way(facts: Facts, waiting: Iterable[Item]) -> dict[str, str]:
    """The kind of thing that keeps each of these from starting; those that may start are left out."""
    oldest: dict[str, BlockedSpan] = {}
    for span in open_at(facts.blocked, facts.end):
        oldest.setdefault(span.item, span)
    found = {}
    for item in waiting:
        if item.key in oldest:
            found[item.key] = oldest[item.key].category.label
        elif item.names_data and item.data_due and not item.has_data:
            found[item.key] = "missing data"
    return found


def _arrivals(flow: ItemFlow, facts: Facts) -> bool:
    return any(
        said is Outcome.PROMOTED and facts.start <= at <= facts.end
        for (at, _), said in zip(flow.visits, flow.outcomes, strict=True)
    )


def _came_back(flow: ItemFlow, facts: Facts) -> bool:
    return any(
        was is Outcome.PROMOTED and is_now is None and facts.start <= at <= facts.end
        for was, is_now, (at, _) in zip(flow.outcomes, flow.outcomes[1:], flow.visits[1:], strict=False)
    )


def _planned_and_run(flow: ItemFlow) -> tuple[float, float] | None:
    """Days from the start to the first run's column, and from there to the decision."""
    runs_from = flow.begun_at
    if flow.started_at is None or flow.done_at is None or runs_from is None or runs_from > flow.done_at:
        return None
    planned, run = runs_from - flow.started_at, flow.done_at - runs_from
    return planned.total_seconds() / 86_400.0, run.total_seconds() / 86_400.0


def _kinds(kinds: Iterable[str]) -> str:
    return ", ".join(f"{count} by {kind}" for kind, count in Counter(kinds).most_common())


def _has(count: int) -> str:
    return "has" if count == 1 else "have"
