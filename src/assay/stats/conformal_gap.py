"""Was any past success ever this far behind? The rule for a history that is too small for a model.

Each past hit is given the worst place among the hits that it ever held at any of the checks. A run that stands worse than all
but a few of those is not like a success: the share of such places among the hits is a p-value that holds over all checks
together, whatever the curves look like, as long as the run is exchangeable with the past hits. It needs no misses, and at
least 1 / alpha - 1 hits, or it cannot say no at all.

Sources: Vovk, Gammerman and Shafer (2005), conformal prediction; Lei et al. (2018).
"""

from __future__ import annotations

import math

import numpy as np

from assay.stats.samples import FloatArray, Misaligned, check_alpha


def hits_needed(alpha: float) -> int:
    """From how many past hits on can the rule say no at this level?

    >>> hits_needed(0.05), hits_needed(0.1)
    (19, 9)
    """
    check_alpha(alpha)
    return math.ceil(1.0 / alpha - 1.0 - 1e-9)


def conformal_gap_p_values(best: FloatArray, hits_best: FloatArray) -> FloatArray:
    """Among past hits, how unusual is it to have been as far behind as this run ever was?

    Args:
        best: smallest gap of the run up to each check, shape (checks,), NaN where it was not judged.
        hits_best: the same of past hits, shape (hits, checks), NaN where a hit was at its target already, or not begun.

    Returns:
        p-value by what was known at each check, shape (checks,); never rises. 1 before the first check.

    Raises:
        Misaligned: different numbers of checks.

    >>> hits = np.linspace(0.1, 0.3, 19)[:, None]
    >>> conformal_gap_p_values(np.array([0.5]), hits).tolist(), conformal_gap_p_values(np.array([0.2]), hits).tolist()
    ([0.05], [0.55])
    """
    if hits_best.ndim != 2 or best.shape != hits_best.shape[1:]:
        raise Misaligned(f"cannot compare {best.shape} checks with {hits_best.shape} of past hits")
    count = len(hits_best)
    p_values = np.ones(len(best))
    if not count:
        return p_values
    # A hit that was at its target already, or had not begun, is behind nobody.
    judged = ~np.isnan(hits_best)
    theirs = np.where(judged, hits_best, -np.inf)
    ordered = np.sort(theirs, axis=0)
    places = np.empty(theirs.shape)
    for check in range(len(best)):
        places[:, check] = count - np.searchsorted(ordered[:, check], theirs[:, check], side="left")
    places[~judged] = np.inf
    # The run is one of the pool, too: whoever is ahead of it comes one place further. What it will do later is not known.
    with_it = places + (best >= theirs)
    until = np.minimum.accumulate(with_it, axis=1)
    later = np.minimum.accumulate(places[:, ::-1], axis=1)[:, ::-1]
    worst_place = until.copy()
    worst_place[:, :-1] = np.minimum(until[:, :-1], later[:, 1:])
    mine = math.inf
    for check, gap in enumerate(best.tolist()):
        if not math.isnan(gap):
            mine = min(mine, 1 + count - int(np.searchsorted(ordered[:, check], gap, side="left")))
        if mine < math.inf:
            p_values[check] = (1 + int((worst_place[:, check] <= mine).sum())) / (count + 1)
    return p_values
