"""Rates of examples that were tried several times, came in clusters, or were partly right."""

import numpy as np
import pytest

from assay.stats.averaged_rates import mostly_outright, shared_examples, variance_dof
from assay.stats.crossed import crossed_against_threshold, crossed_comparison
from assay.stats.paired import PairedCounts, paired_comparison, paired_t, tango_test


def column(*parts):
    """Scores of examples, as one seed gave them: (value, how often) after one another."""
    return np.concatenate([np.full(times, value) for value, times in parts])[:, np.newaxis]


def assert_never_met_again(p_values):
    """Of results that become worse and worse: once the claim is not met at a level, it stays so."""
    for level in (0.05, 0.025, 0.01):
        met = [p <= level for p in p_values]
        assert met == sorted(met, reverse=True), level


def test_one_example_half_right_shows_no_more_than_all_right():
    clean = crossed_against_threshold(column((1.0, 50)), 0.97)
    partly = crossed_against_threshold(column((1.0, 49), (0.5, 1)), 0.97)
    assert (clean.answer("greater"), partly.answer("greater")) == ("unclear", "unclear")
    assert partly.p_greater > clean.p_greater
    assert partly.estimate.interval.low < clean.estimate.interval.low
    assert partly.estimate.interval.high <= 1.0


def test_one_failure_in_many_tries_shows_no_more_than_none():
    none, one = (crossed_against_threshold(column((0.0, 1000 - hit), (0.2, hit)), 0.001) for hit in (0, 1))
    assert one.p_less > none.p_less > 0.05
    assert one.estimate.interval.high > none.estimate.interval.high


