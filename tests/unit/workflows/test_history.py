"""The history of another tool's board: read with its slips named, brought in once, extended, counted by when it happened."""

from datetime import UTC, datetime, timedelta

import pytest

from assay.domain.board.flow import Outcome
from assay.domain.board.history import gaps
from assay.domain.kernel.ids import TicketType
from assay.errors import Forbidden, Invalid, Refused
from assay.workflows.actor import Actor, Permission
from assay.workflows.board import move_card
from assay.workflows.board_file import board_from_text, save_board
from assay.workflows.ceremonies import standup
from assay.workflows.diagnosis import diagnosis
from assay.workflows.flow import flow
from assay.workflows.history import board_for_history, import_history, preview_history
from assay.workflows.history_file import history_from_text
from assay.workflows.journal import journal_page
from assay.workflows.tickets import create_ticket, delete_ticket, get_ticket
from tests.unit.workflows.conftest import ADA, content

SLUG = "chatbot"
HISTORY = """Key,From,To,Changed,Summary,Assignee,Type,Votes
WEB-1,,Backlog,2026-03-02T09:00:00Z,Shorter prompt,Jo,,3
WEB-1,Backlog,Hypothesis,2026-03-04T10:00:00+01:00,Shorter prompt,Jo,,3
WEB-2,,Backlog,2026-03-03,"Label, again",,data,0
WEB-1,Hypothesis,Killed,2026-03-14T09:00:00Z,Shorter prompt,Jo,,3
"""


def test_history_comes_in_as_tickets_where_they_stand_with_the_days_they_took_there(ws, clock):
    told = preview_history(ws, ADA, SLUG, HISTORY)
    assert (told.created, told.moves, told.unread) == (("WEB-1", "WEB-2"), 4, ("Votes",))
    found = import_history(ws, ADA, SLUG, HISTORY, name="moves.csv")
    assert (found.created, found.moves, found.gaps) == (("EXP-1", "DATA-2"), 4, ())
    first, second = (get_ticket(ws, ADA, SLUG, key) for key in found.created)
    assert (first.content.title, first.content.owner, first.stage) == (
        "WEB-1: Shorter prompt",
        "Jo",
        "killed",
    )
    assert (second.content.type, second.content.title) == (TicketType.DATA, "WEB-2: Label, again")
    assert first.entered_stage_at == datetime(2026, 3, 14, 9, tzinfo=UTC)
    assert (first.begun_at, second.begun_at) == (datetime(2026, 3, 4, 9, tzinfo=UTC), None)
    assert first.created_at.date() == clock.now.date()
    seen = flow(ws, ADA, SLUG)
    [cycle] = seen.cycles
    assert (cycle.key, cycle.outcome, cycle.days) == ("EXP-1", "killed", 10.0)
    assert (seen.killed.count, seen.waiting) == (1, 1)
    assert flow(ws, ADA, SLUG, at=datetime(2026, 3, 10, tzinfo=UTC)).in_progress == 1
    assert diagnosis(ws, ADA, SLUG).since < datetime(2026, 3, 3, tzinfo=UTC)


def test_journal_says_when_it_came_in_and_when_it_happened(ws, clock):
    before = clock.now
    import_history(ws, ADA, SLUG, HISTORY, name="moves.csv", source="jira")
    rows = {row.kind: row for row in journal_page(ws, ADA, subject="EXP-1").rows}
    entry = rows["history.imported"]
    assert entry.at > before
    assert {name: entry.payload[name] for name in ("imported", "item", "source", "file")} == {
        "imported": True,
        "item": "WEB-1",
        "source": "jira",
        "file": "moves.csv",
    }
    assert entry.payload["moves"][1] == {
        "at": "2026-03-04T09:00:00.000000Z",
        "before": "backlog",
        "after": "hypothesis",
        "said": "Hypothesis",
    }
    assert rows["ticket.created"].payload["imported"] == {"item": "WEB-1", "source": "jira"}


