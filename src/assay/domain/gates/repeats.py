"""Which runs begun after the lock only repeat what was known before it?

A run with the configuration, arm, seed and values of an exploratory run shows nothing new, whether its values were logged
again or training is deterministic. Identical repeats count once, and the first of them was begun before the lock.
"""

from __future__ import annotations

from collections.abc import Iterable

from assay.domain.experiments.evidence import Run, RunStatus
from assay.domain.experiments.experiment import Lock
from assay.domain.gates.run_values import same_curve, same_value, value_of
from assay.domain.gates.seed_groups import config_key, is_exploratory
from assay.domain.kernel.metrics import Metric


def exploratory_repeats(runs: Iterable[Run], lock: Lock, metric: Metric | None) -> frozenset[str]:
    """Which of these runs repeat an exploratory one? Their ids.

    Values are the same when the value of the metric that counts (12 significant digits), all curves, or the score files are.

    Args:
        runs: every run of the ticket, deleted and detached ones included.
        lock: what was begun before it is exploratory.
        metric: the primary metric, where the ticket has one.
    """
    known: dict[tuple[str, int | None], list[Run]] = {}
    later = []
    for run in runs:
        if is_exploratory(run, lock):
            known.setdefault((config_key(run), run.seed), []).append(run)
        elif run.status is RunStatus.FINISHED:
            later.append(run)
    if not known:
        return frozenset()
    return frozenset(
        run.run_id
        for run in later
        if any(_same_values(run, early, metric) for early in known.get((config_key(run), run.seed), ()))
    )


def _same_values(run: Run, early: Run, metric: Metric | None) -> bool:
    if run.scores_digest is not None and run.scores_digest == early.scores_digest:
        return True
    if metric is not None:
        value, before = value_of(run, metric), value_of(early, metric)
        if value is not None and before is not None and same_value(value, before):
            return True
    return bool(run.curves) and _same_curves(run, early)


def _same_curves(run: Run, early: Run) -> bool:
    return run.curves.keys() == early.curves.keys() and all(
        same_curve(curve, early.curves[name]) for name, curve in run.curves.items()
    )
