"""What is asked of the journal a page, a subject or a kind at a time, and who signs it: a part of the ports in `ports`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from assay.domain.governance.checkpoints import Checkpoint, SignedCheckpoint
    from assay.workflows.views import JournalPage, JournalRow


class JournalReads(Protocol):
    """What happened, by what it was and whom it is about?"""

    def journal_page(
        self,
        *,
        project: str | None,
        before: int | None,
        limit: int,
        kind: str | None,
        subject: str | None,
        actor: str | None,
    ) -> JournalPage: ...
    def latest_about(self, project: str, subject: str, *, limit: int) -> Sequence[JournalRow]: ...
    def journal_about(self, project: str, subject: str, kinds: Sequence[str]) -> Sequence[JournalRow]:
        """Every entry of these kinds about one subject, oldest first."""
        ...

    def told(self, project: str, kinds: Sequence[str]) -> Iterator[JournalRow]:
        """Every entry of these kinds of a project, oldest first, streamed."""
        ...


class VerifyingKey(Protocol):
    """The public half of the instance key."""

    @property
    def key_id(self) -> str: ...
    def to_pem(self) -> bytes: ...
    def fault(self, signed: SignedCheckpoint) -> str | None:
        """Why the signature does not hold, None when it does."""
        ...


class CheckpointSigner(Protocol):
    """Signs checkpoints with the instance key."""

    @property
    def public_key(self) -> VerifyingKey: ...
    def sign(self, checkpoint: Checkpoint) -> SignedCheckpoint: ...
