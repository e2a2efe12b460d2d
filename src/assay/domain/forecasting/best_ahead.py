"""How good may the best be in some weeks, if experiments go on as they have?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from assay.domain.kernel.metrics import Direction, Metric, Unit
from assay.stats.best_so_far import FEWEST, LaterBest, later_best, tries_at_rate

WEEKS_AHEAD = range(1, 9)
LOW, HIGH = 0.1, 0.9
"""Nine chances in ten for each edge of the cone."""
SHORTEST_SPAN = timedelta(days=14)
STILL_AFTER = timedelta(weeks=4)
STILL_GAPS = 4
_WEEK = timedelta(weeks=1)


class Silence(StrEnum):
    """Why nothing can be said about the weeks to come."""

    TOO_FEW = "too_few"
    TOO_YOUNG = "too_young"
    STALLED = "stalled"
    ALL_ALIKE = "all_alike"


@dataclass(frozen=True, slots=True)
class Tried:
    """One experiment that measured the metric."""

    at: datetime
    value: float


@dataclass(frozen=True, slots=True)
class ConePoint:
    """The best at a moment to come, by value, not by merit: one chance in ten at most that it lies below `low`, and above `high`."""

    at: datetime
    low: float
    median: float
    high: float


@dataclass(frozen=True, slots=True)
class BestAhead:
    """The cone of the best value.

    Attributes:
        points: the first is now, where all three are the best so far.
        experiments: those it was learned from.
        a_week: experiments that are expected a week.
        chance_of_better: that the best so far is beaten by the last of the points.
    """

    points: tuple[ConePoint, ...]
    experiments: int
    a_week: float
    chance_of_better: float


@dataclass(frozen=True, slots=True)
class NothingAhead:
    """No cone, and why.

    Attributes:
        why: as a word.
        reason: as a sentence.
    """

    why: Silence
    reason: str


def best_ahead(tried: Iterable[Tried], metric: Metric, now: datetime) -> BestAhead | NothingAhead:
    """How good may the best value of this metric be in the next eight weeks?

    As if the experiments to come were like those so far and came as often: a team that learns does better. A best value
    never becomes worse, so one edge of the cone is what was reached.

    Args:
        tried: every experiment that measured it, in any order; finite values.
        metric: says which way is better; a share stays between 0 and 1.
        now: the moment the cone begins.
    """
    known = sorted(tried, key=lambda one: (one.at, one.value))
    silence = _silence(known, now)
    if silence is not None:
        return silence
    sign = 1.0 if metric.direction is Direction.HIGHER else -1.0
    values, span = [sign * one.value for one in known], (now - known[0].at) / _WEEK
    best = sign * max(values)
    points, further = [ConePoint(now, best, best, best)], []
    for weeks in WEEKS_AHEAD:
        later = later_best(values, tries_at_rate(len(known), span, weeks))
        if later is None:
            more = "more than a quarter of the experiments reached the same best value: how far a better one lies is not known"
            return NothingAhead(Silence.ALL_ALIKE, more)
        further.append(later)
        points.append(_point(later, now + weeks * _WEEK, sign, metric))
    end = further[-1]
    return BestAhead(tuple(points), len(known), end.further.expected / WEEKS_AHEAD[-1], end.chance_of_record)


def _point(later: LaterBest, at: datetime, sign: float, metric: Metric) -> ConePoint:
    found = [_possible(sign * later.quantile(level), metric) for level in (LOW, 0.5, HIGH)]
    return ConePoint(at, min(found), found[1], max(found))


def _possible(value: float, metric: Metric) -> float:
    """Within what the unit allows: no accuracy above 100%, no latency below 0."""
    if metric.unit is Unit.NUMBER:
        return value
    return min(max(value, 0.0), 1.0) if metric.unit is Unit.FRACTION else max(value, 0.0)


def _silence(known: Sequence[Tried], now: datetime) -> NothingAhead | None:
    if len(known) < FEWEST:
        return NothingAhead(Silence.TOO_FEW, f"{len(known)} of {FEWEST} measured experiments that it takes")
    span = now - known[0].at
    days = max(0, span.days)  # a tracker's clock may be ahead of ours
    if span < SHORTEST_SPAN:
        return NothingAhead(
            Silence.TOO_YOUNG,
            f"the first was measured {days} {'day' if days == 1 else 'days'} ago: it takes {SHORTEST_SPAN.days} to tell a pace",
        )
    still, gap = now - known[-1].at, (known[-1].at - known[0].at) / (len(known) - 1)
    if still > max(STILL_AFTER, STILL_GAPS * gap):
        return NothingAhead(Silence.STALLED, f"nothing was measured for {still.days // 7} weeks")
    return None
