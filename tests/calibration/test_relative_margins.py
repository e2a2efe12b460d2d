"""How often does a candidate that stands exactly at a relative margin pass, when the baseline was measured?"""

import numpy as np
import pytest

from assay.stats.relative import relative_comparison, relative_to
from assay.stats.relative_slices import relative_slices
from assay.stats.samples import DegenerateSample
from assay.stats.welch import welch_comparison


@pytest.mark.parametrize(("share", "noise"), [(0.02, 1.0), (0.1, 10.0)])
def test_latency_at_the_margin_passes_at_most_six_percent(calibration, share, noise):
    count, hits = calibration.replicates(1500), 0
    for _ in range(count):
        baseline = calibration.rng.gamma(2.0, 100.0, (200, 1))
        candidate = baseline + share * 200.0 + calibration.rng.normal(0.0, noise, (200, 1))
        hits += relative_comparison(candidate, baseline, share=share).answer("less") == "met"
    calibration.rate(
        f"{share:.0%} slower, 200 pairs, no worse by {share:.0%} relative", hits, count, at_most=0.06
    )


def test_a_gain_at_the_margin_passes_at_most_six_percent(calibration):
    count, hits = calibration.replicates(1500), 0
    for _ in range(count):
        sides = calibration.rng.gamma(2.0, 15.0, (200, 1)), calibration.rng.gamma(2.0, 10.0, (200, 1))
        hits += relative_comparison(*sides, share=0.5).answer("greater") == "met"
    calibration.rate("50% better, improves by > 50% relative", hits, count, at_most=0.06)


@pytest.mark.parametrize(("n", "rate"), [(50, 0.9), (200, 0.95), (500, 0.6)])
def test_a_pass_rate_at_the_margin_passes_at_most_six_percent(calibration, n, rate):
    count, hits = calibration.replicates(2000), 0
    for _ in range(count):
        baseline = calibration.rng.random((n, 1)) < rate
        kept, won = calibration.rng.random((n, 1)) < 0.88, calibration.rng.random((n, 1))
        candidate = np.where(baseline, kept, won < rate * 0.02 / (1.0 - rate))
        found = relative_comparison(candidate.astype(float), baseline.astype(float), share=-0.1)
        hits += found.answer("greater") == "met"
    calibration.rate(f"rate {rate} less 10%, {n} pairs", hits, count, at_most=0.06)


def test_seeds_at_the_margin_pass_at_most_six_percent(calibration):
    count, hits = calibration.replicates(2000), 0
    for _ in range(count):
        ours, theirs = calibration.rng.normal(45.0, 3.0, 5), calibration.rng.normal(30.0, 2.0, 5)
        found = relative_to(lambda f, a=ours, b=theirs: welch_comparison(a, f * b), 0.5, float(theirs.mean()))
        hits += found.answer("greater") == "met"
    calibration.rate("five seeds an arm, improves by > 50% relative", hits, count, at_most=0.06)


@pytest.mark.parametrize("seeds", [1, 3])
def test_clusters_and_seeds_at_the_margin_pass_at_most_six_percent(calibration, seeds):
    count, hits, source = calibration.replicates(1000), 0, np.arange(400) // 10
    for _ in range(count):
        level = 100.0 * calibration.rng.gamma(4.0, 0.25, 40)[source][:, None] + calibration.rng.normal(
            0, 5, (400, 1)
        )
        b = level + calibration.rng.normal(0, 3, (400, seeds))
        a = (
            1.05 * level
            + calibration.rng.normal(0, 3, (400, seeds))
            + calibration.rng.normal(0, 2, 40)[source][:, None]
        )
        try:
            hits += relative_comparison(a, b, share=0.05, clusters=source).answer("less") == "met"
        except DegenerateSample:
            continue
    calibration.rate(f"40 sources, {seeds} seeds, no worse by 5% relative", hits, count, at_most=0.06)


def test_slices_at_the_margin_are_called_harmed_at_most_six_percent(calibration):
    count, hits, index = calibration.replicates(1000), 0, np.arange(300) // 100
    for _ in range(count):
        b = calibration.rng.gamma(2.0, 100.0, (300, 1))
        a = b + 0.1 * 200.0 + calibration.rng.normal(0, 10.0, (300, 1))
        hits += relative_slices(a, b, index, 3, share=0.1).p_greater <= 0.05
    for slice_hits in np.atleast_1d(hits):
        calibration.rate("a slice 10% slower, margin 10% relative", int(slice_hits), count, at_most=0.07)


@pytest.mark.parametrize("kind", ["averages", "seeds", "sources"])
@pytest.mark.parametrize(
    ("examples", "times", "rate", "alike", "share"),
    [(50, 3, 1.0, 2, 0.05), (100, 5, 1.0, 20, 0.02), (200, 3, 1.0, 0.5, 0.05), (100, 3, 0.99, 2, 0.05)],
)
def test_slice_in_tries_exactly_at_a_relative_margin(calibration, examples, times, rate, alike, share, kind):
    """A t passed it in up to 18% of the slices; each is judged as a whole set of its size."""
    if kind == "sources" and rate < 1.0:
        return
    count, rng = calibration.replicates(10000), calibration.rng
    index = np.arange(count * examples) // examples
    baseline = np.ones(index.size) if rate == 1.0 else rng.beta(rate * alike, (1 - rate) * alike, index.size)
    least = 1.0 - share
    kept = rng.beta(least * alike, share * alike, index.size) if rate == 1.0 else least * baseline
    tables = [(rng.random((index.size, times)) < each[:, None]).astype(float) for each in (kept, baseline)]
    source = None
    if kind == "averages":
        tables = [table.mean(axis=1, keepdims=True) for table in tables]
    if kind == "sources":
        source, index = np.arange(index.size * times) // times, np.repeat(index, times)
        tables = [table.reshape(-1, 1) for table in tables]
    tests = relative_slices(*tables, index, count, share=-share, clusters=source)
    hits = int((tests.p_greater <= 0.05).sum())
    name = f"{kind} of {times} tries, {examples} exactly {share:.0%} below a baseline of {rate}"
    calibration.rate(name, hits, count, at_most=0.055)


def test_equal_models_in_tries_pass_a_relative_margin_nearly_as_often_as_an_absolute_one(calibration):
    """A t finds 91%, were it right near the end of the range; the score test of an absolute margin 86%."""
    count, rng = calibration.replicates(10000), calibration.rng
    chance = rng.beta(0.9 * 0.5, 0.1 * 0.5, count * 200)
    arms = [(rng.binomial(3, chance) / 3)[:, None] for _ in range(2)]
    tests = relative_slices(*arms, np.arange(chance.size) // 200, count, share=-0.03 / 0.9)
    hits = int((tests.p_greater <= 0.05).sum())
    calibration.rate(
        "power of 200 examples x 3 tries, equal models, 3.3% relative", hits, count, at_least=0.84
    )
