"""What is a score of Inspect AI worth as a number? C is 1, P is one half, I and N are 0."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from assay.connectors.evals.metric_names import metric_name
from assay.connectors.evals.table import number_of

_LETTERS = {"C": 1.0, "P": 0.5, "I": 0.0, "N": 0.0}
_WORDS = {"yes": 1.0, "no": 0.0}


@dataclass(frozen=True, slots=True)
class Graded:
    """A score as numbers by metric, or as a label that is none."""

    values: Mapping[str, float] = field(default_factory=dict)
    letter: bool = False
    """Was it a grade or a truth value, so that 1 is the best there is?"""
    label: str | None = None


def score_values(scorer: str, value: object) -> Graded:
    """The numbers that a scorer gave; one metric for each part of a list or object. A missing one is NaN.

    >>> score_values("match", "C").values, score_values("rubric", {"tone": 4, "facts": "I"}).values
    ({'match': 1.0}, {'rubric/tone': 4.0, 'rubric/facts': 0.0})
    >>> score_values("grade", "B+").label
    'B+'
    """
    if isinstance(value, dict):
        parts = [_graded(metric_name(f"{scorer}/{key}"), part) for key, part in value.items()]
    elif isinstance(value, list):
        parts = [_graded(metric_name(f"{scorer}/{place}"), part) for place, part in enumerate(value, start=1)]
    else:
        return _graded(metric_name(scorer), value)
    numbers = [part for part in parts if part.label is None]
    if not numbers:
        return Graded(label=next((part.label for part in parts), "nothing"))
    return Graded(
        {name: number for part in numbers for name, number in part.values.items()},
        letter=all(part.letter for part in numbers),
    )


def _graded(metric: str, value: object) -> Graded:
    if value is None:
        return Graded({metric: float("nan")})
    if isinstance(value, str):
        grade = _LETTERS.get(value, _WORDS.get(value.strip().lower()))
        if grade is not None:
            return Graded({metric: grade}, letter=True)
    number = number_of(value)
    if number is None:
        return Graded(label=value if isinstance(value, str) else "a list or object")
    return Graded({metric: number}, letter=isinstance(value, bool | str))
