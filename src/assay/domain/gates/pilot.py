"""How do scores vary, as far as results are there: between seeds, between examples, and in what is left?"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from assay.domain.experiments.evidence import FloatArray
from assay.domain.gates.checks.arms import Arms
from assay.domain.gates.example_tables import ExampleTable
from assay.domain.gates.measurements import Measured
from assay.stats.crossed import CrossedVariance, comparison_variance, mean_variance
from assay.stats.samples import is_binary, summarize


@dataclass(frozen=True, slots=True)
class Variation:
    """How one side, or the difference of two sides, varies.

    Attributes:
        seeds: seeds an arm that there are; 0 without results.
        examples: examples they share; None where only totals are known, or nothing.
        seed_variance: variance of one seed's level, of both arms together; None where it is not known.
        example_variance: variance of one example (more where examples share a source), apart from the residual.
        residual_variance: what is left of one example under one seed.
        binary: every score is right or wrong.
        discordance: share of examples on which only one of two models is right.
        rate: the pass rate that the scatter of examples goes with; None for other scores.
    """

    seeds: int
    examples: int | None
    seed_variance: float | None
    example_variance: float
    residual_variance: float
    binary: bool
    discordance: float | None = None
    rate: float | None = None

    def at_rate(self, rate: float) -> Variation:
        """The same where another share of the examples is right: nearer to one half they scatter more."""
        if self.rate is None or not 0.0 < self.rate < 1.0:
            return self
        factor = max(rate * (1.0 - rate), 1e-9) / (self.rate * (1.0 - self.rate))
        return replace(
            self,
            example_variance=self.example_variance * factor,
            residual_variance=self.residual_variance * factor,
        )

    @property
    def totals_only(self) -> bool:
        """Is nothing known of examples, so that the seeds alone are the sample?"""
        return self.examples is None and self.one_model == 0.0

    @property
    def one_model(self) -> float:
        """Variance of one example of one model."""
        return self.example_variance + self.residual_variance


def assumed_variation(
    seed_variance: float, *, example_variance: float = 0.0, rate: float | None = None
) -> Variation:
    """How do scores vary where somebody says how seeds do, and there are no results? Examples are right or wrong, or not known.

    Examples are taken to come out alike in every seed, which needs the most of them.
    """
    return Variation(0, None, seed_variance, example_variance, 0.0, binary=example_variance > 0.0, rate=rate)


def variation_of(measured: Measured) -> Variation:
    """How does one side vary?"""
    if measured.table is not None:
        return variation_of_table(measured.table.matrix, measured.table)
    sd = summarize(measured.values).sd
    return Variation(len(measured.seeds), None, None if sd is None else sd * sd, 0.0, 0.0, binary=False)


def variation_of_table(matrix: FloatArray, table: ExampleTable) -> Variation:
    """How does one side vary, by scores of shape (examples, seeds)?"""
    examples, seeds = matrix.shape
    if examples < 2:
        return Variation(seeds, examples, None, 0.0, 0.0, binary=is_binary(matrix))
    mean, parts = mean_variance(matrix, table.cluster_labels)
    found = _split(parts, seeds, examples, binary=is_binary(matrix))
    return replace(found, rate=mean) if found.binary else found


def variation_of_difference(arms: Arms) -> Variation | None:
    """How does the difference that is tested between two sides vary? None where the baseline is a bare number, or too little is there."""
    theirs = arms.baseline.measured
    if theirs is None:
        return None
    factor = 1.0 + (arms.share or 0.0)
    if arms.tables is None:
        ours, other = summarize(arms.candidate.values).sd, summarize(factor * np.asarray(theirs.values)).sd
        spread = None if ours is None or other is None else ours * ours + other * other
        return Variation(
            min(len(arms.candidate.seeds), len(theirs.seeds)), None, spread, 0.0, 0.0, binary=False
        )
    a, b = arms.tables[0].matrix, factor * arms.tables[1].matrix
    if a.shape[0] < 2:
        return None
    _, parts = comparison_variance(a, b, arms.tables[0].cluster_labels)
    seeds = 2.0 / (1.0 / a.shape[1] + 1.0 / b.shape[1])
    binary = is_binary(a) and is_binary(b)
    several = min(a.shape[1], b.shape[1]) > 1
    found = _split(parts, seeds, a.shape[0], binary=binary, several=several)
    differs = float((np.abs(a[:, :1] - b[:, :1]) > 0.0).mean()) if binary else None
    return Variation(
        min(a.shape[1], b.shape[1]),
        a.shape[0],
        found.seed_variance,
        found.example_variance,
        found.residual_variance,
        binary,
        differs,
    )


def _split(
    parts: CrossedVariance, seeds: float, examples: int, *, binary: bool, several: bool | None = None
) -> Variation:
    """What belongs to one seed and to one example of the variance of a mean over all of them?"""
    if not (seeds > 1 if several is None else several):
        return Variation(round(seeds), examples, None, parts.between_examples * examples, 0.0, binary)
    return Variation(
        round(seeds),
        examples,
        max(parts.between_seeds - parts.residual, 0.0) * seeds,
        max(parts.between_examples - parts.residual, 0.0) * examples,
        parts.residual * seeds * examples,
        binary,
    )
