"""How does work flow over a board, as of any moment: throughput, cycle time, kill rate, work in progress, ageing?

Everything is computed from crossings (an item went from one column to another) and decisions, as the journal keeps them, so
every figure can be asked for a past moment: what came after it is left out. Velocity is counted in experiments decided, never
in points, and nothing here knows who did the work.

An item *starts* when it first leaves the waiting columns (Backlog) and is *done* with its first decision to kill or to promote;
where a board knows no decisions, with the first column that stands for one. Both happen once: an item that is reopened
afterwards keeps its first cycle, and is counted as reopened. What a column means is asked of the board that stood when the item
came there: a board that is edited later changes nothing of it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from assay.domain.board.blockers import BlockerClosed, BlockerOpened
from assay.domain.board.board import Board, ExitItem, Stage
from assay.domain.board.readiness import DataConfirmed, NeedsTold
from assay.domain.board.shares import Share
from assay.domain.board.time_boxes import BoxTold
from assay.domain.kernel.ids import KEY_PREFIX, TicketType

BULK_ITEMS = 10
"""So many items that cross within one minute were edited together: bookkeeping, not flow."""
EXPERIMENTS = f"{KEY_PREFIX[TicketType.EXPERIMENT]}-"
"""Keys of experiments begin so."""
_DAY_S = 86_400.0
_MINUTE = timedelta(minutes=1)


class Outcome(StrEnum):
    """How work on an item ended."""

    KILLED = "killed"
    PROMOTED = "promoted"
    CLOSED = "closed"
    """Neither: superseded, deleted, given up as a duplicate. It counts in no rate."""


class Crossing(NamedTuple):
    """An item went into a column; from nowhere when it was new, to nowhere when it was deleted."""

    at: datetime
    item: str
    source: str | None
    target: str | None
    """Empty where an old entry says only that it came into the first column."""
    told_at: datetime | None = None
    """It happened on the board of another tool, whose history was brought in at this moment; None: it happened here."""
    bulk: bool = False
    """That tool says that it was moved together with others, to tidy up."""


class BoardChanged(NamedTuple):
    """From this moment on the project has other columns, or columns that mean something else."""

    at: datetime
    before: Board
    after: Board


class Decided(NamedTuple):
    """Work on an item was decided."""

    at: datetime
    item: str
    outcome: Outcome
    has_learnings: bool


FlowEvent = (
    Crossing | BoardChanged | Decided | BlockerOpened | BlockerClosed | NeedsTold | DataConfirmed | BoxTold
)
"""What happened that figures of flow are computed from."""


@dataclass(frozen=True, slots=True)
class FlowRules:
    """What the columns of a board mean for its flow."""

    waiting: frozenset[str]
    """Columns of items that nobody has started."""
    ended: Mapping[str, Outcome]
    """Columns that say by themselves how work ended; on boards with recorded decisions those come first."""
    deployed: str | None = None
    """The column of what is in use; None where no column of the board says so."""
    locking: frozenset[str] = frozenset()
    """Columns in which runs begin."""
    first: str = ""
    """The column of what is new."""

    def at(self, moment: datetime) -> FlowRules:  # noqa: ARG002  # one answer for all moments
        """What the columns meant at this moment: these mean the same at all times."""
        return self


class RulesThen(Protocol):
    """What the columns meant at a moment."""

    def at(self, moment: datetime) -> FlowRules:
        """The rules of the board that stood then."""
        ...


def flow_rules(board: Board) -> FlowRules:
    """What do the columns of this board mean for its flow: the first waits, those entered by a decision stand for it.

    The last column that stands for a promotion is the one of what is in use.

    >>> rules = flow_rules(Board.default())
    >>> sorted(rules.waiting), rules.ended["killed"].value, rules.deployed
    (['backlog'], 'killed', 'live')
    """
    ended = {stage.key: _ended(stage) for stage in board.stages}
    return FlowRules(
        waiting=frozenset({board.first.key}),
        ended={key: outcome for key, outcome in ended.items() if outcome is not None},
        deployed=next((key for key in reversed(ended) if ended[key] is Outcome.PROMOTED), None),
        locking=frozenset(stage.key for stage in board.stages if stage.locks),
        first=board.first.key,
    )


def _ended(stage: Stage) -> Outcome | None:
    if ExitItem.KILL_DECIDED in stage.entry_gate:
        return Outcome.KILLED
    if ExitItem.DECISION_RECORDED in stage.entry_gate:
        return Outcome.PROMOTED
    return Outcome.CLOSED if stage.terminal else None


@dataclass(frozen=True, slots=True)
class ItemFlow:
    """The way of one item up to a moment."""

    item: str
    visits: tuple[tuple[datetime, str | None], ...]
    """When it went into which column, in order; None once it was deleted."""
    started_at: datetime | None
    done_at: datetime | None
    outcome: Outcome | None
    has_learnings: bool | None
    """Whether its decision says what was learned; None while it is not decided, and where a column alone says how it ended."""
    reopened: bool
    """It was worked on again after it was done."""
    created_at: datetime | None = None
    """When it came into being; None where it was there already when the history that tells of it begins."""
    begun_at: datetime | None = None
    """When its runs began: it came into a column that locks."""
    deployed_at: datetime | None = None
    """When it first came into use."""
    outcomes: tuple[Outcome | None, ...] = ()
    """For each visit, how work ended by the column alone, as that column was meant then; None where work went on."""

    @property
    def is_experiment(self) -> bool:
        """Rates and cycle times are of experiments alone."""
        return self.item.startswith(EXPERIMENTS)

    @property
    def stage(self) -> str | None:
        """The column it is in; None when it is deleted."""
        return self.visits[-1][1]

    @property
    def cycle_days(self) -> float | None:
        """Days from its start to its decision; None while it is not decided, or never was started."""
        if self.started_at is None or self.done_at is None:
            return None
        return max(0.0, (self.done_at - self.started_at).total_seconds() / _DAY_S)


@dataclass(frozen=True, slots=True, order=True)
class BulkEdit:
    """Many items that crossed within one minute."""

    at: datetime
    items: int
    is_said: bool = field(default=False, compare=False)
    """The tool that the history came from says so; else it is told by how many moved at once."""
    keys: tuple[str, ...] = field(default=(), compare=False)
    """In the order in which they moved."""


def item_flows(
    crossings: Iterable[Crossing],
    rules: RulesThen,
    *,
    decisions: Iterable[Decided] = (),
    until: datetime | None = None,
) -> tuple[ItemFlow, ...]:
    """Which way did every item go, up to this moment (it included)? By item, in the order they were first seen.

    Args:
        crossings: in journal order; of each item in the order of time.
        rules: what the columns meant when an item came there; of an imported history, when it was brought in.
        decisions: in journal order.
        until: None takes all.

    >>> from datetime import UTC
    >>> day = [datetime(2026, 5, number, tzinfo=UTC) for number in range(1, 9)]
    >>> way = [Crossing(day[0], "EXP-1", None, "backlog"), Crossing(day[2], "EXP-1", "backlog", "hypothesis")]
    >>> rules = FlowRules(frozenset({"backlog"}), {"killed": Outcome.KILLED})
    >>> [one] = item_flows(way, rules, decisions=[Decided(day[6], "EXP-1", Outcome.KILLED, True)])
    >>> one.cycle_days, one.outcome.value
    (4.0, 'killed')
    """
    ways: dict[str, list[Crossing]] = defaultdict(list)
    for crossing in crossings:
        if until is None or crossing.at <= until:
            ways[crossing.item].append(crossing)
    first: dict[str, Decided] = {}
    for decided in decisions:
        if until is None or decided.at <= until:
            first.setdefault(decided.item, decided)
    return tuple(_flow(item, way, rules, first.get(item)) for item, way in ways.items())


def _flow(item: str, way: list[Crossing], rules: RulesThen, decided: Decided | None) -> ItemFlow:
    visits: list[tuple[datetime, str | None]] = []
    outcomes: list[Outcome | None] = []
    started = begun = deployed = None
    for crossing in way:
        at, then = crossing.at, rules.at(crossing.told_at or crossing.at)
        stage = then.first if crossing.target == "" else crossing.target
        visits.append((at, stage))
        outcomes.append(Outcome.CLOSED if stage is None else then.ended.get(stage))
        if started is None and stage is not None and stage not in then.waiting:
            started = at
        if begun is None and stage in then.locking:
            begun = at
        if deployed is None and stage is not None and stage == then.deployed:
            deployed = at
    has_learnings = None if decided is None else decided.has_learnings
    if decided is None:
        decided = next(
            (Decided(at, item, said, False) for (at, _), said in zip(visits, outcomes, strict=True) if said),
            None,
        )
    done = None if decided is None else decided.at
    return ItemFlow(
        item=item,
        visits=tuple(visits),
        started_at=started,
        done_at=done,
        outcome=None if decided is None else decided.outcome,
        has_learnings=has_learnings,
        reopened=done is not None
        and any(at > done and said is None for (at, _), said in zip(visits, outcomes, strict=True)),
        created_at=way[0].at if way[0].source is None else None,
        begun_at=begun,
        deployed_at=deployed,
        outcomes=tuple(outcomes),
    )


def _is_over(flow: ItemFlow, rules: FlowRules) -> bool:
    """Its column says so, at the moment that is asked for or when it came there."""
    return flow.stage in rules.ended or flow.outcomes[-1] is not None


def in_progress(flows: Iterable[ItemFlow], rules: FlowRules) -> tuple[ItemFlow, ...]:
    """Which items are worked on: started, not back in a waiting column, and not done, or reopened since?

    Args:
        flows: up to a moment.
        rules: what the columns mean at that moment.
    """
    return tuple(
        flow
        for flow in flows
        if flow.started_at is not None
        and not _is_over(flow, rules)
        and flow.stage not in rules.waiting
        and (flow.done_at is None or flow.reopened)
    )


def waiting(flows: Iterable[ItemFlow], rules: FlowRules) -> tuple[ItemFlow, ...]:
    """Which items wait: in a waiting column, or never started, and not over?"""
    return tuple(
        flow
        for flow in flows
        if flow.stage in rules.waiting or (flow.started_at is None and not _is_over(flow, rules))
    )


def decided_between(flows: Iterable[ItemFlow], start: datetime, end: datetime) -> tuple[ItemFlow, ...]:
    """Which items were killed or promoted from `start` on and before `end`, in the order of time?"""
    found = [
        flow
        for flow in flows
        if flow.done_at is not None and start <= flow.done_at < end and flow.outcome is not Outcome.CLOSED
    ]
    return tuple(sorted(found, key=lambda flow: (flow.done_at, flow.item)))


def share_of(flows: Iterable[ItemFlow], outcome: Outcome) -> Share:
    """Which share of the decided items ended so? Closed ones are no decisions."""
    counted = Counter(flow.outcome for flow in flows)
    return Share(counted[outcome], counted[Outcome.KILLED] + counted[Outcome.PROMOTED])


def learning_share(flows: Iterable[ItemFlow]) -> Share:
    """Which share of the decided items has learnings? Of one that a column alone says to have ended, nobody knows."""
    known = [
        flow.has_learnings
        for flow in flows
        if flow.outcome in (Outcome.KILLED, Outcome.PROMOTED) and flow.has_learnings is not None
    ]
    return Share(sum(known), len(known))


def learned_of_started(flows: Iterable[ItemFlow], start: datetime, end: datetime) -> Share:
    """Of the items that were started from `start` up to `end`, which share is decided, with learnings? The others go on, or say nothing."""
    started = [flow for flow in flows if flow.started_at is not None and start <= flow.started_at <= end]
    counted = [flow for flow in started if flow.done_at is None or flow.has_learnings is not None]
    return Share(sum(bool(flow.has_learnings) for flow in counted), len(counted))


def cycle_quantiles(
    flows: Iterable[ItemFlow], probabilities: Sequence[float] = (0.5, 0.85)
) -> tuple[float, ...] | None:
    """How many days do such shares of the decided items take at most? None when none has a cycle time.

    Linear between the nearest two (Hyndman and Fan 1996, type 7).
    """
    days = [flow.cycle_days for flow in flows if flow.outcome is not None and flow.cycle_days is not None]
    return tuple(float(value) for value in np.quantile(days, probabilities)) if days else None


def cumulative_flow(
    flows: Iterable[ItemFlow], stages: Sequence[str], first: date, last: date
) -> NDArray[np.int64]:
    """How many items are in each column at the end of each day (UTC)? Shape (days, columns), both ends included."""
    places = {stage: number for number, stage in enumerate(stages)}
    days = (last - first).days + 1
    changes = np.zeros((max(days, 0), len(stages)), dtype=np.int64)
    for flow in flows:
        before: str | None = None
        for at, stage in flow.visits:
            day = max(0, (at.date() - first).days)
            if day < days:
                if before in places:
                    changes[day, places[before]] -= 1
                if stage in places:
                    changes[day, places[stage]] += 1
            before = stage
    return changes.cumsum(axis=0)


def stage_days(flows: Iterable[ItemFlow]) -> dict[str, list[float]]:
    """How many days did finished stays in each column last?"""
    found: dict[str, list[float]] = defaultdict(list)
    for flow in flows:
        for (came, stage), (left, _) in zip(flow.visits, flow.visits[1:], strict=False):
            if stage is not None:
                found[stage].append((left - came).total_seconds() / _DAY_S)
    return found


def bulk_edits(crossings: Iterable[Crossing], *, least: int = BULK_ITEMS) -> tuple[BulkEdit, ...]:
    """When did so many items cross within one minute that somebody edited them together, or is said to have? In the order of time."""
    ordered = sorted(crossings, key=lambda crossing: crossing.at)
    # Most cross alone: only those among so many within a minute are looked at more closely.
    suspects = dict.fromkeys(number for number, crossing in enumerate(ordered) if crossing.bulk)
    for first, (one, last) in enumerate(zip(ordered, ordered[least - 1 :], strict=False)):
        if last.at - one.at < _MINUTE:
            suspects |= dict.fromkeys(range(first, first + least))
    minutes: dict[datetime, dict[str, bool]] = defaultdict(dict)
    for number in sorted(suspects):
        crossing = ordered[number]
        items = minutes[crossing.at.replace(second=0, microsecond=0)]
        items[crossing.item] = items.get(crossing.item, False) or crossing.bulk
    return tuple(
        BulkEdit(at, len(items), any(items.values()), tuple(items))
        for at, items in sorted(minutes.items())
        if len(items) >= least or any(items.values())
    )
