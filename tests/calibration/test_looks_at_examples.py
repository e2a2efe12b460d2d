"""Scorecard G3: looking at examples as they arrive, as often as one likes."""

import numpy as np
import pytest

from assay.stats.confidence_sequences import (
    FIRST_LOOK,
    TIGHTEST_AT,
    _changed_enough,
    _e_values,
    _rate,
    sequential_mean,
)
from assay.stats.e_processes import e_process, mcnemar_e_greater, sequential_pairs
from assay.stats.sequential_groups import means_p_above, rates_p_above
from assay.stats.sequential_rates import rate_e_value
from assay.stats.slices import mcnemar_many
from assay.stats.stages import obrien_fleming_plan
from assay.stats.tried_sequences import _bets

EXAMPLES, LOOKS = 5000, np.arange(100, 5001, 100)


def wins_needed(disagreements, alpha=0.05):
    """The fewest wins among the first 1, 2, ... disagreements at which the shipped e-value reaches 1/alpha."""
    needed, enough = np.empty(disagreements, dtype=np.int64), 0
    for m in range(1, disagreements + 1):
        while enough <= m and mcnemar_e_greater(enough, m - enough) < 1 / alpha:
            enough += 1
        needed[m - 1] = enough
    return needed


def decided_after(rng, count, discordance, difference):
    """After how many disagreements of how many the e-process decides for the candidate; 0 where it never does."""
    amounts = rng.binomial(EXAMPLES, discordance, count)
    needed = wins_needed(int(amounts.max()))
    share = (discordance + difference) / 2 / discordance
    after = np.zeros(count, dtype=np.int64)
    for start in range(0, count, 500):
        part = amounts[start : start + 500]
        won = np.cumsum(rng.random((part.size, needed.size)) < share, axis=1)
        over = (won >= needed) & (np.arange(needed.size) < part[:, np.newaxis])
        after[start : start + 500] = np.where(over.any(axis=1), over.argmax(axis=1) + 1, 0)
    return after, amounts


def test_boundary_of_the_simulation_is_where_the_shipped_function_decides(calibration):
    needed = wins_needed(400)
    for _ in range(30):
        x, y = (calibration.rng.random((2, 500)) < [[0.75], [0.68]]).astype(float)
        won, lost = np.cumsum(x > y)[x != y], np.cumsum(x < y)[x != y]
        crossed = bool((won >= needed[won + lost - 1]).any())
        assert crossed == (e_process(x, y).greater.max() >= 20)
        if e_process(x, y).less.max() < 20:
            assert crossed == (sequential_pairs(x, y).answer("greater") == "met")


@pytest.mark.parametrize(("rates", "share"), [((0.92, 0.87), 0.5), ((0.07, 0.02), 0.5), ((0.92, 0.87), 0.1)])
def test_g3_gap_exactly_at_the_limit_is_called_wider_at_most_five_percent_however_often_one_looks(
    calibration, rates, share
):
    """Two groups whose rates lie exactly 5 points apart, a look after every 20 of 5,000 examples, groups as they come."""
    count, hits = calibration.replicates(5000), 0
    looks = np.arange(20, EXAMPLES + 1, 20)
    for _ in range(count):
        first = calibration.rng.random(EXAMPLES) < share
        right = calibration.rng.random(EXAMPLES) < np.where(first, *rates)
        n, k = np.cumsum(first)[looks - 1], np.cumsum(first & right)[looks - 1]
        m, j = looks - n, np.cumsum(right)[looks - 1] - k
        both = (n > 0) & (m > 0)
        ours, theirs = k[both] / n[both], j[both] / m[both]
        for pair in ((ours, theirs, n[both], m[both]), (theirs, ours, m[both], n[both])):
            if rates_p_above(*(one.astype(float) for one in pair), 0.05).min(initial=1.0) <= 0.05:
                hits += 1
                break
    name = f"G3 two groups exactly at the allowed gap of 5 points, rates {rates[0]} and {rates[1]}, {share:.0%} in the first"
    calibration.rate(f"{name}, a look after every 20 of 5,000 examples", hits, count, at_most=0.05)


