"""The journal: read it, verify it, take proofs and exports away."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from fastapi import Path, Query, Request
from starlette.responses import Response, StreamingResponse

from assay.api.answers import gives, gives_text
from assay.api.csv_cells import csv_line
from assay.api.documents import answer
from assay.api.pages import JournalAsked
from assay.api.permissions import actor_of, requires, workspace_of
from assay.api.schemas.instance import CheckpointList, KeyDocument, ProofDocument
from assay.api.schemas.journal import HeldCheckpoints
from assay.api.versioned import v1_router
from assay.bootstrap import offline_verifier
from assay.domain.governance.checkpoints import SignedCheckpoint
from assay.domain.governance.journal import read_body
from assay.domain.kernel.canonical import canonical_bytes
from assay.workflows.actor import Permission
from assay.workflows.journal import (
    HeadReport,
    JournalReport,
    consistency_proof,
    export_journal,
    inclusion_proof,
    journal_page,
    list_checkpoints,
    make_checkpoint,
    raw_journal,
    rebuild_head,
    verify_journal,
)
from assay.workflows.views import JournalPage

router = v1_router("journal", prefix="/journal")
AUDIT = [requires(Permission.AUDIT)]
LINES = "application/jsonl"
CSV = "text/csv"
Seq = Annotated[int, Path(ge=1, lt=2**63)]


@router.get("", dependencies=[requires(Permission.READ)], **gives(JournalPage))
def show_journal(request: Request, asked: Annotated[JournalAsked, Query()]) -> Response:
    """What happened, newest first."""
    return answer(
        journal_page(
            workspace_of(request),
            actor_of(request),
            project=asked.project,
            before=asked.before,
            limit=asked.limit,
            kind=asked.kind,
            subject=asked.subject,
            who=asked.who,
        )
    )


@router.get("/verification", dependencies=AUDIT, **gives(JournalReport))
def verify(request: Request) -> Response:
    """Was anything altered, removed, swapped or rewritten?"""
    return answer(verify_journal(workspace_of(request), actor_of(request)))


@router.post("/verification", dependencies=AUDIT, **gives(JournalReport))
def verify_against(request: Request, body: HeldCheckpoints) -> Response:
    """The same against checkpoints kept outside, which find what an owner of the whole machine could hide."""
    held = [SignedCheckpoint.from_bytes(canonical_bytes(document)) for document in body.checkpoints]
    return answer(verify_journal(workspace_of(request), actor_of(request), held=held))


@router.get("/checkpoints", dependencies=AUDIT, **gives(CheckpointList))
def checkpoints(request: Request) -> Response:
    """Every signed checkpoint, oldest first."""
    return answer({"rows": list_checkpoints(workspace_of(request), actor_of(request))})


@router.post("/checkpoints", dependencies=AUDIT, **gives(SignedCheckpoint))
def new_checkpoint(request: Request) -> Response:
    """Sign what the journal is now. An unchanged journal gives the last checkpoint again."""
    signed = make_checkpoint(workspace_of(request), actor_of(request))
    return Response(signed.to_bytes(), media_type="application/json")


@router.post("/head", dependencies=[requires(Permission.OPERATE)], **gives(HeadReport))
def rebuild(request: Request) -> Response:
    """Recompute from the entries what is remembered of their end; a new entry tells of it where it was something else."""
    return answer(rebuild_head(workspace_of(request), actor_of(request)))


@router.get("/proofs/{seq}", dependencies=AUDIT, **gives(ProofDocument))
def prove_entry(request: Request, seq: Seq) -> Response:
    """Proof that an entry is in the journal, with the checkpoint it holds against."""
    proof, signed = inclusion_proof(workspace_of(request), actor_of(request), seq)
    return answer({"proof": proof, "checkpoint": signed})


@router.get("/consistency/{size}", dependencies=AUDIT, **gives(ProofDocument))
def prove_continued(request: Request, size: Seq) -> Response:
    """Proof that the journal of `size` entries was only continued since."""
    proof, signed = consistency_proof(workspace_of(request), actor_of(request), size)
    return answer({"proof": proof, "checkpoint": signed})


@router.get("/key", dependencies=AUDIT, **gives(KeyDocument))
def show_key(request: Request) -> Response:
    """The public key that checkpoints are signed with."""
    key = workspace_of(request).signer.public_key
    return answer(KeyDocument(key_id=key.key_id, pem=key.to_pem().decode("ascii")))


@router.get(
    "/verifier",
    dependencies=AUDIT,
    **gives_text("text/x-python", description="A Python program of one file."),
)
def show_verifier() -> Response:
    """The program an auditor runs without Assay."""
    return Response(offline_verifier(), media_type="text/x-python", headers=_attached("assay_verify.py"))


@router.get("/export", dependencies=AUDIT, **gives_text(LINES, description="One entry a line, oldest first."))
def export_lines(request: Request) -> StreamingResponse:
    """The journal as JSON Lines, with the exact bytes that the hashes cover."""
    lines = export_journal(workspace_of(request), actor_of(request))
    return StreamingResponse(_blocks(lines), media_type=LINES, headers=_attached("assay-journal.jsonl"))


@router.get(
    "/export.csv", dependencies=AUDIT, **gives_text(CSV, description="One entry a line, oldest first.")
)
def export_csv(request: Request) -> StreamingResponse:
    """The journal as a table for a spreadsheet; cells that look like formulas are made text by an apostrophe."""
    rows = raw_journal(workspace_of(request), actor_of(request))
    return StreamingResponse(
        _blocks(_csv(rows)), media_type=f"{CSV}; charset=utf-8", headers=_attached("assay-journal.csv")
    )


def _csv(rows: Iterator[tuple[int, bytes, bytes]]) -> Iterator[bytes]:
    yield csv_line(("seq", "at", "actor", "kind", "project", "subject", "payload", "hash"))
    for seq, body, entry_hash in rows:
        entry = read_body(body)
        event = entry.event
        payload = canonical_bytes(event.payload).decode()
        cells = (entry.at, entry.actor, event.kind, event.project or "", event.subject or "", payload)
        yield csv_line((str(seq), *cells, entry_hash.hex()))


def _blocks(lines: Iterator[bytes], size: int = 65_536) -> Iterator[bytes]:
    """Lines in blocks, for a message a line would cost more than the line."""
    block: list[bytes] = []
    held = 0
    for line in lines:
        block.append(line)
        held += len(line)
        if held >= size:
            yield b"".join(block)
            block, held = [], 0
    if block:
        yield b"".join(block)


def _attached(name: str) -> dict[str, str]:
    return {"content-disposition": f'attachment; filename="{name}"'}
