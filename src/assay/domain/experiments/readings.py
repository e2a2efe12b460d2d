"""Which one value of a curve stands for the run? Declared, so that "best" is never whatever happened to be logged last."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from assay.domain.kernel.metrics import Direction
from assay.errors import Invalid

if TYPE_CHECKING:
    from assay.domain.experiments.evidence import Curve

_FORM = re.compile(r"(last|best)|(step|mean of last) ([0-9]{1,10})", re.ASCII)
EXPECTED = "last, best, step N or mean of last N"


class ReadingKind(StrEnum):
    """How a curve becomes one value."""

    LAST = "last"
    BEST = "best"
    STEP = "step"
    MEAN_OF_LAST = "mean of last"


@dataclass(frozen=True, slots=True)
class Reading:
    """Which value of a curve counts.

    Attributes:
        kind: at the highest step, the best of all steps, at one step, or the mean of the last points.
        amount: the step, or how many points; 0 for the others.
    """

    kind: ReadingKind = ReadingKind.LAST
    amount: int = 0

    @property
    def text(self) -> str:
        """As it is written: `last`, `best`, `step 1000`, `mean of last 5`."""
        return (
            f"{self.kind} {self.amount}" if self.amount or self.kind is ReadingKind.STEP else str(self.kind)
        )

    @property
    def words(self) -> str:
        """As a sentence names it.

        >>> Reading().words, Reading(ReadingKind.STEP, 1000).words
        ('the value at the last step', 'the value at step 1,000')
        """
        if self.kind is ReadingKind.STEP:
            return f"the value at step {self.amount:,}"
        if self.kind is ReadingKind.MEAN_OF_LAST:
            return f"the mean of the last {self.amount:,} points"
        best = "the best value of any step, which flatters curves that scatter"
        return best if self.kind is ReadingKind.BEST else "the value at the last step"

    def of(self, curve: Curve, direction: Direction | None) -> float | None:
        """What this curve says; None where it does not reach the step, has too few points, or nobody knows what better is.

        May be non-finite: a curve that broke is never read as if it had not. The best of a curve is that of its finite
        values, and NaN where its last value is none.
        """
        if not curve.points:
            return None
        if self.kind is ReadingKind.LAST:
            return curve.last
        if self.kind is ReadingKind.STEP:
            return self._at_step(curve)
        if self.kind is ReadingKind.MEAN_OF_LAST:
            return None if curve.points < self.amount else float(np.mean(curve.values[-self.amount :]))
        return None if direction is None else _best(curve, direction)

    def _at_step(self, curve: Curve) -> float | None:
        """The value logged at the step, else the one that stood then; None for a curve that ends or begins elsewhere."""
        steps = curve.steps
        place = int(np.searchsorted(steps, self.amount, side="right")) - 1
        return None if place < 0 or steps[-1] < self.amount else float(curve.values[place])


def _best(curve: Curve, direction: Direction) -> float:
    values = curve.values[np.isfinite(curve.values)]
    if not values.size or not math.isfinite(curve.last):
        return math.nan
    return float(values.max() if direction is Direction.HIGHER else values.min())


LAST = Reading()


def reading_of(text: str, *, field: str = "read") -> Reading:
    """Which reading does a text name?

    Raises:
        Invalid: none.

    >>> reading_of("mean of last 5").text, reading_of("step 0").text
    ('mean of last 5', 'step 0')
    """
    found = _FORM.fullmatch(" ".join(text.lower().split()))
    amount = int(found[3]) if found and found[3] else 0
    if found is None or (found[2] == "mean of last" and not amount):
        raise Invalid(
            f"cannot read {field} {text[:40]!r}: (expected {EXPECTED})",
            hint="such as step 1000; left out it is the value at the last step",
            code="reading-malformed",
            field=field,
        )
    return Reading(ReadingKind(found[1] or found[2]), amount)
