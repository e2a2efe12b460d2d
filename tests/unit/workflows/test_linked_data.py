"""An experiment that waits for data tickets is ready when those are, on the board, at the gate and in the diagnosis."""

import pytest

from assay.domain.board.exit_policies import TITLES, ExitItem
from assay.domain.experiments.experiment import DataNeed, DecisionKind, LinkKind, TicketContent
from assay.domain.experiments.type_fields import DataFields, DataStage
from assay.domain.kernel.findings import Outcome
from assay.domain.kernel.ids import TicketType
from assay.workflows.board import Moved, MoveRefused, board, move_card, preview_move
from assay.workflows.confirmations import attest
from assay.workflows.decisions import decide
from assay.workflows.diagnosis import diagnosis
from assay.workflows.links import link_tickets, unlink_tickets
from assay.workflows.ticket_page import ticket_page
from assay.workflows.tickets import create_ticket, delete_ticket, edit_ticket, get_ticket
from tests.unit.workflows.conftest import ADA, content
from tests.unit.workflows.test_life_of_an_experiment import SLUG


def data_ticket(ws, title="Labels", **said):
    fields = DataFields(**{"stage": DataStage.QA, **said})
    return create_ticket(ws, ADA, SLUG, TicketContent(type=TicketType.DATA, title=title, data=fields)).key


def in_hypothesis(ws, **changes):
    ticket = create_ticket(ws, ADA, SLUG, content(**changes))
    attest(ws, ADA, SLUG, ticket.key, item="agreed", expected_version=None)
    moved = move_card(ws, ADA, SLUG, ticket.key, to="hypothesis", expected_version=None)
    assert isinstance(moved, Moved)
    return ticket.key


def at_the_gate(ws, key):
    said = preview_move(ws, ADA, SLUG, key, to="experiment")
    [found] = [one for one in said.findings if one.check == TITLES[ExitItem.DATASET_READY]]
    return found.outcome, found.reason, "" if found.settle is None else found.settle.text


def dot(ws, key):
    shown = board(ws, ADA, SLUG)
    [card] = [card for column in shown.columns for card in column.cards if card.key == key]
    return card.data


def becomes(ws, key, stage):
    before = get_ticket(ws, ADA, SLUG, key)
    after = before.content.model_copy(update={"data": DataFields(stage=stage)})
    edit_ticket(ws, ADA, SLUG, key, after, expected_version=before.version)


@pytest.mark.parametrize("way", [LinkKind.NEEDS_DATA, LinkKind.BLOCKS])
def test_experiment_waits_for_a_data_ticket_whichever_way_it_is_linked(ws, way):
    key, data = in_hypothesis(ws), data_ticket(ws)
    one, other = (key, data) if way is LinkKind.NEEDS_DATA else (data, key)
    link_tickets(ws, ADA, SLUG, one, way, other)
    waits = (Outcome.NOT_MET, f"not ready yet: {data}", f"Say that {data} is ready once its data is there")
    assert (at_the_gate(ws, key), dot(ws, key)) == (waits, "at risk")
    assert isinstance(move_card(ws, ADA, SLUG, key, to="experiment", expected_version=None), MoveRefused)
    becomes(ws, data, DataStage.READY)
    ready = (Outcome.MET, "every data ticket it is linked to is ready", "")
    assert (at_the_gate(ws, key), dot(ws, key)) == (ready, "ready")
    becomes(ws, data, DataStage.ANNOTATION)
    assert dot(ws, key) == "at risk"
    unlink_tickets(ws, ADA, SLUG, one, way, other)
    assert (at_the_gate(ws, key)[0], dot(ws, key)) == (Outcome.NO_EVIDENCE, None)


def test_word_of_a_person_does_not_stand_for_a_data_ticket_that_is_not_ready(ws):
    key, data = in_hypothesis(ws), data_ticket(ws)
    attest(ws, ADA, SLUG, key, item="dataset_ready", expected_version=None)
    assert at_the_gate(ws, key)[0] is Outcome.MET
    link_tickets(ws, ADA, SLUG, key, LinkKind.NEEDS_DATA, data)
    assert at_the_gate(ws, key)[0] is Outcome.NOT_MET
    assert "dataset_ready" not in [one.item for one in ticket_page(ws, ADA, SLUG, key).attestable]
    known = move_card(
        ws, ADA, SLUG, key, to="experiment", override_reason="A half is there.", expected_version=None
    )
    assert isinstance(known, Moved)
    assert dot(ws, key) == "blocked"


def test_data_that_was_accepted_is_there_and_data_that_was_killed_does_not_come(ws):
    key, good, bad = in_hypothesis(ws), data_ticket(ws), data_ticket(ws, "Logs")
    for data in (good, bad):
        link_tickets(ws, ADA, SLUG, key, LinkKind.NEEDS_DATA, data)
    for data, kind in ((good, DecisionKind.PROMOTE), (bad, DecisionKind.KILL)):
        decide(
            ws,
            ADA,
            SLUG,
            data,
            kind=kind,
            learnings="Kappa was measured on 200 items.",
            expected_version=None,
        )
    assert at_the_gate(ws, key) == (
        Outcome.NOT_MET,
        f"not ready yet: {bad} (killed)",
        f"Link other data than {bad}: it was killed",
    )
    unlink_tickets(ws, ADA, SLUG, key, LinkKind.NEEDS_DATA, bad)
    assert (at_the_gate(ws, key)[0], dot(ws, key)) == (Outcome.MET, "ready")


def test_need_that_is_named_like_its_data_ticket_is_ready_when_that_is(ws):
    key, data = (
        in_hypothesis(ws, data_needs=(DataNeed(dataset="labels"), DataNeed(dataset="logs", ready=True))),
        data_ticket(ws),
    )
    assert at_the_gate(ws, key)[1] == "not ready yet: labels"
    link_tickets(ws, ADA, SLUG, key, LinkKind.NEEDS_DATA, data)
    assert at_the_gate(ws, key)[1] == f"not ready yet: {data}"
    becomes(ws, data, DataStage.READY)
    assert (at_the_gate(ws, key)[0], dot(ws, key)) == (Outcome.MET, "ready")


def test_data_ticket_that_was_deleted_is_waited_for_no_more(ws):
    key, data = in_hypothesis(ws), data_ticket(ws)
    link_tickets(ws, ADA, SLUG, key, LinkKind.NEEDS_DATA, data)
    delete_ticket(ws, ADA, SLUG, data, expected_version=None)
    assert (at_the_gate(ws, key)[0], dot(ws, key)) == (Outcome.NO_EVIDENCE, None)


def test_ticket_of_another_type_that_blocks_is_no_data(ws):
    key, other = in_hypothesis(ws), create_ticket(ws, ADA, SLUG, content()).key
    link_tickets(ws, ADA, SLUG, other, LinkKind.BLOCKS, key)
    assert (at_the_gate(ws, key)[0], dot(ws, key)) == (Outcome.NO_EVIDENCE, None)


def test_diagnosis_names_who_waits_for_a_data_ticket(ws):
    key, data = in_hypothesis(ws), data_ticket(ws)

    def named():
        [found] = [one for one in diagnosis(ws, ADA, SLUG).causes if one.cause == "data_not_ready"]
        return key in found.tickets

    assert not named()
    link_tickets(ws, ADA, SLUG, key, LinkKind.NEEDS_DATA, data)
    assert named()
    becomes(ws, data, DataStage.READY)
    assert not named()
