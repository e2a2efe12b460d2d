"""What happened on a board, in order, with what follows from it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property

from assay.domain.board.blockers import BlockerClosed, BlockerOpened
from assay.domain.board.board import Board
from assay.domain.board.flow import BoardChanged, Crossing, Decided, FlowEvent, ItemFlow, item_flows
from assay.domain.board.readiness import DataConfirmed, NeedsTold
from assay.domain.board.standing_boards import StandingBoards, standing_boards
from assay.domain.board.time_boxes import BoxTold

MOST_WAYS = 5_000
"""So many ways of items are kept, about a kilobyte each: of a thousand items those of five moments, and most pages ask for now."""


class FlowEvents(tuple[FlowEvent, ...]):  # noqa: SLOT001  # what was worked out is kept beside its items
    """Events in the order of the journal. They never change, so what follows from them is worked out once, when it is first asked."""

    @cached_property
    def crossings(self) -> Sequence[Crossing]:
        """Which items went where?"""
        return tuple(event for event in self if isinstance(event, Crossing))

    @cached_property
    def decisions(self) -> Sequence[Decided]:
        """What was decided?"""
        return tuple(event for event in self if isinstance(event, Decided))

    @cached_property
    def crossings_of(self) -> Mapping[str, Sequence[Crossing]]:
        """Where did each item go?"""
        found: dict[str, list[Crossing]] = defaultdict(list)
        for crossing in self.crossings:
            found[crossing.item].append(crossing)
        return dict(found)

    @cached_property
    def about_data(self) -> Sequence[NeedsTold | DataConfirmed]:
        """What was said of data?"""
        return tuple(event for event in self if isinstance(event, NeedsTold | DataConfirmed))

    @cached_property
    def about_boxes(self) -> Sequence[BoxTold]:
        """Which time boxes were given?"""
        return tuple(event for event in self if isinstance(event, BoxTold))

    @cached_property
    def about_blockers(self) -> Sequence[BlockerOpened | BlockerClosed]:
        """What was in the way? A ticket that is deleted takes its own blockers along."""
        # One look at each of them: most cross, and say nothing.
        telling = (event for event in self if not isinstance(event, Crossing) or event.target is None)
        return tuple(
            BlockerClosed(event.at, event.item, None) if isinstance(event, Crossing) else event
            for event in telling
            if isinstance(event, Crossing | BlockerOpened | BlockerClosed)
        )

    @cached_property
    def last_at(self) -> datetime | None:
        """The latest moment of which they tell."""
        return max((event.at for event in self), default=None)

    def boards(self, today: Board) -> StandingBoards:
        """Which boards stood?"""
        return standing_boards(self._changes, today)

    def ways(self, boards: StandingBoards, *, until: datetime) -> tuple[ItemFlow, ...]:
        """Which way did every item go on these boards, up to this moment (it included)? By item, in the order they were first seen.

        >>> from datetime import UTC
        >>> events = FlowEvents([Crossing(datetime(2026, 5, 1, tzinfo=UTC), "EXP-1", None, "backlog")])
        >>> [one] = events.ways(events.boards(Board.default()), until=datetime(2026, 5, 2, tzinfo=UTC))
        >>> one.stage
        'backlog'
        """
        # Whenever after the last of them somebody asks, the answer is the same.
        at = None if self.last_at is None or until >= self.last_at else until
        known = self._known_ways.get(at)
        if known is not None and known[0] == boards:
            return known[1]
        found = item_flows(self.crossings, boards, decisions=self.decisions, until=at)
        if sum(len(ways) for _, ways in tuple(self._known_ways.values())) + len(found) > MOST_WAYS:
            self._known_ways.clear()
        if len(found) <= MOST_WAYS:
            self._known_ways[at] = boards, found
        return found

    @cached_property
    def _changes(self) -> Sequence[BoardChanged]:
        return tuple(event for event in self if isinstance(event, BoardChanged))

    @cached_property
    def _known_ways(self) -> dict[datetime | None, tuple[StandingBoards, tuple[ItemFlow, ...]]]:
        return {}
