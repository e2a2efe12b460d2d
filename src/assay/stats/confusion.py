"""Which class was taken for which, and how well is each class found?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assay.stats.samples import Misaligned


@dataclass(frozen=True, slots=True, eq=False)
class Confusion:
    """How often each true class was answered with each class.

    labels: every class that was true or answered, in the order of their texts. counts has shape (true class, answered class).
    """

    labels: tuple[str, ...]
    counts: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ClassScores:
    """How well one class is found.

    Attributes:
        label: the class.
        support: examples whose true class it is.
        answered: examples that were answered with it.
        precision: share of `answered` that are right; None where it was never answered.
        recall: share of `support` that were answered with it; None where it was never true.
        f1: their harmonic mean; None where either is unknown.
    """

    label: str
    support: int
    answered: int
    precision: float | None
    recall: float | None
    f1: float | None


def confusion(targets: Sequence[str], predictions: Sequence[str]) -> Confusion:
    """The confusion matrix of these answers.

    Args:
        targets: the true class of each example, shape (n,).
        predictions: what was answered, shape (n,).

    Raises:
        Misaligned: not as many answers as examples.

    >>> found = confusion(["cat", "cat", "dog"], ["cat", "dog", "dog"])
    >>> found.labels, found.counts.tolist()
    (('cat', 'dog'), [[1, 1], [0, 1]])
    """
    if len(targets) != len(predictions):
        raise Misaligned(
            f"cannot count confusions: {len(predictions)} answers for {len(targets)} examples (expected one each)"
        )
    labels = tuple(sorted({*targets, *predictions}))
    code = {label: place for place, label in enumerate(labels)}
    pairs = np.array(
        [code[t] * len(labels) + code[p] for t, p in zip(targets, predictions, strict=True)], dtype=np.int64
    )
    counts = np.bincount(pairs, minlength=len(labels) ** 2).reshape(len(labels), len(labels))
    return Confusion(labels, counts.astype(np.int64))


def class_scores(found: Confusion) -> tuple[ClassScores, ...]:
    """Precision, recall and F1 of every class, in the order of the labels. What was never asked or answered is unknown, not 0.

    >>> class_scores(confusion(["cat", "cat", "dog"], ["cat", "dog", "dog"]))[0]
    ClassScores(label='cat', support=2, answered=1, precision=1.0, recall=0.5, f1=0.6666666666666666)
    """
    support, answered = found.counts.sum(axis=1).tolist(), found.counts.sum(axis=0).tolist()
    right = found.counts.diagonal().tolist()
    return tuple(
        ClassScores(
            label,
            support[at],
            answered[at],
            _share(right[at], answered[at]),
            _share(right[at], support[at]),
            _share(2 * right[at], support[at] + answered[at]) if support[at] and answered[at] else None,
        )
        for at, label in enumerate(found.labels)
    )


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
