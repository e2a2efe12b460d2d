"""What a project's gates and their answers are handed around as."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Literal

from assay.domain.experiments.evidence import Evaluation
from assay.domain.experiments.experiment import Lock
from assay.domain.gates.gate import Gate
from assay.domain.gates.gate_change import GateChange
from assay.domain.gates.gate_record import GateRecord, GateResult
from assay.domain.gates.overlap import Overlap
from assay.domain.kernel.canonical import digest_bytes
from assay.domain.kernel.findings import Finding, Role


@dataclass(frozen=True, slots=True)
class GateVersion:
    """One version of a gate. It never changes: another text is another version."""

    name: str
    version: int
    text: str
    """The gate file as it was sent."""
    files: Mapping[str, str]
    """Digest of every file that the text names, by the name it uses."""
    gate: Gate
    """What the text asks, its files read in."""
    digest: str
    """Of what it asks (`gate_digest`): its name, version and description do not count."""
    changes: tuple[GateChange, ...]
    """Against the version before; empty for the first."""
    reason: str
    by: str
    at: datetime
    seq: int
    """Journal number of the entry that tells of it."""
    id: int = 0

    @property
    def loosens(self) -> bool:
        """Is it easier to pass than the version before, or can that not be told?"""
        return any(change.loosens for change in self.changes)


@dataclass(frozen=True, slots=True)
class GateFile:
    """The newest version of a gate as files."""

    name: str
    version: int
    text: str
    files: Mapping[str, bytes]
    """Content of the files that the text names, by the name it uses."""


@dataclass(frozen=True, slots=True)
class GateDraft:
    """What a text would ask as the next version of a gate."""

    gate: Gate
    digest: str
    before: GateVersion | None
    changes: tuple[GateChange, ...]
    loosens: bool
    missing_files: tuple[str, ...]
    """Files that the text names and nobody sent."""


@dataclass(frozen=True, slots=True)
class GateFigure:
    """The number that leads an answer: of the first primary finding that has one, in the metric's own units."""

    check: str
    metric: str | None
    unit: str | None
    estimate: float
    low: float | None
    """Ends of the interval the decision inverts; None where it is open."""
    high: float | None
    threshold: float | None

    @classmethod
    def of(cls, record: GateRecord) -> GateFigure | None:
        """The leading number of a record, None where no primary finding has one."""
        for finding in record.findings:
            if finding.role is Role.PRIMARY and finding.estimate is not None:
                interval = finding.interval
                return cls(
                    check=finding.check,
                    metric=finding.metric,
                    unit=finding.unit,
                    estimate=finding.estimate,
                    low=None if interval is None else interval.low,
                    high=None if interval is None else interval.high,
                    threshold=finding.threshold,
                )
        return None


@dataclass(frozen=True, slots=True)
class GateRunRow:
    """One answer of a gate, as a list shows it."""

    number: int
    """Counts the gate runs of the project."""
    gate: str
    version: int
    ticket: str | None
    result: GateResult
    headline: str
    dataset: str | None
    """The evaluation set: its name, or how many examples with which digest; None when unknown."""
    figure: GateFigure | None
    digest: str
    by: str
    at: datetime
    seq: int


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file that was judged, kept under its digest."""

    name: str
    digest: str
    size: int

    def told(self) -> dict[str, object]:
        """How is it told in the journal?"""
        return {"name": self.name, "digest": self.digest, "size": self.size}


@dataclass(frozen=True, slots=True)
class KeptSide:
    """Where candidate or baseline of a gate run came from."""

    kind: Literal["files", "ticket"]
    """`files` that were sent, or the runs of the `ticket` with its lock (one file, a dossier)."""
    files: tuple[KeptFile, ...]
    reader: str | None = None
    """Reader that was asked for; None had it found."""
    run: int | None = None
    """Number of the earlier gate run whose candidate this is."""
    training: tuple[KeptFile, ...] = ()
    """Training data that the evaluation set was looked for in, beside a candidate."""

    @property
    def digest(self) -> str:
        """Which digest stands for the files, whatever they are called?"""
        return digest_bytes("\n".join(sorted(file.digest for file in self.files)).encode())

    def told(self) -> dict[str, object]:
        """How is it told in the journal?"""
        return {
            "kind": self.kind,
            "files": [file.told() for file in self.files],
            "reader": self.reader,
            "run": self.run,
            "training": [file.told() for file in self.training],
        }


@dataclass(frozen=True)
class GateRun(GateRunRow):
    """One answer of a gate with all it was made of."""

    body: bytes
    """The record's canonical bytes, which the digest covers."""
    library_versions: Mapping[str, str]
    candidate: KeptSide
    baseline: KeptSide | None
    judged: str
    """Digest of the candidate's files."""
    seen_seq: int
    """Newest journal number when the evidence was read."""
    uses: int = 0
    """How many different candidates were judged on this evaluation set up to this run, in this project; 0: set unknown."""

    @cached_property
    def record(self) -> GateRecord:
        """The record that the bytes say."""
        return GateRecord.model_validate(
            json.loads(self.body) | {"library_versions": dict(self.library_versions)}
        )


@dataclass(frozen=True, slots=True)
class GateRunPage:
    """A page of answers, newest first."""

    rows: tuple[GateRunRow, ...]
    next_before: int | None


@dataclass(frozen=True, slots=True)
class GateSummary:
    """A gate as a list shows it."""

    latest: GateVersion
    versions: int
    runs: int
    last: GateRunRow | None
    stages: tuple[str, ...] = ()
    """Titles of the columns whose exit gate it is."""


@dataclass(frozen=True, slots=True)
class GateInputs:
    """All that a gate run looked at, read back from what was kept."""

    run: GateRun
    version: GateVersion
    gate: Gate
    """What was asked, its items answered by the files that were sent."""
    candidate: Evaluation
    baseline: Evaluation | None
    lock: Lock | None
    """The ticket's lock where its own runs were judged."""
    overlaps: Mapping[int, Overlap] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class GateReplay:
    """Whether a stored answer of a gate comes out again, byte for byte."""

    number: int
    same: bool
    differences: tuple[str, ...]
    stored_digest: str
    other_versions: tuple[str, ...]
    """Libraries whose version changed since."""


@dataclass(frozen=True, slots=True)
class TicketGate:
    """The gate that a column of the board asks of a ticket."""

    gate: str
    stage: str
    """Title of the column."""
    latest: GateRunRow | None
    finding: Finding
    """The exit item as a move sees it."""


@dataclass(frozen=True, slots=True)
class Upload:
    """Files of evaluation results that somebody sent."""

    files: Mapping[str, bytes]
    """Content by name; names may hold `/`, as files below a folder do. They are labels, never paths."""
    reader: str | None = None
    """Who wrote them; None finds it by content."""
