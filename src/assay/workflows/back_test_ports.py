"""What a back-test of kill rules asks of past runs: a part of the ports in `ports`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from assay.domain.experiments.evidence import Curve, RunStatus
    from assay.domain.experiments.experiment import Lock


class EndedRun(NamedTuple):
    """A run of a locked ticket that is over, without its curves."""

    run_id: str
    ticket: str
    name: str
    status: RunStatus
    arm: str
    dataset: str | None
    gpu_hours: float | None
    url: str | None
    points: Mapping[str, int]
    """How many values its curves of the asked metrics have."""


class BackTestReads(Protocol):
    """Which runs are over, and how did they go?"""

    def ticket_locks(self, project_id: int) -> Mapping[str, Lock]:
        """What every ticket with a lock promised, by its key."""
        ...

    def ended_runs(
        self, project_id: int, tickets: Collection[str], metrics: Collection[str], *, limit: int
    ) -> tuple[Sequence[EndedRun], int]:
        """The newest runs of these tickets that are over, deleted ones left out, with how many there are in all."""
        ...

    def past_digest(self, project_id: int, *, limit: int) -> str:
        """A digest of all that these two answers and the curves hold: as long as it is the same, so is a back-test of `limit` runs."""
        ...

    def curves_in_turn(
        self, project_id: int, run_ids: Collection[str], metrics: Collection[str]
    ) -> Iterator[tuple[str, str, Curve]]:
        """Run id, metric and curve, a few runs at a time: all at once may be more than memory holds."""
        ...
