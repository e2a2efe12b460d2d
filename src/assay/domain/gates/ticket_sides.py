"""Which two sides does a gate compare when a ticket's own runs are judged?"""

from __future__ import annotations

from dataclasses import dataclass, replace

from assay.domain.experiments.evidence import Evaluation, Evidence, Run
from assay.domain.experiments.experiment import Lock
from assay.domain.gates.departures import Gone, departed, since
from assay.domain.gates.repeats import exploratory_repeats
from assay.domain.gates.seed_groups import BASELINE_ARM
from assay.domain.gates.sources import read_once
from assay.domain.kernel.metrics import Metric

READER = "ticket"


def ticket_sides(evidence: Evidence, lock: Lock, *, digest: str) -> tuple[Evaluation, Evaluation | None]:
    """Candidate and baseline of a ticket's evidence; no baseline where no run is one.

    Args:
        evidence: every run that a verdict on the ticket may look at, scores read in.
        lock: the ticket's lock; its metrics are the declarations.
        digest: of the bytes that keep lock and evidence.
    """
    known = since(read_once(evidence).evidence, lock.seq)
    candidate = tuple(run for run in known.runs if run.arm != BASELINE_ARM)
    # Runs of the baseline's ticket are a baseline whatever their arm was there, unless it has a baseline of its own.
    others = tuple(run for run in known.baseline_runs if run.arm != BASELINE_ARM)
    baseline = (*(run for run in known.runs if run.arm == BASELINE_ARM), *others)
    ours = replace(_side(candidate, lock, digest), ticket=known)
    return ours, _side(baseline, lock, f"{digest}#baseline") if baseline else None


def _side(runs: tuple[Run, ...], lock: Lock, digest: str) -> Evaluation:
    return Evaluation(runs=runs, metrics=lock.registration.metrics, reader=READER, digest=digest)


@dataclass(frozen=True, slots=True)
class TicketMarks:
    """What of a ticket's runs may not be chosen: those that left, and those that only repeat what was known.

    Attributes:
        gone: runs that left the ticket, their arm or their finished state after the lock.
        baseline_gone: the same of the baseline.
        repeats: ids of runs that repeat one from before the lock.
    """

    gone: tuple[Gone, ...] = ()
    baseline_gone: tuple[Gone, ...] = ()
    repeats: frozenset[str] = frozenset()


def ticket_marks(evidence: Evidence, lock: Lock, metric: Metric | None) -> TicketMarks:
    """Which runs of this ticket does its lock keep from being chosen? As in its verdict."""
    every = (*evidence.runs, *evidence.detached)
    left = departed(evidence.runs, evidence.detached, {evidence.ticket}, lock)
    keys = {baseline.ticket for baseline in lock.registration.baseline if baseline.ticket is not None}
    theirs = departed(evidence.baseline_runs, evidence.baseline_detached, keys, lock)
    return TicketMarks(
        gone=tuple(one for one in left if one.run.arm != BASELINE_ARM),
        baseline_gone=(
            *(one for one in left if one.run.arm == BASELINE_ARM),
            *(one for one in theirs if one.run.arm != BASELINE_ARM),
        ),
        repeats=exploratory_repeats(every, lock, metric),
    )
