"""Stale tickets are killed at once, by the rules of every kill, all of them or none."""

from datetime import timedelta

import pytest

from assay.domain.experiments.experiment import DecisionKind, TicketContent
from assay.domain.experiments.type_fields import SpikeFields
from assay.errors import Forbidden, Invalid, Refused, StaleVersion
from assay.workflows.actor import Actor
from assay.workflows.board import move_card
from assay.workflows.confirmations import attest
from assay.workflows.flow import flow
from assay.workflows.idempotency import Remember, Replayed
from assay.workflows.stale_kills import StaleKill, kill_stale, stale_choices
from assay.workflows.tickets import create_ticket, get_ticket
from tests.unit.workflows.conftest import ADA, content
from tests.unit.workflows.test_life_of_an_experiment import SLUG, start

LEARNED = "Nobody needs longer context for billing."
WHY = "Nobody took it up for two sprints."


def forgotten(ws, clock, count=2):
    """Experiments whose time box is over, and one that was never locked and shows no sign of life."""
    keys = [start(ws).key for _ in range(count)]
    draft = create_ticket(ws, ADA, SLUG, content())
    draft = attest(ws, ADA, SLUG, draft.key, item="agreed", expected_version=draft.version)
    move_card(ws, ADA, SLUG, draft.key, to="hypothesis", expected_version=draft.version)
    clock.now += timedelta(days=30)
    return keys, draft.key


def kills(ws, keys, learnings=LEARNED):
    return [StaleKill(key, learnings, get_ticket(ws, ADA, SLUG, key).version) for key in keys]


def test_stale_tickets_are_killed_with_learnings_and_leave_the_funnel(ws, clock):
    keys, _ = forgotten(ws, clock)
    done = kill_stale(ws, ADA, SLUG, kills(ws, keys), reason=WHY)
    assert [one.moved_to for one in done] == ["killed", "killed"]
    for key in keys:
        decision = get_ticket(ws, ADA, SLUG, key).decision
        assert (decision.kind, decision.learnings, decision.reason) == (DecisionKind.KILL, LEARNED, WHY)
    assert flow(ws, ADA, SLUG).killed.count == 2
    assert {one.card.key for one in stale_choices(ws, ADA, SLUG)[1]}.isdisjoint(keys)


@pytest.mark.parametrize(("learnings", "reason", "error"), [("n/a", WHY, Invalid), (LEARNED, "", Invalid)])
def test_kill_of_a_stale_ticket_needs_what_every_kill_needs_and_one_that_lacks_it_stops_all(
    ws, clock, learnings, reason, error
):
    (first, second), _ = forgotten(ws, clock)
    chosen = [*kills(ws, [first]), *kills(ws, [second], learnings)]
    with pytest.raises(error) as refused:
        kill_stale(ws, ADA, SLUG, chosen, reason=reason)
    assert refused.value.field in {first, second}
    assert get_ticket(ws, ADA, SLUG, first).decision is None


def test_draft_that_was_never_locked_is_shown_with_why_it_cannot_be_killed(ws, clock):
    (first, _), draft = forgotten(ws, clock)
    choices = {one.card.key: one for one in stale_choices(ws, ADA, SLUG)[1]}
    assert "its criteria are not locked" in choices[draft].why_not
    assert choices[first].why_not == ""
    with pytest.raises(Refused, match="not locked"):
        kill_stale(ws, ADA, SLUG, kills(ws, [first, draft]), reason=WHY)
    assert get_ticket(ws, ADA, SLUG, first).decision is None


def test_what_was_taken_up_again_meanwhile_is_not_killed(ws, clock):
    box = SpikeFields(question="Does it run on a CPU?", deliverable="A page")
    spike = create_ticket(ws, ADA, SLUG, TicketContent(type="spike", title="CPU", spike=box))
    spike = attest(ws, ADA, SLUG, spike.key, item="agreed", expected_version=spike.version)
    clock.now += timedelta(days=1)
    keys, _ = forgotten(ws, clock, count=1)
    with pytest.raises(Refused, match="it is not stale"):
        kill_stale(ws, ADA, SLUG, kills(ws, [spike.key]), reason=WHY)
    [seen] = kills(ws, keys)
    edited = get_ticket(ws, ADA, SLUG, keys[0])
    attest(ws, ADA, SLUG, keys[0], item="serving", expected_version=edited.version)
    with pytest.raises(StaleVersion):
        kill_stale(ws, ADA, SLUG, [seen], reason=WHY)
    with pytest.raises(Invalid, match="none chosen"):
        kill_stale(ws, ADA, SLUG, [], reason=WHY)
    with pytest.raises(Forbidden):
        kill_stale(ws, Actor(name="eve", permissions=frozenset()), SLUG, [seen], reason=WHY)


def test_stale_tickets_of_the_same_age_stand_in_the_order_of_their_numbers(ws, clock):
    keys = [create_ticket(ws, ADA, SLUG, content()).key for _ in range(11)]
    held = clock.now
    for key in keys:
        clock.now = held  # all at the same moment
        move_card(ws, ADA, SLUG, key, to="hypothesis", expected_version=None, override_reason="at once")
    clock.now = held + timedelta(days=30)
    rows = [one.card for one in stale_choices(ws, ADA, SLUG)[1]]
    assert len({card.days for card in rows}) == 1
    assert [card.key for card in rows] == keys


def test_kill_of_stale_tickets_that_is_sent_twice_is_done_once(ws, clock):
    keys, _ = forgotten(ws, clock)
    chosen = kills(ws, keys)
    once = Remember("ada POST kills", "k1", "digest", lambda done: (201, f"{len(done)} killed".encode(), {}))
    kill_stale(ws, ADA, SLUG, chosen, reason=WHY, remember=once)
    before = ws.store.last_seq()
    with pytest.raises(Replayed) as again:
        kill_stale(ws, ADA, SLUG, chosen, reason=WHY, remember=once)
    assert again.value.answer.body == b"2 killed"
    assert ws.store.last_seq() == before