@pytest.mark.parametrize("threshold", [0.85, 0.9, 0.95, 0.97, 0.999])
@pytest.mark.parametrize(("examples", "times"), [(50, 3), (200, 2), (1000, 5)])
def test_further_failures_never_make_a_rate_of_tries_pass(examples, times, threshold):
    found = [
        crossed_against_threshold(column((1.0, examples - hits), (1 - 1 / times, hits)), threshold).p_greater
        for hits in range(examples // 6)
    ]
    assert_never_met_again(found)


@pytest.mark.parametrize(("examples", "times", "margin"), [(100, 3, 0.03), (400, 3, 0.01), (1000, 5, 0.005)])
def test_further_failures_never_make_a_model_pass_as_no_worse(examples, times, margin):
    perfect = column((1.0, examples))
    found = [
        crossed_comparison(
            column((1.0, examples - hits), (1 - 1 / times, hits)), perfect, null=-margin
        ).p_greater
        for hits in range(examples // 6)
    ]
    assert_never_met_again(found)


def test_identical_tries_are_tango_without_discordant_pairs():
    same = column((1.0, 60), (0.5, 40))[:, 0]
    ours, known = shared_examples(same, same, null=-0.05), tango_test(PairedCounts(0, 0, 100), null=-0.05)
    assert ours.p_greater == pytest.approx(known.p_greater, abs=1e-12)
    assert ours.interval.low == pytest.approx(known.interval.low, abs=1e-9)


def test_tries_that_all_agree_are_judged_as_one_try():
    once = column((1.0, 90), (0.0, 10))
    assert (
        crossed_against_threshold(once, 0.8).p_greater == crossed_against_threshold(once[::-1], 0.8).p_greater
    )
    nearly = column((1.0, 90), (0.0, 9), (1e-9, 1))
    plain, tried = (crossed_against_threshold(table, 0.8) for table in (once, nearly))
    assert tried.p_greater == pytest.approx(plain.p_greater, rel=0.1)


def test_scores_in_between_are_left_to_the_t():
    scores = np.linspace(0.3, 0.9, 40)
    assert not mostly_outright(scores)
    assert crossed_against_threshold(scores[:, np.newaxis], 0.5).estimate.method == "crossed t"
    shift = scores - 0.02 * np.sin(np.arange(40))
    assert shared_examples(scores, shift, null=-0.05) == paired_t(scores, shift, null=-0.05)


def test_against_no_difference_averages_of_tries_are_left_to_the_t():
    a, b = column((1.0, 30), (2 / 3, 10))[:, 0], column((1.0, 28), (1 / 3, 12))[:, 0]
    assert shared_examples(a, b) == paired_comparison(a, b)


def test_clusters_in_which_only_one_model_fails_are_no_surer_than_clean_ones():
    source = np.arange(200) // 5
    perfect, worse = np.ones(200), np.ones(200)
    clean = shared_examples(perfect, perfect, clusters=source, null=-0.05)
    worse[7] = 0.0
    found = shared_examples(worse, perfect, clusters=source, null=-0.05)
    assert found.p_greater > clean.p_greater
    assert found.n_candidate == 40


def test_spread_that_rests_on_one_value_has_few_degrees_of_freedom():
    normal = np.random.default_rng(1).normal(size=4000)
    assert variance_dof(normal - normal.mean()) == pytest.approx(3999, rel=0.1)
    one = np.append(np.zeros(999), 1.0)
    assert variance_dof(one - one.mean()) == pytest.approx(2.0, abs=0.02)


def sources_losing(losses, wins, sources=20, size=5):
    """Right answers of both models in sources of equal size: the candidate loses one example in each of the first, and wins the last."""
    ours, theirs = np.ones((sources, size)), np.ones((sources, size))
    ours[np.arange(losses) % sources, np.arange(losses) // sources] = 0.0
    theirs[-1 - np.arange(wins) % sources, -1 - np.arange(wins) // sources] = 0.0
    return ours.reshape(-1, 1), theirs.reshape(-1, 1), np.arange(sources * size) // size


@pytest.mark.parametrize("margin", [0.05, 0.1])
def test_one_loss_and_one_win_over_few_sources_are_no_proof(margin):
    ours, theirs, source = sources_losing(1, 1)
    found = crossed_comparison(ours, theirs, clusters=source, null=-margin)
    assert found.answer("greater") == "unclear"
    assert found.interval.low < -margin < found.interval.high
    by_bootstrap = paired_comparison(ours[:, 0], theirs[:, 0], clusters=source, null=-margin)
    assert by_bootstrap.answer("greater") == "met"  # as method 7 had it


@pytest.mark.parametrize("wins", [4, 10])
@pytest.mark.parametrize(("sources", "size", "margin"), [(20, 5, 0.1), (40, 5, 0.05), (15, 20, 0.05)])
def test_further_failures_never_make_a_model_pass_over_sources_where_both_sides_lose(
    sources, size, margin, wins
):
    found = []
    for losses in range(0, 3 * sources // 2, 3):
        ours, theirs, source = sources_losing(losses, wins, sources, size)
        found.append(crossed_comparison(ours, theirs, clusters=source, null=-margin).p_greater)
    assert_never_met_again(found)


def test_sources_that_win_what_they_lose_are_judged_though_they_have_no_spread():
    ours, theirs = np.ones((250, 4)), np.ones((250, 4))
    ours[:3, 0], theirs[:3, 1] = 0.0, 0.0
    columns, source = [side.reshape(-1, 1) for side in (ours, theirs)], np.arange(1000) // 4
    found = crossed_comparison(*columns, clusters=source, null=-0.02)
    assert (
        found.answer("greater"),
        crossed_comparison(*columns, clusters=source, null=-0.01).answer("greater"),
    ) == (
        "met",
        "unclear",
    )
    assert found.effect == 0.0


def test_of_seeds_that_lose_some_on_both_sides_the_less_sure_test_decides():
    ours, theirs = np.ones((20, 5)), np.ones((20, 5))
    ours[0, 0], theirs[1, 0] = 0.0, 0.0
    found = crossed_comparison(ours, theirs, null=-0.05)
    assert found.answer("greater") == "unclear"
    assert "Tango" in found.method
    rng = np.random.default_rng(4)
    chance = rng.uniform(0.3, 0.9, (300, 1))
    arms = [(rng.random((300, 5)) < chance).astype(float) for _ in range(2)]
    assert "crossed" in crossed_comparison(*arms, null=-0.05).method


@pytest.mark.parametrize("clustered", [False, True])
def test_a_model_that_wins_many_is_no_worse_where_a_clean_sheet_would_not_say_so(clustered):
    if clustered:
        ours, theirs, source = sources_losing(6, 24, sources=40, size=2)
    else:
        theirs = column((0.5, 24), (1.0, 56))
        ours, source = column((1.0, 74), (0.5, 6)), None
    clean = np.ones_like(ours)
    assert crossed_comparison(ours, theirs, clusters=source, null=-0.02).answer("greater") == "met"
    assert crossed_comparison(clean, clean, clusters=source, null=-0.02).answer("greater") == "unclear"
