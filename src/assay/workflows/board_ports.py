"""What board and lists of tickets need from the store: a part of the ports that live with all others in `ports`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from assay.domain.board.roles import ColumnRole
    from assay.domain.board.staleness import WorkSigns
    from assay.workflows.asked import Asked, Lanes
    from assay.workflows.lane_views import LaneSlots
    from assay.workflows.records import Project
    from assay.workflows.views import BoardSlots, BoardView, CardView, ColumnPage, ExperimentListPage


class BoardReads(Protocol):
    """Which tickets stand where?"""

    def board_slots(self, project: Project, *, per_column: int, filters: Asked) -> BoardSlots:
        """Which cards stand where, in three statements and without what they show.

        For pages that keep the HTML of cards by `(slot.id, slot.card_version)`: ask `cards` for those not seen before.
        A whole page may be kept by `Store.last_seq()`: every change appends to the journal.
        """
        ...

    def lane_slots(self, project: Project, *, lanes: Lanes, per_cell: int, filters: Asked) -> LaneSlots:
        """Which cards stand in which lane of which column, the first of each, without what they show."""
        ...

    def cards(self, ids: Sequence[int], roles: Mapping[str, ColumnRole]) -> Mapping[int, CardView]:
        """What these cards show, by ticket id, in one statement; `roles` says what each column is for."""
        ...

    def gpus_taken(self, project_id: int, stages: Sequence[str]) -> Mapping[str, int]:
        """How many GPUs the cards of these columns run on; columns without cards are left out."""
        ...

    def board_view(self, project: Project, *, per_column: int, filters: Asked) -> BoardView: ...
    def column_page(
        self,
        project: Project,
        stage: str,
        *,
        after: tuple[float, str] | None,
        limit: int,
        filters: Asked,
    ) -> ColumnPage: ...
    def experiment_list(
        self, project: Project, *, after: str | None, limit: int, sort: str, filters: Asked
    ) -> ExperimentListPage: ...

    def titles(self, project_id: int) -> Mapping[str, str]:
        """The title of every ticket, by key."""
        ...

    def work_signs(self, project_id: int, stages: Sequence[str]) -> Sequence[WorkSigns]:
        """Every ticket in these columns with its last sign of life, by number."""
        ...
