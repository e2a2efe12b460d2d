"""Scorecard G7 and G7b: exact over all possible counts, so nothing is simulated."""

import numpy as np
import pytest
import scipy.stats

from assay.stats.proportions import clopper_pearson, proportion_against_threshold, wilson

SIZES = [20, 30, 50, 100, 200, 300]
RATES = [0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.97]


def coverage(interval, n, rate):
    inside = [interval(k, n, confidence=0.95).contains(rate) for k in range(n + 1)]
    return float(scipy.stats.binom.pmf(np.arange(n + 1), n, rate) @ inside)


@pytest.mark.parametrize(("method", "bar"), [(clopper_pearson, 0.95), (wilson, 0.92)])
def test_g7_interval_covers_the_rate_in_the_worst_cell(calibration, method, bar):
    worst = min((coverage(method, n, rate), n, rate) for n in SIZES for rate in RATES)
    name = f"G7 95% {method.__name__}, worst coverage (n={worst[1]}, p={worst[2]})"
    calibration.exact(name, worst[0], at_least=bar)


@pytest.mark.parametrize("claim", ["greater", "less"])
def test_g7b_rate_exactly_at_the_threshold_passes_at_most_five_percent(calibration, claim):
    worst = (0.0, 0, 0.0)
    for n in [20, 50, 100, 300, 1000, 2000]:
        for rate in [*RATES, 0.99, 0.999]:
            probability = scipy.stats.binom.pmf(np.arange(n + 1), n, rate)
            met = [
                p > 0 and proportion_against_threshold(k, n, rate).answer(claim) == "met"
                for k, p in enumerate(probability)
            ]
            worst = max(worst, (float(probability @ met), n, rate))
    name = f"G7b worst false pass of '{claim}' (n={worst[1]}, p={worst[2]})"
    calibration.exact(name, worst[0], at_most=0.05)
