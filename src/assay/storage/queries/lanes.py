"""The board cut into lanes: the first cards of every lane in every column, in one statement."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from sqlalchemy import ColumnElement, case, func, literal, select

from assay.domain.board.wip import limited_by_gpus, taken_of
from assay.storage.queries.column_limits import LimitQueries
from assay.storage.queries.filters import page_size, ticket_conditions
from assay.storage.repositories.journal import LAST_SEQ
from assay.storage.tables import tickets
from assay.workflows.asked import Asked, Lanes
from assay.workflows.lane_views import LaneCell, LaneColumn, LaneSlots
from assay.workflows.records import Project
from assay.workflows.views import CardSlot

_T = tickets.c
_SLOT = (_T.id, _T.key, _T.stage, _T.rank, _T.card_version)


class LaneQueries(LimitQueries):
    """Which cards stand in which lane?"""

    __slots__ = ()

    def lane_slots(self, project: Project, *, lanes: Lanes, per_cell: int, filters: Asked) -> LaneSlots:
        """Which cards stand in which lane of which column, the first of each, without what they show."""
        limit = page_size(per_cell)
        (seq,) = self.one(LAST_SEQ)
        lane = _lane(lanes)
        cell = (_T.stage, lane)
        places = (
            select(
                *_SLOT,
                lane.label("lane"),
                func.row_number().over(partition_by=cell, order_by=(_T.rank, _T.key)).label("place"),
                func.count().over(partition_by=cell).label("cards"),
            )
            .where(_T.project_id == project.id, *ticket_conditions(filters))
            .subquery()
        )
        first = select(places).where(places.c.place <= limit).order_by(places.c.rank, places.c.key)
        slots: dict[str, dict[str, list[CardSlot]]] = defaultdict(lambda: defaultdict(list))
        counts: dict[str, dict[str, int]] = defaultdict(dict)
        for number, key, stage, rank, card_version, name, _, cards in self.select(first):
            slots[stage][name].append(CardSlot(number, key, stage, rank, card_version))
            counts[stage][name] = cards
        gpus = self.gpus_taken(project.id, limited_by_gpus(project.settings.board))
        columns = tuple(
            LaneColumn(
                key=stage.key,
                title=stage.title,
                wip_limit=stage.wip_limit,
                count=sum(counts[stage.key].values()),
                taken=taken_of(stage, sum(counts[stage.key].values()), gpus),
                gate=stage.gate_text,
                cells={
                    name: _cell(found, counts[stage.key][name]) for name, found in slots[stage.key].items()
                },
            )
            for stage in project.settings.board.stages
        )
        return LaneSlots(columns=columns, seq=seq)


def _cell(slots: list[CardSlot], count: int) -> LaneCell:
    more = count > len(slots)
    return LaneCell(slots=tuple(slots), next_cursor=f"{slots[-1].rank!r}~{slots[-1].key}" if more else None)


def _lane(lanes: Lanes) -> ColumnElement[Any]:
    """The lane of a card as text, empty for none."""
    if lanes.by == "owner":
        return _T.owner
    if lanes.by == "axis":
        return func.coalesce(_T.axis, "")
    if not lanes.phases:
        return literal("")
    now = lanes.phases[-1][1]
    begun = [(_T.begun_at >= at, literal(name)) for at, name in reversed(lanes.phases)]
    return case((_T.begun_at.is_(None), literal(now)), *begun, else_=literal(""))
