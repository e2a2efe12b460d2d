"""Chances against what became of the runs, checked against another implementation."""

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.calibration import calibration_curve

from assay.domain.stopping.chances import LOOKED_AT, chance_groups
from assay.domain.stopping.tuning import numbers_by_parts
from assay.stats.futility import CHECKS
from tests.unit.domain.stopping.test_back_test import HIT, many, runs_of

AT = int(np.abs(CHECKS - LOOKED_AT).argmin())


def test_groups_hold_every_run_that_was_given_a_chance_once_with_the_exact_interval():
    past = many(np.random.default_rng(7), count=160)
    chances, _ = numbers_by_parts(past, CHECKS)
    given = chances[:, AT]
    judged = past.standing_at(CHECKS).judged[:, AT] & ~np.isnan(given)
    found = chance_groups(past, chances)
    assert sum(one.runs for one in found) == judged.sum() > 50
    assert sum(one.hits for one in found) == past.hit[judged].sum()
    for one in found:
        rows = judged & (given >= one.low) & (given < one.high)
        told = binomtest(one.hits, one.runs).proportion_ci(0.9, "exact")
        assert (one.runs, one.mean_chance) == (rows.sum(), pytest.approx(given[rows].mean()))
        assert (one.at_least, one.at_most) == (pytest.approx(told.low), pytest.approx(told.high))


def test_shares_are_those_of_another_implementation_where_its_groups_are_ours():
    past = many(np.random.default_rng(8), count=60)
    chances = np.repeat(np.linspace(0.0, 1.0, 60)[:, None], len(CHECKS), axis=1)
    rows = past.standing_at(CHECKS).judged[:, AT]
    shares, means = calibration_curve(
        past.hit[rows], chances[rows, AT], n_bins=5
    )  # fifths: only the last one is ours
    found = {one.low: one for one in chance_groups(past, chances)}
    assert found[0.8].hits / found[0.8].runs == pytest.approx(shares[-1])
    assert found[0.8].mean_chance == pytest.approx(means[-1])


def test_run_that_is_over_or_was_given_nothing_belongs_to_no_group():
    runs = runs_of(HIT, HIT, [0.9] * 20)
    chances = np.full((3, len(CHECKS)), 0.9)
    chances[1] = np.nan
    chances[2] = 1.0
    [group] = chance_groups(runs, chances)
    assert (group.low, group.high, group.runs, group.hits) == (0.8, 1.0, 1, 0)
