"""The one answer every check gives, whoever asks: board, gate, verdict, hand-off."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Literal

from pydantic import Field

from assay.domain.kernel.model import Value


class Role(StrEnum):
    """What a check means for the decision."""

    PRIMARY = "primary"
    SECONDARY = "secondary"
    BLOCKING = "blocking"
    KILL = "kill"


class Outcome(StrEnum):
    """What is known about a check. There is no sixth answer anywhere."""

    MET = "met"
    NOT_MET = "not_met"
    UNCLEAR = "unclear"
    NO_EVIDENCE = "no_evidence"
    INVALID = "invalid"


class Lacks(StrEnum):
    """Why a finding has no interval, level or detectable effect."""

    CENSUS = "census"
    """All there is was looked at: nothing beyond it is estimated."""
    VOUCHED = "vouched"
    """A person or a pipeline says so."""
    NOTHING_MEASURED = "nothing_measured"
    BROKEN_EVIDENCE = "broken_evidence"
    BETWEEN_LOOKS = "between_looks"
    """The estimate is shown, and nothing is decided before the next registered look."""
    NO_SPREAD = "no_spread"
    """All values are one and the same: how far others would lie from it is not known."""
    TOO_SMALL = "too_small"
    """No effect, however large, would have been seen with 80% power."""


class Looks(Value):
    """How often may this have been looked at, and what has that used up?"""

    used: int | None
    """Registered looks so far, this one included; None where their number makes no difference."""
    planned: int | None
    """Registered looks in all; None for as many as one likes."""
    spent: float
    """One-sided error that these looks have used up together."""


class ShownInterval(Value):
    """The interval the decision inverts. A missing end is unbounded, never zero."""

    low: float | None
    """Lower end in the metric's unit, None when unbounded."""
    high: float | None
    """Upper end in the metric's unit, None when unbounded."""
    confidence: float = Field(gt=0, lt=1)
    """Two-sided confidence, such as 0.90 for a one-sided test at .05."""
    label: str
    """How it is named on pages, such as "90% two-sided (one-sided .05)"."""


class Counts(Value):
    """How much evidence an estimate rests on. None where a count does not apply."""

    seeds: int | None = None
    examples: int | None = None
    runs: int | None = None
    baseline_seeds: int | None = None


class Settlement(Value):
    """The cheapest thing that would settle an unclear finding."""

    kind: Literal["seeds", "examples", "runs", "mend", "too_close", "measure"]
    """What is needed; `too_close` says that no affordable amount would do."""
    amount: int | None = None
    """How many more, where a count makes sense."""
    gpu_hours: float | None = None
    """What that costs by the runs so far, None when unknown."""
    text: str
    """One sentence for people, such as "3 more seeds would settle it"."""


class Finding(Value):
    """What one check found."""

    check: str
    """The check in its canonical text form."""
    role: Role
    outcome: Outcome
    metric: str | None = None
    unit: str | None = None
    estimate: float | None = None
    """Point estimate in the metric's unit; None is unknown, never zero."""
    interval: ShownInterval | None = None
    baseline: float | None = None
    """The value compared with, where there is one."""
    threshold: float | None = None
    """The number to clear, in the unit of `estimate`."""
    p_value: float | None = None
    alpha: float | None = None
    """The nominal level this finding was decided at."""
    e_value: float | None = None
    """How much evidence stands for the claim, where looks are free: 1 is none, 1 / alpha decides."""
    looks: Looks | None = None
    """How often it may have been looked at, where a level was spent."""
    detectable: float | None = None
    """The smallest true difference from `threshold` that this evidence would have shown with 80% power, where known."""
    lacks: Lacks | None = None
    """Why interval, level or detectable effect are missing, where one of them is."""
    n: Counts = Counts()
    method: str
    """Name of the method, such as "one-sample t over seeds, staged look 2 of 4"."""
    reason: str
    """One sentence saying why the outcome is what it is."""
    settle: Settlement | None = None
    would_change: str = ""
    """What would change the answer: how much less could be asked for, what would settle it, what would have to be found."""
    notes: tuple[str, ...] = ()
    """What else a reader must know: labels, corrections, excluded runs."""


def with_outcome(findings: Iterable[Finding], *outcomes: Outcome) -> tuple[Finding, ...]:
    """The findings that have one of these outcomes, in their order."""
    return tuple(finding for finding in findings if finding.outcome in outcomes)
