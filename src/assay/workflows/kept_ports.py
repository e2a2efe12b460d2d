"""What workflows about documents of a project need from the store: parts of the ports in `ports`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from assay.workflows.records import KeptDocument


class KeptReads(Protocol):
    """What a project keeps, and what its tickets' verdicts say."""

    def kept(self, project_id: int, kind: str, name: str = "") -> KeptDocument | None: ...
    def all_kept(self, project_id: int, kind: str) -> Sequence[KeptDocument]:
        """Every document of a kind, by name."""
        ...

    def latest_verdicts(self, project_id: int) -> Sequence[tuple[str, str]]:
        """Key and digest of the newest verdict of every locked ticket, by number."""
        ...

    def verdict_bodies(self, project_id: int, digests: Sequence[str]) -> Sequence[tuple[str, bytes]]:
        """Key and bytes of these verdicts, the oldest first."""
        ...

    def compute_spent(self, project_id: int) -> tuple[int, int, float | None]:
        """Runs, those among them whose GPU-hours are known, and the sum of these (None when none is known)."""
        ...


class KeptWrites(KeptReads, Protocol):
    """Changes to what a project keeps."""

    def keep(
        self, project_id: int, kind: str, name: str, body: str, *, by: str, at: datetime
    ) -> KeptDocument:
        """A new document, in its first version."""
        ...

    def save_kept(self, document: KeptDocument) -> KeptDocument | None:
        """Write body, author and time where the version still is `document.version`; None when stale."""
        ...
