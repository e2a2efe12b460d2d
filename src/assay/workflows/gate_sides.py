"""Candidate and baseline of a gate run: read from what was sent, from a ticket's runs, or from what was kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from assay.domain.experiments.dossier import dossier_from_bytes
from assay.domain.experiments.evidence import Evaluation, Evidence
from assay.domain.experiments.experiment import Lock
from assay.domain.gates.gate import Gate, LeakageCheck
from assay.domain.gates.gate_metrics import with_metrics
from assay.domain.gates.needs import needs_of
from assay.domain.gates.overlap import Overlap
from assay.domain.gates.ticket_sides import ticket_sides
from assay.domain.kernel.canonical import digest_bytes
from assay.errors import Invalid, Unavailable
from assay.workflows.gate_views import KeptFile, KeptSide, Upload
from assay.workflows.gathering import with_all_scores
from assay.workflows.ports import ReadTransaction, Workspace

MAX_FILES = 200
MAX_FILE_NAME = 200
MAX_UPLOAD_BYTES = 64 * 2**20
"""Of one gate run, all files together."""
DOSSIER = "dossier"


@dataclass(frozen=True, slots=True)
class Side:
    """Candidate or baseline: what it holds, and what of it is kept."""

    evaluation: Evaluation
    kept: KeptSide
    blobs: Mapping[str, bytes]
    overlaps: Mapping[int, Overlap] = field(default_factory=dict)


def sides_of_ticket(evidence: Evidence, lock: Lock, dossier: bytes) -> tuple[Side, Side | None]:
    """Candidate and baseline of a ticket, kept as its dossier."""
    digest = digest_bytes(dossier)
    candidate, baseline = ticket_sides(evidence, lock, digest=digest)
    kept = KeptSide(kind="ticket", files=(KeptFile(DOSSIER, digest, len(dossier)),))
    first = Side(candidate, kept, {digest: dossier})
    return first, None if baseline is None else Side(baseline, kept, {})


def sent_side(
    ws: Workspace, gate: Gate, upload: Upload, *, field: str, training: Mapping[str, bytes] | None = None
) -> Side:
    """What was sent, read for this gate; training data is kept beside the candidate that it belongs to.

    Raises:
        Invalid: too much, a name that cannot be kept, files that cannot be read, or not the gate's training data.
    """
    beside = dict(training or {})
    _check_training(gate, beside)
    _check_upload(upload, field)
    evaluation = _read(ws, gate, upload.files, upload.reader)
    return Side(
        evaluation=evaluation,
        kept=KeptSide(
            kind="files", files=_kept_files(upload.files), reader=upload.reader, training=_kept_files(beside)
        ),
        blobs={digest_bytes(content): content for content in (*upload.files.values(), *beside.values())},
        overlaps=ws.search_leaks(gate, evaluation, beside) if beside else {},
    )


def _kept_files(files: Mapping[str, bytes]) -> tuple[KeptFile, ...]:
    return tuple(
        KeptFile(name=name, digest=digest_bytes(content), size=len(content))
        for name, content in sorted(files.items())
    )


def _check_training(gate: Gate, sent: Mapping[str, bytes]) -> None:
    """All of the gate's training data or none of it: half of it would leave half of the leaks unseen."""
    named = {name for check in gate.checks if isinstance(check, LeakageCheck) for name in check.against}
    odd = sorted(named ^ set(sent)) if sent else []
    if odd:
        known = ", ".join(sorted(named)) or "none: it has no leakage check"
        raise Invalid(
            f"cannot look through training data: {odd[0][:80]!r} was {'not ' if odd[0] in named else ''}sent "
            f"(expected every file that the gate names: {known})",
            hint="send each file under the name that the gate uses",
            code="training-files",
            field="training",
        )


def _read(ws: Workspace, gate: Gate, files: Mapping[str, bytes], reader: str | None) -> Evaluation:
    """As the command line reads results for this gate, so that both give the same record."""
    declared = with_metrics(gate)
    return ws.read_upload(files, reader=reader, metrics=declared.metrics, needs=needs_of(declared))


def _check_upload(upload: Upload, field: str) -> None:
    size = sum(map(len, upload.files.values()))
    if not upload.files or len(upload.files) > MAX_FILES or size > MAX_UPLOAD_BYTES:
        raise Invalid(
            f"cannot judge {field}: {len(upload.files)} files with {size:,} bytes "
            f"(expected 1 to {MAX_FILES} files, at most {MAX_UPLOAD_BYTES:,} bytes)",
            hint="write Parquet, or judge on the command line: assay gate check",
            code="upload-size",
            field=field,
        )
    for name in upload.files:
        parts = name.split("/")
        if len(name) > MAX_FILE_NAME or {"", ".", ".."} & set(parts) or not name.isprintable():
            raise Invalid(
                f"cannot judge {field}: a file is called {ascii(name)[:80]} (expected a name such as seed-1/scores.csv)",
                hint="rename the file",
                code="upload-file-name",
                field=field,
            )


def run_overlaps(
    ws: Workspace, gate: Gate, side: KeptSide, ours: Mapping[str, bytes], training: Mapping[str, bytes]
) -> Mapping[int, Overlap]:
    """What a gate run found in its training data, looked through again; texts are read whole for it."""
    return ws.search_leaks(gate, _read(ws, gate, ours, side.reader), training) if training else {}


def kept_side(
    ws: Workspace, gate: Gate, side: KeptSide, content: Mapping[str, bytes], *, texts: bool
) -> Evaluation:
    """A side again, from the files that were kept; with the texts of its examples where they are to be shown."""
    if side.kind == "ticket":
        return from_dossier(ws, content[DOSSIER])[0]
    evaluation = _read(ws, gate, content, side.reader)
    if not texts:
        return evaluation
    return replace(evaluation, examples=ws.read_upload(content, reader=side.reader).examples)


def from_dossier(ws: Workspace, content: bytes) -> tuple[Evaluation, Evaluation | None, Lock]:
    """Candidate, baseline and lock of a ticket as they were judged."""
    lock, evidence = dossier_from_bytes(content)
    with ws.store.read() as tx:
        evidence = with_all_scores(ws, tx, evidence)
    return *ticket_sides(evidence, lock, digest=digest_bytes(content)), lock


def files_of(tx: ReadTransaction, files: Sequence[KeptFile], number: int) -> dict[str, bytes]:
    """Files that were kept, by name.

    Raises:
        Unavailable: one is gone from the store.
    """
    found = {file.name: tx.blob(file.digest) for file in files}
    missing = sorted(name for name, content in found.items() if content is None)
    if missing:
        raise Unavailable(
            f"cannot read gate run {number}: the file {missing[0]!r} it judged is missing from the store",
            hint="assay audit verify, then restore a backup",
            code="gate-file-lost",
        )
    return {name: content for name, content in found.items() if content is not None}
