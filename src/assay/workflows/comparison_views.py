"""Runs side by side: what is asked for, and what the page, the API and the command line show of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from assay.domain.experiments.evidence import Run
    from assay.domain.gates.compared_groups import ComparedGroup, ComparedRun
    from assay.domain.kernel.metrics import Metric
    from assay.domain.kernel.readings import Reading
    from assay.workflows.records import Project


class Across(StrEnum):
    """What the curves run along."""

    STEP = "step"
    TIME = "time"


class ColourBy(StrEnum):
    """What a colour stands for."""

    GROUP = "group"
    SEED = "seed"
    ARM = "arm"
    TICKET = "ticket"


@dataclass(frozen=True, slots=True)
class ComparisonFilters:
    """Which runs; what is empty asks nothing. `since` and `before` are moments of their start, the second one excluded."""

    runs: tuple[str, ...] = ()
    q: str = ""
    ticket: str = ""
    """A key, or `none`."""
    status: str = ""
    source: str = ""
    dataset: str = ""
    """Evaluation set with its version."""
    seed: int | None = None
    since: datetime | None = None
    before: datetime | None = None
    config: tuple[tuple[str, str], ...] = ()
    """Parameters with the value they must have."""


@dataclass(frozen=True, slots=True)
class ComparisonAsked:
    """Which runs, by what, drawn how."""

    filters: ComparisonFilters = ComparisonFilters()
    metrics: tuple[str, ...] = ()
    """The first is what groups are compared by; none leaves the choice to the page."""
    read: Reading | None = None
    """None: as the project declares it."""
    across: Across = Across.STEP
    colour: ColourBy = ColourBy.GROUP
    log_across: bool = False
    log_values: bool = False
    smooth: float = 0.0
    """Weight of the running mean that is drawn over the values, 0 for none."""
    begin: int = 0
    """How many of the runs taken are passed over before those that are drawn."""
    cursor: str | None = None
    given: tuple[tuple[str, str], ...] = ()
    """As it was asked, for links to the same question with one word changed."""


class MatchedRun(NamedTuple):
    """A run without curves, and its last value of each metric; these may be non-finite."""

    run: Run
    last: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class MatchedRuns:
    """The newest runs that match."""

    runs: tuple[MatchedRun, ...]
    total: int
    next_cursor: str | None


@dataclass(frozen=True, slots=True, eq=False)
class DrawnCurve:
    """One run's curve of one metric, thinned; `across` is the step, or hours since the first point of the curve.

    values may be non-finite: gaps. raw_* hold the logged values where `values` are smoothed, else they are None.
    """

    run_id: str
    across: NDArray[np.float64]
    values: NDArray[np.float64]
    raw_across: NDArray[np.float64] | None
    raw_values: NDArray[np.float64] | None
    points: int
    """Logged points."""
    broken: int
    """Of these no finite number."""
    off_axis: int
    """Of these not above 0, where an axis is logarithmic."""


@dataclass(frozen=True, slots=True, eq=False)
class CurvesView:
    """The curves of one metric."""

    metric: str
    declared: Metric | None
    curves: tuple[DrawnCurve, ...]
    without: int
    """Drawn runs that never logged it."""


@dataclass(frozen=True, slots=True, eq=False)
class ComparisonView:
    """Runs side by side.

    Attributes:
        metrics: what is drawn; the first is what groups are compared by; none where no run logged anything.
        declared: the declaration of the first, None where there is none.
        read: which value of a curve counts for the comparison.
        logged: how many of the runs taken logged each metric, most first.
        taken: runs that groups and table are made of, newest first.
        total: runs that match in all.
        drawn: runs whose curves are drawn.
        groups: by the rules of a verdict, the best first.
        best: the best of them by its mean, None where nothing is known.
        differing: parameters in which groups differ.
        ignored: parameters that set no configuration apart, as the project declares.
        splitting: parameters that keep seeds apart and look as if they set no configuration apart either.
        locked_otherwise: tickets of these runs that were locked while the project declared others, and keep those.
        unknown_tickets: keys that runs name and the project does not have.
        next_cursor: where the runs beyond those taken begin.
        seq: number of the journal entry that this reflects.
    """

    project: Project
    asked: ComparisonAsked
    metrics: tuple[str, ...]
    declared: Metric | None
    read: Reading
    logged: Mapping[str, int]
    taken: tuple[ComparedRun, ...]
    total: int
    drawn: tuple[ComparedRun, ...]
    groups: tuple[ComparedGroup, ...]
    best: ComparedGroup | None
    differing: tuple[str, ...]
    ignored: tuple[str, ...] = ()
    splitting: tuple[str, ...] = ()
    locked_otherwise: tuple[str, ...] = ()
    unknown_tickets: frozenset[str] = frozenset()
    next_cursor: str | None = None
    seq: int = 0
    group_of: Mapping[str, ComparedGroup] = field(default_factory=dict)
    """By run id."""
