"""Entries of the journal never change: what was read once for the flow of a project need not be read again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from threading import Lock
from typing import Protocol

from assay.domain.board.flow import FlowEvent

MOST_PROJECTS = 16
MOST_EVENTS = 300_000
"""Of one project; more are read each time, for they would take too much room."""


class FlowReads(Protocol):
    """What is asked of the store."""

    def flow_events(
        self, project: str, *, first_stage: str, after: int = 0
    ) -> Iterator[tuple[int, FlowEvent]]:
        """Crossings, decisions to kill or to promote, blockers: after a number of the journal, in its order, with their numbers."""
        ...


class FlowMemory:
    """Events of projects that were looked at lately, each up to a number of the journal."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, str], tuple[int, tuple[FlowEvent, ...]]] = OrderedDict()
        self._lock = Lock()

    def events(self, tx: FlowReads, project: str, *, first_stage: str) -> Sequence[FlowEvent]:
        """Every event of a project in journal order; only what came since the last look is read."""
        key = (project, first_stage)
        with self._lock:
            last, known = self._kept.get(key, (0, ()))
        news = list(tx.flow_events(project, first_stage=first_stage, after=last))
        if not news:
            return known
        events = (*known, *(event for _, event in news))
        with self._lock:
            self._kept[key] = (news[-1][0], events)
            self._kept.move_to_end(key)
            if len(events) > MOST_EVENTS:
                del self._kept[key]
            elif len(self._kept) > MOST_PROJECTS:
                self._kept.popitem(last=False)
        return events
