"""Is a count exactly what was asked for, in everything that was examined?

`pii_leaks == 0` is a census of the examined set: met or not met, without a test. Nought has to hold for every example each
time it was asked: values that cancel are no nought. What it says about examples that were not examined is the upper bound of
the rate, shown beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from assay.domain.gates.case import Checked
from assay.domain.gates.checks.claims import counts
from assay.domain.gates.checks.looks import held
from assay.domain.gates.measurements import Measured, SeedResult
from assay.domain.gates.wording import count, listed, shown
from assay.domain.kernel.findings import Lacks, Outcome
from assay.domain.kernel.metrics import Metric
from assay.stats.proportions import clopper_pearson


def check_census(measured: Measured, metric: Metric, wanted: float, *, alpha: float) -> Checked:
    """Did every seed give exactly the wanted value; where that is 0, on every example?"""
    off = [seed for seed in measured.seeds if seed.value != wanted]
    if not off and wanted == 0.0:
        off = [seed for seed in measured.seeds if _off_zero(seed)]
    worst = max(measured.values, key=lambda value: (abs(value - wanted), value))
    size = count(len(measured.seeds), "seed")
    if off:
        which = listed(
            f"{_found(s, metric, wanted)} in seed {s.seed if s.seed is not None else 'not recorded'}"
            for s in off
        )
        outcome, reason = Outcome.NOT_MET, f"{metric.name} is not {shown(wanted, metric)} everywhere: {which}"
    else:
        outcome, reason = Outcome.MET, f"{metric.name} is exactly {shown(wanted, metric)} in {size}"
    found = Checked(
        outcome=outcome,
        method="census of the examined set",
        reason=reason,
        point=outcome,
        estimate=worst,
        threshold=wanted,
        n=counts(measured),
        lacks=Lacks.CENSUS,
        would_change=_would_change(metric, wanted, wrong=bool(off)),
        notes=(*measured.notes, _rate_note(measured, alpha)),
    )
    return _unless_open(found, measured)


def _off_zero(seed: SeedResult) -> Sequence[str]:
    """The examples of this seed that are not 0, in any of their repeats."""
    if seed.scores is None:
        return ()
    values = seed.scores.values[:, None] if seed.scores.repeats is None else seed.scores.repeats
    return [seed.scores.sample_ids[place] for place in np.flatnonzero((values != 0.0).any(axis=1)).tolist()]


def _found(seed: SeedResult, metric: Metric, wanted: float) -> str:
    if seed.value != wanted:
        return shown(seed.value, metric)
    return f"{shown(seed.value, metric)} overall, but not on {count(len(_off_zero(seed)), 'example')},"


def _would_change(metric: Metric, wanted: float, *, wrong: bool) -> str:
    value = shown(wanted, metric)
    return f"exactly {value} in every seed" if wrong else f"any seed that does not give exactly {value}"


def _unless_open(found: Checked, measured: Measured) -> Checked:
    """What was counted wrong stays wrong; what is right so far has to wait for the runs that began before."""
    later = held(measured)
    if later is None or found.outcome is not Outcome.MET:
        return found
    return replace(found, outcome=Outcome.UNCLEAR, reason=later.reason, settle=later.settle, would_change="")


def _rate_note(measured: Measured, alpha: float) -> str:
    counted = _reported_counts(measured)
    if measured.table is None and counted is not None:
        return _bound(*counted, alpha)
    if measured.table is None:
        return "how many examples were examined was not logged: nothing is known of the rate beyond them"
    # An example counts once however many seeds saw it: seeds on the same example are not independent.
    return _bound(
        int((measured.table.matrix != 0.0).any(axis=1).sum()), len(measured.table.sample_ids), alpha
    )


def _reported_counts(measured: Measured) -> tuple[int, int] | None:
    """How many failed of how many, where one run reported a count and its number of examples."""
    figure = measured.reported
    if figure is None or not figure.n or not 0.0 <= figure.value <= figure.n or figure.value % 1.0:
        return None
    return int(figure.value), figure.n


def _bound(failed: int, n: int, alpha: float) -> str:
    upper = clopper_pearson(failed, n, confidence=1.0 - alpha, sides="upper").high
    assert upper is not None
    return f"{failed:,} of {count(n, 'example')}: the rate is below {100 * upper:.2g}% with {100 * (1 - alpha):.4g}% confidence"
