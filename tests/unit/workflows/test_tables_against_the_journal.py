"""What was changed in the tables behind the journal's back is found, whatever it is about; what was done here is not."""

import re

import pytest

from assay.domain.experiments.prediction import Prediction
from assay.domain.sprints.sprint import Retro
from assay.workflows.canvas import edit_canvas
from assay.workflows.choices import EXAMPLE, put_choice
from assay.workflows.commitments import commit_tickets, flag_extension, release_ticket
from assay.workflows.confirmations import attest, withdraw_attestation
from assay.workflows.integrity import record_faults
from assay.workflows.journal import verify_journal
from assay.workflows.looking_back import save_retro
from assay.workflows.phases import edit_phase
from assay.workflows.sprints import (
    create_sprint,
    edit_sprint,
    end_sprint,
    get_sprint,
    reopen_sprint,
    start_sprint,
)
from assay.workflows.ticket_file import load_ticket_text
from assay.workflows.tickets import create_ticket, delete_ticket, edit_ticket
from tests.unit.workflows.conftest import ADA, content
from tests.unit.workflows.test_canvas import PAGE
from tests.unit.workflows.test_life_of_an_experiment import SLUG


class Undone(Exception):
    """Raised to roll a change back."""


def changed_behind_the_journals_back(ws, statement):
    """The faults that are found after this statement, which does not stay."""
    found = []

    def work(tx):
        assert tx.connection.exec_driver_sql(statement).rowcount, statement
        found.extend(record_faults(tx))
        raise Undone

    with pytest.raises(Undone):
        ws.store.write(work)
    return [(fault.ticket, fault.reason) for fault in found]


def a_teams_week(ws):
    """Three tickets, one of them edited, a sprint from plan to retro, every document of a project."""
    first, second, third = (
        create_ticket(ws, ADA, SLUG, content(title=f"Try {n}", prediction=Prediction(chance="0.3"))).key
        for n in range(3)
    )
    said = content(title="Try 0", prediction=Prediction(chance="0.4"), labels=("rerank",))
    edit_ticket(ws, ADA, SLUG, first, said, expected_version=None)
    for item in ("dataset_ready", "agreed"):
        attest(ws, ADA, SLUG, second, item=item, note="split by user", expected_version=None)
    withdraw_attestation(ws, ADA, SLUG, second, item="agreed", expected_version=None)
    plan = create_sprint(ws, ADA, SLUG).sprint
    edit_sprint(ws, ADA, SLUG, 1, plan.content.model_copy(update={"goal": "Ship"}), expected_version=None)
    commit_tickets(ws, ADA, SLUG, 1, [first, second, third])
    release_ticket(ws, ADA, SLUG, 1, third)
    delete_ticket(ws, ADA, SLUG, third, expected_version=None)
    start_sprint(ws, ADA, SLUG, 1, expected_version=None)
    release_ticket(ws, ADA, SLUG, 1, second, reason="no data")
    commit_tickets(ws, ADA, SLUG, 1, [second])
    flag_extension(ws, ADA, SLUG, 1, first, reason="the queue")
    end_sprint(ws, ADA, SLUG, 1, expected_version=None)
    reopen_sprint(ws, ADA, SLUG, 1, expected_version=None)
    end_sprint(ws, ADA, SLUG, 1, expected_version=None)
    save_retro(ws, ADA, SLUG, 1, Retro(went_well="Fast"), expected_version=None)
    edit_canvas(ws, ADA, SLUG, PAGE, expected_version=0)
    edit_phase(ws, ADA, SLUG, {"phase": "discovery"}, expected_version=0)
    put_choice(ws, ADA, SLUG, "reader", load_ticket_text(EXAMPLE), expected_version=0)
    return first, second


