"""What is wrong with a criterion, before it is known whether it came as text or as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Part = Literal[
    "role",
    "kind",
    "percent",
    "metric",
    "comparison",
    "amount",
    "count",
    "step",
    "negated",
    "dataset",
    "after",
    "whole",
]


@dataclass(frozen=True, slots=True)
class Span:
    """Where a part stands in the text: 0-based characters, end exclusive."""

    start: int
    end: int


class CriterionError(Exception):
    """A criterion that cannot be read. The text form points at the character, the structured form names the field.

    Args:
        fact: what was found, such as "85 could mean two things".
        expected: what would do, in the order to try.
        code: stable kebab-case name.
        part: which part of the criterion is at fault.
        span: where it stands in the text; None lets the reader look the part up.
        alternatives: what could stand in the place of the part; each is one reading.
        hint: what to do when none of the alternatives is meant.
    """

    def __init__(
        self,
        fact: str,
        *,
        expected: tuple[str, ...],
        code: str = "criterion-syntax",
        part: Part = "whole",
        span: Span | None = None,
        alternatives: tuple[str, ...] = (),
        hint: str = "",
    ) -> None:
        super().__init__(fact)
        self.fact = fact
        self.expected = expected
        self.code = code
        self.part: Part = part
        self.span = span
        self.alternatives = alternatives
        self.hint = hint