def test_g3_gap_of_latencies_exactly_at_the_limit_is_called_wider_at_most_five_percent(calibration):
    """Skewed scores, judged by the asymptotic confidence sequence in both directions."""
    count, hits = calibration.replicates(2000), 0
    looks = np.arange(200, EXAMPLES + 1, 50)
    for _ in range(count):
        first = calibration.rng.random(EXAMPLES) < 0.3
        values = calibration.rng.gamma(4.0, 0.25, EXAMPLES) + np.where(first, 0.1, 0.0)
        sums = [(np.cumsum(one)[looks - 1], np.cumsum(one * values)[looks - 1], np.cumsum(one * values**2)[looks - 1])
                for one in (first, ~first)]  # fmt: skip
        means = [total / n for n, total, _ in sums]
        variance = sum((squares / n - (total / n) ** 2) / (n - 1) for n, total, squares in sums)
        sizes = [n.astype(float) for n, _, _ in sums]
        gap, se = means[0] - means[1], np.sqrt(variance)
        hits += bool(min(means_p_above(sign * gap, se, *sizes, 0.1).min() for sign in (1.0, -1.0)) <= 0.025)
    calibration.rate(
        "G3 latencies of two groups exactly at the allowed gap, 97 looks", hits, count, at_most=0.05
    )


@pytest.mark.parametrize("discordance", [0.04, 0.2])
def test_g3_looking_after_every_example_at_equal_models_decides_at_most_five_percent(
    calibration, discordance
):
    count = calibration.replicates(20_000)
    after, _ = decided_after(calibration.rng, count, discordance, 0.0)
    name = f"G3 A/A e-process, a look after each of 5,000 examples, {discordance:.0%} discordant"
    calibration.rate(name, np.count_nonzero(after), count, at_most=0.05)


def test_g3_stretch_e_process_finds_two_points(calibration):
    count = calibration.replicates(20_000)
    after, amounts = decided_after(calibration.rng, count, 0.2, 0.02)
    spent = np.where(after > 0, after / np.maximum(amounts, 1) * EXAMPLES, EXAMPLES).mean()
    name = f"G3 power of the e-process at +2 points, {spent:,.0f} examples on average"
    calibration.rate(name, np.count_nonzero(after), count, at_least=0.60, stretch=True)


def margin_e_values(wins, losses, n, null):
    """How strongly pass/fail pairs speak for more than the null: every bet's capital, and what was put on it."""
    bets, log_shares = _bets()
    told = ((wins, 1.0 - null), (losses, -1.0 - null), (n - wins - losses, -null))
    capital = log_shares + sum(count[:, np.newaxis] * np.log1p(bets * gain) for count, gain in told)
    most = capital.max(axis=1)
    return np.exp(most) * np.exp(capital - most[:, np.newaxis]).sum(axis=1)


def test_g3_model_exactly_at_the_margin_is_seldom_called_no_worse_however_often_one_looks(calibration):
    count, margin = calibration.replicates(5000), 0.02
    looks = np.arange(50, EXAMPLES + 1, 50)
    hits = 0
    for start in range(0, count, 100):
        size = min(100, count - start)
        drawn = calibration.rng.multinomial(50, [0.065, 0.085, 0.85], size=(size, looks.size)).cumsum(axis=1)
        n = np.broadcast_to(looks, (size, looks.size)).astype(float)
        found = margin_e_values(
            *(each.ravel().astype(float) for each in (drawn[:, :, 0], drawn[:, :, 1], n)), -margin
        )
        hits += int((found.reshape(n.shape) >= 20).any(axis=1).sum())
    name = "G3 exactly at the margin of 2 points, a look after every 50 of 5,000 examples, e-process"
    calibration.rate(name, hits, count, at_most=0.05)