def test_same_file_again_changes_nothing_and_a_longer_one_adds_what_is_new(ws):
    first = import_history(ws, ADA, SLUG, HISTORY)
    again = import_history(ws, ADA, SLUG, HISTORY, name="other.csv")
    assert (again.created, again.extended, again.moves, again.unchanged) == ((), (), 0, 2)
    more = (
        HISTORY
        + "WEB-2,Backlog,Hypothesis,2026-04-01,,,data,0\nWEB-2,Hypothesis,Experiment,2026-04-08,,,data,0\n"
    )
    longer = import_history(ws, ADA, SLUG, more)
    assert (longer.created, longer.extended, longer.moves, longer.unchanged) == ((), ("DATA-2",), 2, 1)
    ticket = get_ticket(ws, ADA, SLUG, "DATA-2")
    assert (ticket.stage, ticket.entered_stage_at) == ("experiment", datetime(2026, 4, 8, tzinfo=UTC))
    assert ticket.begun_at == datetime(2026, 4, 1, tzinfo=UTC)
    assert [age.key for age in flow(ws, ADA, SLUG).ages] == ["DATA-2"]
    assert import_history(ws, ADA, SLUG, HISTORY, source="other tool").created != first.created


def test_history_is_never_written_anew_nor_laid_over_what_happened_here(ws):
    import_history(ws, ADA, SLUG, HISTORY)
    with pytest.raises(Refused, match="before what was brought in of it up to 2026-03-14"):
        import_history(ws, ADA, SLUG, HISTORY + "WEB-1,Hypothesis,Experiment,2026-03-10,,,,\n")
    move_card(ws, ADA, SLUG, "DATA-2", to="hypothesis", expected_version=None, override_reason="at once")
    with pytest.raises(Refused, match="DATA-2 was moved here since"):
        import_history(ws, ADA, SLUG, HISTORY + "WEB-2,Backlog,Killed,2026-04-01,,,data,\n")
    assert import_history(ws, ADA, SLUG, HISTORY).unchanged == 2


def test_ticket_that_was_deleted_here_stays_deleted(ws):
    import_history(ws, ADA, SLUG, HISTORY)
    delete_ticket(ws, ADA, SLUG, "DATA-2", expected_version=None)
    found = import_history(ws, ADA, SLUG, HISTORY + "WEB-2,Backlog,Hypothesis,2026-04-01,,,data,\n")
    assert (found.left_alone, found.moves) == (("DATA-2",), 0)
    assert flow(ws, ADA, SLUG).waiting == 0


def test_imported_card_stands_in_its_column_at_the_stand_up_and_importing_is_no_sign_of_work(ws):
    import_history(ws, ADA, SLUG, HISTORY.replace("Killed", "Experiment"))
    [silent] = standup(ws, ADA, SLUG).silent
    assert (silent.key, silent.stage, silent.last_sign_at) == (
        "EXP-1",
        "Experiment",
        datetime(2026, 3, 14, 9, tzinfo=UTC),
    )


def test_what_happened_here_before_the_import_keeps_its_place(ws, clock):
    kept = create_ticket(ws, ADA, SLUG, content())
    assert flow(ws, ADA, SLUG).waiting == 1
    import_history(ws, ADA, SLUG, HISTORY)
    move_card(ws, ADA, SLUG, kept.key, to="hypothesis", expected_version=None, override_reason="at once")
    clock.now += timedelta(days=1)
    found = flow(ws, ADA, SLUG)
    assert (found.waiting, found.in_progress, found.decided) == (1, 1, 1)
    fresh = diagnosis(ws, ADA, SLUG)
    assert (fresh.decided, fresh.since.date().isoformat()) == (1, "2026-03-02")


def test_moves_that_the_file_calls_a_bulk_edit_are_marked_though_they_are_few(ws):
    rows = HISTORY.replace("Votes", "Bulk").replace(",3\n", ",no\n").replace(",0\n", ",no\n")
    found = import_history(
        ws,
        ADA,
        SLUG,
        rows.replace("14T09:00:00Z,Shorter prompt,Jo,,no", "14T09:00:00Z,Shorter prompt,Jo,,yes"),
    )
    assert [(edit.items, edit.is_said) for edit in found.bulk_edits] == [(1, True)]
    [edit] = flow(ws, ADA, SLUG).bulk_edits
    assert (edit.keys, edit.is_said) == (("EXP-1",), True)
    assert [cycle.is_bulk for cycle in flow(ws, ADA, SLUG).cycles] == [True]


