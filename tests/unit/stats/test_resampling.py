import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.stats.paired import cluster_dof, clustered_mean
from assay.stats.resampling import paired_bootstrap, quantile_difference
from assay.stats.samples import DegenerateSample, Misaligned, NotFinite, StatisticsError, TooFewSamples
from assay.stats.wild_clusters import wild_cluster_test

pairs = st.lists(
    st.tuples(st.floats(-100, 100, allow_subnormal=False), st.integers(0, 5)), min_size=2, max_size=40
)


def seeded():
    return np.random.default_rng(7)


def answer(function, *args, **kwargs):
    try:
        return function(*args, **kwargs)
    except StatisticsError as refusal:
        return type(refusal).__name__


@given(pairs, st.randoms())
@settings(max_examples=60)
def test_same_generator_gives_the_same_bytes_for_every_order_and_cluster_name(rows, chance):
    shuffled = chance.sample(rows, len(rows))

    def call(table, name, clustered):
        x, g = [row[0] for row in table], [name(row[1]) for row in table]
        clusters = g if clustered else None
        return answer(paired_bootstrap, x, [0.0] * len(x), seeded(), clusters=clusters, resamples=199)

    assert call(rows, str, clustered=False) == call(shuffled, str, clustered=False)
    assert call(rows, str, clustered=True) == call(shuffled, lambda k: f"source-{9 - k}", clustered=True)


@pytest.mark.parametrize("kind", ["BCa", "percentile"])
@pytest.mark.parametrize("binary", [True, False])
def test_decision_and_shown_interval_never_disagree(kind, binary):
    rng = np.random.default_rng(8)
    for _ in range(40):
        n = int(rng.integers(10, 200))
        x = (rng.random(n) < 0.6).astype(float) if binary else rng.exponential(1, n)
        y = (rng.random(n) < 0.5).astype(float) if binary else rng.normal(0.9, 1, n)
        null = float(rng.choice([0.0, -0.1, 0.123]))
        result = answer(paired_bootstrap, x, y, rng, kind=kind, resamples=499, null=null)
        if isinstance(result, str):
            continue
        assert (result.answer("greater") == "met") == (result.interval.low > null)
        assert (result.answer("less") == "met") == (result.interval.high < null)


def test_pairs_without_spread_one_pair_and_one_cluster_are_refused():
    with pytest.raises(DegenerateSample):
        paired_bootstrap([1, 1, 1], [0, 0, 0], seeded())
    with pytest.raises(TooFewSamples):
        paired_bootstrap([1], [0], seeded())
    with pytest.raises(TooFewSamples):
        paired_bootstrap([1, 0, 1], [0, 0, 0], seeded(), clusters=["a", "a", "a"])
    with pytest.raises(DegenerateSample):
        paired_bootstrap([1, 0, 1, 0], [0, 0, 0, 0], seeded(), clusters=["a", "a", "b", "b"])
    with pytest.raises(Misaligned):
        paired_bootstrap([1, 0, 1], [0, 0], seeded())


def test_two_and_three_pairs_are_answered_without_a_warning():
    for n in (2, 3):
        assert paired_bootstrap([1.0, 0.5, 0.0][:n], [0.0] * n, seeded()).n_candidate == n


@pytest.mark.parametrize("bad", [math.nan, math.inf, None])
def test_scores_that_are_no_finite_numbers_are_refused(bad):
    with pytest.raises(NotFinite):
        paired_bootstrap([1.0, bad], [0.0, 0.0], seeded())


def test_too_few_resamples_for_the_level_and_a_null_that_is_no_number_are_refused():
    with pytest.raises(StatisticsError, match="resamples"):
        paired_bootstrap([1.0, 0.5], [0.0, 0.0], seeded(), resamples=19, alpha=0.05)
    with pytest.raises(StatisticsError, match="finite"):
        paired_bootstrap([1.0, 0.5], [0.0, 0.0], seeded(), null=math.nan)
    with pytest.raises(StatisticsError, match="finite"):
        quantile_difference(np.arange(99.0), np.arange(99.0), 0.5, seeded(), null=math.inf)


def test_wild_bootstrap_is_the_same_at_every_call_and_for_every_order_of_the_clusters():
    rng = np.random.default_rng(9)
    totals, sizes = rng.normal(1, 3, 15), rng.integers(1, 50, 15).astype(float)
    order = rng.permutation(15)
    here = wild_cluster_test(totals, sizes, null=0.0, alpha=0.05)
    assert here == wild_cluster_test(totals[order], sizes[order], null=0.0, alpha=0.05)
    mirrored = wild_cluster_test(-totals, sizes, null=0.0, alpha=0.05)
    assert mirrored.p_less == pytest.approx(here.p_greater, abs=0.01)


def test_wild_bound_is_the_last_null_that_is_rejected():
    """Of 8,192 worlds the search soon asks few; the p-value at a null asks all of them."""
    rng = seeded()
    for clusters, spread in ((6, 0.0), (12, 0.4), (20, 1.2), (29, 0.4)):
        sizes = np.round(10 * np.exp(spread * rng.normal(size=clusters))) + 1
        totals = rng.normal(0.4, 1.0, clusters) * sizes
        for null in (0.0, 5.0):
            wild = wild_cluster_test(totals, sizes, null=null, alpha=0.05)
            for bound, side, step in ((wild.low, "p_greater", 1e-12), (wild.high, "p_less", -1e-12)):
                nulls = (bound - step, bound + step)
                before, after = (
                    getattr(wild_cluster_test(totals, sizes, null=at, alpha=0.05), side) for at in nulls
                )
                assert before <= 0.05 < after


def test_wild_bounds_and_decision_never_disagree_and_move_with_the_level():
    rng = np.random.default_rng(10)
    for _ in range(30):
        clusters = int(rng.integers(3, 29))
        sizes = rng.integers(1, 40, clusters).astype(float)
        totals = sizes * rng.normal(0.3, 1, clusters)
        null, alpha = float(rng.choice([0.0, 0.2])), float(rng.choice([0.012, 0.05]))
        wild = wild_cluster_test(totals, sizes, null=null, alpha=alpha)
        assert (wild.p_greater <= alpha) == (wild.low is not None and wild.low >= null)
        assert (wild.p_less <= alpha) == (wild.high is not None and wild.high <= null)
        wider = wild_cluster_test(totals, sizes, null=null, alpha=alpha / 3)
        assert wider.low is None or wider.low <= wild.low + 1e-9


def test_clusters_of_one_size_count_in_full_and_lopsided_ones_for_less():
    assert cluster_dof(np.full(30, 12.0)) == 29.0
    assert cluster_dof(np.r_[np.full(16, 5.0), np.full(4, 60.0)]) < 7
    values, clusters = np.arange(12.0) ** 2, np.arange(12) // 3
    even, by_hand = clustered_mean(values, clusters), (values - values.mean()).reshape(4, 3).sum(axis=1)
    assert even.variance == pytest.approx((by_hand**2).sum() / 144 * 4 / 3)
    assert (even.units, even.dof) == (4, 3.0)
