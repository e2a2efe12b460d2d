"""How is a secret that has to be used again kept in the database, so that a backup does not give it away?

AES-256-GCM (NIST SP 800-38D) under a key that is derived from the signing key, which is in no backup. What a seal is for is
authenticated with it: sealed words cannot be moved to another row.
"""

from __future__ import annotations

import os

from assay.connectors.signing.ed25519 import SigningKey
from assay.errors import Refused

PURPOSE = b"assay sealed words v1"
_NONCE_BYTES = 12


class Seals:
    """Seals words, and opens them again, with the key of this instance.

    Args:
        key: the signing key; nothing is derived before the first use.
    """

    def __init__(self, key: SigningKey) -> None:
        self._key = key

    def seal(self, words: str, *, of: str) -> bytes:
        """These words, readable only with the key and only as what they are of, such as `webhook 7`."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce = os.urandom(_NONCE_BYTES)
        return nonce + AESGCM(self._key.derived(PURPOSE)).encrypt(nonce, words.encode(), of.encode())

    def open(self, sealed: bytes, *, of: str) -> str:
        """The words.

        Raises:
            Refused: another key sealed them, or they were changed or moved.
        """
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        try:
            opened = AESGCM(self._key.derived(PURPOSE)).decrypt(
                sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], of.encode()
            )
        except (InvalidTag, ValueError) as error:
            raise Refused(
                f"cannot open secret of {of}: it was sealed with another signing key, or changed (expected the key of "
                "this installation)",
                hint="put the signing key back that was there, or give address and secret anew",
                code="secret-not-opened",
            ) from error
        return opened.decode()
