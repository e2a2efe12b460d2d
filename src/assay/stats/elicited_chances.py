"""What are the chances worth that people give: did they come true, and how far is the next one believed?

Chances are scored by Brier (1950): the mean squared distance from what came true, 0 is perfect, and always saying the base
rate scores `rate (1 - rate)`. The next chance is shrunk to the team's own hit rate, by as much as its record supports.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from assay.stats.estimates import Interval
from assay.stats.means import mean_estimate
from assay.stats.proportions import clopper_pearson
from assay.stats.samples import DegenerateSample, NotFinite, StatisticsError, TooFewSamples

FEWEST = 20
"""Fewer scored chances have no interval: their score is told, and that it says little."""
HALF_WEIGHT = 10
"""After so many decided experiments the hit rate has half of its full weight: hit rates of teams that differ by some 14
points around a quarter are as uncertain as that (Buehlmann's credibility, variance within over variance between)."""
PRIOR_CREDIBILITY = 0.5
PRIOR_CREDIBILITY_SD = 0.5
"""Before any chance was scored, what is said beyond the hit rate counts half, give or take half."""


@dataclass(frozen=True, slots=True)
class TrackRecord:
    """How often did this team's experiments meet their criteria, and how much did its chances say beyond that?

    Attributes:
        decided: experiments that were decided.
        hits: those of them that met their primary criteria.
        scored: those of them for which a chance had been given beforehand.
        credibility: which part of a chance's distance from the hit rate has come true, 0 to 1; `PRIOR_CREDIBILITY` before any
            was scored.
    """

    decided: int
    hits: int
    scored: int
    credibility: float

    @property
    def hit_rate(self) -> float | None:
        """The rate to expect (Jeffreys' estimate, never 0 or 1); None before anything was decided."""
        return None if self.decided == 0 else (self.hits + 0.5) / (self.decided + 1.0)

    @property
    def interval(self) -> Interval | None:
        """Which hit rates are compatible with the counts, at 95%; None before anything was decided."""
        return None if self.decided == 0 else clopper_pearson(self.hits, self.decided, confidence=0.95)


def track_record(
    hits: int, decided: int, chances: Sequence[float] = (), outcomes: Sequence[bool] = ()
) -> TrackRecord:
    """What has this team's record to say about the next chance?

    Args:
        hits: decided experiments that met their primary criteria.
        decided: all that were decided.
        chances: what had been said beforehand, for those of them where something was, strictly between 0 and 1.
        outcomes: whether these met their criteria.

    Raises:
        StatisticsError: counts or chances that cannot be.

    The credibility is a Bayesian regression of what came true on what was said, both less the hit rate, with the spread of
    a coin of that rate. Two experiments say little; forty of which a quarter came true, where 90% was said of half, say more:

    >>> round(track_record(1, 2, [0.8, 0.7], [True, False]).credibility, 2)
    0.49
    >>> round(track_record(10, 40, [0.9, 0.3] * 20, [True, False, False, False] * 10).credibility, 2)
    0.36
    """
    said = _checked(chances, outcomes)
    if not 0 <= hits <= decided or len(said) > decided:
        raise StatisticsError(
            f"cannot keep a record: {hits} hits and {len(said)} chances in {decided} decided (expected no more than all)"
        )
    record = TrackRecord(decided, hits, len(said), PRIOR_CREDIBILITY)
    rate = record.hit_rate
    if rate is None or not said:
        return record
    trust = rate * (1.0 - rate) / PRIOR_CREDIBILITY_SD**2
    along = math.fsum((chance - rate) * (came - rate) for chance, came in said)
    spread = math.fsum((chance - rate) ** 2 for chance, _ in said)
    slope = (PRIOR_CREDIBILITY * trust + along) / (trust + spread)
    return TrackRecord(decided, hits, len(said), min(1.0, max(0.0, slope)))


def shrunk_chance(said: float, record: TrackRecord) -> float:
    """Which chance to reckon with, when `said` was said by a team with this record?

    As said while nothing was decided; between what was said and the hit rate afterwards:

        said + weight (hit rate - said),  weight = (1 - credibility) decided / (decided + 10)

    Raises:
        StatisticsError: the chance is not strictly between 0 and 1.

    >>> shrunk_chance(0.6, track_record(0, 0))
    0.6
    >>> round(shrunk_chance(0.6, track_record(10, 40)), 3)  # 26% came true so far
    0.462
    """
    chance = _chance(said)
    rate = record.hit_rate
    if rate is None:
        return chance
    weight = (1.0 - record.credibility) * record.decided / (record.decided + HALF_WEIGHT)
    return chance + weight * (rate - chance)


@dataclass(frozen=True, slots=True)
class BrierScore:
    """How close were chances to what came true?

    Attributes:
        score: mean of (chance - outcome)^2; 0 is perfect, 0.25 is what saying 50% every time scores.
        interval: of the score, 95%; None where there are fewer than `FEWEST`, or all score the same.
        n: number of chances.
        reference: what always saying `base_rate` would have scored. It is known only afterwards, so being level with it is good.
        base_rate: share that came true.
        mean_chance: mean of what was said; above the base rate: too hopeful.
        told_apart: mean chance of what came true less that of what did not; None where all came out alike.
        is_enough: False: too few to say anything of the team from it.
    """

    score: float
    interval: Interval | None
    n: int
    reference: float
    base_rate: float
    mean_chance: float
    told_apart: float | None
    is_enough: bool

    @property
    def skill(self) -> float | None:
        """Share of the reference's score that was saved: 1 is perfect, below 0 is worse; None where all came out alike."""
        return None if self.reference == 0.0 else 1.0 - self.score / self.reference


def brier_score(chances: Sequence[float], outcomes: Sequence[bool]) -> BrierScore:
    """How good were these chances?

    Score = reference - 2 covariance + variance of the chances + (mean chance - base rate)^2 (Yates, 1982): what is shown
    beside the score says which part is to be mended. The interval is Student's over the squared distances; in simulations
    it covers 92 to 95% from twenty chances on, and 84 to 92% at ten, which is why there is none.

    Args:
        chances: what was said, strictly between 0 and 1.
        outcomes: whether it came true, one for each.

    Raises:
        TooFewSamples: none at all. StatisticsError: a chance that is none, or other numbers of both.

    >>> found = brier_score([0.7, 0.2, 0.4], [True, False, False])
    >>> round(found.score, 4), round(found.reference, 4), found.interval, found.is_enough
    (0.0967, 0.2222, None, False)
    """
    said = _checked(chances, outcomes)
    n = len(said)
    if n == 0:
        raise TooFewSamples("cannot score chances: none was given (expected at least 1)")
    distances = [(chance - came) ** 2 for chance, came in said]
    rate = sum(came for _, came in said) / n
    hit = [chance for chance, came in said if came]
    missed = [chance for chance, came in said if not came]
    return BrierScore(
        score=math.fsum(distances) / n,
        interval=_interval(distances),
        n=n,
        reference=rate * (1.0 - rate),
        base_rate=rate,
        mean_chance=math.fsum(chance for chance, _ in said) / n,
        told_apart=_mean(hit) - _mean(missed) if hit and missed else None,
        is_enough=n >= FEWEST,
    )


def _interval(distances: list[float]) -> Interval | None:
    if len(distances) < FEWEST:
        return None
    try:
        found = mean_estimate(distances, alpha=0.025).interval
    except DegenerateSample:
        return None
    assert found.low is not None
    assert found.high is not None
    return Interval(max(0.0, found.low), min(1.0, found.high), 0.95)


def _mean(values: list[float]) -> float:
    return math.fsum(values) / len(values)


def _checked(chances: Sequence[float], outcomes: Sequence[bool]) -> list[tuple[float, bool]]:
    if len(chances) != len(outcomes):
        raise StatisticsError(
            f"cannot score chances: {len(chances)} chances and {len(outcomes)} outcomes (expected as many)"
        )
    for came in outcomes:
        if came not in (True, False):
            raise StatisticsError(f"cannot score a chance by {came!r} (expected true or false)")
    return [(_chance(chance), bool(came)) for chance, came in zip(chances, outcomes, strict=True)]


def _chance(value: float) -> float:
    number: object = value  # what is typed as a number may be anything
    if isinstance(number, bool) or not isinstance(number, int | float) or not abs(number) <= 1e300:
        raise NotFinite(f"cannot read a chance: {value!r} (expected a number between 0 and 1)")
    if not 0.0 < value < 1.0:
        raise StatisticsError(f"cannot read a chance: {value!r} (expected between 0 and 1, neither included)")
    return float(value)
