"""Order, relabelling and shifts: same evidence, same bytes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.stats import crossed, means, multiplicity, paired, power, spread, welch
from assay.stats.samples import StatisticsError

values = st.floats(-1e6, 1e6, allow_subnormal=False)
arms = st.lists(values, min_size=2, max_size=12)


def answer(function, *args, **kwargs):
    try:
        return function(*args, **kwargs)
    except StatisticsError as refusal:
        return type(refusal).__name__


@given(arms, arms, st.randoms())
@settings(max_examples=150, deadline=None)
def test_seed_methods_give_the_same_bytes_for_every_order(x, y, chance):
    a, b = chance.sample(x, len(x)), chance.sample(y, len(y))
    assert answer(welch.welch_comparison, x, y) == answer(welch.welch_comparison, a, b)
    assert answer(means.mean_against_threshold, x, 1.0) == answer(means.mean_against_threshold, a, 1.0)
    assert answer(spread.spread_ratio, x, y) == answer(spread.spread_ratio, a, b)


@given(st.lists(st.tuples(values, values, st.integers(0, 3)), min_size=2, max_size=30), st.randoms())
@settings(max_examples=150, deadline=None)
def test_paired_methods_give_the_same_bytes_for_every_order_and_cluster_name(rows, chance):
    shuffled = chance.sample(rows, len(rows))

    def split(table, name):
        return [r[0] for r in table], [r[1] for r in table], [name(r[2]) for r in table]

    (x, y, g), (a, b, h) = split(rows, str), split(shuffled, lambda k: f"source-{9 - k}")
    assert answer(paired.paired_t, x, y) == answer(paired.paired_t, a, b)
    assert answer(paired.paired_t, x, y, clusters=g) == answer(paired.paired_t, a, b, clusters=h)


@pytest.mark.parametrize("seeds", [(1, 3), (2, 2), (5, 3), (10, 10)])
def test_crossed_methods_give_the_same_bytes_for_every_order_of_examples_and_seeds(seeds):
    rng = np.random.default_rng(sum(seeds))
    for _ in range(20):
        n = int(rng.integers(4, 400))
        x, y = rng.normal(1e3, 1, (n, seeds[0])), rng.normal(1e3, 1, (n, seeds[1]))
        g = np.arange(n) // 3
        rows, first, second = rng.permutation(n), rng.permutation(seeds[0]), rng.permutation(seeds[1])
        a, b = x[rows][:, first], y[rows][:, second]
        assert crossed.crossed_comparison(x, y) == crossed.crossed_comparison(a, b)
        assert crossed.crossed_comparison(x, y, clusters=g) == crossed.crossed_comparison(
            a, b, clusters=(n - g)[rows]
        )
        assert crossed.crossed_against_threshold(x, 1e3) == crossed.crossed_against_threshold(a, 1e3)
        hits, shuffled = (x > 1e3).astype(float), (a > 1e3).astype(float)
        assert crossed.crossed_against_threshold(hits, 0.5) == crossed.crossed_against_threshold(
            shuffled, 0.5
        )


def test_outlook_gives_the_same_bytes_for_every_order_and_every_call():
    x, y = [0.81, 0.84, 0.86, 0.83], [0.80, 0.82, 0.83]
    first = power.seeds_for_comparison(x, y)
    assert first == power.seeds_for_comparison(x[::-1], y[::-1]) == power.seeds_for_comparison(x, y)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20), st.randoms())
@settings(max_examples=100, deadline=None)
def test_corrections_follow_the_order_of_their_input(p, chance):
    order = chance.sample(range(len(p)), len(p))
    for correct in (multiplicity.holm, multiplicity.benjamini_hochberg):
        straight, shuffled = correct(p), correct([p[i] for i in order])
        assert tuple(straight.p_values[i] for i in order) == shuffled.p_values


@given(arms, arms)
@settings(max_examples=150, deadline=None)
def test_swapping_the_arms_mirrors_the_comparison(x, y):
    there, back = answer(welch.welch_comparison, x, y), answer(welch.welch_comparison, y, x)
    if isinstance(there, str):
        assert there == back
        return
    assert (there.effect, there.p_greater, there.p_less) == (-back.effect, back.p_less, back.p_greater)
    assert (there.interval.low, there.interval.high) == (-back.interval.high, -back.interval.low)


@given(arms, st.floats(-100, 100), st.floats(0.001, 100))
@settings(max_examples=150, deadline=None)
def test_p_value_is_monotone_in_threshold_and_in_a_shift(x, threshold, step):
    try:
        here = means.mean_against_threshold(x, threshold)
        stricter = means.mean_against_threshold(x, threshold + step)
        shifted = means.mean_against_threshold([v + step for v in x], threshold)
    except StatisticsError:
        return
    assert stricter.p_greater >= here.p_greater
    assert shifted.p_greater <= here.p_greater * (1 + 1e-6) + 1e-12


def test_decision_and_shown_interval_never_disagree():
    rng = np.random.default_rng(4)
    for _ in range(300):
        alpha = float(rng.choice([0.002, 0.012, 0.05]))
        result = welch.welch_comparison(rng.normal(0.5, 1, 5), rng.normal(0, 1, 6), alpha=alpha)
        assert (result.answer("greater") == "met") == (result.interval.low >= 0)
        assert (result.answer("greater") == "not_met") == (result.interval.high <= 0)
        counts = paired.PairedCounts(int(rng.integers(0, 12)), int(rng.integers(0, 12)), 40)
        exact = paired.exact_mcnemar(counts, alpha=alpha)
        assert (exact.answer("greater") == "met") == (exact.interval.low >= 0 and counts.wins > 0)
        null = float(rng.uniform(-0.2, 0.2))
        score = paired.tango_test(counts, null=null, alpha=alpha)
        assert (score.answer("greater") == "met") == (score.interval.low >= null)
