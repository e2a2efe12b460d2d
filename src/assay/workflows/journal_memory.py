"""Entries of the journal never change: what was read of them once for a page need not be read again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from heapq import merge
from threading import Lock
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from assay.domain.board.flow import Crossing, FlowEvent
from assay.domain.board.flow_events import FlowEvents

if TYPE_CHECKING:
    from assay.domain.sprints.calls import CallEvent

MOST_PROJECTS = 16
MOST_EVENTS, MOST_CALLS = 300_000, 30_000
"""Of one project; more are read each time, for they would take too much room. A call holds all that was locked."""

T = TypeVar("T")
All = TypeVar("All", bound=Sequence[Any])


class EventReads(Protocol):
    """What is asked of the store."""

    def flow_events(self, project: str, *, after: int = 0) -> Iterator[tuple[int, FlowEvent]]:
        """Crossings, changes of columns, decisions to kill or to promote, blockers: after a number of the journal, in its order, with their numbers."""
        ...

    def call_events(self, project: str, *, after: int = 0) -> Iterator[tuple[int, CallEvent]]:
        """Every lock with its prediction and every decision with what was shown: the same way."""
        ...


class JournalMemory:
    """Events of projects that were looked at lately, each up to a number of the journal."""

    def __init__(self) -> None:
        self._flow = _Shelf(MOST_EVENTS, FlowEvents(), _in_place)
        self._calls: _Shelf[CallEvent, tuple[CallEvent, ...]] = _Shelf(MOST_CALLS, (), _appended)

    def flow(self, tx: EventReads, project: str) -> FlowEvents:
        """Every event of a project's flow in journal order, an imported history in the order of time; only what came since the last look is read."""
        return self._flow.read(project, lambda after: tx.flow_events(project, after=after))

    def calls(self, tx: EventReads, project: str) -> Sequence[CallEvent]:
        """Every lock and every decision of a project, the same way."""
        return self._calls.read(project, lambda after: tx.call_events(project, after=after))


class _Shelf(Generic[T, All]):
    def __init__(self, most: int, nothing: All, arrange: Callable[[All, Sequence[T]], All]) -> None:
        self._most = most
        self._nothing = nothing
        self._arrange = arrange
        self._kept: OrderedDict[str, tuple[int, All]] = OrderedDict()
        self._lock = Lock()

    def read(self, key: str, told_after: Callable[[int], Iterable[tuple[int, T]]]) -> All:
        """What is known of it, and what was told since."""
        with self._lock:
            last, known = self._kept.get(key, (0, self._nothing))
        news = list(told_after(last))
        if not news:
            return known
        events = self._arrange(known, [event for _, event in news])
        with self._lock:
            self._kept[key] = (news[-1][0], events)
            self._kept.move_to_end(key)
            if len(events) > self._most:
                del self._kept[key]
            elif len(self._kept) > MOST_PROJECTS:
                self._kept.popitem(last=False)
        return events


def _appended(known: tuple[T, ...], news: Sequence[T]) -> tuple[T, ...]:
    return (*known, *news)


def _in_place(known: FlowEvents, news: Sequence[FlowEvent]) -> FlowEvents:
    """An imported history in its place among what happened here; what happened here keeps the order of the journal."""
    events = FlowEvents((*known, *news))
    if not any(map(_was_elsewhere, news)):
        return events
    elsewhere = sorted(filter(_was_elsewhere, events), key=_moment)
    return FlowEvents(merge(elsewhere, (event for event in events if not _was_elsewhere(event)), key=_moment))


def _was_elsewhere(event: FlowEvent) -> bool:
    return isinstance(event, Crossing) and event.told_at is not None


def _moment(event: FlowEvent) -> datetime:
    return event.at
