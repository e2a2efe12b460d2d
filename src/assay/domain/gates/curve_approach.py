"""How far short of its target was a run on the way, where what counts is the value that was declared?

Kill rules look at runs under way. A run has reached its target where the value that counts did: at any evaluation where the
last or the best one counts, by the running mean where a mean does, and at its step alone where one step does.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.domain.experiments.evidence import Curve, FloatArray, IntArray
from assay.domain.kernel.readings import Reading, ReadingKind

JUST_SHORT = float(np.finfo(np.float64).tiny)
"""The gap of a run that would be at its target if what counts were known already."""


def evaluations(curve: Curve, reading: Reading) -> tuple[IntArray, FloatArray]:
    """Steps, rising, and the value that would count if the run ended there; up to the step that counts, where one does.

    Where a step was logged twice the later value counts. Shapes (n,); n may be 0.

    >>> steps = np.array([1, 2, 4])
    >>> curve = Curve(steps, np.array([0.1, 0.5, 0.9]), steps)
    >>> [part.tolist() for part in evaluations(curve, Reading(ReadingKind.STEP, 3))]
    [[1, 3], [0.1, 0.5]]
    """
    steps, values = curve.steps, curve.values
    if reading.kind is ReadingKind.MEAN_OF_LAST:
        steps, values = steps[reading.amount - 1 :], _running_mean(values, reading.amount)
    later = np.append(np.diff(steps) > 0, True)[: len(steps)]
    steps, values = steps[later], values[later]
    if reading.kind is not ReadingKind.STEP or not len(steps):
        return steps, values
    here = steps <= reading.amount
    reached = bool(steps[-1] >= reading.amount)
    steps, values = steps[here].copy(), values[here]
    if reached and len(steps):
        steps[-1] = reading.amount  # it stood until then
    return steps, values


def gaps_that_count(gaps: FloatArray, steps: IntArray, reading: Reading) -> FloatArray:
    """The gaps, where no evaluation before the step that counts is at the target. NaN stays."""
    if reading.kind is not ReadingKind.STEP:
        return gaps
    early: NDArray[np.bool_] = steps < reading.amount
    return np.where(early, np.maximum(gaps, JUST_SHORT), gaps)


def is_told(steps: IntArray, reading: Reading) -> bool:
    """Do these evaluations of a run that is over hold the value that counts?"""
    if reading.kind is ReadingKind.STEP:
        return bool(len(steps) and steps[-1] == reading.amount)
    return bool(len(steps))


def _running_mean(values: FloatArray, points: int) -> FloatArray:
    """The mean of so many values up to each place, from the first place that has so many; NaN over what is no finite number.

    The values stand in blocks of so many, and a mean adds the end of one block to the beginning of the next: a difference of
    sums from the start would keep one huge value of a loss for good. The last mean is the one that a verdict takes.
    """
    if len(values) < points:
        return np.zeros(0)
    padded = np.zeros(-(-len(values) // points) * points)
    padded[: len(values)] = np.where(np.isfinite(values), values, np.nan)
    blocks = padded.reshape(-1, points)
    with np.errstate(over="ignore", invalid="ignore"):  # what is too large to add up is no finite number
        heads = np.cumsum(blocks, axis=1).ravel()
        tails = np.cumsum(blocks[:, ::-1], axis=1)[:, ::-1].ravel()
        begin = np.arange(len(values) - points + 1)
        within = begin % points == 0
        means = np.where(within, 0.0, heads[begin + points - 1]) + tails[begin]
        means /= points
        means[-1] = np.mean(values[-points:])
    return np.where(np.isfinite(means), means, np.nan)
