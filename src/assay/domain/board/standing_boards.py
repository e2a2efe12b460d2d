"""Which board stood at a moment, and which columns stood in a window?"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate

from assay.domain.board.board import Board, Stage
from assay.domain.board.flow import BoardChanged, Crossing, FlowEvent, FlowRules, flow_rules


@dataclass(frozen=True, slots=True)
class StandingBoards:
    """The boards of a project, one after the other."""

    boards: tuple[Board, ...]
    """The first stood from the beginning."""
    since: tuple[datetime, ...]
    """When each but the first came."""
    rules: tuple[FlowRules, ...]
    """What the columns of each mean."""

    def board_at(self, moment: datetime) -> Board:
        """The board that stood at this moment."""
        return self.boards[bisect_right(self.since, moment)]

    def at(self, moment: datetime) -> FlowRules:
        """What the columns meant at this moment."""
        return self.rules[bisect_right(self.since, moment)]

    def stage(self, key: str, moment: datetime) -> Stage | None:
        """The column of this name at that moment, else the last one that ever had it."""
        boards = (self.board_at(moment), *reversed(self.boards))
        return next((stage for board in boards if (stage := board.stage(key)) is not None), None)

    def columns(self, begin: datetime, end: datetime) -> tuple[Stage, ...]:
        """Every column that stood between two moments, in the order of the last board; one that went stands after its neighbour."""
        first, last = (bisect_right(self.since, moment) for moment in (begin, end))
        found = list(self.boards[last].stages)
        for board in reversed(self.boards[first:last]):
            known = {stage.key for stage in found}
            place = 0
            for stage in board.stages:
                if stage.key in known:
                    place = 1 + next(at for at, one in enumerate(found) if one.key == stage.key)
                else:
                    found.insert(place, stage)
                    place += 1
        return tuple(found)


def standing_boards(events: Iterable[FlowEvent], today: Board) -> StandingBoards:
    """Which boards stood, by what a journal tells of them? Where it tells of no change, today's stood at all times.

    >>> from datetime import UTC
    >>> one = Board.default()
    >>> fewer = Board(stages=one.stages[1:], transitions=())
    >>> boards = standing_boards([BoardChanged(datetime(2026, 5, 2, tzinfo=UTC), one, fewer)], fewer)
    >>> [boards.board_at(datetime(2026, 5, day, tzinfo=UTC)).first.key for day in (1, 3)]
    ['backlog', 'hypothesis']
    """
    changes = [event for event in events if isinstance(event, BoardChanged)]
    boards = (changes[0].before, *(change.after for change in changes)) if changes else (today,)
    # A clock that was put back between two changes does not put them in another order.
    since = tuple(accumulate((change.at for change in changes), max))
    return StandingBoards(boards, since, tuple(map(flow_rules, boards)))


def known_by(crossings: Iterable[Crossing], moment: datetime) -> datetime:
    """When was the last told of what had happened by this moment: an imported history is told later, on the board that had its columns?

    >>> from datetime import UTC
    >>> day = [datetime(2026, 5, number, tzinfo=UTC) for number in range(1, 9)]
    >>> known_by([Crossing(day[0], "EXP-1", None, "draft", told_at=day[6])], day[2]) == day[6]
    True
    """
    return max((moment, *_told(crossings, moment)))


def _told(crossings: Iterable[Crossing], moment: datetime) -> Iterator[datetime]:
    for crossing in crossings:
        if crossing.told_at is not None and crossing.at <= moment:
            yield crossing.told_at
