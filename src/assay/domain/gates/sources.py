"""Which runs of the evidence are one run that was read under several source names?

Two sources may point at one tracker. Its runs would then count twice, as seeds and in what was spent.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from assay.domain.experiments.evidence import Evidence, Past, Run

_Identity = tuple[object, ...]


@dataclass(frozen=True, slots=True, eq=False)
class ReadOnce:
    """Evidence in which every tracker run stands once.

    Attributes:
        evidence: the same evidence without the second readings.
        second: the readings that were left out, in the order of their ids.
    """

    evidence: Evidence
    second: tuple[Run, ...]


def read_once(evidence: Evidence) -> ReadOnce:
    """What is the evidence when a run that several sources read counts once?

    Readings are one run when the tracker's id, the start time, configuration and seed are equal and the sources differ.
    The first source by name is kept. What was known of the run is the earliest of what any of them saw, and a run that
    one of them holds on the ticket is on the ticket.
    """
    own = [(run, False) for run in evidence.runs] + [(run, True) for run in evidence.detached]
    kept = _kept(own)
    theirs = [(run, False) for run in evidence.baseline_runs]
    baseline = _kept([*theirs, *((run, True) for run in evidence.baseline_detached)])
    every = (*evidence.runs, *evidence.detached, *evidence.baseline_runs, *evidence.baseline_detached)
    left = {run.run_id for run, _ in (*kept, *baseline)}
    second = {run.run_id: run for run in every if run.run_id not in left}
    once = replace(
        evidence,
        runs=tuple(run for run, detached in kept if not detached),
        baseline_runs=tuple(run for run, detached in baseline if not detached),
        detached=tuple(run for run, detached in kept if detached),
        baseline_detached=tuple(run for run, detached in baseline if detached),
    )
    return ReadOnce(once, tuple(second[run_id] for run_id in sorted(second)))


def _kept(readings: Iterable[tuple[Run, bool]]) -> list[tuple[Run, bool]]:
    same: dict[_Identity, list[tuple[Run, bool]]] = {}
    for run, detached in readings:
        same.setdefault(_identity(run), []).append((run, detached))
    return [one for group in same.values() for one in _one_a_run(group)]


def _one_a_run(group: list[tuple[Run, bool]]) -> list[tuple[Run, bool]]:
    """One reading of a tracker run; runs of one and the same source are never taken for each other."""
    ordered = sorted(group, key=lambda one: (one[1], one[0].source, one[0].run_id))
    distinct: dict[str, tuple[Run, bool]] = {}
    for one in ordered:
        distinct.setdefault(one[0].run_id, one)
    first, detached = ordered[0]
    if len(distinct) == 1 or len({run.source for run, _ in distinct.values()}) < len(distinct):
        return list(distinct.values())
    earliest = min((run for run, _ in ordered), key=lambda run: (run.seen_seq, run.source))
    known = replace(
        first,
        seen_seq=earliest.seen_seq,
        candidate_when_first_seen=earliest.candidate_when_first_seen,
        past=_every_past(distinct.values()),
    )
    return [(known, detached)]


def _every_past(readings: Iterable[tuple[Run, bool]]) -> tuple[Past, ...]:
    told = [past for run, _ in readings for past in run.past]
    return tuple(sorted(told, key=lambda past: past.until_seq))


def _identity(run: Run) -> _Identity:
    return (run.external_id, run.started_at, tuple(sorted(run.config.items())), run.seed)