def test_status_that_is_no_column_is_named_and_a_board_can_be_written_for_the_history(ws):
    text = HISTORY.replace("Killed", "Won't do").replace("Hypothesis", "Doing")
    with pytest.raises(Invalid, match="no column 'Doing', \"Won't do\"") as caught:
        import_history(ws, ADA, SLUG, text)
    assert caught.value.details["line"] == 3
    made = board_for_history(text, ended={"Won't do": Outcome.KILLED}, waiting="backlog")
    titles = [stage.title for stage in board_from_text(made).stages]
    assert titles == ["Backlog", "Doing", "Won't do"]
    save_board(ws, ADA, SLUG, text=made, expected_version=None)
    import_history(ws, ADA, SLUG, text)
    assert flow(ws, ADA, SLUG).killed.count == 1
    with pytest.raises(Invalid, match="no ticket ever came to 'Gone'"):
        board_for_history(text, ended={"Gone": Outcome.KILLED})


def test_only_who_may_configure_brings_a_history_in(ws):
    writer = Actor("eve", permissions=frozenset({Permission.READ, Permission.WRITE_TICKETS}))
    assert preview_history(ws, writer, SLUG, HISTORY).moves == 4
    with pytest.raises(Forbidden):
        import_history(ws, writer, SLUG, HISTORY)


def test_future_is_no_history(ws):
    with pytest.raises(Invalid, match="WEB-9 moves on 2031-01-01 in line 2"):
        preview_history(ws, ADA, SLUG, "ticket,to,at\nWEB-9,Backlog,2031-01-01\n")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no row"),
        ("ticket,from,to,at\n", "no row"),
        ("ticket,to\nA,Draft\n", "no at in line 2"),
        ("ticket,to,to,at\n", "a column a second time"),
        ("ticket,to,at\nA,Draft\n", "2 cells in line 2"),
        ("ticket,to,at\nA,Draft,yesterday\n", "at 'yesterday' in line 2"),
        ("ticket,to,at\nA,Draft,2026-05-01T09:00:00\n", "at '2026-05-01T09:00:00' in line 2"),
        ("ticket,to,at\nA,,2026-05-01\n", "to '' in line 2"),
        ("ticket,to,at\n,Draft,2026-05-01\n", "ticket '' in line 2"),
        ("ticket,to,at\nA,Dra\x1bft,2026-05-01\n", "to 'Dra"),
        ("ticket,to,at,type\nA,Draft,2026-05-01,epic\n", "type 'epic' in line 2"),
        ("ticket,to,at,bulk\nA,Draft,2026-05-01,perhaps\n", "bulk 'perhaps' in line 2"),
        ('ticket,to,at\n"A,Draft,2026-05-01\n', "in line"),
        ('{"ticket": "A", "to": "Draft"}', "no at in line 1"),
        ('{"ticket": 7, "to": "Draft", "at": "2026-05-01"}', "ticket '7' in line 1"),
        ('{"ticket": "A", "to": "Draft", "at": 1777000000}', "at '1777000000' in line 1"),
        ("{\n", "no JSON object in line 1"),
        ("x" * 1_000_001, "1,000,001 characters"),
    ],
)
def test_slip_in_a_history_is_named_with_its_line(text, said):
    with pytest.raises(Invalid) as caught:
        history_from_text(text)
    assert said in caught.value.message


@pytest.mark.parametrize("separator", [";", "\t"])
def test_tables_of_spreadsheets_are_read(separator):
    table = "ticket,from,to,at,title\nA,,Draft,2026-05-01,\n".replace(",", separator)
    assert history_from_text(table).items[0].rows[0].target == "Draft"


def test_json_lines_say_the_same_as_csv():
    csv = history_from_text("ticket,from,to,at,bulk\nA,,Draft,2026-05-01,\nA,Draft,Final,2026-05-04,true\n")
    lines = history_from_text(
        '{"ticket":"A","from":null,"to":"Draft","at":"2026-05-01"}\n\n{"issue key":"A","from_status":"Draft","to":"Final","at":"2026-05-04","bulk":true}\n'
    )
    assert [row._replace(line=0) for row in lines.items[0].rows] == [
        row._replace(line=0) for row in csv.items[0].rows
    ]


def test_moves_that_do_not_follow_each_other_are_told_as_gaps():
    rows = "ticket,from,to,at\nA,,Draft,2026-05-01\nA,Review,Final,2026-05-04\n"
    assert gaps(history_from_text(rows)) == ("line 3: A leaves Review, line 2 took it to Draft",)
