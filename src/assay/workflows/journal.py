"""The journal: read it, verify it, hand out proofs that hold without us."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from assay.domain.governance.checkpoints import SignedCheckpoint, take_checkpoint
from assay.domain.governance.journal import JournalHead, export_line
from assay.domain.governance.merkle import HASH_BYTES, MerkleTree
from assay.domain.governance.proofs import (
    ConsistencyProof,
    InclusionProof,
    prove_consistency,
    prove_inclusion,
)
from assay.domain.governance.verification import Fault, head_fault, verify_chain
from assay.domain.kernel.events import Event
from assay.errors import AssayError, NotFound, Refused
from assay.workflows.actor import Actor, Permission
from assay.workflows.integrity import RecordFault, record_faults
from assay.workflows.ports import ReadTransaction, Workspace, WriteTransaction
from assay.workflows.views import JournalPage

UNSIGNED_ENTRIES = 1000
UNSIGNED_FOR = timedelta(days=1)
"""So many entries, or one that is so old, are not left without a checkpoint."""


@dataclass(frozen=True, slots=True)
class CheckpointFault:
    """A stored checkpoint that cannot be relied on."""

    position: int
    reason: str


@dataclass(frozen=True, slots=True)
class JournalReport:
    """Does the journal hold?"""

    ok: bool
    entries: int
    head: str
    """Hash of the newest entry, hex."""
    root: str
    """Merkle root over all entries, hex."""
    covered: int
    """Entries vouched for by signed checkpoints; later ones are only chained."""
    checkpoints: int
    fault: Fault | None
    checkpoint_faults: tuple[CheckpointFault, ...]
    record_faults: tuple[RecordFault, ...]
    """Locks and verdicts in the tables that are not what the journal says."""


@dataclass(frozen=True, slots=True)
class HeadReport:
    """What is remembered of the journal's end now."""

    rebuilt: bool
    """False where it was right."""
    entries: int
    head: str
    """Hash of the newest entry, hex."""
    fault: Fault | None
    """What was wrong with it."""


def journal_page(
    ws: Workspace,
    actor: Actor,
    *,
    project: str | None = None,
    before: int | None = None,
    limit: int = 50,
    kind: str | None = None,
    subject: str | None = None,
    who: str | None = None,
) -> JournalPage:
    """What happened, newest first."""
    actor.require(Permission.READ)
    with ws.store.read() as tx:
        return tx.journal_page(
            project=project, before=before, limit=limit, kind=kind, subject=subject, actor=who
        )


def verify_journal(ws: Workspace, actor: Actor, *, held: Sequence[SignedCheckpoint] = ()) -> JournalReport:
    """Was anything altered, removed, swapped or rewritten?

    `held` are checkpoints kept outside this instance; they find what an owner of the whole machine could hide.
    """
    actor.require(Permission.AUDIT)
    with ws.store.read() as tx:
        documents = tx.checkpoints()
        signed, faults = _trusted(ws, documents, held)
        report = verify_chain(tx.raw_entries(), checkpoints=[item.checkpoint for item in signed])
        fault = report.fault or _copy_fault(tx) or head_fault(tx.remembered_head(), report.head)
        altered = record_faults(tx)
    return JournalReport(
        ok=fault is None and not faults and not altered,
        entries=report.head.size,
        head=report.head.head.hex(),
        root=report.head.frontier.root().hex(),
        covered=report.covered_size,
        checkpoints=len(documents) + len(held),
        fault=fault,
        checkpoint_faults=faults,
        record_faults=altered,
    )


def _copy_fault(tx: ReadTransaction) -> Fault | None:
    """The hashed bytes hold; do the columns beside them, which pages filter by, still say the same?"""
    first = next(tx.miscopied(), None)
    if first is None:
        return None
    message = f"entry {first} was altered: its columns say something else than the bytes that are hashed"
    return Fault(first, first, "altered", message)


