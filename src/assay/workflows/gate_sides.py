"""Candidate and baseline of a gate run: read from what was sent, from a ticket's runs, or from what was kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from assay.domain.experiments.dossier import dossier_from_bytes
from assay.domain.experiments.evidence import Evaluation, Evidence
from assay.domain.experiments.experiment import Lock
from assay.domain.gates.gate import Gate, LeakageCheck
from assay.domain.gates.gate_metrics import with_metrics
from assay.domain.gates.item_evidence import item_files
from assay.domain.gates.needs import asks_for_results, needs_of
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


def sides_of_ticket(
    ws: Workspace,
    gate: Gate,
    evidence: Evidence,
    lock: Lock,
    dossier: bytes,
    *,
    training: Mapping[str, bytes] | None = None,
) -> tuple[Side, Side | None]:
    """Candidate and baseline of a ticket, kept as its dossier; what was sent beside it is kept with the candidate.

    Raises:
        Invalid: what was sent is nothing that the gate names, or its leakage checks compare texts, which runs do not hold.
    """
    beside = named_as_asked(gate, training or {})
    _refuse_texts(gate, beside)
    digest = digest_bytes(dossier)
    candidate, baseline = ticket_sides(evidence, lock, digest=digest)
    file = KeptFile(DOSSIER, digest, len(dossier))
    first = Side(
        evaluation=candidate,
        kept=KeptSide(kind="ticket", files=(file,), training=_kept_files(beside)),
        blobs={digest: dossier} | {digest_bytes(content): content for content in beside.values()},
        overlaps=_overlaps(ws, gate, candidate, beside),
    )
    return first, None if baseline is None else Side(baseline, KeptSide(kind="ticket", files=(file,)), {})


def sent_side(
    ws: Workspace, gate: Gate, upload: Upload, *, field: str, training: Mapping[str, bytes] | None = None
) -> Side:
    """What was sent, read for this gate; the files that it names are kept beside the candidate that they belong to.

    Raises:
        Invalid: too much, a name that cannot be kept, files that cannot be read, or none that the gate names.
    """
    beside = named_as_asked(gate, training or {})
    _check_upload(upload, field, least=1 if asks_for_results(gate) or field != "candidate" else 0)
    evaluation = _read(ws, gate, upload.files, upload.reader)
    return Side(
        evaluation=evaluation,
        kept=KeptSide(
            kind="files", files=_kept_files(upload.files), reader=upload.reader, training=_kept_files(beside)
        ),
        blobs={digest_bytes(content): content for content in (*upload.files.values(), *beside.values())},
        overlaps=_overlaps(ws, gate, evaluation, beside),
    )


def _overlaps(
    ws: Workspace, gate: Gate, evaluation: Evaluation, beside: Mapping[str, bytes]
) -> Mapping[int, Overlap]:
    """What the training data among these files shares with the evaluation; nothing was looked for where none was sent."""
    rows = {name: content for name, content in beside.items() if name in _training_named(gate)}
    return ws.search_leaks(gate, evaluation, rows) if rows else {}


def _refuse_texts(gate: Gate, sent: Mapping[str, bytes]) -> None:
    texts = [
        check.text for check in gate.checks if isinstance(check, LeakageCheck) and check.text is not None
    ]
    if texts and _training_named(gate) & set(sent):
        raise Invalid(
            f"cannot compare texts: the runs of a ticket hold scores and ids, no {texts[0][:60]!r} of an example "
            "(expected result files with that column)",
            hint="send the results: assay gate judge --ticket KEY --candidate results/ --files FOLDER",
            code="leakage-without-texts",
            field="training",
        )


def _kept_files(files: Mapping[str, bytes]) -> tuple[KeptFile, ...]:
    return tuple(
        KeptFile(name=name, digest=digest_bytes(content), size=len(content))
        for name, content in sorted(files.items())
    )


def named_as_asked(gate: Gate, sent: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files that were sent beside results, by the names that the gate uses: a browser sends no folders.

    All of the gate's training data or none of it: half of it would leave half of the leaks unseen. Of the files that show
    its items any may be missing: those items are not known to be done.

    Raises:
        Invalid: a file that the gate does not name, or only some of its training data.
    """
    training = _training_named(gate)
    named = [*training, *item_files(gate)]
    found = {_asked_name(name, named): content for name, content in sent.items()}
    odd = sorted(set(found) - set(named))
    some = training & set(found)
    missing = sorted(training - some) if some else []
    if odd or missing:
        known = ", ".join(sorted(named)) or "none: it has no leakage check, and no item that a file shows"
        raise Invalid(
            f"cannot look through what the gate names: {(odd or missing)[0][:80]!r} was {'' if odd else 'not '}sent "
            f"(expected every file that the gate names: {known})",
            hint="send each file under the name that the gate uses",
            code="training-files",
            field="training",
        )
    return found


def _training_named(gate: Gate) -> frozenset[str]:
    return frozenset(
        name for check in gate.checks if isinstance(check, LeakageCheck) for name in check.against
    )


def _asked_name(sent: str, named: Sequence[str]) -> str:
    """The name that the gate uses; where it names a folder and a browser does not, the one file of this name."""
    if sent in named:
        return sent
    alike = {one for one in named if one.rpartition("/")[2] == sent.rpartition("/")[2]}
    return alike.pop() if len(alike) == 1 else sent


def _read(ws: Workspace, gate: Gate, files: Mapping[str, bytes], reader: str | None) -> Evaluation:
    """As the command line reads results for this gate, so that both give the same record."""
    if not files:
        return Evaluation(runs=())
    declared = with_metrics(gate)
    return ws.read_upload(files, reader=reader, metrics=declared.metrics, needs=needs_of(declared))


def _check_upload(upload: Upload, field: str, *, least: int) -> None:
    size = sum(map(len, upload.files.values()))
    if least and not upload.files:
        raise Invalid(
            f"cannot judge {field}: the gate asks for figures, and no results were sent (expected at least one file)",
            hint="send results, or name a ticket whose runs are to be judged",
            code="upload-empty",
            field=field,
        )
    if not least <= len(upload.files) <= MAX_FILES or size > MAX_UPLOAD_BYTES:
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
    if not _training_named(gate) & set(training):
        return {}
    evaluation = (
        from_dossier(ws, ours[DOSSIER])[0] if side.kind == "ticket" else _read(ws, gate, ours, side.reader)
    )
    return _overlaps(ws, gate, evaluation, training)


def kept_side(
    ws: Workspace, gate: Gate, side: KeptSide, content: Mapping[str, bytes], *, texts: bool
) -> Evaluation:
    """A side again, from the files that were kept; with the texts of its examples where they are to be shown."""
    if side.kind == "ticket":
        return from_dossier(ws, content[DOSSIER])[0]
    evaluation = _read(ws, gate, content, side.reader)
    if not texts or not content:
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
