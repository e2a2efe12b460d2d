"""Gaps between groups at any time: the e-value beside an integral and a search of SciPy, and what must never matter."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import minimize_scalar
from scipy.stats import beta, binom

from assay.stats.confidence_sequences import sequential_mean
from assay.stats.fairness import fairness_gap
from assay.stats.sequential_groups import means_p_above, rates_bounds, rates_log_e, rates_p_above


def one(*numbers):
    return [np.array([float(number)]) for number in numbers]


def by_scipy(hits, n, other_hits, other_n, null):
    """The mixture by numerical integration over the largest likelihood by numerical search."""

    def mixed(k, size):
        return quad(
            lambda p: binom.pmf(k, size, p) * beta.pdf(p, 0.5, 0.5), 0, 1, limit=200, points=[k / size]
        )[0]

    def against(second):
        return -(binom.logpmf(hits, n, second + null) + binom.logpmf(other_hits, other_n, second))

    low, high = max(0.0, -null), min(1.0, 1.0 - null)
    best = -minimize_scalar(
        against, bounds=(low + 1e-12, high - 1e-12), method="bounded", options={"xatol": 1e-12}
    ).fun
    return np.log(mixed(hits, n)) + np.log(mixed(other_hits, other_n)) - best


@pytest.mark.parametrize(
    ("hits", "n", "other_hits", "other_n", "null"),
    [(80, 100, 50, 100, 0.05), (45, 50, 300, 400, 0.0), (9, 10, 1, 40, 0.3), (190, 200, 120, 150, -0.05), (3, 60, 30, 90, -0.2)],
)  # fmt: skip
def test_e_value_is_the_mixture_over_the_largest_likelihood_under_the_null(
    hits, n, other_hits, other_n, null
):
    found = rates_log_e(*one(hits / n, other_hits / other_n, n, other_n), null)[0]
    assert found == pytest.approx(by_scipy(hits, n, other_hits, other_n, null), abs=1e-6)


def test_no_gap_is_shown_where_the_rates_lie_within_it_and_perfect_groups_are_no_exception():
    assert rates_p_above(*one(0.9, 0.86, 400, 400), 0.05)[0] == 1.0
    assert rates_p_above(*one(1.0, 1.0, 5, 5000), 0.0)[0] == 1.0
    assert rates_p_above(*one(1.0, 0.0, 50, 50), 0.05)[0] < 1e-10
    assert rates_p_above(*one(1.0, 0.0, 1, 1), 0.05)[0] > 0.3


@pytest.mark.parametrize("null", [0.0, 0.05, 0.2])
def test_bounds_leave_out_what_the_e_value_rules_out(null):
    arguments = one(0.82, 0.55, 150, 90)
    low, high = rates_bounds(*arguments, np.array([0.05]))
    assert (low[0] > null) == (rates_p_above(*arguments, null)[0] <= 0.05)
    assert low[0] < 0.27 < high[0]
    for end in (low[0], high[0]):
        assert rates_log_e(*arguments, end)[0] == pytest.approx(np.log(20), abs=1e-6)


def test_means_are_those_of_the_paired_sequence_where_one_group_is_endless_and_known():
    rng = np.random.default_rng(3)
    values = rng.normal(0.3, 1.0, 400)
    se = values.std(ddof=1) / 20
    (p,) = means_p_above(*one(values.mean(), se, 400, 1e12), 0.1)
    other = sequential_mean(values, np.zeros(400), null=0.1, in_order=False)
    assert p == pytest.approx(other.p_greater, rel=1e-6)
    assert means_p_above(*one(values.mean(), se, 99, 1e12), 0.0)[0] == 1.0


def test_gap_at_any_time_needs_more_than_at_one_look_and_is_not_moved_by_order_or_names():
    scores = np.repeat([1.0, 0.0, 1.0, 0.0], [270, 30, 210, 90])
    index = np.repeat([0, 1], 300)
    once = fairness_gap(scores, index, 2, margin=0.05)
    free = fairness_gap(scores, index, 2, margin=0.05, at_any_time=True)
    (first,), (always,) = once.pairs, free.pairs
    assert always.p_gap > first.p_gap
    assert always.interval.low < first.interval.low
    assert always.interval.high > first.interval.high
    assert always.detectable > first.detectable
    order = np.random.default_rng(1).permutation(600)
    mixed = fairness_gap(scores[order], 1 - index[order], 2, margin=0.05, at_any_time=True)
    assert mixed.pairs[0].p_gap == pytest.approx(always.p_gap, rel=1e-12)
    narrow = fairness_gap(scores, index, 2, margin=0.0, at_any_time=True)
    assert narrow.pairs[0].p_gap < always.p_gap


def test_latencies_of_small_groups_have_no_first_look_yet():
    scores = np.r_[
        np.random.default_rng(2).normal(300, 30, 300), np.random.default_rng(4).normal(600, 30, 60)
    ]
    (pair,) = fairness_gap(
        scores, (np.arange(360) >= 300).astype(int), 2, margin=10.0, at_any_time=True
    ).pairs
    assert (pair.shown, pair.detectable, pair.interval.low, pair.interval.high) == (False, None, None, None)
