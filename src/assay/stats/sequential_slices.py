"""May one look at many slices as often as one likes? The tests of `slices`, answered by e-values.

Pass/fail pairs bet against the margin (`e_processes`), other scores use the asymptotic confidence sequence from its first look
on. Only the examples that are in now count, so the order in which they came does not matter. Holm's correction over one over
the e-values holds at all looks together, as each of these p-values does.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from assay.stats.confidence_sequences import FIRST_LOOK, TIGHTEST_AT, boundary, e_values
from assay.stats.distributions import FloatArray
from assay.stats.e_processes import pairs_e_greater
from assay.stats.slices import SliceTests


def any_time_slices(tests: SliceTests) -> SliceTests:
    """The same slices, judged so that every example may have been a look.

    Slices of fewer real-valued scores than the first look needs have p-values of 1: nothing is shown of them yet.

    >>> from assay.stats.slices import paired_slices
    >>> baseline, candidate = [1] * 80, [0] * 24 + [1] * 56
    >>> once = paired_slices(candidate, baseline, np.arange(80) // 40, 2, null=-0.02)
    >>> [round(float(p), 4) for p in any_time_slices(once).p_less], [round(float(p), 6) for p in once.p_less]
    ([0.0075, 1.0], [1e-06, 0.816872])
    """
    n, wins, losses = (np.asarray(each, dtype=np.float64) for each in (tests.n, tests.wins, tests.losses))
    greater, less = (
        np.where(
            tests.counted,
            pairs_e_greater(ahead, behind, n, null),
            e_values(sign * (tests.effect - tests.null) * n, _sd(tests, n), n, TIGHTEST_AT),
        )
        for ahead, behind, null, sign in ((wins, losses, tests.null, 1.0), (losses, wins, -tests.null, -1.0))
    )
    known = tests.counted | (n >= FIRST_LOOK)
    p_greater, p_less = (np.where(known, 1.0 / np.maximum(e, 1.0), 1.0) for e in (greater, less))
    return replace(tests, p_greater=p_greater, p_less=p_less, at_any_time=True)


def any_time_reach(tests: SliceTests, levels: FloatArray) -> FloatArray:
    """How far from the estimate do the bounds lie that hold at all looks together? Infinite before the first look."""
    n = tests.n.astype(np.float64)
    reach = _sd(tests, n) * boundary(n, TIGHTEST_AT, levels) / n
    return np.where(tests.counted | (n >= FIRST_LOOK), reach, np.inf)


def _sd(tests: SliceTests, n: FloatArray) -> FloatArray:
    """Standard deviation between examples; of counted pairs with one of each outcome added."""
    discordance = (tests.wins + tests.losses + 1.0) / (n + 2.0)
    counted = np.sqrt(np.maximum(discordance - tests.effect**2, 0.0))
    return np.where(tests.counted, np.maximum(counted, 1.0 / (n + 2.0)), tests.se * np.sqrt(n))
