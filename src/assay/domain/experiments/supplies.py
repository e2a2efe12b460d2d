"""The data that an experiment waits for: what its ticket lists, and the data tickets that it is linked to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from assay.domain.experiments.arrival import Arrival, arrival_of
from assay.domain.experiments.experiment import DataNeed
from assay.domain.experiments.type_fields import DataStage

_WORDS = {
    DataStage.NEEDED: "not begun",
    DataStage.COLLECTION: "in collection",
    DataStage.ANNOTATION: "in annotation",
    DataStage.QA: "in QA",
}


@dataclass(frozen=True, slots=True)
class LinkedData:
    """A data ticket that an experiment needs, or is blocked by."""

    key: str
    title: str
    stage: DataStage | None
    arrives: str
    is_accepted: bool = False
    """Somebody decided that it is good."""
    is_stopped: bool = False
    """It was killed: this data does not come."""


@dataclass(frozen=True, slots=True)
class Supply:
    """One thing that is waited for."""

    name: str
    is_ready: bool
    arrival: Arrival | None
    """None: nobody said when."""
    wanted_on: date | None = None
    """When it is needed, which is not when it comes."""
    stands: str = ""
    """Where work on it stands, in two words."""
    is_stopped: bool = False


class DataState(StrEnum):
    """How an experiment stands with the data it cannot start without."""

    READY = "ready"
    AT_RISK = "at risk"
    """Some of it is not there yet."""
    BLOCKED = "blocked"
    """It has begun, and some of it is not there."""


def data_state(awaited: tuple[Supply, ...], *, begun: bool) -> DataState | None:
    """How does the data of an experiment stand? None when it waits for none, which says nothing about its data.

    >>> data_state(supplies((DataNeed(dataset="labels-v2"),)), begun=False).value
    'at risk'
    """
    if not awaited:
        return None
    if all(one.is_ready for one in awaited):
        return DataState.READY
    return DataState.BLOCKED if begun else DataState.AT_RISK


def supplies(needs: tuple[DataNeed, ...], linked: tuple[LinkedData, ...] = ()) -> tuple[Supply, ...]:
    """What does this experiment wait for? A need named like a linked data ticket is told once, by the ticket.

    >>> annotated = LinkedData("DATA-3", "Labels", DataStage.ANNOTATION, "2026-06-02 to 2026-06-05")
    >>> [one] = supplies((DataNeed(dataset="labels"),), (annotated,))
    >>> one.name, one.is_ready, one.stands
    ('DATA-3', False, 'in annotation')
    """
    told = {name.casefold() for one in linked for name in (one.key, one.title)}
    return (
        *(_listed(need) for need in needs if need.dataset.casefold() not in told),
        *(_of_ticket(one) for one in linked),
    )


def _listed(need: DataNeed) -> Supply:
    wanted = None if need.needed_by is None else need.needed_by.date()
    return Supply(need.dataset, need.ready, arrival_of(need.arrives), wanted)


def _of_ticket(one: LinkedData) -> Supply:
    return Supply(
        one.key,
        one.stage is DataStage.READY or one.is_accepted,
        arrival_of(one.arrives),
        stands="" if one.stage is None else _WORDS.get(one.stage, ""),
        is_stopped=one.is_stopped,
    )
