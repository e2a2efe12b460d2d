"""What is asked about those who follow tickets, what is new for them, and about files of tickets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from assay.workflows.records import Attachment, Project
    from assay.workflows.views import JournalRow


@dataclass(frozen=True, slots=True)
class Heard:
    """Something that happened on a ticket that somebody follows."""

    row: JournalRow
    title: str
    """Of the ticket."""


class CompanyReads(Protocol):
    """Who follows a ticket, and which files belong to it?"""

    def watchers(self, ticket_id: int) -> Sequence[str]: ...
    def attachments(self, ticket_id: int) -> Sequence[Attachment]: ...
    def company(self, ticket_id: int) -> tuple[Sequence[str], Sequence[Attachment]]:
        """Both at once."""
        ...


class InboxReads(Protocol):
    """What is new for somebody?"""

    def heard(
        self, project: Project, name: str, *, before: int | None, limit: int
    ) -> tuple[Sequence[Heard], int | None]:
        """What others did on the tickets that somebody follows, newest first, and the number to go on below."""
        ...

    def unread(self, project: Project, name: str) -> tuple[int, int]:
        """Up to which journal number somebody has read, and how much came since."""
        ...

    def projects_and_unread(self, project: Project, name: str) -> tuple[Sequence[Project], int]:
        """Every project by slug, and how much is new for somebody in one of them, counted up to 100; one statement."""
        ...

    def followers(self, project_id: int) -> Sequence[tuple[str, int]]:
        """Everybody who follows tickets of a project, by name, and how many."""
        ...
