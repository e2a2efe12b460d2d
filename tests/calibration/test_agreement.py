"""Scorecard G10: the largest disagreement with other implementations over random inputs, edge cases included."""

import numpy as np
import pytest
import scipy.stats
from statsmodels.stats.multitest import multipletests

from assay.stats.crossed import crossed_comparison
from assay.stats.means import mean_against_threshold
from assay.stats.multiplicity import holm
from assay.stats.paired import PairedCounts, exact_mcnemar, paired_t
from assay.stats.proportions import clopper_pearson, proportion_against_threshold
from assay.stats.quantiles import quantile_against_threshold
from assay.stats.samples import StatisticsError
from assay.stats.slices import paired_slices, welch_slices
from assay.stats.spread import spread_against_limit
from assay.stats.welch import welch_comparison

INPUTS = 10_000


def sample(rng, least=2, most=40):
    """A few scores: many sizes and spreads, ties, offsets, and now and then no spread at all."""
    values = rng.normal(
        rng.normal(0, 10 ** rng.uniform(-2, 3)), 10 ** rng.uniform(-3, 2), int(rng.integers(least, most))
    )
    kind = rng.random()
    if kind < 0.2:
        return np.round(values)
    return np.full(values.size, values[0]) if kind < 0.22 else values


def counts(rng):
    n = int(rng.choice([1, 2, 3, 20, 1000, 20_000]))
    return int(rng.choice([0, n, rng.integers(0, n + 1)])), n


def welch(rng):
    x, y = sample(rng), sample(rng)
    ours = welch_comparison(x, y)
    theirs = [scipy.stats.ttest_ind(x, y, equal_var=False, alternative=a).pvalue for a in ("greater", "less")]
    again = welch_comparison(rng.permutation(x), rng.permutation(y))
    return (ours.p_greater, ours.p_less), theirs, again == ours


def one_sample(rng):
    x = sample(rng)
    threshold = float(np.mean(x) + rng.normal() * np.std(x))
    ours = mean_against_threshold(x, threshold)
    theirs = [scipy.stats.ttest_1samp(x, threshold, alternative=a).pvalue for a in ("greater", "less")]
    return (ours.p_greater, ours.p_less), theirs, mean_against_threshold(x[::-1], threshold) == ours


def paired(rng):
    x = sample(rng)
    y = x + rng.normal(0, 1, x.size)
    ours, order = paired_t(x, y), rng.permutation(x.size)
    theirs = [scipy.stats.ttest_rel(x, y, alternative=a).pvalue for a in ("greater", "less")]
    return (ours.p_greater, ours.p_less), theirs, paired_t(x[order], y[order]) == ours


def clustered(rng):
    """A crossed table of one seed whose clusters hold one example each is the plain paired t."""
    x = sample(rng, least=40, most=80)
    y = x + rng.normal(0, 1, x.size)
    names, order = rng.permutation(x.size), rng.permutation(x.size)
    ours = crossed_comparison(x, y, clusters=names)
    theirs = [scipy.stats.ttest_rel(x, y, alternative=a).pvalue for a in ("greater", "less")]
    return (
        (ours.p_greater, ours.p_less),
        theirs,
        crossed_comparison(x[order], y[order], clusters=order) == ours,
    )


def exact_pairs(rng):
    wins, losses = (int(rng.choice([0, 1, rng.integers(0, 200)])) for _ in range(2))
    ours = exact_mcnemar(PairedCounts(wins, losses, wins + losses + int(rng.integers(1, 100))))
    total = max(wins + losses, 1)
    theirs = [
        scipy.stats.binomtest(k, total, 0.5, alternative="greater").pvalue if wins + losses else 1.0
        for k in (wins, losses)
    ]
    return (ours.p_greater, ours.p_less), theirs, True


def rates(rng):
    (k, n), threshold = counts(rng), float(rng.choice([0.0, 1.0, rng.random()]))
    ours, interval = proportion_against_threshold(k, n, threshold), clopper_pearson(k, n)
    both = [scipy.stats.binomtest(k, n, threshold, alternative=a).pvalue for a in ("greater", "less")]
    theirs = [*both, *scipy.stats.binomtest(k, n).proportion_ci(0.9, "exact")]
    return (ours.p_greater, ours.p_less, interval.low, interval.high), theirs, True


def spread(rng):
    x, limit = sample(rng), 10 ** rng.uniform(-3, 2)
    ours = spread_against_limit(x, limit)
    squares = (x.size - 1) * np.var(x, ddof=1) / limit**2
    theirs = [scipy.stats.chi2.sf(squares, x.size - 1), scipy.stats.chi2.cdf(squares, x.size - 1)]
    return (ours.p_greater, ours.p_less), theirs, spread_against_limit(x[::-1], limit) == ours


def percentile(rng):
    x, q = sample(rng, least=1), float(rng.choice([0.5, 0.9, 0.95, 0.99]))
    limit = float(rng.choice(x))
    ours = quantile_against_threshold(x, q, limit)
    theirs = [scipy.stats.quantile_test(x, q=limit, p=q, alternative=a).pvalue for a in ("greater", "less")]
    return (ours.p_greater, ours.p_less), theirs, quantile_against_threshold(x[::-1], q, limit) == ours


def corrections(rng):
    p = rng.random(int(rng.integers(1, 30))) ** 3
    order = rng.permutation(p.size)
    ours, shuffled = holm(p).p_values, holm(p[order]).p_values
    return ours, multipletests(p, method="holm")[1], tuple(ours[i] for i in order) == shuffled


def sliced(rng):
    x, y = rng.normal(0, 10 ** rng.uniform(-3, 3), 40), rng.normal(0, 1, 40)
    index, order = np.arange(40) % 2, rng.permutation(40)
    ours, again = paired_slices(x, y, index, 2), paired_slices(x[order], y[order], index[order], 2)
    whole = welch_slices(x, index, y, index, 2)
    theirs = [
        scipy.stats.ttest_rel(x[index == s], y[index == s], alternative="greater").pvalue for s in (0, 1)
    ]
    theirs += [
        scipy.stats.ttest_ind(x[index == s], y[index == s], equal_var=False, alternative="greater").pvalue
        for s in (0, 1)
    ]
    return (*ours.p_greater, *whole.p_greater), theirs, np.array_equal(ours.p_greater, again.p_greater)


CASES = [welch, one_sample, paired, clustered, exact_pairs, rates, spread, percentile, corrections, sliced]


@pytest.mark.usefixtures("quick_collections")
@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # SciPy on constant samples, which ours refuses
@pytest.mark.parametrize("case", CASES)
def test_g10_random_inputs_get_the_answer_of_another_implementation(calibration, case):
    inputs = calibration.replicates(INPUTS)
    worst, answered, same = 0.0, 0, True
    for _ in range(inputs):
        try:
            ours, theirs, unchanged = case(calibration.rng)
        except StatisticsError:
            continue  # no spread, or too few: an answer would be a guess
        answered += 1
        same &= bool(unchanged)
        worst = max(worst, float(np.abs(np.asarray(ours) - np.asarray(theirs)).max()))
    name = f"G10 {case.__name__}, {answered:,} of {inputs:,} random inputs answered"
    calibration.exact(name, worst, at_most=1e-9, unit="largest difference")
    assert answered > 0.8 * inputs
    assert same, "another order or other names changed an answer"
