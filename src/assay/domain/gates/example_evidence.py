"""What stands behind a group's value: its hardest examples, which class was taken for which, how each class fares.

Nothing here decides anything. What was not logged stays unknown, and what to log is said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assay.domain.experiments.evidence import Scores
from assay.domain.kernel.metrics import Direction
from assay.stats.confusion import ClassScores, Confusion, class_scores, confusion

TARGET, PREDICTION = "target", "prediction"
"""Columns of a score file: the true class of an example, and what was answered."""
MOST_HARD = 20


@dataclass(frozen=True, slots=True)
class HardExample:
    """One example, by its mean score over the seeds that scored it.

    labels: (column, label) of every way of slicing; an answer that differs between seeds is told with how often it came.
    """

    sample_id: str
    mean: float
    seeds: int
    labels: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class HardExamples:
    """The hardest examples first, by mean score, then by id.

    ties: how many examples that are not listed have the very score of the last one listed. unscored: examples without a
    finite score in any seed.
    """

    examples: tuple[HardExample, ...]
    total: int
    ties: int
    unscored: int


@dataclass(frozen=True, slots=True)
class LabelScores:
    """The mean score of the examples with one label, over all seeds."""

    label: str
    mean: float
    examples: int
    scores: int


@dataclass(frozen=True, slots=True, eq=False)
class Confused:
    """Confusions of every seed added up, with the scores of each class from them."""

    counts: Confusion
    classes: tuple[ClassScores, ...]
    seeds: int


def hardest(per_seed: Sequence[Scores], direction: Direction, *, most: int = MOST_HARD) -> HardExamples:
    """Which examples got the worst mean score over the seeds that scored them?

    Args:
        per_seed: scores of one metric, one a seed; ids are distinct within a seed. Scores that are not finite count for nothing.
        direction: which way is better.
        most: how many to list.
    """
    ids, place = _every_id(per_seed)
    total, seeds = np.zeros(len(ids)), np.zeros(len(ids), dtype=np.int64)
    for one in per_seed:
        rows = np.fromiter((place[i] for i in one.sample_ids), dtype=np.intp, count=len(one.sample_ids))
        finite = np.isfinite(one.values)
        np.add.at(total, rows[finite], one.values[finite])
        np.add.at(seeds, rows[finite], 1)
    known = np.flatnonzero(seeds)
    mean = np.full(len(ids), np.nan)
    mean[known] = total[known] / seeds[known]
    sign = 1.0 if direction is Direction.HIGHER else -1.0
    order = known[np.argsort(sign * mean[known], kind="stable")]
    listed = order[:most]
    ties = int((mean[order[most:]] == mean[listed[-1]]).sum()) if listed.size and order.size > most else 0
    labels = _labels(per_seed, {ids[row] for row in listed.tolist()})
    examples = tuple(
        HardExample(ids[row], float(mean[row]), int(seeds[row]), labels.get(ids[row], ()))
        for row in listed.tolist()
    )
    return HardExamples(examples, len(ids), ties, len(ids) - known.size)


def _every_id(per_seed: Sequence[Scores]) -> tuple[list[str], Mapping[str, int]]:
    """All ids in their order, so that equal scores stand in the order of their ids, and where each stands."""
    first = per_seed[0].sample_ids if per_seed else ()
    same = all(one.sample_ids is first or one.sample_ids == first for one in per_seed)
    ids = sorted(first if same else {i for one in per_seed for i in one.sample_ids})
    return ids, {sample_id: row for row, sample_id in enumerate(ids)}


def _labels(per_seed: Sequence[Scores], wanted: set[str]) -> Mapping[str, tuple[tuple[str, str], ...]]:
    """What the wanted examples are labelled with, told once where all seeds agree."""
    found: dict[str, dict[str, dict[str, int]]] = {}
    for one in per_seed:
        for row, sample_id in enumerate(one.sample_ids):
            if sample_id in wanted:
                for column, labels in one.slices.items():
                    told = found.setdefault(sample_id, {}).setdefault(column, {})
                    told[labels[row]] = told.get(labels[row], 0) + 1
    return {
        sample_id: tuple((column, _told(labels)) for column, labels in sorted(columns.items()))
        for sample_id, columns in found.items()
    }


def _told(labels: Mapping[str, int]) -> str:
    if len(labels) == 1:
        return next(iter(labels))
    often = sorted(labels.items(), key=lambda entry: (-entry[1], entry[0]))
    return ", ".join(f"{label or 'none'} ({count}x)" for label, count in often[:5])


def confused(per_seed: Sequence[Scores]) -> Confused | None:
    """Which class was taken for which, over all seeds? None where a seed has no true classes or no answers."""
    targets: list[str] = []
    answers: list[str] = []
    for one in per_seed:
        if TARGET not in one.slices or PREDICTION not in one.slices:
            return None
        told = [(t, p) for t, p in zip(one.slices[TARGET], one.slices[PREDICTION], strict=True) if t and p]
        targets += [target for target, _ in told]
        answers += [answer for _, answer in told]
    if not targets:
        return None
    counts = confusion(targets, answers)
    return Confused(counts, class_scores(counts), len(per_seed))


def by_label(per_seed: Sequence[Scores], column: str, direction: Direction | None) -> tuple[LabelScores, ...]:
    """The mean score of each label of a column, the worst first where it is known which way is better. Empty without the column."""
    sums: dict[str, list[float]] = {}
    ids: dict[str, set[str]] = {}
    for one in per_seed:
        labels = one.slices.get(column)
        if labels is None:
            return ()
        for sample_id, label, value in zip(one.sample_ids, labels, one.values.tolist(), strict=True):
            if np.isfinite(value):
                sums.setdefault(label, []).append(value)
                ids.setdefault(label, set()).add(sample_id)
    found = [
        LabelScores(label, _mean(np.array(values)), len(ids[label]), len(values))
        for label, values in sums.items()
    ]
    sign = 0.0 if direction is None else 1.0 if direction is Direction.HIGHER else -1.0
    return tuple(sorted(found, key=lambda one: (sign * one.mean, one.label)))


def _mean(values: NDArray[np.float64]) -> float:
    return float(np.sort(values).mean())
