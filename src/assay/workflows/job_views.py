"""Jobs of pipelines as they are shown: each below the one that started it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from assay.domain.experiments.pipeline_jobs import PipelineJob, in_tree

MOST_SHOWN = 200
"""Jobs of a ticket that are listed, and looked at for its card."""


@dataclass(frozen=True, slots=True)
class JobLine:
    """A job in the tree of its pipeline."""

    level: int
    """0 for a pipeline, 1 for the jobs it started, and so on."""
    job: PipelineJob


@dataclass(frozen=True, slots=True)
class JobTree:
    """Jobs of a ticket: the newest pipeline first, each job below the one that started it."""

    rows: tuple[JobLine, ...]
    more: bool
    """There are older ones that are not told."""


def tree_of(newest: Iterable[PipelineJob]) -> JobTree:
    """The tree of at most `MOST_SHOWN` jobs, of which one more may be given."""
    jobs = list(newest)
    lines = in_tree(jobs[:MOST_SHOWN])
    return JobTree(rows=tuple(JobLine(level, job) for level, job in lines), more=len(jobs) > MOST_SHOWN)
