"""What planning needs from the outside: a part of the ports that live with all others in `ports`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from assay.domain.experiments.supplies import LinkedData
    from assay.domain.gates.gate_record import GateRecord


class PlanningReads(Protocol):
    """What is remembered of what was expected, and of what came of it."""

    def plannable(self, project_id: int, stages: Sequence[str]) -> Sequence[str]:
        """Keys of the experiments in these columns that are not locked, by number."""
        ...

    def data_links(self, project_id: int) -> Mapping[str, tuple[LinkedData, ...]]:
        """The data tickets that tickets of this project need or are blocked by, by key, each once."""
        ...

    def linked_data(self, ids: Sequence[int]) -> Mapping[int, tuple[LinkedData, ...]]:
        """The same for these tickets, by id; those that wait for none are left out."""
        ...

    def latest_gate_records(
        self, project_id: int, name: str, keys: Sequence[str]
    ) -> Mapping[str, tuple[int, GateRecord]]:
        """Number and record of the newest answer of a gate about each of these tickets that has one."""
        ...
