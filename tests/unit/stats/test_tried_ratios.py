"""Relative margins of rates in tries, in clusters and over seeds."""

import numpy as np
import pytest

from assay.stats.crossed import crossed_comparison
from assay.stats.paired_ratios import PairedTable, ratio_test
from assay.stats.relative import relative_comparison
from assay.stats.relative_slices import relative_slices
from assay.stats.samples import DegenerateSample
from assay.stats.slice_alarms import slice_alarm
from assay.stats.slices import joined


def column(*parts):
    """Scores of examples, as one seed gave them: (value, how often) after one another."""
    return np.concatenate([np.full(times, value) for value, times in parts])[:, np.newaxis]


def shares(examples=150, times=3, seed=1):
    """Shares of right answers; the baseline is a little better."""
    rng = np.random.default_rng(seed)
    return tuple((rng.binomial(times, rate, examples) / times)[:, np.newaxis] for rate in (0.93, 0.97))


def seeds(examples=150, times=5, lost=6):
    """Right-or-wrong scores of several seeds against a baseline that is always right."""
    table = np.ones((examples, times))
    table[np.arange(lost) * 7, np.arange(lost) % times] = 0.0
    return table, np.ones_like(table)


def test_tries_that_all_agree_are_judged_as_one_try():
    ours, theirs = column((1.0, 190), (0.0, 10)), column((1.0, 195), (0.0, 4), (1e-9, 1))
    tried = relative_comparison(ours, theirs, share=-0.1)
    once = ratio_test(PairedTable(190, 0, 5, 5), 0.9)
    assert tried.effect == pytest.approx(-0.025)
    assert tried.p_greater == pytest.approx(once.p_greater, rel=0.15)


@pytest.mark.parametrize(("examples", "times", "share"), [(100, 3, 0.03), (400, 3, 0.01), (1000, 5, 0.005)])
def test_further_failures_never_make_a_model_pass_a_relative_margin(examples, times, share):
    perfect = column((1.0, examples))
    found = [
        relative_comparison(
            column((1.0, examples - hits), (1 - 1 / times, hits)), perfect, share=-share
        ).p_greater
        for hits in range(1, examples // 8)
    ]
    for level in (0.05, 0.025, 0.01):
        met = [p <= level for p in found]
        assert met == sorted(met, reverse=True), level


@pytest.mark.parametrize("examples", [50, 140, 148, 160])
def test_a_partly_lost_example_shows_no_more_than_no_change_would(examples):
    """Of unchanged examples the exact chance of seeing none lost decides."""
    partly = relative_comparison(column((1.0, examples - 1), (0.99, 1)), column((1.0, examples)), share=-0.02)
    assert partly.p_greater >= 0.98**examples


def test_identical_tries_are_left_to_the_test_of_unchanged_scores():
    same = column((1.0, 60), (0.5, 40))
    with pytest.raises(DegenerateSample):
        relative_comparison(same, same, share=-0.05)


@pytest.mark.parametrize("data", [shares(), seeds()])
@pytest.mark.parametrize("share", [-0.12, -0.05, -0.02, 0.03])
def test_the_interval_of_tries_excludes_the_share_exactly_when_the_claim_is_decided(data, share):
    found = relative_comparison(*data, share=share)
    assert found.method.startswith("score test of the ratio at the effective number of examples")
    assert (found.interval.low >= found.null) == (found.p_greater <= 0.05)
    assert (found.interval.high <= found.null) == (found.p_less <= 0.05)
    assert found.interval.low < found.effect < found.interval.high
    assert found.effect == pytest.approx(float(data[0].mean() - data[1].mean()))


def test_where_the_baseline_is_perfect_a_relative_margin_is_nearly_the_absolute_one():
    ours, theirs = column((1.0, 280), (2 / 3, 20)), column((1.0, 300))
    relative, absolute = (
        relative_comparison(ours, theirs, share=-0.05),
        crossed_comparison(ours, theirs, null=-0.05),
    )
    assert relative.answer("greater") == absolute.answer("greater") == "met"
    assert relative.interval.low == pytest.approx(absolute.interval.low, abs=0.002)
    assert relative.interval.high == pytest.approx(absolute.interval.high, abs=0.002)


@pytest.mark.parametrize("data", [shares(), seeds()])
def test_each_slice_of_tries_gets_the_relative_test_of_the_whole_set(data):
    ours, theirs = data
    index = np.arange(ours.shape[0]) % 3
    found = relative_slices(ours, theirs, index, 3, share=-0.04)
    for slot in range(3):
        here = index == slot
        whole = relative_comparison(ours[here], theirs[here], share=-0.04)
        assert found.p_greater[slot] == pytest.approx(whole.p_greater, rel=1e-9)
        assert found.p_less[slot] == pytest.approx(whole.p_less, rel=1e-9)


def test_sources_of_which_one_side_never_loses_are_decided_as_in_the_whole_set():
    ours = np.ones((120, 1))
    ours[[3, 4, 50, 77]] = 0.0
    theirs, index, source = np.ones_like(ours), np.zeros(120, dtype=int), np.arange(120) // 3
    found = relative_slices(ours, theirs, index, 1, clusters=source, share=-0.05)
    whole = relative_comparison(ours, theirs, clusters=source, share=-0.05)
    assert found.p_greater[0] == pytest.approx(whole.p_greater, rel=1e-9)
    assert "where that is less sure" in slice_alarm(found, higher_is_better=True).method


def test_slices_that_are_right_every_time_on_both_sides_are_evidence_of_a_relative_margin():
    ours, theirs = np.ones((200, 1)), np.ones((200, 1))
    ours[150:155], theirs[160] = 2 / 3, 1 / 3
    index = np.arange(200) // 100
    tests = relative_slices(ours, theirs, index, 2, share=-0.05)
    assert not tests.untested
    alarm = slice_alarm(tests, higher_is_better=True)
    clean, partly = alarm.harms
    assert clean.p_harmless >= 0.95**100
    assert clean.p_harmless <= 0.05
    assert clean.claimed.low > -0.05
    assert partly.p_harmless >= clean.p_harmless
    by_other = relative_slices(ours, theirs, np.arange(200) % 4, 4, share=-0.05)
    assert len(slice_alarm(joined([tests, by_other]), higher_is_better=True).harms) == 6