@pytest.mark.parametrize(("threshold", "greater"), [(0.9, True), (0.9, False), (0.01, False)])
def test_g3_rate_exactly_at_its_threshold_is_seldom_shown_beyond_it_however_often_one_looks(
    calibration, threshold, greater
):
    examples = calibration.replicates(5000, least=1000)
    chance, ever = (
        np.zeros(examples + 2),
        0.0,
    )  # of so many successes of the direction asked for, not yet shown
    chance[0], enough, p = 1.0, 0, threshold if greater else 1 - threshold
    for n in range(1, examples + 1):
        chance[1:] = chance[1:] * (1 - p) + chance[:-1] * p
        chance[0] *= 1 - p
        while (
            enough <= n
            and rate_e_value(enough if greater else n - enough, n, threshold, greater=greater) < 20
        ):
            enough += 1
        ever += chance[enough:].sum()
        chance[enough:] = 0.0
    way = "above" if greater else "below"
    name = f"G3 a rate of {threshold} ever shown {way} it, a look after each of {examples:,} examples"
    calibration.exact(name, ever, at_most=0.05)


def promoted_by_looks(rng, count, discordance, difference):
    plan = obrien_fleming_plan(LOOKS.tolist())
    won_rate, lost_rate = (discordance + difference) / 2, (discordance - difference) / 2
    rates = [won_rate, lost_rate, 1 - discordance]
    drawn = rng.multinomial(100, rates, size=(count, LOOKS.size)).cumsum(axis=1)
    p, _ = mcnemar_many(drawn[:, :, 0], drawn[:, :, 1])
    return int((p <= np.array(plan.alphas)).any(axis=1).sum())


@pytest.mark.parametrize("discordance", [0.04, 0.2])
def test_g3_fifty_registered_looks_at_equal_models_promote_at_most_five_and_a_half_percent(
    calibration, discordance
):
    count = calibration.replicates(20_000)
    hits = promoted_by_looks(calibration.rng, count, discordance, 0.0)
    name = f"G3 A/A Lan-DeMets, 50 looks, exact McNemar, {discordance:.0%} discordant (no gate asks for it)"
    calibration.rate(name, hits, count, at_most=0.055)


def test_g3_stretch_fifty_registered_looks_find_two_points(calibration):
    count = calibration.replicates(20_000)
    hits = promoted_by_looks(calibration.rng, count, 0.2, 0.02)
    calibration.rate(
        "G3 power of Lan-DeMets at +2 points (no gate asks for it)", hits, count, at_least=0.85, stretch=True
    )


SCORES = {
    "normal": lambda rng, shape: rng.normal(0, 1, shape),
    "exponential losses": lambda rng, shape: 1 - rng.exponential(1, shape),
    "t with 3 degrees of freedom": lambda rng, shape: rng.standard_t(3, shape),
    "one in 25 differs, by any amount": lambda rng, shape: (
        rng.normal(0, 1, shape) * (rng.random(shape) < 0.04)
    ),
    "one in 50 loses a point, the rest gain a little": lambda rng, shape: 0.02 - (rng.random(shape) < 0.02),
}


def largest_e_values(differences):
    """What `sequential_mean` decides by, for many paths at once."""
    n = np.arange(1.0, differences.shape[1] + 1)
    mean = np.cumsum(differences, axis=1) / n
    variance = (np.cumsum(differences**2, axis=1) - n * mean**2) / np.maximum(n - 1, 1)
    spread = _changed_enough(differences) & (variance > 1e-12)
    sd = np.sqrt(np.where(spread, variance, 0.0))
    late = slice(FIRST_LOOK - 1, None)
    rate = _rate(TIGHTEST_AT, 0.05)
    return _e_values((mean * n)[:, late], sd[:, late], n[late], rate).max(axis=1)


@pytest.mark.parametrize("shape", SCORES)
def test_g3_asymptotic_confidence_sequence_at_equal_models_decides_at_most_five_or_six_percent(
    calibration, shape
):
    count, hits = calibration.replicates(4000), 0
    for start in range(0, count, 200):
        paths = SCORES[shape](calibration.rng, (min(200, count - start), EXAMPLES))
        found = largest_e_values(paths)
        hits += int((found >= 20).sum())
        if start == 0:
            for path, e in zip(paths[:5], found[:5], strict=True):
                one = sequential_mean(path, np.zeros(path.size))
                assert dict(one.shown)["e_greater"] == pytest.approx(e, rel=1e-6)
    skewed = "loses" in shape or "losses" in shape
    name = f"{'' if skewed else 'G3 '}A/A confidence sequence, every example, {shape}"
    calibration.rate(name, hits, count, at_most=0.06 if skewed else 0.05)
