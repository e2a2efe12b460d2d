"""What does a gate answer? Findings with the parts they are made of, one result, and the digests of all it saw."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field, JsonValue

from assay.domain.kernel.findings import Finding, Outcome, Settlement, ShownInterval
from assay.domain.kernel.metrics import Metric
from assay.domain.kernel.model import ExactInteger, Value


class GateResult(StrEnum):
    """The four answers of a gate. Inconclusive is not a pass."""

    PASS = "pass"  # noqa: S105 - the name of a result
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    INVALID = "invalid"


class GatePart(Value):
    """One slice, metric, group, example or item of a check that looks at several."""

    label: str
    """What it is, such as "language=de"."""
    outcome: Outcome
    n: int | None = None
    """Independent examples in it, where that applies."""
    estimate: float | None = None
    interval: ShownInterval | None = None
    p_value: float | None = None
    """Corrected for how many parts are looked at, where the check corrects."""
    detectable: float | None = None
    """The smallest harm this part would have shown with 80% power; None where none, however large, or not known."""
    metric: str | None = None
    """The metric, where parts have several."""
    reason: str = ""


class GateAnswer(Value):
    """One criterion or check with what was found."""

    kind: str
    """`criterion`, or the kind of the check."""
    finding: Finding
    point_outcome: Outcome
    """What the estimate alone would say."""
    strict_outcome: Outcome
    """What the confidence bound says."""
    parts: tuple[GatePart, ...] = ()


class GateSide(Value):
    """Candidate or baseline as the gate saw it."""

    label: str
    reader: str
    digest: str
    """Digest of the files."""
    run_digests: dict[str, str]
    seeds: tuple[ExactInteger, ...]
    examples: int | None
    """Examples of the primary metric that were compared, None where only totals are known."""
    notes: tuple[str, ...] = ()


class GateRecord(Value):
    """The answer of a gate as it is stored: whoever has gate file and evaluation files gets the same bytes again."""

    gate: str
    version: int
    gate_digest: str
    result: GateResult
    exit_code: int
    headline: str
    detail: str
    settle: Settlement | None = None
    """The cheapest thing that would settle what is open."""
    answers: tuple[GateAnswer, ...]
    """In the order of the gate file: criteria by role, then checks."""
    point_result: GateResult
    """What `point` mode would say."""
    strict_result: GateResult
    """What `bound` mode says."""
    candidate: GateSide
    baseline: GateSide | None = None
    metrics: tuple[Metric, ...] = ()
    """What every metric was taken to mean."""
    settings: dict[str, JsonValue]
    uses: ExactInteger | None = None
    """How many decisions rested on this evaluation set before, where somebody counts."""
    notes: tuple[str, ...] = ()
    """What a reader must know: inferred metrics, excluded examples, labels."""
    method_version: str
    library_versions: dict[str, str] = Field(default_factory=dict)
    """Beside the record, never inside its digest."""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings, in the order of the gate."""
        return tuple(answer.finding for answer in self.answers)