def test_whatever_is_changed_behind_the_journals_back_is_found_and_named(ws):
    first, second = a_teams_week(ws)
    assert get_sprint(ws, ADA, SLUG, 1).sprint.version > 1
    report = verify_journal(ws, ADA)
    assert (report.ok, report.record_faults) == (True, ())
    of_first = f"WHERE ticket_id = (SELECT id FROM tickets WHERE key = '{first}')"
    of_second = f"WHERE ticket_id = (SELECT id FROM tickets WHERE key = '{second}')"
    gone = "and (it|that) is gone"
    changes = {
        f"UPDATE ticket_documents SET content = replace(content, '\"0.4\"', '\"0.9\"') {of_first}": (
            first,
            "differs in prediction",
        ),
        f"UPDATE ticket_documents SET content = replace(content, '\"0.3\"', '\"0.9\"') {of_second}": (
            second,
            "differs in prediction",
        ),
        f"UPDATE ticket_documents SET content = replace(content, 'rerank', 'rank') {of_first}": (
            first,
            "differs in labels",
        ),
        f"UPDATE ticket_documents SET attestations = '[]' {of_second}": (
            second,
            f"dataset_ready was confirmed, {gone}",
        ),
        f"UPDATE ticket_documents SET attestations = replace(attestations, 'by user', 'by day') {of_second}": (
            second,
            "confirmation of dataset_ready .* differs in note",
        ),
        f"UPDATE ticket_documents SET attestations = replace(attestations, '2026-', '2025-') {of_second}": (
            second,
            "confirmation of dataset_ready .* differs in at",
        ),
        f"UPDATE ticket_documents SET attestations = replace(attestations, 'dataset_ready', 'signed_off') {of_second}": (
            second,
            "signed_off was confirmed is not in the journal",
        ),
        "UPDATE sprints SET content = replace(content, 'Ship', 'Sink')": ("sprint 1", "differs in goal"),
        "UPDATE sprints SET retro = replace(retro, 'Fast', 'Slow')": ("sprint 1", "differs in went_well"),
        "UPDATE sprints SET ended_at = started_at": ("sprint 1", "differs in ended_at"),
        "UPDATE sprints SET state = 'active'": ("sprint 1", "differs in state"),
        "DELETE FROM sprints": ("sprint 1", gone),
        "UPDATE commitments SET removed_reason = 'bored' WHERE removed_reason IS NOT NULL": (
            "sprint 1",
            f"commitment of {second} .* differs in removed_reason",
        ),
        "UPDATE commitments SET extension_reason = NULL": (
            "sprint 1",
            f"commitment of {first} .* differs in extension_reason",
        ),
        f"UPDATE commitments SET added_by = 'eve' {of_first}": ("sprint 1", "differs in added_by"),
        f"UPDATE commitments SET after_start = 0 {of_second}": ("sprint 1", "differs in after_start"),
        f"DELETE FROM commitments {of_first}": (
            "sprint 1",
            f"{first} is in it 0 times, the journal tells of 1",
        ),
        "UPDATE project_documents SET body = replace(body, 'handovers', 'tickets') WHERE kind = 'canvas'": (
            "canvas",
            "no longer has its digest",
        ),
        "UPDATE project_documents SET version = 7 WHERE kind = 'canvas'": ("canvas", "differs in version"),
        "UPDATE project_documents SET body = replace(body, 'no_evidence', 'met') WHERE kind = 'standing'": (
            "canvas",
            "how its numbers stand is not what",
        ),
        "UPDATE project_documents SET \"by\" = 'eve' WHERE kind = 'phase'": ("phase", "differs in by"),
        "UPDATE project_documents SET body = replace(body, '60000', '6') WHERE kind = 'choice'": (
            "comparison reader",
            "no longer has its digest",
        ),
        "DELETE FROM project_documents WHERE kind = 'choice'": ("comparison reader", gone),
    }
    for statement, (what, reason) in changes.items():
        found = changed_behind_the_journals_back(ws, statement)
        assert {name for name, _ in found} == {what}, (statement, found)
        assert any(re.search(reason, said) for _, said in found), (statement, found)


def test_ticket_written_or_taken_away_behind_the_journals_back_is_found(ws):
    first, _ = a_teams_week(ws)
    found = changed_behind_the_journals_back(ws, f"DELETE FROM tickets WHERE key = '{first}'")
    assert found == [(first, "the ticket is gone, and no entry says that it was deleted")]
    found = changed_behind_the_journals_back(ws, f"UPDATE tickets SET key = 'EXP-9' WHERE key = '{first}'")
    assert ("EXP-9", "no entry tells that it was written") in found
