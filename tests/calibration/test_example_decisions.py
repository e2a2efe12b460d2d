"""Scorecard G4, G4b, G5: several seeds on shared examples, and non-inferiority at exactly the margin."""

import numpy as np
import pytest

from assay.stats.crossed import crossed_against_threshold, crossed_comparison
from assay.stats.distributions import binomial_at_least, normal_cdf
from assay.stats.paired import PairedCounts, exact_mcnemar, tango_test, tango_z
from assay.stats.planning import noninferiority_power


def pass_rates(rng, n, *, item_sd=1.5, model_sd=0.0, cluster_sd=0.0, cluster_size=10):
    """Success probabilities of two equally good methods: item difficulty, model-by-item and model-by-source noise."""
    item = rng.normal(0.0, item_sd, n)
    for _ in range(2):
        source = np.repeat(rng.normal(0.0, cluster_sd, -(-n // cluster_size)), cluster_size)[:n]
        yield 1 / (1 + np.exp(-(item + rng.normal(0.0, model_sd, n) + source)))


def scores(rng, rates, seeds, seed_sd=0.0):
    shifted = np.clip(rates[:, np.newaxis] + rng.normal(0.0, seed_sd, seeds), 0.0, 1.0)
    return (rng.random(shifted.shape) < shifted).astype(float)


def false_promotions(calibration, replicates, n, seeds, *, seed_sd=0.0, clusters=None, **world):
    hits = 0
    for _ in range(replicates):
        arms = [scores(calibration.rng, r, seeds, seed_sd) for r in pass_rates(calibration.rng, n, **world)]
        hits += crossed_comparison(*arms, clusters=clusters).answer("greater") == "met"
    return hits


@pytest.mark.parametrize(("n", "full"), [(200, 10_000), (1000, 8000), (5000, 4000)])
def test_g4_model_by_item_noise_promotes_at_most_six_percent(calibration, n, full):
    count = calibration.replicates(full)
    hits = false_promotions(calibration, count, n, 5, model_sd=1.0)
    calibration.rate(f"G4 A/A, model-by-item sd 1, 5 seeds, {n} items", hits, count, at_most=0.06)


@pytest.mark.parametrize("seeds", [1, 5])
def test_g4_clustered_items_promote_at_most_six_percent(calibration, seeds):
    count = calibration.replicates(8000)
    labels = np.repeat(np.arange(50), 10)
    hits = false_promotions(calibration, count, 500, seeds, cluster_sd=0.8, clusters=labels)
    calibration.rate(f"G4 A/A, 10-item clusters, {seeds} seeds, 500 items", hits, count, at_most=0.06)


@pytest.mark.parametrize(("n", "full"), [(500, 10_000), (2000, 8000), (10_000, 2500)])
@pytest.mark.parametrize(("seeds", "seed_sd"), [(5, 0.005), (3, 0.01)])
def test_g4b_training_seed_effect_promotes_at_most_six_percent(calibration, n, full, seeds, seed_sd):
    count = calibration.replicates(full)
    hits = false_promotions(calibration, count, n, seeds, seed_sd=seed_sd)
    calibration.rate(f"G4b A/A, seed sd {seed_sd}, {seeds} seeds, {n} items", hits, count, at_most=0.06)


@pytest.mark.parametrize(
    ("rate", "seeds", "seed_sd"), [(0.7, 5, 0.02), (0.95, 3, 0.01), (0.99, 3, 0.0), (0.99, 5, 0.002)]
)
def test_crossed_threshold_claim_at_exactly_the_threshold_passes_at_most_six_percent(
    calibration, rate, seeds, seed_sd
):
    count, hits = calibration.replicates(6000), 0
    for _ in range(count):
        table = scores(calibration.rng, np.full(500, rate), seeds, seed_sd)
        hits += crossed_against_threshold(table, rate).answer("greater") == "met"
    calibration.rate(f"crossed threshold {rate}, {seeds} seeds, seed sd {seed_sd}", hits, count, at_most=0.06)


def noninferiority_passes(calibration, replicates, n, difference, *, discordance=0.15, margin=0.02):
    rates = [(discordance + difference) / 2, (discordance - difference) / 2, 1 - discordance]
    wins, losses, _ = calibration.rng.multinomial(n, rates, size=replicates).T
    p_values = normal_cdf(-tango_z(wins, losses, n, -margin))  # the core of tango_test
    for w, lost, p in zip(wins[:20], losses[:20], p_values[:20], strict=True):
        assert tango_test(PairedCounts(int(w), int(lost), n), null=-margin).p_greater == p
    return int((p_values <= 0.05).sum())


@pytest.mark.parametrize("n", [200, 500, 1000, 2000, 5000])
def test_g5_gate_passes_a_model_exactly_at_the_margin_three_to_five_and_a_half_percent(calibration, n):
    count = calibration.replicates(20_000)
    hits = noninferiority_passes(calibration, count, n, -0.02)
    calibration.rate(f"G5 pass at the margin, {n} items", hits, count, at_least=0.03, at_most=0.055)


@pytest.mark.parametrize("n", [200, 500, 1000, 2000, 5000])
def test_g5_stretch_power_for_an_equal_model_is_within_two_points_of_the_number_shown(calibration, n):
    count = calibration.replicates(20_000)
    shown = noninferiority_power(n, 0.15, 0.02)
    hits = noninferiority_passes(calibration, count, n, 0.0)
    name = f"G5 power for an equal model, {n} items, shown {shown:.3f}"
    calibration.rate(name, hits, count, at_least=shown - 0.02, at_most=shown + 0.02, stretch=True)


def test_exact_mcnemar_promotes_equal_models_at_most_five_percent(calibration):
    count = calibration.replicates(50_000)
    wins, losses, _ = calibration.rng.multinomial(200, [0.16, 0.16, 0.68], size=count).T
    p_values = binomial_at_least(wins, wins + losses, 0.5)  # the core of exact_mcnemar
    for w, lost, p in zip(wins[:20], losses[:20], p_values[:20], strict=True):
        assert exact_mcnemar(PairedCounts(int(w), int(lost), 200)).p_greater == p
    calibration.rate("exact McNemar A/A, 200 items", (p_values <= 0.05).sum(), count, at_most=0.05)
