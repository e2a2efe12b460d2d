"""The interval beside exact McNemar is one of the paired difference, and turns where the deciding tests turn."""

from __future__ import annotations

import numpy as np
import pytest

from assay.stats.paired import PairedCounts, exact_mcnemar, tango_interval, tango_test


def test_tangos_interval_is_the_published_one_of_the_contact_lens_trial():
    # Tango (1998), table III: 44 pairs, no pair only the new one disinfects, one only the old: 95% -0.1160 to 0.0709 (score).
    found = tango_interval(PairedCounts(0, 1, 44), confidence=0.95)
    n, z = 44, 1.959963984540054

    def score(d, b=0, c=1):
        a, e = -(b + c) + (2 * n - b + c) * d, -c * d * (1 - d)
        lost = (np.sqrt(a * a - 8 * n * e) - a) / (4 * n)
        return (b - c - n * d) / np.sqrt(n * (2 * lost + d * (1 - d)))

    assert score(found.low) == pytest.approx(z, abs=1e-6)
    assert score(found.high) == pytest.approx(-z, abs=1e-6)


@pytest.mark.parametrize(("n", "wins", "losses"), [(200, 0.11, 0.0), (200, 0.05, 0.0), (500, 0.10, 0.01)])
def test_the_interval_beside_exact_mcnemar_covers_the_paired_difference(n, wins, losses):
    drawn = np.random.default_rng(4).multinomial(n, [wins, losses, 1 - wins - losses], 4000)
    counts, times = np.unique(drawn[:, :2], axis=0, return_counts=True)
    covered = sum(
        int(at)
        for (w, lost), at in zip(counts.tolist(), times, strict=True)
        if exact_mcnemar(PairedCounts(w, lost, n)).interval.contains(wins - losses)
    )
    assert covered / 4000 >= 0.88  # exact conditional limits covered .43 to .88


@pytest.mark.parametrize("counts", [(22, 0, 200), (60, 5, 1000), (5, 0, 5), (9, 1, 40), (7, 0, 7)])
def test_asking_for_more_than_the_low_end_leaves_it_open_and_less_does_not(counts):
    table = PairedCounts(*counts)
    found = exact_mcnemar(table)
    assert found.answer("greater") == "met"
    assert found.interval.low >= 0.0
    assert tango_test(table, null=found.interval.low + 1e-6).answer("greater") == "unclear"
    assert tango_test(table, null=found.interval.low - 1e-6).answer("greater") == "met"
