"""What is asked about those who follow a ticket, and about its files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from assay.workflows.records import Attachment


class CompanyReads(Protocol):
    """Who follows a ticket, and which files belong to it?"""

    def watchers(self, ticket_id: int) -> Sequence[str]: ...
    def attachments(self, ticket_id: int) -> Sequence[Attachment]: ...
    def company(self, ticket_id: int) -> tuple[Sequence[str], Sequence[Attachment]]:
        """Both at once."""
        ...
