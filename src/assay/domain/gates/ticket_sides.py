"""Which two sides does a gate compare when a ticket's own runs are judged?"""

from __future__ import annotations

from assay.domain.experiments.evidence import Evaluation, Evidence, Run
from assay.domain.experiments.experiment import Lock
from assay.domain.gates.seed_groups import BASELINE_ARM
from assay.domain.gates.sources import read_once

READER = "ticket"


def ticket_sides(evidence: Evidence, lock: Lock, *, digest: str) -> tuple[Evaluation, Evaluation | None]:
    """Candidate and baseline of a ticket's evidence; no baseline where no run is one.

    Args:
        evidence: every run that a verdict on the ticket may look at, scores read in.
        lock: the ticket's lock; its metrics are the declarations.
        digest: of the bytes that keep lock and evidence.
    """
    known = read_once(evidence).evidence
    candidate = tuple(run for run in known.runs if run.arm != BASELINE_ARM)
    baseline = (*(run for run in known.runs if run.arm == BASELINE_ARM), *known.baseline_runs)
    ours = _side(candidate, lock, digest)
    return ours, _side(baseline, lock, f"{digest}#baseline") if baseline else None


def _side(runs: tuple[Run, ...], lock: Lock, digest: str) -> Evaluation:
    return Evaluation(runs=runs, metrics=lock.registration.metrics, reader=READER, digest=digest)
