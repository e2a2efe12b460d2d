"""What workflows about blockers need from the outside: parts of the ports that live with all others in `ports`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from assay.domain.board.blockers import Blocker, BlockerCategory


class BlockerReads(Protocol):
    """What is remembered of what is in the way."""

    def blockers(self, project_id: int, *, open_only: bool = False) -> Sequence[Blocker]:
        """Blockers of all tickets of a project, the oldest first."""
        ...

    def blockers_of(self, ticket_id: int) -> Sequence[Blocker]:
        """Blockers of one ticket by number."""
        ...


class BlockerWrites(BlockerReads, Protocol):
    """What came in the way, and what went out of it."""

    def open_blocker(
        self, ticket_id: int, *, category: BlockerCategory, owner: str, text: str, by: str, at: datetime
    ) -> int:
        """A new blocker of a ticket, which its card shows from now on; returns its number in the ticket."""
        ...

    def close_blocker(self, ticket_id: int, number: int, *, resolution: str, by: str, at: datetime) -> bool:
        """It is out of the way; False when there is none of this number that is open."""
        ...
