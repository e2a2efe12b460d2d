"""A spike ends with its time box: rescoped with a reason, or stopped, never prolonged in silence."""

from datetime import timedelta

import pytest

from assay.domain.experiments.experiment import DecisionKind
from assay.domain.experiments.ticket_data import ticket_from_data
from assay.domain.experiments.type_fields import SpikeFields
from assay.errors import Refused
from assay.workflows.board import Moved, MoveRefused, board, move_card
from assay.workflows.confirmations import attest
from assay.workflows.decisions import decide
from assay.workflows.flow import flow
from assay.workflows.journal import journal_page
from assay.workflows.ticket_page import ticket_page
from assay.workflows.tickets import create_ticket, edit_ticket, get_ticket
from tests.unit.workflows.conftest import ADA, CATALOG

SLUG = "chatbot"
SPIKE = {
    "type": "spike",
    "title": "Does the reranker run on a CPU?",
    "time_box_days": 3,
    "criteria": {"primary": ["accuracy >= 85%"]},
    "spike": {"question": "Does it answer in time?", "deliverable": "A page and what we recommend."},
}


@pytest.fixture
def begun(ws):
    """A spike in Hypothesis, begun now."""
    made = create_ticket(ws, ADA, SLUG, ticket_from_data(SPIKE, CATALOG))
    for item in ("agreed", "dataset_ready"):
        attest(ws, ADA, SLUG, made.key, item=item, expected_version=None)
    moved = move_card(ws, ADA, SLUG, made.key, to="hypothesis", expected_version=None)
    assert isinstance(moved, Moved)
    return moved.ticket


def edited(ws, ticket, reason=None, **changes):
    content = get_ticket(ws, ADA, SLUG, ticket.key).content.model_copy(update=changes)
    return edit_ticket(ws, ADA, SLUG, ticket.key, content, expected_version=None, amendment_reason=reason)


def test_spike_within_its_time_box_moves_on_without_runs_or_a_baseline(ws, begun):
    moved = move_card(ws, ADA, SLUG, begun.key, to="experiment", expected_version=None)
    assert isinstance(moved, Moved)
    assert not moved.locked
    assert isinstance(move_card(ws, ADA, SLUG, begun.key, to="evaluation", expected_version=None), Moved)


def test_spike_past_its_time_box_is_rescoped_or_stopped_and_nobody_may_override_it(ws, begun, clock):
    clock.now += timedelta(days=3, minutes=-4)
    assert ticket_page(ws, ADA, SLUG, begun.key).spike.over is False
    clock.now += timedelta(days=1)
    page = ticket_page(ws, ADA, SLUG, begun.key)
    assert (page.spike.over, page.spike.used_days, page.days_used) == (True, 3, 3)
    refused = move_card(
        ws, ADA, SLUG, begun.key, to="experiment", expected_version=None, override_reason="just a little more"
    )
    assert isinstance(refused, MoveRefused)
    assert not refused.assessment.overridable
    (finding,) = refused.assessment.unmet
    assert finding.reason == "the time box is over: day 4 of 3"
    assert "Rescope it" in finding.settle.text
    with pytest.raises(Refused, match="expected a reason") as caught:
        edited(ws, begun, time_box_days=6)
    assert caught.value.code == "spike-begun"
    assert get_ticket(ws, ADA, SLUG, begun.key).content.time_box_days == 3


def test_rescoped_spike_moves_on_and_the_journal_keeps_why(ws, begun, clock):
    clock.now += timedelta(days=4)
    narrower = SpikeFields(question="Does it answer in time for short questions?", deliverable="A page.")
    edited(ws, begun, "long questions are left out", time_box_days=6, spike=narrower)
    assert isinstance(move_card(ws, ADA, SLUG, begun.key, to="experiment", expected_version=None), Moved)
    (row,) = journal_page(ws, ADA, project=SLUG, subject=begun.key, kind="ticket.rescoped").rows
    assert row.payload == {
        "before": 3,
        "after": 6,
        "used_days": 4,
        "reason": "long questions are left out",
    }


@pytest.mark.parametrize("days", [None, 6])
def test_time_box_of_a_begun_spike_does_not_grow_without_a_reason_even_before_its_end(ws, begun, days):
    with pytest.raises(Refused, match=r"begun on 12 May 2026 for 3 days"):
        edited(ws, begun, time_box_days=days)


def test_time_box_shrinks_and_other_fields_change_freely(ws, begun):
    assert edited(ws, begun, time_box_days=2, title="Another title").content.time_box_days == 2


def test_time_box_of_a_spike_nobody_began_changes_freely(ws):
    made = create_ticket(ws, ADA, SLUG, ticket_from_data(SPIKE, CATALOG))
    assert edited(ws, made, time_box_days=30).content.time_box_days == 30
    assert ticket_page(ws, ADA, SLUG, made.key).spike is None


def test_stopped_spike_needs_learnings_alone_and_counts_in_no_rate_of_experiments(ws, begun, clock):
    move_card(ws, ADA, SLUG, begun.key, to="experiment", expected_version=None)
    clock.now += timedelta(days=4)
    done = decide(
        ws,
        ADA,
        SLUG,
        begun.key,
        kind=DecisionKind.KILL,
        learnings="A CPU takes two seconds: no.",
        expected_version=None,
    )
    assert done.moved_to == "killed"
    assert (done.decision.verdict, done.decision.evidence_digest) == ("", None)
    assert flow(ws, ADA, SLUG).decided == 0


def test_board_says_since_when_a_spike_is_worked_on(ws, begun):
    cards = {card.key: card for column in board(ws, ADA, SLUG).columns for card in column.cards}
    assert cards[begun.key].begun_at == begun.entered_stage_at
