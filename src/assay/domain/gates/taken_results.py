"""Were results of a group taken away, or changed after they were known?

Whoever could take a result back, run a seed again until it is good, or log another value over a bad one, would choose the
evidence. So a result that was there once has to be there, or has to be there again with the same value.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from assay.domain.experiments.evidence import LastValue, Run, RunStatus
from assay.domain.gates.departures import Gone, earlier_results
from assay.domain.gates.problems import Problem, mend, run_name
from assay.domain.gates.run_values import curve_of, same_result, value_of
from assay.domain.gates.seed_groups import SeedGroup
from assay.domain.gates.wording import count, listed, shown
from assay.domain.kernel.findings import Outcome
from assay.domain.kernel.metrics import Metric

_BACK = "restore the runs as they were"


def removed_results(group: SeedGroup, metric: Metric) -> Problem | None:
    """Are there finished results of this metric that were taken away, and are not there again with the same value?"""
    lost: list[Gone] = []
    other: list[str] = []
    for gone in group.taken:
        first = first_result(gone.run, metric)
        if gone.run.status is not RunStatus.FINISHED or first is None:
            continue
        again = [run for run in group.finished if run.seed is not None and run.seed == gone.run.seed]
        if not again:
            lost.append(gone)
        elif not any(same_result(first, run, metric) for run in again):
            other.append(
                f"{run_name(gone.run)}, {gone.way}, measured {_said(first, metric)} "
                f"and its re-run {_said(again[0], metric)}"
            )
    if lost:
        return _lost(lost)
    if not other:
        return None
    return Problem(
        Outcome.INVALID,
        f"{count(len(other), 'result')} taken away where the seed says something else now: {listed(other)}",
        mend(f"{_BACK} and give every re-run a seed of its own, so that every result counts"),
    )


def changed_results(runs: Iterable[Run], metric: Metric) -> Problem | None:
    """Did finished runs say something else of this metric when they were first seen finished?"""
    changed = [
        f"{run_name(run)} measured {_said(first, metric)} and says {_said(run, metric)} now"
        for run in runs
        if (first := changed_from(run, metric)) is not None
    ]
    if not changed:
        return None
    return Problem(
        Outcome.INVALID,
        f"{count(len(changed), 'result')} changed after the run had finished: {listed(changed)}",
        mend(f"log {metric.name} again as it was, and what is new in a run with a seed of its own"),
    )


def _lost(lost: Sequence[Gone]) -> Problem:
    ways = dict.fromkeys(gone.way for gone in lost)
    named = "; ".join(
        f"{listed(run_name(gone.run) for gone in lost if gone.way == way)} {way}" for way in ways
    )
    seedless = any(gone.run.seed is None for gone in lost)
    again = (
        f"{_BACK} and log their seed" if seedless else f"{_BACK}, or run these seeds again to the same values"
    )
    return Problem(
        Outcome.INVALID,
        f"{count(len(lost), 'run')} finished and {'was' if len(lost) == 1 else 'were'} taken away: {named}",
        mend(f"{again}; leaving results out would choose the evidence"),
    )


def changed_from(run: Run, metric: Metric) -> Run | None:
    """What a finished run was when it was first seen finished with this metric, where it says something else now."""
    first = first_result(run, metric) if run.past else run
    return None if first is None or first is run or same_result(first, run, metric) else first


def first_result(run: Run, metric: Metric) -> Run | None:
    """The run when it was first seen finished with this metric; scores that cannot be read, and a value that was not kept, are a result too."""
    return next((one for one in (*earlier_results(run), run) if _has_result(one, metric)), None)


def _has_result(run: Run, metric: Metric) -> bool:
    return run.scores_error is not None or value_of(run, metric) is not None or _is_forgotten(run, metric)


def _is_forgotten(run: Run, metric: Metric) -> bool:
    """Of a run before it changed, was too little kept to tell the value that counts?"""
    return isinstance(curve_of(run, metric), LastValue) and value_of(run, metric) is None


def _said(run: Run, metric: Metric) -> str:
    value = value_of(run, metric)
    if value is not None:
        return shown(value, metric)
    if _is_forgotten(run, metric):
        return f"a value that nobody kept ({metric.reading.words})"
    return "nothing" if run.scores_error is None else "scores that cannot be read"
