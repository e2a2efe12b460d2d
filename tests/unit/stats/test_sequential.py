import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.stats.confidence_sequences import FIRST_LOOK, sequential_mean
from assay.stats.e_processes import e_process, mcnemar_e_greater, mcnemar_e_value, sequential_pairs
from assay.stats.samples import (
    DegenerateSample,
    Misaligned,
    NotBinary,
    NotFinite,
    StatisticsError,
    TooFewSamples,
)

bits = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1)), min_size=1, max_size=300)


def arms(rows):
    return [float(r[0]) for r in rows], [float(r[1]) for r in rows]


def test_e_value_without_a_disagreement_is_one_and_grows_with_the_wins():
    assert mcnemar_e_value(0, 0) == mcnemar_e_greater(0, 0) == 1.0
    growing = mcnemar_e_greater(np.arange(0, 50), np.full(50, 5))
    assert np.all(np.diff(growing) > 0)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_a_few_examples_never_decide(n):
    result = sequential_pairs([1.0] * n, [0.0] * n)
    assert (result.answer("greater"), result.answer("less")) == ("unclear", "unclear")
    assert (result.interval.low, result.interval.high) == (pytest.approx(-1, abs=0.99), 1.0)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_models_that_never_differ_show_nothing_but_can_be_shown_to_be_no_worse(value):
    scores = np.full(2000, value)
    assert sequential_pairs(scores, scores).answer("greater") == "unclear"
    assert sequential_pairs(scores, scores).interval.width > 0.01
    assert sequential_pairs(scores, scores, null=-0.02).answer("greater") == "met"
    assert sequential_pairs(scores[:50], scores[:50], null=-0.02).answer("greater") == "unclear"


def test_a_decision_stays_when_later_examples_say_little():
    candidate = np.r_[np.ones(40), np.zeros(30), np.ones(10), np.zeros(920)]
    baseline = np.r_[np.zeros(40), np.ones(30), np.ones(10), np.zeros(920)]
    early, late = sequential_pairs(candidate[:40], baseline[:40]), sequential_pairs(candidate, baseline)
    assert early.answer("greater") == late.answer("greater") == "met"
    assert late.p_greater == early.p_greater
    assert late.interval.low >= 0.0
    assert dict(late.shown)["decided_at"] == dict(early.shown)["decided_at"]


def test_evidence_that_spoke_both_ways_counts_by_what_all_examples_say():
    candidate = np.r_[np.ones(40), np.zeros(300)]
    baseline = np.r_[np.zeros(40), np.ones(300)]
    result = sequential_pairs(candidate, baseline)
    assert result.answer("greater") == "not_met"
    assert result.p_greater == 1.0
    assert result.interval.high < 0


@given(bits, st.sampled_from([0.0, -0.02, 0.02, -0.3, 0.5]))
@settings(max_examples=150)
def test_decision_and_confidence_sequence_never_disagree(rows, null):
    result = sequential_pairs(*arms(rows), null=null)
    assert (result.answer("greater") == "met") == (result.interval.low >= null)
    assert (result.answer("greater") == "not_met") == (result.interval.high <= null)
    assert -1.0 <= result.interval.low < result.interval.high <= 1.0


@given(bits)
@settings(max_examples=100)
def test_swapping_the_arms_mirrors_the_answer(rows):
    x, y = arms(rows)
    there, back = sequential_pairs(x, y, null=-0.05), sequential_pairs(y, x, null=0.05)
    assert (there.p_greater, there.p_less) == (back.p_less, back.p_greater)
    assert there.interval.low == pytest.approx(-back.interval.high)


@given(bits, st.floats(-0.5, 0.4), st.floats(0.001, 0.1))
@settings(max_examples=100)
def test_a_larger_margin_never_makes_it_harder(rows, null, step):
    x, y = arms(rows)
    harder, easier = e_process(x, y, null=null + step), e_process(x, y, null=null)
    if null * (null + step) > 0:  # bets that a positive null can ruin are left out above zero
        assert easier.greater[-1] >= harder.greater[-1] * (1 - 1e-9) or null > 0


