"""What is shown beside a claim over slices or groups is what decides it."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.proportion import confint_proportions_2indep

from assay.stats.fairness import fairness_gap
from assay.stats.paired import PairedCounts, tango_interval
from assay.stats.slice_alarms import slice_alarm
from assay.stats.slices import paired_slices


@pytest.mark.parametrize("n", [60, 100, 150, 400])
def test_a_slice_claim_is_decided_by_its_interval_at_the_level_itself(n):
    index = np.repeat([0, 1, 2], n)
    b = np.tile(np.r_[np.ones(n - 10), np.zeros(10)], 3)
    a = b.copy()
    a[[0, n, 2 * n]], a[[n - 1, 2 * n - 1, 3 * n - 1]] = 0, 1
    for harm in slice_alarm(paired_slices(a, b, index, 3, null=-0.05), higher_is_better=True).harms:
        oracle = tango_interval(PairedCounts(1, 1, n))
        assert (harm.claimed.low >= -0.05) == (harm.p_harmless <= 0.05)
        assert harm.claimed.low == pytest.approx(oracle.low, abs=1e-9)
        assert harm.claimed.confidence == pytest.approx(0.9)


@pytest.mark.parametrize("n", [150, 250, 300, 700])
def test_a_fairness_claim_is_decided_by_its_interval_at_the_level_itself(n):
    scores = np.tile(np.r_[np.ones(n - n // 20), np.zeros(n // 20)], 3)
    for gap in fairness_gap(scores, np.repeat([0, 1, 2], n), 3, margin=0.05).pairs:
        k = n - n // 20
        low, high = confint_proportions_2indep(k, n, k, n, method="score", alpha=0.1)
        ruled_out = gap.p_within <= 0.05
        assert (gap.claimed.low >= -0.05 and gap.claimed.high <= 0.05) == ruled_out
        assert gap.claimed.low == pytest.approx(low, abs=2e-3)
        assert gap.claimed.high == pytest.approx(high, abs=2e-3)
