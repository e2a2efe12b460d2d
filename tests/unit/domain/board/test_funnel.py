"""How far experiments ever got."""

from datetime import UTC, datetime, timedelta

from assay.domain.board.board import Board
from assay.domain.board.flow import Crossing, Decided, Outcome, flow_rules, item_flows
from assay.domain.board.funnel import funnel

DAY = datetime(2026, 5, 1, tzinfo=UTC)
BOARD = Board.default()
WAY = ("backlog", "hypothesis", "experiment", "evaluation", "production")


def steps(ways, decided=()):
    crossings = [
        Crossing(DAY + timedelta(days=at), key, way[at - 1] if at else None, stage)
        for key, way in ways.items()
        for at, stage in enumerate(way)
    ]
    rules = flow_rules(BOARD)
    return {
        step.title: (step.reached, step.here)
        for step in funnel(item_flows(crossings, rules, decisions=decided), BOARD, rules)
    }


def test_funnel_counts_how_far_items_ever_got_and_where_they_stand():
    found = steps(
        {"EXP-1": WAY[:1], "EXP-2": WAY[:3], "EXP-3": (*WAY[:3], "killed"), "EXP-4": (*WAY[:2], "backlog")}
    )
    assert found["Backlog"] == (4, 2)
    assert found["Hypothesis"] == (3, 0)
    assert found["Experiment"] == (2, 1)
    assert found["Evaluation"] == (0, 0)
    assert found["Promoted"] == (0, 0)


def test_promoted_item_counts_in_every_step_whatever_it_skipped():
    promoted = [Decided(DAY + timedelta(days=9), "EXP-1", Outcome.PROMOTED, True)]
    found = steps({"EXP-1": WAY}, promoted)
    assert {reached for reached, _ in found.values()} == {1}


def test_board_without_items_has_an_empty_funnel():
    assert {reached for reached, _ in steps({}).values()} == {0}
