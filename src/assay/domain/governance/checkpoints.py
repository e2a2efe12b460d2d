"""What was the whole journal at this point, in a few lines that can be kept elsewhere?

A checkpoint says how many entries there were, the root of their tree and the hash of the newest. Signed by the key of the
instance and kept where its owner cannot reach it (mail, a git repository, an auditor), it pins the history before it.
Signing itself needs a key and lives in `connectors/signing`; here is what is signed.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from assay.domain.governance.documents import Hex64, Size, read_document
from assay.domain.governance.journal import JournalHead
from assay.domain.kernel.canonical import canonical_bytes
from assay.domain.kernel.model import Value
from assay.domain.kernel.time import timestamp
from assay.errors import Invalid

Origin = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$")]
"""Name of the instance that keeps the journal; the same for its whole life."""

KeyId = Annotated[str, Field(pattern=r"^ed25519:[0-9a-f]{16}$")]
"""`ed25519:` and the first 16 hex digits of SHA-256 of the 32 raw bytes of the public key."""


class Checkpoint(Value):
    """What was the journal when it had `size` entries?

    Attributes:
        origin: the instance.
        size: entries covered: 1 to size.
        root: RFC 6962 root over their hashes, hex.
        head: hash of entry `size`, hex; 64 zeros when size is 0.
        at: when it was taken, UTC.
    """

    type: Literal["assay/checkpoint@1"] = "assay/checkpoint@1"
    origin: Origin
    size: Size
    root: Hex64
    head: Hex64
    at: Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$")]


class SignedCheckpoint(Value):
    """Who vouches for this checkpoint?

    Attributes:
        key_id: which key signed.
        signature: Ed25519 (RFC 8032) over `checkpoint_bytes(checkpoint)`, 128 hex digits.
    """

    type: Literal["assay/signed-checkpoint@1"] = "assay/signed-checkpoint@1"
    checkpoint: Checkpoint
    key_id: KeyId
    signature: Annotated[str, Field(pattern=r"^[0-9a-f]{128}$")]

    def to_bytes(self) -> bytes:
        """How is it stored and handed out: one line of canonical JSON with a newline?"""
        return canonical_bytes(self.model_dump()) + b"\n"

    @classmethod
    def from_bytes(cls, data: bytes) -> SignedCheckpoint:
        """Which checkpoint is in this document? The signature is not checked here.

        Raises:
            Invalid: not such a document; the field is named.
        """
        return read_document(data, cls, noun="checkpoint")


def take_checkpoint(head: JournalHead, *, origin: str, at: datetime) -> Checkpoint:
    """What is to be signed for the journal as it stands?

    Raises:
        Invalid: the origin is not 1 to 100 letters, digits or `._:-`, or the time has no zone.
    """
    root = head.frontier.root().hex()
    try:
        return Checkpoint(origin=origin, size=head.size, root=root, head=head.head.hex(), at=timestamp(at))
    except ValueError as error:
        raise Invalid(
            f"cannot take checkpoint of instance {origin[:60]!r} at {at.isoformat()}: not a name or not an aware time "
            "(expected 1 to 100 letters, digits or ._:- and a time with its zone)",
            hint="name the instance in its settings",
            code="checkpoint-invalid",
        ) from error


def checkpoint_bytes(checkpoint: Checkpoint) -> bytes:
    """Which bytes are signed? The canonical JSON, whose `type` keeps the signature from meaning anything else."""
    return canonical_bytes(checkpoint.model_dump())
