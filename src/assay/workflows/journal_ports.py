"""What is asked of the journal a page, a subject or a kind at a time: a part of the ports in `ports`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
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
