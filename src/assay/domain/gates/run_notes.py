"""What must a reader know of the runs that were not counted?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from assay.domain.experiments.evidence import Run, RunStatus
from assay.domain.gates.candidates import primary_metric
from assay.domain.gates.case import Case
from assay.domain.gates.measurements import value_of
from assay.domain.gates.repeats import same_value
from assay.domain.gates.seed_groups import SeedGroup, starting_order
from assay.domain.gates.wording import count, listed, shown
from assay.domain.kernel.metrics import Metric


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
        ([run for group in groups for run in group.deleted], "deleted in the tracker, not counted"),
        (
            [run for group in groups for run in group.detached],
            "named for this ticket in the tracker and detached from it by hand, not counted",
        ),
    )
    notes = [f"{count(len(runs), 'run')} {why}: {_named(runs)}" for runs, why in kinds if runs]
    if second:
        names = listed(sorted({run.source for run in second}))
        notes.append(f"{count(len(second), 'run')} read under a second source name ({names}), counted once")
    return notes + _replaced(groups, case)


def _replaced(groups: Iterable[SeedGroup], case: Case) -> list[str]:
    """Results that were taken away while another run of their seed says something else: a reader must see both."""
    found = primary_metric(case)
    if found is None:
        return []
    metric, told = found[1], []
    for group in groups:
        for gone in group.removed:
            kept = [run for run in group.evidence if run.seed is not None and run.seed == gone.seed]
            told += [_other_value(gone, run, metric) for run in kept if run.status is RunStatus.FINISHED][:1]
    said = [text for text in told if text]
    return [f"results taken away where another run of the seed counts: {listed(said)}"] if said else []


def _other_value(gone: Run, kept: Run, metric: Metric) -> str:
    before, now = value_of(gone, metric), value_of(kept, metric)
    if gone.status is not RunStatus.FINISHED or before is None or now is None:
        return ""
    if same_value(before, now):
        return ""
    return f"seed {gone.seed} was {shown(before, metric)}, counts as {shown(now, metric)}"


def _named(runs: Sequence[Run]) -> str:
    return listed(run.name or run.external_id for run in sorted(runs, key=starting_order))
