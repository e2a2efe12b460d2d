"""One shape for evidence, whatever tracker it came from: runs, curves, per-example scores, costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


class Provenance(StrEnum):
    """Who vouches for a piece of evidence."""

    FETCHED = "fetched_by_server"
    CI = "ci_identity"
    SELF_REPORTED = "self_reported"


class RunStatus(StrEnum):
    """What the tracker last said about a run."""

    SCHEDULED = "scheduled"
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """Every logged value of one metric of one run, in step order. Values may be NaN or infinite: that is evidence too.

    steps, values and times_ms have one shape (n_points,); times_ms is the tracker's clock, milliseconds since 1970.
    """

    steps: IntArray
    values: FloatArray
    times_ms: IntArray

    @property
    def last(self) -> float:
        """The value at the highest step (the latest one when a step was logged twice); may be non-finite."""
        return float(self.values[-1])


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """Per-example scores of one metric of one run: one value an example.

    sample_ids are distinct within (seed); slices maps a slice column to one label an example.
    """

    metric: str
    seed: int | None
    sample_ids: tuple[str, ...]
    values: FloatArray
    clusters: tuple[str, ...] | None = None
    slices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """One training or evaluation run as the tracker tells it.

    config holds parameters without the seed; two runs with equal config form one seed group.
    """

    run_id: str
    """Our id: source name, colon, the tracker's id."""
    source: str
    external_id: str
    name: str
    status: RunStatus
    config: Mapping[str, str]
    seed: int | None
    curves: Mapping[str, Curve]
    scores: Mapping[str, Scores] = field(default_factory=dict)
    """Per-example scores by metric, where they were logged."""
    scores_digest: str | None = None
    scores_error: str | None = None
    """Why per-example scores that exist could not be read (bad file, duplicated ids), else None."""
    ticket: str | None = None
    arm: str = "candidate"
    """`candidate`, `baseline`, or the name of another arm (tag `assay.arm`)."""
    dataset: str | None = None
    """Evaluation set with version, such as support-eval@3 (tag `assay.dataset`)."""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    gpu_hours: float | None = None
    gpu_hours_source: str | None = None
    """`tag`, `metric`, or `wall time x devices`; None when unknown."""
    cost_usd: float | None = None
    deleted: bool = False
    provenance: Provenance = Provenance.SELF_REPORTED
    url: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    digest: str = ""
    """Digest of everything above that a verdict can depend on."""
    seen_seq: int = 0
    """Journal sequence number at which this run was first seen."""
    candidate_when_first_seen: str | None = None
    """Value of the tag `assay.candidate` at that moment; None when there was none or it is not known."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """All a verdict may look at: the ticket's runs, the baseline's runs, and what was spent."""

    runs: tuple[Run, ...]
    """Runs of the ticket, any arm, deleted ones included (they are listed, never counted)."""
    baseline_runs: tuple[Run, ...] = ()
    """Runs of the ticket named as baseline, when the baseline is another ticket."""
    detached: tuple[Run, ...] = ()
    """Runs whose tag in the tracker names this ticket, which a person attached elsewhere or to nothing: listed, never counted."""
