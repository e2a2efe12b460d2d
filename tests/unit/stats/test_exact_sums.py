"""Means and sums of many values: the same bits in every order, and as exact as adding up can be."""

import math

import numpy as np
import pytest

from assay.stats.samples import means, moments, ordered_sum


@pytest.mark.parametrize("scale", [1e-200, 1e-9, 1.0, 1e9, 1e140])
def test_sums_of_many_values_are_those_of_fsum_whatever_the_order(scale):
    rng = np.random.default_rng(3)
    values = scale * np.concatenate([rng.normal(0, 1, 9_000), rng.normal(1e6, 1e-3, 1_000)])
    shuffled = rng.permutation(values)
    assert float(ordered_sum(values)) == float(ordered_sum(shuffled))
    assert float(ordered_sum(values)) == pytest.approx(math.fsum(values), rel=1e-15)
    assert [float(x) for x in moments(values)] == [float(x) for x in moments(shuffled)]


def test_means_of_rows_are_those_of_moments_for_whole_and_other_numbers():
    rng = np.random.default_rng(4)
    for table in (
        rng.integers(0, 2, (200, 5)).astype(float),
        rng.normal(0, 1, (200, 5)),
        np.full((7, 3), 0.1),
    ):
        assert means(table).tolist() == moments(table)[0].tolist()


def test_columns_are_added_like_rows():
    table = np.random.default_rng(5).normal(0, 1, (5_000, 3))
    assert ordered_sum(table, axis=0).tolist() == ordered_sum(np.ascontiguousarray(table.T)).tolist()


def test_many_equal_values_keep_their_exact_mean():
    mean, variance = moments(np.full(10_001, 0.1))
    assert (float(mean), float(variance)) == (0.1, 0.0)
