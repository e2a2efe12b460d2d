"""Bets on shares of right answers: what they say holds at any look, of any shares, and no loss ever helps."""

import itertools

import numpy as np
import pytest

from assay.stats.samples import TooFewSamples
from assay.stats.tried_sequences import (
    bets_on_difference,
    bets_on_rate,
    bets_on_ratio,
    sequential_ratio,
    sequential_shares,
    sequential_tried_rate,
)


@pytest.mark.parametrize("greater", [True, False])
@pytest.mark.parametrize("n", [1, 2, 4])
def test_over_all_outcomes_at_the_null_the_capital_is_at_most_one(n, greater):
    """Each pair is won, lost in part, or level with chances whose mean is the null: the exact expectation."""
    outcomes = [(1.0, 0.5, 0.2), (0.5, 1.0, 0.3), (1.0, 1.0, 0.5)]
    null = sum((a - b) * chance for a, b, chance in outcomes)
    expected = 0.0
    for path in itertools.product(outcomes, repeat=n):
        ours, theirs, chances = (np.array(column) for column in zip(*path, strict=True))
        bets = bets_on_difference(ours, theirs, None)
        expected += float(np.prod(chances)) * np.exp(bets.log_e(null, greater=greater))
    assert 0.95 < expected <= 1.0 + 1e-9  # what is missing are bets that an outcome could ruin


def test_a_source_that_could_ruin_a_bet_takes_it_along():
    rng = np.random.default_rng(2)
    shares, source = (rng.random(400) < 0.95).astype(float), np.arange(400) // 20
    alone, together = bets_on_rate(shares, None), bets_on_rate(shares, source)
    assert together.log_e(0.8, greater=True) < alone.log_e(0.8, greater=True)
    all_lost = np.r_[np.ones(380), np.zeros(20)]
    assert np.isfinite(bets_on_rate(all_lost, source).log_e(0.8, greater=True))
    assert together.units == 20


@pytest.mark.parametrize("bets", [bets_on_difference, bets_on_ratio])
@pytest.mark.parametrize("clustered", [False, True])
def test_a_further_loss_never_shows_more(bets, clustered):
    source = np.arange(300) // 3 if clustered else None
    theirs = np.r_[np.full(20, 2 / 3), np.ones(280)]
    null = -0.02 if bets is bets_on_difference else 0.98
    found = []
    for lost in range(0, 60, 4):
        ours = np.r_[np.ones(300 - lost), np.full(lost, 2 / 3)]
        found.append(bets(ours, theirs, source).log_e(null, greater=True))
    assert found == sorted(found, reverse=True)


@pytest.mark.parametrize("lost", [0, 2, 8, 20, 60])
def test_the_interval_excludes_the_null_exactly_when_the_claim_is_decided(lost):
    ours, theirs = np.r_[np.full(lost, 0.5), np.ones(500 - lost)], np.r_[np.ones(495), np.full(5, 0.5)]
    for found in (
        sequential_shares(ours, theirs, null=-0.02),
        sequential_ratio(ours, theirs, share=-0.02),
        sequential_shares(ours, theirs, null=0.0),
    ):
        assert (found.p_greater <= 0.05) == (found.interval.low >= found.null)
        assert (found.p_less <= 0.05) == (found.interval.high <= found.null)
        assert found.interval.low <= found.effect <= found.interval.high
    rate = sequential_tried_rate(ours, 0.97)
    assert (rate.p_greater <= 0.05) == (rate.estimate.interval.low >= 0.97)


def test_order_changes_no_bit_and_no_example_is_refused():
    rng = np.random.default_rng(3)
    ours, theirs = (rng.binomial(3, 0.95, 200) / 3 for _ in range(2))
    order = rng.permutation(200)
    assert sequential_shares(ours, theirs, null=-0.05) == sequential_shares(
        ours[order], theirs[order], null=-0.05
    )
    with pytest.raises(TooFewSamples):
        bets_on_rate(np.array([]), None)


def test_one_look_at_the_first_example_shows_nothing():
    for found in (
        sequential_shares(np.ones(1), np.zeros(1), null=-0.02),
        sequential_ratio(np.ones(1), np.ones(1), share=-0.5),
    ):
        assert found.answer("greater") == found.answer("less") == "unclear"
