"""What follows from events is kept, and is what it would be if it were worked out anew."""

from datetime import UTC, datetime, timedelta

from assay.domain.board import flow_events
from assay.domain.board.blockers import BlockerClosed
from assay.domain.board.board import Board
from assay.domain.board.flow import BoardChanged, Crossing, Decided, Outcome, item_flows
from assay.domain.board.flow_events import FlowEvents
from assay.domain.board.standing_boards import standing_boards

BEGIN = datetime(2026, 5, 1, tzinfo=UTC)
TODAY = Board.default()
ONCE = Board(stages=TODAY.stages[1:], transitions=())


def day(number: int) -> datetime:
    return BEGIN + timedelta(days=number)


EVENTS = FlowEvents(
    (
        Crossing(day(0), "EXP-1", None, "backlog"),
        Crossing(day(1), "EXP-2", None, "backlog"),
        Crossing(day(3), "EXP-1", "backlog", "experiment"),
        # Brought in later, from another board: not in the order of time.
        Crossing(day(2), "EXP-3", None, "experiment", told_at=day(4)),
        Decided(day(5), "EXP-1", Outcome.KILLED, True),
        Crossing(day(6), "EXP-2", "backlog", None),
    )
)


def plainly(until: datetime, board: Board = TODAY):
    crossings = [event for event in EVENTS if isinstance(event, Crossing)]
    decisions = [event for event in EVENTS if isinstance(event, Decided)]
    return item_flows(crossings, standing_boards((), board), decisions=decisions, until=until)


def test_ways_are_those_of_their_moment_whatever_was_asked_before():
    boards = EVENTS.boards(TODAY)
    for moment in [day(number) for number in (9, 4, 0, 6, 2, 5, 9, 30, -1)] * 2:
        assert EVENTS.ways(boards, until=moment) == plainly(moment)


def test_ways_on_another_board_are_its_own():
    for board in (TODAY, ONCE, TODAY):
        assert EVENTS.ways(EVENTS.boards(board), until=day(9)) == plainly(day(9), board)
    assert plainly(day(9), ONCE) != plainly(day(9))


def test_boards_are_those_that_the_journal_tells_of():
    told = FlowEvents((*EVENTS, BoardChanged(day(7), ONCE, TODAY)))
    assert told.boards(TODAY) == standing_boards(told, TODAY)
    assert told.boards(TODAY).board_at(day(6)) == ONCE
    assert told.ways(told.boards(TODAY), until=day(9)) != EVENTS.ways(EVENTS.boards(TODAY), until=day(9))


def test_after_the_last_event_every_moment_has_the_same_answer_and_few_are_kept(monkeypatch):
    boards, events = EVENTS.boards(TODAY), FlowEvents(EVENTS)
    assert events.ways(boards, until=day(6)) is events.ways(boards, until=day(400))
    monkeypatch.setattr(flow_events, "MOST_WAYS", 7)
    for hour in range(144):
        events.ways(boards, until=BEGIN + timedelta(hours=hour))
        assert sum(len(ways) for _, ways in events._known_ways.values()) <= 7
    monkeypatch.setattr(flow_events, "MOST_WAYS", 2)
    assert events.ways(boards, until=day(9)) == plainly(day(9))
    assert not events._known_ways


def test_events_are_told_apart_by_what_they_say():
    assert [one.at for one in EVENTS.crossings_of["EXP-1"]] == [day(0), day(3)]
    assert EVENTS.about_blockers == (BlockerClosed(day(6), "EXP-2", None),)
    nothing = FlowEvents()
    assert (nothing.crossings, nothing.last_at, nothing.ways(EVENTS.boards(TODAY), until=day(1))) == (
        (),
        None,
        (),
    )
