"""Entries of the journal never change: what was read once for the flow of a project need not be read again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from datetime import datetime
from heapq import merge
from threading import Lock
from typing import Protocol

from assay.domain.board.flow import Crossing, FlowEvent

MOST_PROJECTS = 16
MOST_EVENTS = 300_000
"""Of one project; more are read each time, for they would take too much room."""


class FlowReads(Protocol):
    """What is asked of the store."""

    def flow_events(
        self, project: str, *, first_stage: str, after: int = 0
    ) -> Iterator[tuple[int, FlowEvent]]:
        """Crossings, decisions to kill or to promote, blockers, data needs: after a number of the journal, in its order, with their numbers."""
        ...


class FlowMemory:
    """Events of projects that were looked at lately, each up to a number of the journal."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, str], tuple[int, tuple[FlowEvent, ...]]] = OrderedDict()
        self._lock = Lock()

    def events(self, tx: FlowReads, project: str, *, first_stage: str) -> Sequence[FlowEvent]:
        """Every event of a project in journal order, an imported history in the order of time; only what came since the last look is read."""
        key = (project, first_stage)
        with self._lock:
            last, known = self._kept.get(key, (0, ()))
        news = list(tx.flow_events(project, first_stage=first_stage, after=last))
        if not news:
            return known
        events = (*known, *(event for _, event in news))
        if any(_was_elsewhere(event) for _, event in news):
            events = _by_time(events)
        with self._lock:
            self._kept[key] = (news[-1][0], events)
            self._kept.move_to_end(key)
            if len(events) > MOST_EVENTS:
                del self._kept[key]
            elif len(self._kept) > MOST_PROJECTS:
                self._kept.popitem(last=False)
        return events


def _was_elsewhere(event: FlowEvent) -> bool:
    return isinstance(event, Crossing) and event.imported


def _by_time(events: Sequence[FlowEvent]) -> tuple[FlowEvent, ...]:
    """An imported history in its place among what happened here; what happened here keeps the order of the journal."""
    elsewhere = sorted(filter(_was_elsewhere, events), key=_moment)
    return tuple(merge(elsewhere, (event for event in events if not _was_elsewhere(event)), key=_moment))


def _moment(event: FlowEvent) -> datetime:
    return event.at
