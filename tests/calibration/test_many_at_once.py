"""Scorecard G6: many slices, many candidates, many pairs of groups, and hardly a false alarm."""

import numpy as np
import pytest

from assay.stats.distributions import normal_cdf
from assay.stats.fairness import fairness_gap
from assay.stats.multiplicity import holm
from assay.stats.paired import tango_z
from assay.stats.samples import moments
from assay.stats.slice_alarms import slice_alarm
from assay.stats.slices import mcnemar_many, paired_slices
from assay.stats.welch import welch_core

SLICES = 30


def drawn(rng, count, n, discordance, planted=0.0):
    """Wins and losses in every slice; the first one loses `planted` more than it wins."""
    even = [discordance / 2, discordance / 2, 1 - discordance]
    tables = rng.multinomial(n, even, size=(count, SLICES))
    if planted:
        odds = [(discordance - planted) / 2, (discordance + planted) / 2, 1 - discordance]
        tables[:, 0] = rng.multinomial(n, odds, size=count)
    return tables[:, :, 0], tables[:, :, 1]


def alarms(wins, losses, n, margin):
    """Holm's alarm for each replicate, and which slice set it off: any at all, and the first."""
    p = normal_cdf(tango_z(wins, losses, n, -margin)) if margin else mcnemar_many(wins, losses)[1]
    rank = np.argsort(np.argsort(p, axis=1, kind="stable"), axis=1)
    passed = np.sort(p, axis=1) <= 0.05 / (SLICES - np.arange(SLICES))
    stands = np.minimum.accumulate(passed, axis=1)
    shown = np.take_along_axis(stands, rank, axis=1)
    return shown.any(axis=1), shown[:, 0]


@pytest.mark.parametrize("margin", [0.0, 0.03])
def test_alarm_of_the_simulation_is_what_the_shipped_function_shows(calibration, margin):
    wins, losses = drawn(calibration.rng, 20, 100, 0.2, planted=0.15)
    any_alarm, first = alarms(wins, losses, 100, margin)
    index = np.repeat(np.arange(SLICES), 100)
    for w, lost, expected, first_expected in zip(wins, losses, any_alarm, first, strict=True):
        x = np.concatenate([np.r_[np.ones(a), np.zeros(100 - a)] for a in w])
        y = np.concatenate(
            [np.r_[np.zeros(a), np.ones(b), np.zeros(100 - a - b)] for a, b in zip(w, lost, strict=True)]
        )
        found = slice_alarm(paired_slices(x, y, index, SLICES, null=-margin), higher_is_better=True)
        assert bool(found.shown) == expected
        assert (0 in [harm.position for harm in found.shown]) == first_expected


@pytest.mark.parametrize("n", [50, 200])
@pytest.mark.parametrize("discordance", [0.16, 0.2])
def test_g6_thirty_slices_of_equal_models_raise_an_alarm_at_most_five_percent(calibration, n, discordance):
    count = calibration.replicates(20_000)
    shown, _ = alarms(*drawn(calibration.rng, count, n, discordance), n, 0.0)
    name = f"G6 false alarm, 30 slices of {n}, {discordance:.0%} discordant"
    calibration.rate(name, shown.sum(), count, at_most=0.05)


@pytest.mark.parametrize("n", [50, 200])
def test_slices_exactly_at_the_margin_raise_an_alarm_at_most_five_percent(calibration, n):
    count = calibration.replicates(20_000)
    odds = [0.065, 0.095, 0.84]
    tables = calibration.rng.multinomial(n, odds, size=(count, SLICES))
    shown, _ = alarms(tables[:, :, 0], tables[:, :, 1], n, 0.03)
    calibration.rate(
        f"false alarm, 30 slices of {n} all exactly 3 points down, margin 3", shown.sum(), count, at_most=0.05
    )


@pytest.mark.parametrize(("discordance", "least"), [(0.16, 0.70), (0.2, 0.55)])
def test_g6_stretch_slice_ten_points_down_is_caught(calibration, discordance, least):
    count = calibration.replicates(20_000)
    _, first = alarms(*drawn(calibration.rng, count, 200, discordance, planted=0.10), 200, 0.0)
    name = f"G6 planted -10 points in one of 30 slices of 200 caught, {discordance:.0%} discordant"
    calibration.rate(name, first.sum(), count, at_least=least, stretch=True)


def test_g6_best_of_twenty_equal_candidates_is_promoted_at_most_five_percent(calibration):
    count, seeds, candidates = calibration.replicates(20_000), 5, 20
    hits = 0
    for start in range(0, count, 2000):
        size = min(2000, count - start)
        baseline = (*moments(calibration.rng.normal(size=(size, 1, seeds))), seeds)
        others = (*moments(calibration.rng.normal(size=(size, candidates, seeds))), seeds)
        p = welch_core(others, baseline)[3]
        hits += int((p.min(axis=1) <= 0.05 / candidates).sum())
        if start == 0:
            for row in p[:20]:
                assert any(holm(row).rejected) == bool(row.min() <= 0.05 / candidates)
    calibration.rate("G6 best of 20 equal candidates promoted, 5 seeds, Holm", hits, count, at_most=0.05)


@pytest.mark.parametrize(
    ("sizes", "seeds"), [((300, 300, 300, 300, 300), 1), ((20, 60, 400, 1500), 1), ((100, 400), 5)]
)
def test_groups_exactly_at_the_allowed_gap_raise_an_alarm_at_most_five_percent(calibration, sizes, seeds):
    """One group lies exactly the margin below the others: no gap is beyond it."""
    count, hits = calibration.replicates(1000), 0
    index = np.repeat(np.arange(len(sizes)), sizes)
    rates = np.where(index == 0, 0.87, 0.92)[:, np.newaxis]
    for _ in range(count):
        scores = (calibration.rng.random((index.size, seeds)) < rates).astype(float)
        hits += bool(fairness_gap(scores, index, len(sizes), margin=0.05).shown)
    calibration.rate(f"false fairness alarm, groups of {sizes}, {seeds} seeds", hits, count, at_most=0.05)


def test_clustered_slices_with_seeds_of_equal_methods_raise_an_alarm_at_most_five_percent(calibration):
    count, hits = calibration.replicates(2000), 0
    index, source = np.repeat(np.arange(10), 120), np.arange(1200) // 8
    for _ in range(count):
        item = calibration.rng.normal(1, 1.2, 1200)
        arms = []
        for _ in range(2):
            shift = calibration.rng.normal(0, 0.6, 150)[source]
            rate = 1 / (1 + np.exp(-(item + shift)))
            moved = np.clip(rate[:, np.newaxis] + calibration.rng.normal(0, 0.01, 5), 0, 1)
            arms.append((calibration.rng.random((1200, 5)) < moved).astype(float))
        hits += bool(
            slice_alarm(paired_slices(*arms, index, 10, clusters=source), higher_is_better=True).shown
        )
    calibration.rate("false alarm, 10 slices of 120 in sources of 8, 5 seeds", hits, count, at_most=0.05)
