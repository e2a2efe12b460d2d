import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.stats.proportions import proportion_against_threshold
from assay.stats.reliability import (
    reliability_against_threshold,
    reliability_bootstrap,
    reliability_by_task,
    reliability_estimate,
)
from assay.stats.samples import DegenerateSample, Misaligned, NotFinite, StatisticsError, TooFewSamples

tasks = st.lists(
    st.integers(2, 9).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), min_size=1, max_size=30
)


def test_estimates_are_the_average_over_every_choice_of_k_tries():
    for n, c in itertools.product(range(1, 7), range(7)):
        if c > n:
            continue
        tries = [1] * c + [0] * (n - c)
        for k in range(1, n + 1):
            chosen = list(itertools.combinations(tries, k))
            every, once = (np.mean([f(pick) for pick in chosen]) for f in (all, any))
            assert reliability_by_task([c], [n], k, "pass^k")[0] == pytest.approx(every)
            assert reliability_by_task([c], [n], k, "pass@k")[0] == pytest.approx(once)


def test_published_bias_of_the_plug_in_estimate_is_gone():
    """Tasks with success rates from Beta(2, 2), five tries: the true pass^3 is .200, p^3 of the rate gives .259."""
    rng = np.random.default_rng(1)
    worked = rng.binomial(5, rng.beta(2, 2, 60_000))
    tried = np.full(60_000, 5)
    assert reliability_by_task(worked, tried, 3, "pass^k").mean() == pytest.approx(0.2, abs=0.004)
    assert np.mean((worked / 5) ** 3) == pytest.approx(0.259, abs=0.004)


def test_as_many_tries_as_count_is_the_exact_test_of_a_rate():
    ours = reliability_against_threshold([4] * 40 + [2] * 10, [4] * 50, 4, "pass^k", 0.7)
    exact = proportion_against_threshold(40, 50, 0.7)
    assert ours.p_greater == pytest.approx(exact.p_greater, abs=1e-9)
    assert ours.estimate.interval.low == pytest.approx(exact.estimate.interval.low, abs=1e-9)


def test_more_tries_than_there_were_are_refused_and_the_task_is_named():
    with pytest.raises(TooFewSamples, match="task 1 was tried 3 times"):
        reliability_estimate([2, 2], [4, 3], 4, "pass^k")


@pytest.mark.parametrize("kind", ["pass@k", "pass^k"])
@pytest.mark.parametrize("value", [0, 4])
@pytest.mark.parametrize("n", [1, 2, 3, 25])
def test_tasks_that_all_work_or_all_fail_keep_an_honest_width(kind, value, n):
    estimate = reliability_estimate([value] * n, [4] * n, 2, kind)
    assert estimate.interval.width == pytest.approx(1 - 0.05 ** (1 / n))
    claim = reliability_against_threshold([value] * n, [4] * n, 2, kind, 0.9).answer("greater")
    assert claim == ("unclear" if value or n == 1 else "not_met")


@given(tasks, st.sampled_from(["pass@k", "pass^k"]), st.floats(0.01, 0.99), st.randoms())
@settings(max_examples=150)
def test_order_changes_nothing_and_decision_and_interval_agree(rows, kind, threshold, chance):
    c, n = zip(*rows, strict=True)
    test = reliability_against_threshold(c, n, 2, kind, threshold)
    shuffled = list(zip(*chance.sample(rows, len(rows)), strict=True))
    assert reliability_against_threshold(*shuffled, 2, kind, threshold) == test
    interval = test.estimate.interval
    assert interval.contains(test.estimate.value)
    if test.answer("greater") == "met":
        assert interval.low >= threshold - 1e-9
    if test.answer("greater") == "not_met":
        assert interval.high <= threshold + 1e-9
    stricter = reliability_against_threshold(c, n, 2, kind, min(1.0, threshold + 0.05))
    assert stricter.p_greater >= test.p_greater


@given(tasks)
@settings(max_examples=60)
def test_one_more_success_never_lowers_the_estimate(rows):
    c, n = (np.array(x, dtype=float) for x in zip(*rows, strict=True))
    better = np.minimum(c + 1, n)
    for kind in ("pass@k", "pass^k"):
        here, there = (reliability_by_task(x, n, 2, kind).mean() for x in (c, better))
        assert there >= here - 1e-12


def test_bootstrap_stands_beside_and_is_refused_where_it_has_no_width():
    c, n = [4] * 8 + [2] * 9 + [0] * 8, [4] * 25
    shown = reliability_bootstrap(c, n, 2, "pass^k", np.random.default_rng(2))
    decided = reliability_estimate(c, n, 2, "pass^k")
    assert shown.effect == pytest.approx(decided.value)
    assert shown.interval.low == pytest.approx(decided.interval.low, abs=0.05)
    with pytest.raises(DegenerateSample):
        reliability_bootstrap([4] * 25, n, 2, "pass^k", np.random.default_rng(2))


@pytest.mark.parametrize("bad", [math.nan, math.inf, None, "two"])
def test_counts_that_are_no_numbers_are_refused(bad):
    with pytest.raises(NotFinite):
        reliability_estimate([1, bad], [4, 4], 2, "pass^k")


def test_counts_that_cannot_be_are_refused():
    for c, n, k in (
        ([5], [4], 2),
        ([-1], [4], 2),
        ([1.5], [4], 2),
        ([1], [4.5], 2),
        ([1], [4], 0),
        ([1], [4], 1.5),
    ):
        with pytest.raises(StatisticsError):
            reliability_estimate(c, n, k, "pass@k")
    with pytest.raises(Misaligned):
        reliability_estimate([1, 2], [4], 2, "pass@k")
    with pytest.raises(TooFewSamples):
        reliability_estimate([], [], 2, "pass@k")
    with pytest.raises(StatisticsError):
        reliability_against_threshold([1], [4], 2, "pass@k", 85)
