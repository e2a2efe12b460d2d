"""Do gates and their answers still say what the journal says they said, and are the files they were made of still there?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from assay.domain.gates.gate_data import gate_digest
from assay.domain.kernel.canonical import digest_bytes
from assay.workflows.gate_views import GateFigure, GateRun, GateVersion
from assay.workflows.gates import MOST_CHANGES_SAID
from assay.workflows.journaled import rows_of_kind
from assay.workflows.ports import ReadTransaction
from assay.workflows.records import Project
from assay.workflows.views import JournalRow


def gate_faults(tx: ReadTransaction, project: Project) -> Iterator[tuple[str, str]]:
    """What is it, and in which way is it not what the journal says? Over every version and every answer of a project."""
    yield from _version_faults(tx, project)
    yield from _run_faults(tx, project)


def _version_faults(tx: ReadTransaction, project: Project) -> Iterator[tuple[str, str]]:
    told = {
        (row.subject, row.payload.get("version")): row for row in rows_of_kind(tx, project, "gate.versioned")
    }
    for summary in tx.gates(project.id):
        for version in tx.gate_versions(project.id, summary.latest.name):
            row = told.pop((version.name, version.version), None)
            what = f"gate {version.name} version {version.version}"
            yield from ((what, reason) for reason in _version_reasons(version, row))
            yield from ((what, reason) for reason in _file_reasons(tx, version.files))
    for name, number in told:
        yield f"gate {name} version {number}", "the journal tells of it, and it is gone"


def _version_reasons(version: GateVersion, row: JournalRow | None) -> Iterator[str]:
    if row is None:
        yield "it is not in the journal"
        return
    gate = version.gate
    if (gate_digest(gate), gate.name, gate.version) != (version.digest, version.name, version.version):
        yield "what it asks was changed in the database: it no longer has its digest"
    expected = {
        "digest": version.digest,
        "text_digest": digest_bytes(version.text.encode()),
        "files": dict(version.files),
        "changes": [change.text for change in version.changes][:MOST_CHANGES_SAID],
        "changed": len(version.changes),
        "loosens": version.loosens,
        "reason": version.reason,
    }
    yield from _differs(row, expected, {"by": version.by, "at": version.at, "seq": version.seq})


def _run_faults(tx: ReadTransaction, project: Project) -> Iterator[tuple[str, str]]:
    told = {row.payload.get("number"): row for row in rows_of_kind(tx, project, "gate.judged")}
    for run in tx.every_gate_run(project.id):
        what = f"gate run {run.number}"
        yield from ((what, reason) for reason in _run_reasons(run, told.pop(run.number, None)))
        sides = (run.candidate,) if run.baseline is None else (run.candidate, run.baseline)
        files = {file.name: file.digest for side in sides for file in (*side.files, *side.training)}
        yield from ((what, reason) for reason in _file_reasons(tx, files))
    for number in told:
        yield f"gate run {number}", "the journal tells of it, and it is gone"


def _run_reasons(run: GateRun, row: JournalRow | None) -> Iterator[str]:
    if row is None:
        yield "it is not in the journal"
        return
    if digest_bytes(run.body) != run.digest:
        yield "its record was changed in the database: the bytes do not have its digest"
    elif (run.record.result, run.record.headline) != (run.result, run.headline):
        yield "its result is not the one of its record"
    elif GateFigure.of(run.record) != run.figure:
        yield "its leading number is not the one of its record"
    if run.candidate.digest != run.judged:
        yield "what it judged was changed in the database"
    expected = {
        "gate": run.gate,
        "version": run.version,
        "ticket": run.ticket,
        "result": run.result.value,
        "headline": run.headline,
        "digest": run.digest,
        "dataset": run.dataset,
        "candidate": run.candidate.told(),
        "baseline": None if run.baseline is None else run.baseline.told(),
        "seen_seq": run.seen_seq,
    }
    yield from _differs(row, expected, {"by": run.by, "at": run.at, "seq": run.seq})


def _differs(row: JournalRow, payload: Mapping[str, Any], around: Mapping[str, Any]) -> Iterator[str]:
    other = [name for name, value in payload.items() if row.payload.get(name) != value]
    beside = {"by": row.actor, "at": row.at, "seq": row.seq}
    other += [name for name, value in around.items() if beside[name] != value]
    if other:
        yield f"it is not the one in the journal: it differs in {', '.join(other)}"


def _file_reasons(tx: ReadTransaction, files: Mapping[str, str]) -> Iterator[str]:
    for name, digest in sorted(files.items()):
        content = tx.blob(digest)
        if content is None:
            yield f"its file {name!r} is gone"
        elif digest_bytes(content) != digest:
            yield f"its file {name!r} was changed in the database"