def test_long_paths_are_looked_at_often_and_a_margin_at_a_selection_that_holds_the_last():
    rng = np.random.default_rng(1)
    x, y = (rng.random((2, 50_000)) < 0.8).astype(float)
    exact, margin = e_process(x, y), e_process(x, y, null=-0.01)
    assert exact.examples.size == np.count_nonzero(x != y) + int(x[-1] == y[-1])
    assert (margin.examples[0], margin.examples[-1]) == (1, 50_000)
    assert margin.examples.size <= 2048


def test_overwhelming_evidence_is_a_number():
    n = 200_000
    result = sequential_pairs(np.ones(n), np.zeros(n))
    assert 0 < result.p_greater < 1e-290
    assert math.isfinite(dict(result.shown)["e_greater"])


def test_rows_judged_without_an_order_may_be_permuted():
    rng = np.random.default_rng(3)
    x, y = (rng.random((2, 400)) < [[0.8], [0.7]]).astype(float)
    rows = rng.permutation(400)
    assert sequential_pairs(x, y, in_order=False) == sequential_pairs(x[rows], y[rows], in_order=False)
    noisy = x + rng.normal(0, 0.1, 400)
    here, there = (sequential_mean(noisy[at], y[at], in_order=False) for at in (slice(None), rows))
    assert here.p_greater == pytest.approx(there.p_greater, rel=1e-12)


def test_real_scores_decide_and_stay_decided():
    rng = np.random.default_rng(4)
    y = rng.normal(0, 1, 3000)
    x = y + rng.normal(0.1, 0.5, 3000)
    early, late = sequential_mean(x[:1500], y[:1500]), sequential_mean(x, y)
    assert early.answer("greater") == late.answer("greater") == "met"
    assert late.interval.low >= early.interval.low - 1e-12 or late.interval.low > 0
    assert sequential_mean(y, x).answer("greater") == "not_met"


@pytest.mark.parametrize("null", [0.0, -0.1, 0.1])
def test_real_scores_decision_and_confidence_sequence_never_disagree(null):
    rng = np.random.default_rng(5)
    for _ in range(60):
        n, shift = int(rng.integers(FIRST_LOOK, 600)), float(rng.normal(0, 0.3))
        x = rng.exponential(1, n) - 1 + shift
        result = sequential_mean(x, np.zeros(n), null=null)
        assert (result.answer("greater") == "met") == (result.interval.low >= null)
        assert (result.answer("greater") == "not_met") == (result.interval.high <= null)


def test_real_scores_that_start_all_alike_decide_nothing_in_that_stretch():
    candidate = np.r_[np.full(200, 0.001), np.tile([-1.0, 1.0], 200)]
    result = sequential_mean(candidate, np.zeros(600))
    assert (result.answer("greater"), result.answer("less")) == ("unclear", "unclear")
    assert result.interval.low < 0.001 < result.interval.high
    with pytest.raises(DegenerateSample):
        sequential_mean(candidate[:235], np.zeros(235))


def test_what_cannot_be_looked_at_sequentially_is_refused():
    with pytest.raises(TooFewSamples, match="one by one"):
        sequential_mean([0.1] * (FIRST_LOOK - 1), [0.2] * (FIRST_LOOK - 1))
    with pytest.raises(DegenerateSample):
        sequential_mean([0.75] * 200, [0.5] * 200)
    with pytest.raises(Misaligned):
        sequential_mean([0.1] * 100, [0.5] * 99)
    with pytest.raises(Misaligned):
        sequential_pairs([1, 0], [1])
    with pytest.raises(TooFewSamples):
        sequential_pairs([], [])
    with pytest.raises(NotBinary):
        sequential_pairs([0.5, 1], [1, 0])
    for null in (math.nan, math.inf):
        with pytest.raises(StatisticsError):
            sequential_mean(np.arange(200.0), np.zeros(200), null=null)
        with pytest.raises(StatisticsError):
            sequential_pairs([1, 0], [0, 1], null=null)
    with pytest.raises(StatisticsError):
        sequential_pairs([1, 0], [0, 1], null=1.0)
    with pytest.raises(StatisticsError):
        sequential_mean(np.arange(200.0), np.zeros(200), tightest_at=0)


@pytest.mark.parametrize("bad", [math.nan, math.inf, None])
def test_scores_that_are_no_finite_numbers_are_refused(bad):
    with pytest.raises((NotFinite, NotBinary)):
        sequential_pairs([1, bad], [0, 1])
    with pytest.raises(NotFinite):
        sequential_mean([*np.arange(199.0), bad], np.zeros(200))