def _trusted(
    ws: Workspace, documents: Sequence[bytes], held: Sequence[SignedCheckpoint]
) -> tuple[list[SignedCheckpoint], tuple[CheckpointFault, ...]]:
    trusted: list[SignedCheckpoint] = []
    faults: list[CheckpointFault] = []
    for position, document in enumerate([*documents, *(item.to_bytes() for item in held)], start=1):
        try:
            signed = SignedCheckpoint.from_bytes(document)
        except AssayError as error:
            faults.append(CheckpointFault(position=position, reason=error.message))
            continue
        reason = ws.signer.public_key.fault(signed) or _other_instance(ws, signed)
        if reason is None:
            trusted.append(signed)
        else:
            faults.append(CheckpointFault(position=position, reason=reason))
    return trusted, tuple(faults)


def _other_instance(ws: Workspace, signed: SignedCheckpoint) -> str | None:
    origin = signed.checkpoint.origin
    return None if origin == ws.instance_id else f"of instance {origin}, not of {ws.instance_id}"


def make_checkpoint(ws: Workspace, actor: Actor) -> SignedCheckpoint:
    """Sign what the journal is now. An unchanged journal gives the last checkpoint again.

    Raises:
        Refused: the journal does not verify; a signature would vouch for tampering.
    """
    actor.require(Permission.AUDIT)
    with ws.store.read() as tx:
        head, signed = _verified(ws, tx, "sign checkpoint")
    if signed and signed[-1].checkpoint.size == head.size:
        return signed[-1]
    return _sign_and_keep(ws, head)


def keep_signed(ws: Workspace, actor: Actor, *, all_of_it: bool = False) -> SignedCheckpoint | None:
    """Sign the journal where many of its entries, or one of them for long, stand in no checkpoint; None where none is due.

    Args:
        ws: whose journal.
        actor: who asks.
        all_of_it: sign whatever is new, such as before the server ends.

    Raises:
        Refused: as `make_checkpoint`.
    """
    actor.require(Permission.AUDIT)
    with ws.store.read() as tx:
        last, _ = tx.head()
        signed, _ = _trusted(ws, tx.checkpoints()[-1:], ())
        covered = signed[-1].checkpoint.size if signed else 0
        oldest = next(tx.entries(after=covered, until=covered + 1), None)
    if oldest is None:
        return None
    is_due = last - covered >= UNSIGNED_ENTRIES or ws.clock() - oldest.at >= UNSIGNED_FOR
    return make_checkpoint(ws, actor) if all_of_it or is_due else None


def rebuild_head(ws: Workspace, actor: Actor) -> HeadReport:
    """Recompute from the entries what is remembered of their end; a new entry tells of it where it was something else.

    Raises:
        Refused: the journal does not verify; a rebuilt head would hide that.
    """
    actor.require(Permission.OPERATE)
    at = ws.clock()

    def work(tx: WriteTransaction) -> HeadReport:
        head, _ = _verified(ws, tx, "rebuild journal head")
        remembered = tx.remembered_head()
        fault = head_fault(remembered, head)
        if fault is not None:
            tx.put_head(head)
            event = Event.of(
                "journal.head_rebuilt",
                project=None,
                entries=head.size,
                was=fault.message,
                remembered=remembered.state[:HASH_BYTES].hex(),
            )
            tx.append(event, actor=actor, at=at)
        entries, newest = tx.head()
        return HeadReport(fault is not None, entries, newest.hex(), fault)

    return ws.store.write(work)


def _verified(
    ws: Workspace, tx: ReadTransaction, doing: str
) -> tuple[JournalHead, Sequence[SignedCheckpoint]]:
    """The head recomputed from the entries, and the stored checkpoints, all of which they fit."""
    signed, faults = _trusted(ws, tx.checkpoints(), ())
    report = verify_chain(tx.raw_entries(), checkpoints=[item.checkpoint for item in signed])
    if not report.ok or faults:
        what = report.fault.message if report.fault else faults[0].reason
        raise Refused(
            f"cannot {doing}: the journal does not verify: {what} (expected an intact journal)",
            hint="assay audit verify",
            code="journal-broken",
        )
    return report.head, signed


