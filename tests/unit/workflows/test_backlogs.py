"""What waits, in which order, and the same change on many tickets with its way back."""

import json

import pytest

from assay.domain.experiments.experiment import Axis, Mode, TicketContent
from assay.domain.kernel.ids import TicketType
from assay.errors import Invalid, NotFound, StaleVersion
from assay.workflows.backlogs import backlogs
from assay.workflows.board import move_card
from assay.workflows.bulk_edits import BulkChange, edit_many, undo_many
from assay.workflows.confirmations import attest
from assay.workflows.tickets import create_ticket, edit_ticket, get_ticket
from tests.unit.workflows.conftest import ADA, content

SLUG = "chatbot"


def new(ws, kind=TicketType.EXPERIMENT, **changes):
    return create_ticket(ws, ADA, SLUG, TicketContent(type=kind, title=f"a {kind.value}", **changes)).key


def chosen(*keys):
    return [(key, None) for key in keys]


def entries(ws, report):
    with ws.store.read() as tx:
        rows = tx.raw_entries(after=report.first_seq - 1, until=report.last_seq)
        return [json.loads(body) for _, body, _ in rows]


def test_product_and_experiments_wait_apart_each_in_its_order(ws):
    experiment, feature, spike, engineering = (
        new(ws, kind)
        for kind in (TicketType.EXPERIMENT, TicketType.FEATURE, TicketType.SPIKE, TicketType.ENGINEERING)
    )
    move_card(ws, ADA, SLUG, spike, to="backlog", before_key=experiment, expected_version=None)
    found = backlogs(ws, ADA, SLUG)
    assert [row.key for row in found.experiment.rows] == [spike, experiment]
    assert [row.key for row in found.product.rows] == [feature, engineering]
    assert (found.stage, found.experiment.total, found.product.total) == ("backlog", 2, 2)


def test_what_somebody_began_waits_no_more(ws):
    begun = create_ticket(ws, ADA, SLUG, content()).key
    attest(ws, ADA, SLUG, begun, item="agreed", expected_version=None)
    move_card(ws, ADA, SLUG, begun, to="hypothesis", expected_version=None)
    assert backlogs(ws, ADA, SLUG).experiment.rows == ()


def test_many_change_alike_with_an_entry_each_and_change_back(ws):
    one, two = new(ws, labels=("keep", "drop")), new(ws, owner="ben", axis=Axis.DATA)
    before = [get_ticket(ws, ADA, SLUG, key).content for key in (one, two)]
    change = BulkChange(
        fields={"owner": "ada", "priority": 0, "axis": None, "mode": "explore"},
        add_labels=("new", "keep"),
        remove_labels=("drop",),
    )
    report = edit_many(ws, ADA, SLUG, chosen(one, two), change)
    assert (report.changed, report.unchanged) == ((one, two), ())
    after = get_ticket(ws, ADA, SLUG, one).content
    assert (after.owner, after.priority, after.mode, after.labels) == (
        "ada",
        0,
        Mode.EXPLORE,
        ("keep", "new"),
    )
    assert get_ticket(ws, ADA, SLUG, two).content.axis is None
    said = entries(ws, report)
    assert [(one["kind"], one["payload"]["bulk"]) for one in said] == [("ticket.edited", 2)] * 2
    undone = undo_many(ws, ADA, SLUG, first_seq=report.first_seq, last_seq=report.last_seq)
    assert undone.changed == (one, two)
    assert [get_ticket(ws, ADA, SLUG, key).content for key in (one, two)] == before


def test_what_somebody_changed_again_stays_when_the_rest_is_taken_back(ws):
    one, two = new(ws), new(ws)
    report = edit_many(ws, ADA, SLUG, chosen(one, two), BulkChange(fields={"owner": "ada"}))
    later = get_ticket(ws, ADA, SLUG, one).content.model_copy(update={"owner": "cy"})
    edit_ticket(ws, ADA, SLUG, one, later, expected_version=None)
    undone = undo_many(ws, ADA, SLUG, first_seq=report.first_seq, last_seq=report.last_seq)
    assert (undone.changed, undone.unchanged) == ((two,), (one,))
    assert get_ticket(ws, ADA, SLUG, one).content.owner == "cy"


def test_half_of_one_bulk_edit_and_half_of_the_next_are_no_bulk_edit(ws):
    keys = [new(ws) for _ in range(4)]
    first = edit_many(ws, ADA, SLUG, chosen(*keys[:2]), BulkChange(fields={"owner": "ada"}))
    second = edit_many(ws, ADA, SLUG, chosen(*keys[2:]), BulkChange(fields={"owner": "bob"}))
    assert second.first_seq == first.last_seq + 1
    with pytest.raises(Invalid, match="no bulk edit"):
        undo_many(ws, ADA, SLUG, first_seq=first.last_seq, last_seq=second.first_seq)
    assert undo_many(ws, ADA, SLUG, first_seq=second.first_seq, last_seq=second.last_seq).changed == tuple(
        keys[2:]
    )


def test_edit_that_changes_nothing_writes_nothing(ws):
    key, before = new(ws), ws.store.last_seq()
    report = edit_many(ws, ADA, SLUG, chosen(key), BulkChange(fields={"owner": ""}))
    assert (report.unchanged, report.first_seq) == ((key,), None)
    assert ws.store.last_seq() == before


@pytest.mark.parametrize(
    ("others", "change", "error", "code"),
    [
        ([], BulkChange(fields={}), Invalid, "bulk-nothing"),
        ([], BulkChange(fields={"title": "x"}), Invalid, "bulk-nothing"),
        ([], BulkChange(fields={"priority": 9}), Invalid, "field-invalid"),
        ([], BulkChange(fields={}, add_labels=("\u200b",)), Invalid, "field-invalid"),
        ([("EXP-99", None)], BulkChange(fields={"owner": "x"}), NotFound, "ticket-unknown"),
        ([("EXP-2", 7)], BulkChange(fields={"owner": "x"}), StaleVersion, "stale-version"),
        (
            [(f"EXP-{n}", None) for n in range(1, 502)],
            BulkChange(fields={"owner": "x"}),
            Invalid,
            "bulk-size",
        ),
    ],
)
def test_bulk_edit_that_cannot_be_done_whole_is_not_done_at_all(ws, others, change, error, code):
    keys = [new(ws), new(ws)]
    with pytest.raises(error) as caught:
        edit_many(ws, ADA, SLUG, [*chosen(keys[0]), *others], change)
    assert caught.value.code == code
    assert get_ticket(ws, ADA, SLUG, keys[0]).content.owner == ""


def test_entries_that_are_no_bulk_edit_are_not_taken_back(ws):
    one, two = new(ws), new(ws)
    report = edit_many(ws, ADA, SLUG, chosen(one, two), BulkChange(fields={"owner": "ada"}))
    first, last = report.first_seq, report.last_seq
    for wrong in (
        (first, first),
        (first - 1, last),
        (1, 1),
        (last, first),
        (10**9, 10**9),
        (first, first + 600),
    ):
        with pytest.raises(Invalid, match="no bulk edit"):
            undo_many(ws, ADA, SLUG, first_seq=wrong[0], last_seq=wrong[1])
