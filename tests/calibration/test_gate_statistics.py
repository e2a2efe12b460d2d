"""Error rates that gates rest on, beside the numbered lines: percentiles, repeats, few sources, reported figures, bootstraps."""

import numpy as np
import pytest

from assay.stats.crossed import crossed_against_threshold, crossed_comparison
from assay.stats.quantiles import quantile_against_threshold
from assay.stats.reliability import reliability_estimate
from assay.stats.resampling import paired_bootstrap, quantile_difference
from assay.stats.samples import DegenerateSample
from assay.stats.spread import spread_against_limit
from assay.stats.summaries import Summary, compare_summaries

LOPSIDED = np.repeat(np.arange(20), [5] * 16 + [60] * 4)
EVEN = np.arange(200) // 10


def clustered_arms(rng, source, seeds, arms=2):
    item = rng.normal(1.0, 1.5, source.size)
    for _ in range(arms):
        rate = 1 / (1 + np.exp(-(item + rng.normal(0, 0.8, source.max() + 1)[source])))
        moved = np.clip(rate[:, np.newaxis] + rng.normal(0, 0.005, seeds), 0, 1)
        yield (rng.random((source.size, seeds)) < moved).astype(float)


@pytest.mark.parametrize("seeds", [1, 5])
@pytest.mark.parametrize(("shape", "source"), [("even", EVEN), ("lopsided", LOPSIDED)])
def test_g4_few_sources_promote_at_most_six_percent(calibration, shape, source, seeds):
    # The case nearest to the bar is measured four times as often.
    count, hits = calibration.replicates(8000 if (shape, seeds) == ("lopsided", 5) else 2000), 0
    for _ in range(count):
        try:
            arms = clustered_arms(calibration.rng, source, seeds)
            hits += crossed_comparison(*arms, clusters=source).answer("greater") == "met"
        except DegenerateSample:
            continue
    calibration.rate(f"G4 A/A, 20 {shape} sources, {seeds} seeds", hits, count, at_most=0.06)


@pytest.mark.parametrize(("shape", "source"), [("even", EVEN), ("lopsided", LOPSIDED)])
def test_threshold_claim_over_few_sources_passes_at_most_seven_percent(calibration, shape, source):
    draws = calibration.rng.normal(1.0, np.hypot(1.5, 0.8), 2_000_000)
    truth = float(np.mean(1 / (1 + np.exp(-draws))))
    count, hits = calibration.replicates(4000), 0
    for _ in range(count):
        (scores,) = clustered_arms(calibration.rng, source, 1, arms=1)
        hits += crossed_against_threshold(scores, truth, clusters=source).answer("greater") == "met"
    calibration.rate(f"rate exactly at the threshold, 20 {shape} sources", hits, count, at_most=0.07)


@pytest.mark.parametrize("claim", ["less", "greater"])
@pytest.mark.parametrize(("n", "sessions"), [(60, None), (500, None), (1000, 50)])
def test_percentile_exactly_at_the_limit_passes_at_most_seven_percent(calibration, n, sessions, claim):
    rng = calibration.rng
    limit = float(np.exp(5 + 1.6448536269514722 * np.hypot(0.5, 0.3)))
    source = None if sessions is None else np.repeat(np.arange(sessions), n // sessions)
    count, hits = calibration.replicates(8000), 0
    for _ in range(count):
        shared = rng.normal(0, 0.3, n) if source is None else rng.normal(0, 0.3, sessions)[source]
        values = np.exp(5 + rng.normal(0, 0.5, n) + shared)
        hits += quantile_against_threshold(values, 0.95, limit, clusters=source).answer(claim) == "met"
    where = f"{n} requests" if sessions is None else f"{n} requests in {sessions} sessions"
    bar = 0.05 if sessions is None else 0.07
    calibration.rate(f"p95 exactly at the limit, claim '{claim}', {where}", hits, count, at_most=bar)


@pytest.mark.parametrize("n", [100, 500])
def test_equal_latencies_are_called_slower_at_most_seven_percent(calibration, n):
    count, hits = calibration.replicates(4000), 0
    for _ in range(count):
        x, y = calibration.rng.lognormal(5, 0.7, (2, n))
        found = quantile_difference(x, y, 0.95, calibration.rng, resamples=999)
        hits += found.answer("greater") == "met"
    calibration.rate(f"p95 of equal latencies called slower, {n} requests an arm", hits, count, at_most=0.07)


@pytest.mark.parametrize("kind", ["pass@k", "pass^k"])
@pytest.mark.parametrize("tasks", [10, 25, 100])
@pytest.mark.parametrize(
    ("tries", "k", "shape"), [(4, 3, (2, 2)), (8, 4, (1, 3)), (4, 4, (8, 1)), (10, 5, (0.5, 0.5))]
)
def test_repeat_reliability_misses_the_truth_on_one_side_at_most_seven_percent(
    calibration, kind, tasks, tries, k, shape
):
    rng = calibration.rng
    rates = rng.beta(*shape, 1_000_000)
    truth = float((rates**k).mean() if kind == "pass^k" else (1 - (1 - rates) ** k).mean())
    count, above, below = calibration.replicates(4000), 0, 0
    for _ in range(count):
        worked = rng.binomial(tries, rng.beta(*shape, tasks))
        interval = reliability_estimate(worked, np.full(tasks, tries), k, kind).interval
        above, below = above + (interval.low > truth), below + (interval.high < truth)
    name = f"{kind}, k={k} of {tries}, {tasks} tasks from Beta{shape}, missed on one side"
    calibration.rate(name, max(above, below), count, at_most=0.07)


@pytest.mark.parametrize("kind", ["BCa", "percentile"])
@pytest.mark.parametrize("n", [100, 1000])
def test_bootstrap_interval_of_pass_fail_pairs_covers_the_truth(calibration, kind, n):
    count, hits = calibration.replicates(10_000), 0
    for _ in range(count):
        differences = calibration.rng.choice([-1.0, 0.0, 1.0], n, p=[0.07, 0.8, 0.13])
        found = paired_bootstrap(differences, np.zeros(n), calibration.rng, kind=kind, resamples=999)
        hits += found.interval.contains(0.06)
    calibration.rate(
        f"{kind} 90% interval covers, {n} pass/fail pairs", hits, count, at_least=0.88, at_most=0.93
    )


@pytest.mark.parametrize("n", [30, 200])
def test_reported_rates_of_equal_models_are_called_better_at_most_five_and_a_half_percent(calibration, n):
    count, hits = calibration.replicates(10_000), 0
    drawn, times = np.unique(calibration.rng.binomial(n, 0.9, (count, 2)), axis=0, return_counts=True)
    for pair, often in zip(drawn.tolist(), times.tolist(), strict=True):
        sides = [Summary(x / n, float(np.sqrt(x / n * (1 - x / n) / (n - 1))), n, rate=True) for x in pair]
        hits += often * (compare_summaries(*sides).answer("greater") == "met")
    calibration.rate(f"reported rates, A/A, {n} examples", hits, count, at_most=0.055)


@pytest.mark.parametrize("seeds", [3, 5, 10])
def test_spread_exactly_at_the_limit_raises_an_alarm_at_most_five_percent(calibration, seeds):
    count = calibration.replicates(20_000)
    scores = calibration.rng.normal(0, 0.03, (count, seeds))
    hits = sum(spread_against_limit(x, 0.03).answer("greater") == "met" for x in scores)
    calibration.rate(f"spread exactly at the limit called too wide, {seeds} seeds", hits, count, at_most=0.05)