def _sign_and_keep(ws: Workspace, head: JournalHead) -> SignedCheckpoint:
    at = ws.clock()
    signed = ws.signer.sign(take_checkpoint(head, origin=ws.instance_id, at=at))
    document = signed.to_bytes()
    ws.store.write(lambda tx: tx.put_checkpoint(size=head.size, document=document, at=at))
    return signed


def export_journal(ws: Workspace, actor: Actor) -> Iterator[bytes]:
    """The journal as JSON Lines that the offline verifier reads, entry by entry."""
    actor.require(Permission.AUDIT)
    with ws.store.read() as tx:
        for _, body, entry_hash in tx.raw_entries():
            yield export_line(body, entry_hash)


def raw_journal(ws: Workspace, actor: Actor) -> Iterator[tuple[int, bytes, bytes]]:
    """Every entry as (number, stored bytes, hash), oldest first."""
    actor.require(Permission.AUDIT)
    with ws.store.read() as tx:
        yield from tx.raw_entries()


def list_checkpoints(ws: Workspace, actor: Actor) -> tuple[SignedCheckpoint, ...]:
    """The signed checkpoints that can be read, oldest first; `verify_journal` names those that cannot be relied on."""
    actor.require(Permission.AUDIT)
    with ws.store.read() as tx:
        signed, _ = _trusted(ws, tx.checkpoints(), ())
    return tuple(signed)


def inclusion_proof(ws: Workspace, actor: Actor, seq: int) -> tuple[InclusionProof, SignedCheckpoint]:
    """Proof that entry `seq` is in the journal, with the checkpoint it holds against.

    Raises:
        NotFound: there is no such entry.
        Refused: no checkpoint covers it yet.
    """
    actor.require(Permission.AUDIT)
    with ws.store.read() as tx:
        signed = _latest_covering(ws, tx, seq)
        body, hashes = b"", []
        for number, entry_body, entry_hash in tx.raw_entries(until=signed.checkpoint.size):
            hashes.append(entry_hash)
            if number == seq:
                body = entry_body
    proof = prove_inclusion(
        MerkleTree(hashes).node, origin=ws.instance_id, seq=seq, size=signed.checkpoint.size, body=body
    )
    return proof, signed


def _latest_covering(ws: Workspace, tx: ReadTransaction, seq: int) -> SignedCheckpoint:
    last, _ = tx.head()
    if not 1 <= seq <= last:
        raise NotFound(
            f"cannot prove entry {seq}: the journal has {last} entries (expected 1 to {last})",
            hint="assay audit log",
            code="entry-unknown",
            field="seq",
        )
    signed, _ = _trusted(ws, tx.checkpoints(), ())
    covering = [item for item in signed if item.checkpoint.size >= seq]
    if not covering:
        raise Refused(
            f"cannot prove entry {seq}: no signed checkpoint covers it yet (expected a checkpoint after it)",
            hint="assay audit checkpoint",
            code="checkpoint-missing",
        )
    return covering[-1]


def consistency_proof(
    ws: Workspace, actor: Actor, older_size: int
) -> tuple[ConsistencyProof, SignedCheckpoint]:
    """Proof that the journal of `older_size` entries was only continued, up to the latest checkpoint.

    Raises:
        Refused: no checkpoint is that large.
    """
    actor.require(Permission.AUDIT)
    with ws.store.read() as tx:
        signed = _latest_covering(ws, tx, max(older_size, 1))
        hashes = [entry_hash for _, _, entry_hash in tx.raw_entries(until=signed.checkpoint.size)]
    proof = prove_consistency(
        MerkleTree(hashes).node, origin=ws.instance_id, first=older_size, second=signed.checkpoint.size
    )
    return proof, signed
