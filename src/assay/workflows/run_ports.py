"""What a page asks of the runs of a ticket: a part of the ports in `ports`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from assay.domain.experiments.evidence import Curve
    from assay.workflows.comparison_views import ComparisonFilters, MatchedRuns
    from assay.workflows.run_views import RunRow


class TicketRun(NamedTuple):
    """One run as the page of its ticket lists it."""

    row: RunRow
    arm: str


class RunReads(Protocol):
    """Which runs does a ticket have, and how did some of them go?"""

    def keys_there(self, project_id: int, keys: Collection[str]) -> AbstractSet[str]:
        """Those of the keys that runs name that are tickets of the project."""
        ...

    def runs_of(self, project_id: int, ticket_key: str) -> Sequence[TicketRun]:
        """Runs of a ticket without their curves, deleted ones included, ordered by run id."""
        ...

    def curves_of(self, project_id: int, metric: str, run_ids: Sequence[str]) -> Mapping[str, Curve]:
        """One metric of these runs, by run id; those that never logged it are left out."""
        ...

    def matched_runs(
        self, project_id: int, asked: ComparisonFilters, *, after: str | None, limit: int
    ) -> MatchedRuns:
        """The newest runs that match, without curves, deleted ones left out, with how many match in all."""
        ...
