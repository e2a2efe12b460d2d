"""What workflows of sprints need from the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from assay.domain.sprints.progress import RunBegan, RunEnd, RunsSoFar
    from assay.domain.sprints.sprint import SprintContent
    from assay.workflows.records import Commitment, CommitmentCount, Sprint, Ticket
    from assay.workflows.sprint_views import AtHand, Decided
    from assay.workflows.views import JournalRow


class SprintReads(Protocol):
    """Which sprints are there, and what is in them?"""

    def sprints(self, project_id: int) -> Sequence[Sprint]:
        """Every sprint of a project, by number."""
        ...

    def sprint(self, project_id: int, number: int) -> Sprint | None: ...
    def commitments(self, sprint_id: int) -> Sequence[Commitment]:
        """Everything ever taken into a sprint, in that order."""
        ...

    def all_commitments(self, project_id: int) -> Sequence[Commitment]:
        """Of every sprint of a project, in the order they were made."""
        ...

    def commitment_counts(self, project_id: int) -> Mapping[int, CommitmentCount]:
        """By the sprint's id; sprints that nothing was ever taken into are left out."""
        ...

    def told_of(
        self, project: str, subjects: Sequence[str], kinds: Sequence[str], *, until: datetime = ...
    ) -> Sequence[JournalRow]:
        """Every entry of these kinds about these subjects, by this moment where one is named, oldest first."""
        ...

    def newest_of(
        self, project: str, subjects: Sequence[str], kinds: Sequence[str], *, until: datetime
    ) -> Mapping[str, JournalRow]:
        """The newest entry of these kinds about each subject by this moment; those that have none are left out."""
        ...

    def runs_so_far(
        self, project_id: int, keys: Sequence[str], *, begin: datetime, until: datetime
    ) -> Mapping[str, RunsSoFar]:
        """What the runs of these tickets had come to, those still in their tracker; tickets that have none are left out.

        begin, until: both count; the sprint is between them.
        """
        ...

    def run_ends(self, project_id: int, keys: Sequence[str], *, since: datetime) -> Sequence[RunEnd]:
        """Runs of these tickets that go on, or ended after this moment, those first seen first."""
        ...

    def longest_runs(self, project_id: int, keys: Sequence[str]) -> Mapping[str, timedelta]:
        """How long the longest finished run of each ticket took, to the millisecond."""
        ...

    def runs_begun(self, project_id: int, keys: Sequence[str], *, since: datetime) -> Sequence[RunBegan]:
        """Runs of these tickets that began after this moment."""
        ...

    def loose_runs(self, project_id: int, *, since: datetime) -> int:
        """How many runs that began after this moment belong to no ticket?"""
        ...

    def at_hand(self, project_id: int, sprint_id: int, *, over: Sequence[str]) -> Sequence[AtHand]:
        """Tickets in none of these columns, not in this sprint, neither killed nor promoted since they came where they stand."""
        ...

    def decided(self, project_id: int, keys: Sequence[str] | None = None) -> Sequence[Decided]:
        """Every decision of a project, or on these tickets of it, oldest first."""
        ...


class SprintWrites(Protocol):
    """Changes to sprints."""

    def add_sprint(self, project_id: int, content: SprintContent, *, at: datetime) -> Sprint:
        """A planned sprint under the project's next number."""
        ...

    def save_sprint(self, sprint: Sprint) -> Sprint | None:
        """Write state, content, retro and times where the version still is `sprint.version`; None when stale."""
        ...

    def add_commitment(
        self, sprint: Sprint, ticket: Ticket, *, by: str, at: datetime, after_start: bool
    ) -> Commitment: ...
    def save_commitment(self, commitment: Commitment) -> None:
        """Write how and why it was taken out, and its flag."""
        ...
