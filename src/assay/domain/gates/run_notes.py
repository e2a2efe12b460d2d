"""What must a reader know of the runs that were not counted, and of those that changed?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import numpy as np

from assay.domain.experiments.evidence import Run, RunStatus
from assay.domain.gates.candidates import primary_metric
from assay.domain.gates.case import Case
from assay.domain.gates.departures import Gone, earlier_results
from assay.domain.gates.run_values import same_value, value_of
from assay.domain.gates.seed_groups import SeedGroup, aware, starting_order
from assay.domain.gates.taken_results import changed_from
from assay.domain.gates.wording import count, listed, shown
from assay.domain.kernel.metrics import Metric

_CLOCKS_APART_MS = 1000.0
"""A value logged in the last moment may be a little younger than the end of its run."""


def run_notes(case: Case, second: Sequence[Run]) -> list[str]:
    """Which runs of the ticket do not count, and why? `second` are the runs that were read under a second source name."""
    groups = (*case.candidates, *case.own_baselines)
    repeats = [run for group in groups for run in group.repeats]
    again = {run.run_id for run in repeats}
    early = [run for group in groups for run in group.exploratory if run.run_id not in again]
    kinds = (
        (
            early,
            "not known to have begun after the lock (start times are self-reported): exploratory, never candidate evidence",
        ),
        (
            repeats,
            "after the lock with configuration, seed and values of a run from before it: exploratory too, use new seeds",
        ),
    )
    notes = [f"{count(len(runs), 'run')} {why}: {_named(runs)}" for runs, why in kinds if runs]
    notes += _gone([one for group in groups for one in group.gone], "")
    notes += _gone([one for group in case.other_baselines for one in group.gone], " of the baseline")
    if second:
        names = listed(sorted({run.source for run in second}))
        notes.append(f"{count(len(second), 'run')} read under a second source name ({names}), counted once")
    return notes + _run_again(groups, case) + _changed((*groups, *case.other_baselines), case)


def _gone(gone: Sequence[Gone], whose: str) -> list[str]:
    ways: dict[str, list[Run]] = {}
    for one in gone:
        ways.setdefault(one.way, []).append(one.run)
    return [
        f"{count(len(runs), 'run')}{whose} {way}, not counted: {_named(runs)}"
        for way, runs in sorted(ways.items())
    ]


def _run_again(groups: Iterable[SeedGroup], case: Case) -> list[str]:
    """Seeds that had a value in a run that never finished, and say something else now: a reader must see both."""
    found = primary_metric(case)
    if found is None:
        return []
    metric, told = found[1], []
    for group in groups:
        for run in group.evidence:
            kept = [one for one in group.finished if one.seed is not None and one.seed == run.seed]
            if run.status is not RunStatus.FINISHED and kept:
                told.append(_other_value(run, kept[0], metric))
    said = [text for text in told if text]
    return [f"run again after a run that never finished: {listed(said)}"] if said else []


def _other_value(open_run: Run, kept: Run, metric: Metric) -> str:
    before, now = value_of(open_run, metric), value_of(kept, metric)
    if before is None or now is None or same_value(before, now):
        return ""
    return f"seed {open_run.seed} was at {shown(before, metric)}, counts as {shown(now, metric)}"


def _changed(groups: Iterable[SeedGroup], case: Case) -> list[str]:
    """Runs that are not what they were when they had ended, as far as that was seen or the tracker's clock says it."""
    runs = [run for group in groups for run in group.evidence if run.status is RunStatus.FINISHED]
    metrics = case.registration.metrics
    seen = [run for run in runs if any(changed_from(run, metric) is not None for metric in metrics)]
    late = [run for run in runs if run not in seen and any(_logged_late(run, metric) for metric in metrics)]
    kinds = (
        (seen, "changed after first seen finished"),
        (late, "logged values after the end (by the tracker's clock)"),
        ([run for run in runs if _came(run)], "of another ticket before, and finished there"),
    )
    return [f"{count(len(which), 'run')} {what}: {_named(which)}" for which, what in kinds if which]


def _came(run: Run) -> bool:
    return any(one.ticket not in (None, run.ticket) for one in earlier_results(run))


def _logged_late(run: Run, metric: Metric) -> bool:
    ended: datetime | None = aware(run.ended_at)
    curves = [run.curves[name] for name in (metric.name, *metric.aliases) if name in run.curves]
    if ended is None:
        return False
    limit = 1000.0 * ended.timestamp() + _CLOCKS_APART_MS
    return any(curve.times_ms.size and float(np.max(curve.times_ms)) > limit for curve in curves)


def _named(runs: Sequence[Run]) -> str:
    return listed(run.name or run.external_id for run in sorted(runs, key=starting_order))
