"""The board in lanes by owner, axis and phase, on both databases."""

from datetime import timedelta

import pytest

from assay.domain.experiments.experiment import Axis
from assay.domain.portfolio.lanes import LaneBy
from assay.errors import Forbidden, Invalid, Refused, StaleVersion
from assay.workflows.actor import Actor, Permission
from assay.workflows.board import MoveRefused, move_card
from assay.workflows.confirmations import attest
from assay.workflows.journal import journal_page
from assay.workflows.lanes import LaneMove, lane_by, lane_parts, move_in_lanes, put_in_lane
from assay.workflows.phases import edit_phase
from assay.workflows.tickets import create_ticket, get_ticket
from tests.unit.workflows.conftest import ADA, content
from tests.unit.workflows.test_life_of_an_experiment import SLUG

KNOWN = {"known": lambda *_: True}


def made(ws, owner="Ada", axis=None, *, begun=False):
    key = create_ticket(ws, ADA, SLUG, content(title=f"Of {owner} and {axis}", owner=owner, axis=axis)).key
    if begun:
        move_card(ws, ADA, SLUG, key, to="hypothesis", expected_version=None, override_reason="begin now")
    return key


def shown(ws, by, *, per_cell=20, **filters):
    """Keys by column and lane, empty ones left out."""
    parts = lane_parts(ws, ADA, SLUG, by, per_cell=per_cell, filters=filters, known=lambda *_: True)
    return {
        (column.key, lane): [slot.key for slot in cell.slots]
        for column in parts.slots.columns
        for lane, cell in column.cells.items()
    }


def drop(ws, key, by, lane, to="backlog", **changes):
    return move_in_lanes(
        ws, ADA, SLUG, key, LaneMove(by, lane), **{"to": to, "expected_version": None, **changes}
    )


def test_cards_stand_in_the_lanes_of_their_owners_and_those_of_nobody_in_their_own(ws):
    first, second, third = made(ws, "Ada"), made(ws, "jo"), made(ws, "Ada", begun=True)
    free = made(ws, "")
    assert shown(ws, LaneBy.OWNER) == {
        ("backlog", "Ada"): [first],
        ("backlog", "jo"): [second],
        ("hypothesis", "Ada"): [third],
        ("backlog", ""): [free],
    }
    assert shown(ws, LaneBy.OWNER, owner="jo") == {("backlog", "jo"): [second]}


def test_lanes_by_axis_and_by_phase_keep_cards_without_one_apart(ws):
    early = made(ws, axis=Axis.PROMPT, begun=True)
    edit_phase(ws, ADA, SLUG, {"phase": "discovery", "since": "2026-05-13"}, expected_version=0)
    waits = made(ws)
    assert shown(ws, LaneBy.AXIS) == {("hypothesis", "prompt"): [early], ("backlog", ""): [waits]}
    assert shown(ws, LaneBy.PHASE) == {("hypothesis", ""): [early], ("backlog", "discovery"): [waits]}


def test_limit_is_about_the_whole_column_and_a_long_lane_goes_on_elsewhere(ws):
    keys = [made(ws, owner) for owner in ("Ada", "Jo", "Ada", "Ada")]
    parts = lane_parts(ws, ADA, SLUG, LaneBy.OWNER, per_cell=2, **KNOWN)
    backlog = parts.slots.columns[0]
    assert (backlog.count, [slot.key for slot in backlog.cells["Ada"].slots]) == (4, [keys[0], keys[2]])
    assert backlog.cells["Ada"].next_cursor.endswith(keys[2])
    assert backlog.cells["Jo"].next_cursor is None


def test_card_dropped_in_another_lane_changes_hands_and_column_at_once_and_goes_back(ws):
    key = made(ws, "Ada")
    attest(ws, ADA, SLUG, key, item="agreed", expected_version=None)
    found = drop(ws, key, LaneBy.OWNER, "Jo", to="hypothesis")
    assert (found.lane_before, found.moved.ticket.content.owner, found.moved.ticket.stage) == (
        "Ada",
        "Jo",
        "hypothesis",
    )
    kinds = [row.kind for row in journal_page(ws, ADA, project=SLUG, subject=key, limit=9).rows]
    assert kinds[:2] == ["ticket.edited", "ticket.moved"]
    back = put_in_lane(
        ws,
        ADA,
        SLUG,
        key,
        LaneMove(LaneBy.OWNER, "Ada"),
        expected_version=found.moved.ticket.version,
    )
    assert (back.content.owner, back.stage) == ("Ada", "hypothesis")


def test_axis_is_set_and_cleared_by_its_lanes(ws):
    key = made(ws)
    assert drop(ws, key, LaneBy.AXIS, "retrieval").moved.ticket.content.axis is Axis.RETRIEVAL
    assert drop(ws, key, LaneBy.AXIS, "").moved.ticket.content.axis is None
    with pytest.raises(Invalid, match="axis"):
        drop(ws, key, LaneBy.AXIS, "weather")


def test_card_that_a_gate_stops_keeps_its_lane_too(ws):
    key = made(ws, "Ada")
    assert isinstance(drop(ws, key, LaneBy.OWNER, "Jo", to="hypothesis"), MoveRefused)
    ticket = get_ticket(ws, ADA, SLUG, key)
    assert (ticket.content.owner, ticket.stage, ticket.version) == ("Ada", "backlog", 1)


def test_phase_is_when_work_began_and_no_drop_changes_it(ws, clock):
    edit_phase(ws, ADA, SLUG, {"phase": "discovery", "since": "2026-05-01"}, expected_version=0)
    key = made(ws, begun=True)
    clock.now += timedelta(days=1)
    edit_phase(ws, ADA, SLUG, {"phase": "convergence"}, expected_version=1)
    with pytest.raises(Refused, match="work on it began in discovery") as refused:
        drop(ws, key, LaneBy.PHASE, "convergence", to="hypothesis")
    assert refused.value.code == "lane-fixed"
    assert drop(ws, key, LaneBy.PHASE, "discovery", to="hypothesis").lane_before == "discovery"


def test_stale_drop_is_refused_and_so_is_one_of_somebody_who_may_only_move(ws):
    key = made(ws, "Ada")
    with pytest.raises(StaleVersion):
        drop(ws, key, LaneBy.OWNER, "Jo", expected_version=7)
    mover = Actor(name="mover", permissions=frozenset({Permission.READ, Permission.MOVE_CARDS}))
    with pytest.raises(Forbidden):
        move_in_lanes(ws, mover, SLUG, key, LaneMove(LaneBy.OWNER, "Jo"), to="backlog", expected_version=None)


def test_lanes_that_do_not_exist_are_named(ws):
    with pytest.raises(Invalid, match="expected one of: owner, axis, phase"):
        lane_by("weather")
