"""Gates and their answers as they travel."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field
from typing_extensions import TypedDict

from assay.api.schemas.tickets import Body
from assay.domain.gates.gate_change import GateChange
from assay.domain.gates.gate_data import gate_to_data
from assay.domain.gates.gate_record import GateRecord
from assay.domain.kernel.findings import Finding
from assay.domain.kernel.model import NUMBER
from assay.workflows.gate_views import (
    GateDraft,
    GateFile,
    GateRun,
    GateRunRow,
    GateSummary,
    GateVersion,
    KeptSide,
    TicketGate,
)

GateText = Annotated[
    str,
    Field(
        min_length=1,
        max_length=1_000_000,
        examples=['gate: answer-quality\ncriteria: ["accuracy >= 85%"]\n'],
        description="A gate file (YAML); its JSON Schema: `assay gate schema`.",
    ),
]
Name = Annotated[str, Field(min_length=1, max_length=100, examples=["answer-quality"])]
Reason = Annotated[str, Field(max_length=2000, description="Needed where it becomes easier to pass.")]


class NamedFile(Body):
    """A file that the gate's text names, such as a list of golden examples."""

    name: Annotated[str, Field(min_length=1, max_length=400, examples=["golden.csv"])]
    text: Annotated[str, Field(max_length=1_000_000)]


Files = Annotated[list[NamedFile], Field(max_length=20)]


class GateBody(Body):
    """A new gate."""

    text: GateText
    name: Name | None = None
    files: Files = Field(default_factory=list)
    reason: Reason = ""


class GateChangeBody(Body):
    """The next version of a gate."""

    text: GateText
    files: Files = Field(default_factory=list)
    reason: Reason = ""


class GateCheckBody(Body):
    """A draft of a gate."""

    text: GateText
    name: Name | None = None
    files: Files = Field(default_factory=list)


class TicketGateRunBody(Body):
    """By which gate is the ticket judged? Left out: the one that its column names, in its newest version."""

    gate: Name | None = None
    version: Annotated[int, NUMBER, Field(ge=1, le=10**9)] | None = None


class GateVersionDocument(TypedDict):
    """One version of a gate."""

    name: str
    version: int
    text: str
    files: dict[str, str]
    gate: dict[str, Any]
    """What the text asks, as the data of a gate file."""
    digest: str
    changes: Sequence[GateChange]
    loosens: bool
    reason: str
    by: str
    at: datetime
    seq: int


class GateFileDocument(TypedDict):
    """The newest version of a gate as files."""

    name: str
    version: int
    text: str
    files: list[dict[str, str]]
    """Name and text of the files that it names."""


class GateDraftDocument(TypedDict):
    """What a text would ask as the next version."""

    gate: dict[str, Any]
    digest: str
    version_before: int | None
    changes: Sequence[GateChange]
    loosens: bool
    missing_files: Sequence[str]


class GateSummaryDocument(TypedDict):
    """A gate in a list."""

    latest: GateVersionDocument
    versions: int
    runs: int
    last: GateRunRow | None
    stages: Sequence[str]


class GateRunDocument(TypedDict):
    """One answer of a gate."""

    number: int
    gate: str
    version: int
    ticket: str | None
    result: str
    exit_code: int
    headline: str
    dataset: str | None
    uses: int
    """How many different candidates were judged on this evaluation set so far; 0 where the set is not known."""
    candidate: KeptSide
    baseline: KeptSide | None
    digest: str
    by: str
    at: datetime
    seq: int
    record: GateRecord


class TicketGateDocument(TypedDict):
    """The gate that the board asks of a ticket."""

    gate: str | None
    stage: str | None
    latest: GateRunRow | None
    finding: Finding | None


def sent_gate_files(files: Sequence[NamedFile]) -> dict[str, bytes]:
    """Content by name."""
    return {file.name: file.text.encode() for file in files}


def version_document(version: GateVersion) -> GateVersionDocument:
    """A version as the API tells it."""
    return GateVersionDocument(
        name=version.name,
        version=version.version,
        text=version.text,
        files=dict(version.files),
        gate=gate_to_data(version.gate),
        digest=version.digest,
        changes=version.changes,
        loosens=version.loosens,
        reason=version.reason,
        by=version.by,
        at=version.at,
        seq=version.seq,
    )


def file_document(file: GateFile) -> GateFileDocument:
    """A gate as files, as the API tells it. Golden lists are UTF-8: nothing else is read in."""
    files = [{"name": name, "text": content.decode()} for name, content in file.files.items()]
    return GateFileDocument(name=file.name, version=file.version, text=file.text, files=files)


def draft_document(draft: GateDraft) -> GateDraftDocument:
    """A draft as the API tells it."""
    return GateDraftDocument(
        gate=gate_to_data(draft.gate),
        digest=draft.digest,
        version_before=None if draft.before is None else draft.before.version,
        changes=draft.changes,
        loosens=draft.loosens,
        missing_files=draft.missing_files,
    )


def summary_document(summary: GateSummary) -> GateSummaryDocument:
    """A gate of a list as the API tells it."""
    return GateSummaryDocument(
        latest=version_document(summary.latest),
        versions=summary.versions,
        runs=summary.runs,
        last=summary.last,
        stages=summary.stages,
    )


def run_document(run: GateRun) -> GateRunDocument:
    """An answer as the API tells it."""
    return GateRunDocument(
        number=run.number,
        gate=run.gate,
        version=run.version,
        ticket=run.ticket,
        result=run.result.value,
        exit_code=run.record.exit_code,
        headline=run.headline,
        dataset=run.dataset,
        uses=run.uses,
        candidate=run.candidate,
        baseline=run.baseline,
        digest=run.digest,
        by=run.by,
        at=run.at,
        seq=run.seq,
        record=run.record,
    )


def ticket_gate_document(found: TicketGate | None) -> TicketGateDocument:
    """The gate of a ticket as the API tells it; all null where no column names one."""
    if found is None:
        return TicketGateDocument(gate=None, stage=None, latest=None, finding=None)
    return TicketGateDocument(gate=found.gate, stage=found.stage, latest=found.latest, finding=found.finding)
