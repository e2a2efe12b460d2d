"""Scores that are whole numbers are added up exactly, and say what the way for any numbers says."""

import math
from fractions import Fraction

import numpy as np
import pytest

from assay.stats import crossed, slice_variance
from assay.stats.crossed import comparison_variance, mean_variance
from assay.stats.whole_scores import whole_slices

SHAPES = [(1, 1), (3, 1), (1, 4), (5, 5)]


def _arms(seeds, *, labels=2, examples=90, seed=7):
    rng = np.random.default_rng(seed)
    return tuple(rng.integers(0, labels, (examples, some)).astype(float) for some in seeds)


def _shown(found):
    seeds = [(part.by_seed, part.residual) for part in found.seeds]
    return [found.mean, found.total, found.dof, found.units, *(array for pair in seeds for array in pair)]


@pytest.mark.parametrize("labels", [2, 6])
@pytest.mark.parametrize("seeds", SHAPES)
def test_whole_scores_have_the_means_and_variances_that_any_scores_have(seeds, labels, monkeypatch):
    arms, index = _arms(seeds, labels=labels), np.arange(90) % 7
    by_slice = _shown(slice_variance.slice_variance(arms, index, 8))
    both, one = comparison_variance(*arms), mean_variance(arms[0])
    for module in (slice_variance, crossed):
        monkeypatch.setattr(module, "whole_slices", lambda *_: None)
    for found, expected in zip(by_slice, _shown(slice_variance.slice_variance(arms, index, 8)), strict=True):
        assert found == pytest.approx(expected, rel=1e-11, abs=1e-14)
    for (mean, parts), (other, others) in ((both, comparison_variance(*arms)), (one, mean_variance(arms[0]))):
        assert mean == pytest.approx(other, rel=1e-11, abs=1e-14)
        assert (parts.total, parts.dof) == pytest.approx((others.total, others.dof), rel=1e-11, abs=1e-14)


def test_the_variance_of_a_million_whole_scores_is_that_of_fractions():
    (arm,) = _arms((3,), examples=1_000_000)
    sums = [int(x) for x in np.bincount(arm.sum(axis=1).astype(int), minlength=4)]
    total, squares = (sum(count * k**power for k, count in enumerate(sums)) for power in (1, 2))
    n = 1_000_000
    exact = (Fraction(squares) - Fraction(total * total, n)) / 9 / (n - 1) / n
    found = whole_slices([arm], np.zeros(n, dtype=np.intp), 1)
    assert math.isclose(found.variance[0], exact, rel_tol=1e-15)


@pytest.mark.parametrize("bad", [0.5, 1e300, -1e12])
def test_other_numbers_and_very_large_ones_are_left_to_the_general_way(bad):
    (arm,) = _arms((2,))
    arm[3, 1] = bad
    assert whole_slices([arm], np.zeros(90, dtype=np.intp), 1) is None
