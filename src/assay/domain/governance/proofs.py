"""Which file shows an auditor, without the database, that an entry is in the journal or that a journal was continued?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from assay.domain.governance.checkpoints import Checkpoint, Origin
from assay.domain.governance.documents import Hex64, Size, read_document
from assay.domain.governance.journal import body_seq
from assay.domain.governance.merkle import (
    NodeReader,
    consistency_path,
    inclusion_path,
    leaf_hash,
    verify_consistency,
    verify_inclusion,
)
from assay.domain.kernel.canonical import canonical_bytes
from assay.domain.kernel.model import Value

_Path = Annotated[tuple[Hex64, ...], Field(max_length=64)]


class InclusionProof(Value):
    """Was exactly this entry in the journal that a checkpoint of `size` entries vouches for?

    Attributes:
        seq: number of the entry, from 1.
        body: the entry as stored.
        path: hashes from the leaf to the root (RFC 6962, 2.1.1), hex.
    """

    type: Literal["assay/inclusion-proof@1"] = "assay/inclusion-proof@1"
    origin: Origin
    seq: Size
    size: Size
    body: str
    path: _Path

    def to_bytes(self) -> bytes:
        """How is it handed out: one line of canonical JSON with a newline?"""
        return canonical_bytes(self.model_dump()) + b"\n"

    @classmethod
    def from_bytes(cls, data: bytes) -> InclusionProof:
        """Which proof is in this document?

        Raises:
            Invalid: not such a document; the field is named.
        """
        return read_document(data, cls, noun="inclusion proof")


class ConsistencyProof(Value):
    """Does the journal of `second` entries begin with the very journal of `first` entries?

    Attributes:
        path: hashes (RFC 6962, 2.1.2), hex.
    """

    type: Literal["assay/consistency-proof@1"] = "assay/consistency-proof@1"
    origin: Origin
    first: Size
    second: Size
    path: _Path

    def to_bytes(self) -> bytes:
        """How is it handed out: one line of canonical JSON with a newline?"""
        return canonical_bytes(self.model_dump()) + b"\n"

    @classmethod
    def from_bytes(cls, data: bytes) -> ConsistencyProof:
        """Which proof is in this document?

        Raises:
            Invalid: not such a document; the field is named.
        """
        return read_document(data, cls, noun="consistency proof")


@dataclass(frozen=True, slots=True)
class ProofReport:
    """Does the proof hold, and what does it show or why not?"""

    ok: bool
    message: str


def prove_inclusion(node: NodeReader, *, origin: str, seq: int, size: int, body: bytes) -> InclusionProof:
    """Which document proves that entry `seq` is among the first `size` entries?

    Raises:
        Invalid: not 1 <= seq <= size.
    """
    path = inclusion_path(node, index=seq - 1, size=size)
    hexes = tuple(item.hex() for item in path)
    return InclusionProof(origin=origin, seq=seq, size=size, body=body.decode(), path=hexes)


def prove_consistency(node: NodeReader, *, origin: str, first: int, second: int) -> ConsistencyProof:
    """Which document proves that the journal of `second` entries continues the one of `first`?

    Raises:
        Invalid: not 0 <= first <= second.
    """
    hexes = tuple(item.hex() for item in consistency_path(node, first=first, second=second))
    return ConsistencyProof(origin=origin, first=first, second=second, path=hexes)


def check_inclusion(proof: InclusionProof, checkpoint: Checkpoint) -> ProofReport:
    """Does the checkpoint (signature verified before) vouch for the entry in the proof?"""
    if proof.origin != checkpoint.origin:
        return ProofReport(ok=False, message=_other_origin(proof.origin, checkpoint.origin))
    if proof.size != checkpoint.size:
        return ProofReport(
            ok=False, message=f"the proof is for {proof.size} entries, the checkpoint for {checkpoint.size}"
        )
    body = proof.body.encode()
    if body_seq(body) != proof.seq:
        return ProofReport(ok=False, message=f"the entry in the proof is not entry {proof.seq}")
    included = verify_inclusion(
        leaf=leaf_hash(body),
        index=proof.seq - 1,
        size=proof.size,
        path=_raw(proof.path),
        root=bytes.fromhex(checkpoint.root),
    )
    if not included:
        return ProofReport(
            ok=False, message=f"entry {proof.seq} as given is not in the journal of the checkpoint"
        )
    return ProofReport(ok=True, message=f"entry {proof.seq} is in the journal of {checkpoint.size} entries")


def check_consistency(proof: ConsistencyProof, older: Checkpoint, newer: Checkpoint) -> ProofReport:
    """Does the newer checkpoint continue the older one (both signatures verified before), or is there a fork?"""
    for checkpoint in (older, newer):
        if proof.origin != checkpoint.origin:
            return ProofReport(ok=False, message=_other_origin(proof.origin, checkpoint.origin))
    if (proof.first, proof.second) != (older.size, newer.size):
        sizes = f"{proof.first} and {proof.second} entries, the checkpoints for {older.size} and {newer.size}"
        return ProofReport(ok=False, message=f"the proof is for {sizes}")
    consistent = verify_consistency(
        first=proof.first,
        second=proof.second,
        first_root=bytes.fromhex(older.root),
        second_root=bytes.fromhex(newer.root),
        path=_raw(proof.path),
    )
    if not consistent:
        message = f"fork: the journal of {newer.size} entries does not continue the one of {older.size}"
        return ProofReport(ok=False, message=message)
    return ProofReport(
        ok=True, message=f"the journal of {newer.size} entries continues the one of {older.size}"
    )


def _raw(path: tuple[str, ...]) -> list[bytes]:
    return [bytes.fromhex(item) for item in path]


def _other_origin(proof: str, checkpoint: str) -> str:
    return f"the proof is from instance {proof}, the checkpoint from {checkpoint}"
