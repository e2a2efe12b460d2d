"""The inbox: what others did on the tickets that somebody follows, and how far they have read."""

import pytest

from assay.errors import Forbidden, Invalid
from assay.workflows.actor import Actor, Permission
from assay.workflows.board import move_card
from assay.workflows.inbox import around_a_page, inbox, mark_read
from assay.workflows.journal import journal_page
from assay.workflows.notes import add_note
from assay.workflows.projects import get_project
from assay.workflows.tickets import create_ticket, edit_ticket
from assay.workflows.watching import unwatch, watch
from tests.unit.workflows.conftest import ADA, content

SLUG = "chatbot"
GRACE = Actor(name="grace")


@pytest.fixture
def key(ws):
    return create_ticket(ws, ADA, SLUG, content()).key


def told(view):
    return [(one.row.kind.removeprefix("ticket."), one.mentions, one.is_new) for one in view.rows]


def test_mention_and_what_follows_it_reach_the_one_who_was_mentioned(ws, key):
    add_note(ws, ADA, SLUG, key, "the baseline is measured")
    add_note(ws, ADA, SLUG, key, "@grace, is rank 16 worth it?")
    edit_ticket(ws, ADA, SLUG, key, content(owner="Grace"), expected_version=None)
    view = inbox(ws, GRACE, SLUG)
    assert told(view) == [("edited", False, True), ("noted", True, True)]
    assert (view.unread, view.follows, view.people, view.rows[0].title) == (
        2,
        1,
        ("grace",),
        "Fine-tune on support tickets",
    )
    assert inbox(ws, ADA, SLUG).rows == ()


def test_what_one_did_oneself_is_no_news_and_neither_is_what_came_before_or_after_following(ws, key):
    watch(ws, GRACE, SLUG, key, "grace")
    add_note(ws, GRACE, SLUG, key, "I look at it")
    assert inbox(ws, GRACE, SLUG).rows == ()
    add_note(ws, ADA, SLUG, key, "thanks")
    assert told(inbox(ws, GRACE, SLUG)) == [("noted", False, True)]
    unwatch(ws, GRACE, SLUG, key, "grace")
    add_note(ws, ADA, SLUG, key, "never mind")
    assert inbox(ws, GRACE, SLUG).rows == ()


def test_another_persons_name_that_begins_alike_is_no_mention(ws, key):
    watch(ws, GRACE, SLUG, key, "grace")
    add_note(ws, ADA, SLUG, key, "@gracekelly, please look")
    assert told(inbox(ws, GRACE, SLUG)) == [("noted", False, True)]
    assert told(inbox(ws, ADA, SLUG, who="gracekelly")) == [("noted", True, True)]


def test_reading_is_said_taken_back_and_counted_without_an_entry_in_the_journal(ws, key):
    watch(ws, GRACE, SLUG, key, "grace")
    add_note(ws, ADA, SLUG, key, "one")
    first = inbox(ws, GRACE, SLUG)
    done = mark_read(ws, GRACE, SLUG, up_to=first.last_seq)
    assert (done.name, done.before, done.read_up_to) == ("grace", 0, first.last_seq)
    add_note(ws, ADA, SLUG, key, "two")
    view = inbox(ws, GRACE, SLUG)
    assert (told(view), view.unread) == ([("noted", False, True), ("noted", False, False)], 1)
    entries = journal_page(ws, ADA, limit=1).total
    again = mark_read(ws, GRACE, SLUG, up_to=view.last_seq)
    assert inbox(ws, GRACE, SLUG).unread == 0
    assert mark_read(ws, GRACE, SLUG, up_to=again.before).before == view.last_seq
    assert inbox(ws, GRACE, SLUG).unread == 1
    assert journal_page(ws, ADA, limit=1).total == entries


def test_number_that_the_journal_does_not_have_is_refused(ws, key):
    for up_to in (-1, 10**9, 10**30):
        with pytest.raises(Invalid, match="the journal ends at") as error:
            mark_read(ws, GRACE, SLUG, up_to=up_to)
        assert error.value.field == "read_up_to"
    with pytest.raises(Invalid, match="expected a name"):
        inbox(ws, GRACE, SLUG, who="\n")


def test_who_may_only_read_looks_and_marks_nothing(ws, key):
    reader = Actor("eve", permissions=frozenset({Permission.READ}))
    assert inbox(ws, reader, SLUG).rows == ()
    with pytest.raises(Forbidden):
        mark_read(ws, reader, SLUG, up_to=1)


def test_inbox_comes_a_page_at_a_time(ws, key):
    watch(ws, GRACE, SLUG, key, "grace")
    for number in range(5):
        add_note(ws, ADA, SLUG, key, f"note {number}")
    seen, before = [], None
    while True:
        view = inbox(ws, GRACE, SLUG, before=before, limit=2)
        seen += [one.row.payload["text"] for one in view.rows]
        before = view.next_before
        if before is None:
            break
    assert seen == [f"note {number}" for number in (4, 3, 2, 1, 0)]


def test_every_page_learns_how_much_is_new_with_the_list_of_projects(ws, key):
    watch(ws, ADA, SLUG, key, "grace")
    ticket = create_ticket(ws, ADA, SLUG, content(title="Not followed"))
    move_card(
        ws, ADA, SLUG, ticket.key, to="hypothesis", expected_version=ticket.version, override_reason="x"
    )
    add_note(ws, ADA, SLUG, key, "one")
    projects, new = around_a_page(ws, GRACE, get_project(ws, ADA, SLUG))
    assert ([one.slug for one in projects], new) == ([SLUG], 1)
