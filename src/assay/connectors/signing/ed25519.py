"""Who vouches for this checkpoint: the Ed25519 key of the instance (RFC 8032)?

The private key is a PKCS#8 PEM file that only its owner may read, made at first use. The public key is handed out as PEM
(SubjectPublicKeyInfo), the form that openssl and the offline verifier read.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from secrets import token_hex

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from assay.domain.governance.checkpoints import Checkpoint, SignedCheckpoint, checkpoint_bytes
from assay.errors import Invalid, NotFound, Refused, Unavailable

MAX_KEY_FILE_BYTES = 10_000


@dataclass(frozen=True, slots=True)
class PublicKey:
    """Did the owner of this key sign that?

    Attributes:
        raw: the 32 bytes of RFC 8032.
    """

    raw: bytes

    @classmethod
    def from_pem(cls, pem: bytes) -> PublicKey:
        """Which key is in this PEM file?

        Raises:
            Invalid: not PEM, or not an Ed25519 public key.
        """
        try:
            key = serialization.load_pem_public_key(pem)
        except (ValueError, UnsupportedAlgorithm) as error:
            raise _bad_key("public key", "not a public key in PEM form") from error
        if not isinstance(key, Ed25519PublicKey):
            raise _bad_key("public key", "another kind of key")
        return cls(key.public_bytes_raw())

    @property
    def key_id(self) -> str:
        """Which short name do checkpoints give this key?"""
        return f"ed25519:{sha256(self.raw).hexdigest()[:16]}"

    def to_pem(self) -> bytes:
        """How is it handed out?"""
        return Ed25519PublicKey.from_public_bytes(self.raw).public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    def fault(self, signed: SignedCheckpoint) -> str | None:
        """Why does the signature of this checkpoint not hold under this key? None when it holds."""
        if signed.key_id != self.key_id:
            return f"signed by key {signed.key_id}, not by {self.key_id}"
        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(
                bytes.fromhex(signed.signature), checkpoint_bytes(signed.checkpoint)
            )
        except InvalidSignature:
            return f"the signature is not that of key {self.key_id} over this checkpoint"
        return None


class SigningKey:
    """Which key does this instance sign with?"""

    __slots__ = ("_key", "public_key")

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public_key = PublicKey(key.public_key().public_bytes_raw())

    @classmethod
    def load(cls, path: Path) -> SigningKey:
        """Which key is in this file?

        Raises:
            NotFound: there is no such file.
            Unavailable: the system does not let us read it.
            Refused: others than the owner may read or change it.
            Invalid: it holds no unencrypted Ed25519 private key in PEM form.
        """
        try:
            with path.open("rb") as file:
                mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
                pem = file.read(MAX_KEY_FILE_BYTES)
        except FileNotFoundError as error:
            raise NotFound(
                f"cannot read signing key '{path}': there is no such file",
                hint="restore it from your backup; a new key cannot continue the old signatures",
                code="signing-key-missing",
            ) from error
        except OSError as error:
            raise Unavailable(
                f"cannot read signing key '{path}': {error.strerror} (expected a file that this user owns)",
                hint=f"give it to the user that runs Assay: chown and chmod 600 {path}",
                code="signing-key-unreadable",
            ) from error
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise Refused(
                f"cannot use signing key '{path}': its mode is {mode:04o} (expected 0600: owner only)",
                hint=f"chmod 600 {path}; if others may have read it, replace it with a new key",
                code="signing-key-exposed",
            )
        try:
            key = serialization.load_pem_private_key(pem, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise _bad_key(f"signing key '{path}'", "not an unencrypted private key in PEM form") from error
        if not isinstance(key, Ed25519PrivateKey):
            raise _bad_key(f"signing key '{path}'", "another kind of key")
        return cls(key)

    @classmethod
    def load_or_create(cls, path: Path) -> SigningKey:
        """Which key is in this file, made now if there is none?

        Safe when several processes start at once: the file appears whole, and the first one wins.

        Raises:
            Unavailable, Refused, Invalid: as `load`.
        """
        if not path.exists():
            try:
                _create(path)
            except OSError as error:
                raise Unavailable(
                    f"cannot make signing key '{path}': {error.strerror} (expected a folder with room that this "
                    "account may write)",
                    hint="free space or mend the permissions, then start again",
                    code="signing-key-not-writable",
                ) from error
        return cls.load(path)

    def sign(self, checkpoint: Checkpoint) -> SignedCheckpoint:
        """Which document vouches for this checkpoint?"""
        signature = self._key.sign(checkpoint_bytes(checkpoint)).hex()
        return SignedCheckpoint(checkpoint=checkpoint, key_id=self.public_key.key_id, signature=signature)

    def derived(self, purpose: bytes) -> bytes:
        """Which 32 bytes does whoever has this key, and nobody else, find for a purpose? By HKDF-SHA256 (RFC 5869)."""
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        found = HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose)
        return found.derive(self._key.private_bytes_raw())


def _create(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    pem = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    draft = path.with_name(f".{path.name}.{token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)  # unlike a rename, never replaces a key that another process made meanwhile
        except FileExistsError:
            return
        _sync_directory(path.parent)
    finally:
        draft.unlink()


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _bad_key(noun: str, fact: str) -> Invalid:
    return Invalid(
        f"cannot use {noun}: {fact} (expected Ed25519)",
        hint="print the public key of an instance with: assay audit key",
        code="signing-key-invalid",
    )
