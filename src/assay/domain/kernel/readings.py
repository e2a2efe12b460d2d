"""Which one value of a curve stands for the run? Declared, so that "best" is never whatever happened to be logged last."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError

from assay.errors import Invalid

_FORM = re.compile(r"(last|best)|(step|mean of last) ([0-9]{1,15})", re.ASCII)
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

    @property
    def beside(self) -> str:
        """What stands behind a value that was read so; empty for the last one, which needs no word.

        >>> f"87.1%{Reading(ReadingKind.STEP, 1000).beside}", f"87.1%{Reading().beside}"
        ('87.1% at step 1,000', '87.1%')
        """
        if self.kind is ReadingKind.STEP:
            return f" at step {self.amount:,}"
        if self.kind is ReadingKind.MEAN_OF_LAST:
            return f" as the mean of the last {self.amount:,} points"
        return " at its best step" if self.kind is ReadingKind.BEST else ""


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
            f"cannot read {field} {text[:40]!r}: it names no value of a curve (expected {EXPECTED})",
            hint="such as step 1000; left out it is the value at the last step",
            code="reading-malformed",
            field=field,
        )
    return Reading(ReadingKind(found[1] or found[2]), amount)


def _written(value: object) -> Reading:
    if isinstance(value, Reading):
        return value
    try:
        if isinstance(value, str):
            return reading_of(value)
    except Invalid:
        pass
    raise PydanticCustomError("reading", "Input should be {expected}", {"expected": EXPECTED})


WrittenReading = Annotated[
    Reading,
    BeforeValidator(_written),
    PlainSerializer(lambda reading: reading.text, return_type=str),
    WithJsonSchema({"type": "string", "default": "last", "examples": ["step 1000"], "title": "Reading"}),
]
"""A reading in a document: as the text that names it."""
