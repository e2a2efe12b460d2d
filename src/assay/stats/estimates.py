"""What does a statistic say, and how sure is it? The shapes every method answers in.

A bound that does not exist is None; NaN and infinity are never stored, so a reader of these objects needs no checks.
Claims are two-directional: `p_greater` is the p-value against "at most the null value", `p_less` against "at least it";
a claim "greater" at level alpha is met when `p_greater <= alpha`, ruled out when `p_less <= alpha`, else unclear.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields
from typing import Literal

from assay.stats.samples import NotFinite, StatisticsError

Sides = Literal["two-sided", "lower", "upper"]
Scope = Literal["the method", "these models, not the method"]
Direction = Literal["greater", "less"]
Answer = Literal["met", "not_met", "unclear"]


@dataclass(frozen=True, slots=True)
class Interval:
    """Between which values does the truth lie, with what confidence?

    Attributes:
        low: lower bound in the units of the estimate; None when unbounded.
        high: upper bound; None when unbounded.
        confidence: coverage, between 0 and 1 (0.9 for the interval that belongs to one-sided tests at .05).
        sides: "two-sided", or which one bound is given ("lower", "upper").
    """

    low: float | None
    high: float | None
    confidence: float
    sides: Sides = "two-sided"

    def __post_init__(self) -> None:
        for bound in (self.low, self.high):
            if bound is not None and not math.isfinite(bound):
                raise NotFinite(f"cannot build an interval: bound {bound} (expected a finite number or None)")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise StatisticsError(
                f"cannot build an interval: {self.low} above {self.high} (expected low <= high)"
            )
        if not 0.0 < self.confidence < 1.0:
            raise StatisticsError(
                f"cannot build an interval: confidence {self.confidence} (expected between 0 and 1)"
            )

    @property
    def label(self) -> str:
        """How to name it beside the numbers.

        >>> Interval(0.1, 0.2, 0.9).label
        '90% two-sided'
        >>> Interval(0.1, None, 0.95, "lower").label
        '95% lower bound'
        """
        percent = f"{100 * self.confidence:.6g}%"
        return f"{percent} two-sided" if self.sides == "two-sided" else f"{percent} {self.sides} bound"

    @property
    def width(self) -> float | None:
        """How wide is it? None when a side is unbounded."""
        return None if self.low is None or self.high is None else self.high - self.low

    def contains(self, value: float) -> bool:
        """Is the value inside (bounds included)?"""
        return (self.low is None or self.low <= value) and (self.high is None or value <= self.high)

    def negated(self) -> Interval:
        """The interval of the negated quantity."""
        sides: Sides = {"lower": "upper", "upper": "lower"}.get(self.sides, "two-sided")  # type: ignore[assignment]
        low = None if self.high is None else -self.high
        return Interval(low, None if self.low is None else -self.low, self.confidence, sides)


def _refuse_non_finite(result: object) -> None:
    for item in fields(result):  # type: ignore[arg-type]
        value = getattr(result, item.name)
        if isinstance(value, float) and not math.isfinite(value):
            raise NotFinite(
                f"cannot state {type(result).__name__}: {item.name} is {value} (expected a finite number)"
            )


@dataclass(frozen=True, slots=True)
class Estimate:
    """What is the value, within which interval, from how much evidence?

    Attributes:
        value: the point estimate, in the metric's units.
        interval: the interval that goes with the decision.
        n: number of independent values (seeds, examples, clusters) behind it.
        dof: degrees of freedom of its standard error; None for exact methods.
        sd: standard deviation between those values, in the metric's units; None where it has no meaning.
        se: standard error of `value`; None for exact methods.
        method: the field's name of the method, for display and for the record.
    """

    value: float
    interval: Interval
    n: int
    dof: float | None
    sd: float | None
    method: str
    se: float | None = None

    def __post_init__(self) -> None:
        _refuse_non_finite(self)


@dataclass(frozen=True, slots=True)
class ThresholdTest:
    """Is the estimate beyond a number that was fixed beforehand?

    Attributes:
        estimate: value, interval at 1 - 2 alpha, n, method.
        threshold: the number tested against, in the metric's units.
        statistic: t or None for exact methods.
        p_greater: one-sided p-value of the claim "greater than the threshold".
        p_less: one-sided p-value of the claim "less than the threshold".
        alpha: one-sided level that the interval belongs to.
        scope: what the answer is about.
        notes: stable kebab-case remarks a page should show, for instance "one-seed".
        shown: further named numbers for display only, sorted by name.
    """

    estimate: Estimate
    threshold: float
    statistic: float | None
    p_greater: float
    p_less: float
    alpha: float
    scope: Scope = "the method"
    notes: tuple[str, ...] = ()
    shown: tuple[tuple[str, float], ...] = ()

    def __post_init__(self) -> None:
        _refuse_non_finite(self)

    def answer(self, claim: Direction, alpha: float | None = None) -> Answer:
        """Is the claim met, ruled out, or neither, at `alpha` (default: the level the interval belongs to)?"""
        return _answer(claim, self.p_greater, self.p_less, self.alpha if alpha is None else alpha)


@dataclass(frozen=True, slots=True)
class Comparison:
    """By how much does the candidate differ from the baseline, and is that beyond a null value?

    Attributes:
        effect: candidate minus baseline, in the metric's units.
        interval: of the effect, at 1 - 2 alpha; the one the decision inverts.
        n_candidate: independent values in the candidate arm (seeds, examples or clusters).
        n_baseline: the same of the baseline; 0 for a baseline given as an exact number.
        se: standard error of the effect; None for exact methods.
        dof: its degrees of freedom; None for exact methods.
        statistic: t or z; None for exact methods.
        null: value of the effect tested against (0; minus or plus the margin for non-inferiority).
        p_greater: one-sided p-value of the claim "effect greater than null".
        p_less: one-sided p-value of the claim "effect less than null".
        alpha: one-sided level that the interval belongs to.
        method: the field's name of the method.
        scope: what the answer is about.
        notes: stable kebab-case remarks a page should show ("constant-candidate", "exact-baseline", ...).
        shown: further named numbers for display only ("mid_p_greater", "tango_low", ...), sorted by name.
    """

    effect: float
    interval: Interval
    n_candidate: int
    n_baseline: int
    se: float | None
    dof: float | None
    statistic: float | None
    p_greater: float
    p_less: float
    alpha: float
    method: str
    null: float = 0.0
    scope: Scope = "the method"
    notes: tuple[str, ...] = ()
    shown: tuple[tuple[str, float], ...] = field(default=())

    def __post_init__(self) -> None:
        _refuse_non_finite(self)

    def answer(self, claim: Direction, alpha: float | None = None) -> Answer:
        """Is the claim met, ruled out, or neither, at `alpha` (default: the level the interval belongs to)?"""
        return _answer(claim, self.p_greater, self.p_less, self.alpha if alpha is None else alpha)


def _answer(claim: Direction, p_greater: float, p_less: float, alpha: float) -> Answer:
    supporting, opposing = (p_greater, p_less) if claim == "greater" else (p_less, p_greater)
    if supporting <= alpha:
        return "met"
    return "not_met" if opposing <= alpha else "unclear"
