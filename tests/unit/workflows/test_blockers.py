"""What is in the way of tickets: opened, closed, listed by age, and counted in the flow of any past moment."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import create_engine, text

from assay.domain.board.blockers import BlockerCategory
from assay.domain.experiments.experiment import DecisionKind
from assay.errors import Conflict, Forbidden, Invalid, NotFound, Refused
from assay.workflows.actor import Actor, Permission
from assay.workflows.blockers import MOST_OPEN, BlockerState, close_blocker, list_blockers, open_blocker
from assay.workflows.board import board, move_card
from assay.workflows.flow import flow
from assay.workflows.journal import journal_page, verify_journal
from assay.workflows.tickets import create_ticket, delete_ticket, get_ticket
from tests.unit.workflows.conftest import ADA, content
from tests.unit.workflows.test_life_of_an_experiment import SLUG, decide_it, with_runs

GPU, DATA = BlockerCategory.GPU_SHORTAGE, BlockerCategory.DATA_QUALITY
LOSES = (0.61, 0.60, 0.62, 0.61, 0.605)


def blocked(ws, key, category=GPU, said="no A100 before Thursday", **more):
    return open_blocker(ws, ADA, SLUG, key, category=category, text=said, **more)


def test_blocker_is_opened_and_closed_with_an_entry_each_that_carries_what_figures_need(ws, clock):
    key = create_ticket(ws, ADA, SLUG, content()).key
    opened = blocked(ws, key, owner="Grace")
    clock.now += timedelta(days=3)
    closed = close_blocker(ws, ADA, SLUG, key, resolution="two were lent")
    assert (opened.number, opened.days_open, opened.owner) == (1, 0.0, "Grace")
    assert 3.0 < closed.days_open < 3.01
    newest, before = journal_page(ws, ADA, project=SLUG, limit=2).rows
    assert (newest.kind, newest.subject, newest.payload) == (
        "blocker.closed",
        key,
        {"number": 1, "resolution": "two were lent", "category": "gpu_shortage"},
    )
    assert (before.kind, before.payload) == (
        "blocker.opened",
        {"number": 1, "category": "gpu_shortage", "owner": "Grace", "text": "no A100 before Thursday"},
    )


def test_blocker_without_an_owner_is_the_tickets_or_else_of_whoever_says_so(ws):
    owned = create_ticket(ws, ADA, SLUG, content(owner="Grace")).key
    nobodys = create_ticket(ws, ADA, SLUG, content(owner="", title="Another")).key
    assert [blocked(ws, key).owner for key in (owned, nobodys)] == ["Grace", "ada"]


def test_open_blockers_are_listed_by_age_and_closed_ones_after_them(ws):
    first, second = (create_ticket(ws, ADA, SLUG, content(title=title)).key for title in "ab")
    blocked(ws, first)
    blocked(ws, second, DATA)
    blocked(ws, first, DATA)
    close_blocker(ws, ADA, SLUG, first, 1, resolution="done")
    listed = {
        state: [(row.ticket, row.number) for row in list_blockers(ws, ADA, SLUG, state=state).rows]
        for state in BlockerState
    }
    assert listed == {
        "open": [(second, 1), (first, 2)],
        "closed": [(first, 1)],
        "all": [(second, 1), (first, 2), (first, 1)],
    }
    of_first = list_blockers(ws, ADA, SLUG, state=BlockerState.ALL, key=first).rows
    assert [(row.number, row.title) for row in of_first] == [(2, "a"), (1, "a")]


def test_blocker_is_closed_once_and_what_comes_back_is_a_new_one(ws):
    key = create_ticket(ws, ADA, SLUG, content()).key
    blocked(ws, key)
    close_blocker(ws, ADA, SLUG, key, 1, resolution="done")
    with pytest.raises(Conflict, match="was closed on 12 May 2026"):
        close_blocker(ws, ADA, SLUG, key, 1, resolution="done again")
    assert blocked(ws, key).number == 2


def test_closing_names_the_blocker_unless_only_one_is_open(ws):
    key = create_ticket(ws, ADA, SLUG, content()).key
    with pytest.raises(NotFound, match="none is open"):
        close_blocker(ws, ADA, SLUG, key, resolution="done")
    blocked(ws, key)
    blocked(ws, key, DATA)
    with pytest.raises(Invalid, match=r"2 are open .* the numbers 1, 2"):
        close_blocker(ws, ADA, SLUG, key, resolution="done")
    with pytest.raises(NotFound, match="cannot find blocker 3"):
        close_blocker(ws, ADA, SLUG, key, 3, resolution="done")
    close_blocker(ws, ADA, SLUG, key, 2, resolution="done")
    assert close_blocker(ws, ADA, SLUG, key, resolution="done").number == 1


@pytest.mark.parametrize(
    ("said", "fact"), [("  ", "0 characters"), ("x" * 2001, "2001 characters"), ("a\x1b[31m", "U\\+001B")]
)
def test_text_that_says_nothing_or_cannot_be_shown_is_refused(ws, said, fact):
    key = create_ticket(ws, ADA, SLUG, content()).key
    with pytest.raises(Invalid, match=fact):
        blocked(ws, key, said=said)
    blocked(ws, key)
    with pytest.raises(Invalid, match=fact) as error:
        close_blocker(ws, ADA, SLUG, key, resolution=said)
    assert error.value.field == "resolution"


def test_more_blockers_than_one_piece_of_work_has_are_refused(ws):
    key = create_ticket(ws, ADA, SLUG, content()).key
    for _ in range(MOST_OPEN):
        blocked(ws, key)
    with pytest.raises(Refused, match="20 are open"):
        blocked(ws, key)


def test_who_may_only_read_can_list_and_not_open(ws):
    key = create_ticket(ws, ADA, SLUG, content()).key
    reader = Actor("eve", permissions=frozenset({Permission.READ}))
    assert list_blockers(ws, reader, SLUG).rows == ()
    for act in (
        lambda: open_blocker(ws, reader, SLUG, key, category=GPU, text="x"),
        lambda: close_blocker(ws, reader, SLUG, key, resolution="x"),
    ):
        with pytest.raises(Forbidden):
            act()


def test_killed_ticket_takes_its_blockers_along_with_an_entry_and_gets_no_new_one(ws, tracker, clock):
    ticket = with_runs(ws, tracker, clock, values=LOSES)
    blocked(ws, ticket.key)
    decide_it(
        ws,
        get_ticket(ws, ADA, SLUG, ticket.key),
        DecisionKind.KILL,
        learnings="Rank 16 underfits billing questions.",
    )
    assert get_ticket(ws, ADA, SLUG, ticket.key).stage == "killed"
    [row] = list_blockers(ws, ADA, SLUG, state=BlockerState.ALL).rows
    assert (row.resolution, row.closed_by) == ("The ticket went to Killed", "ada")
    assert journal_page(ws, ADA, project=SLUG, kind="blocker.closed").rows[0].subject == ticket.key
    with pytest.raises(Refused, match="where work ends"):
        blocked(ws, ticket.key)
    assert verify_journal(ws, ADA).ok


def test_blocker_stays_with_a_card_that_moves_on_or_back(ws):
    ticket = create_ticket(ws, ADA, SLUG, content())
    blocked(ws, ticket.key)
    move_card(
        ws, ADA, SLUG, ticket.key, to="hypothesis", expected_version=ticket.version, override_reason="x"
    )
    assert get_ticket(ws, ADA, SLUG, ticket.key).stage == "hypothesis"
    assert len(list_blockers(ws, ADA, SLUG).rows) == 1


def test_board_shows_blocked_cards_alone_when_asked(ws):
    one, _ = (create_ticket(ws, ADA, SLUG, content(title=title)) for title in "ab")
    blocked(ws, one.key)
    shown = [
        card for column in board(ws, ADA, SLUG, filters={"blocked": "yes"}).columns for card in column.cards
    ]
    assert [(card.key, card.blockers[0].category) for card in shown] == [(one.key, GPU)]
    with pytest.raises(Invalid, match="expected one of: yes, no"):
        board(ws, ADA, SLUG, filters={"blocked": "maybe"})


def test_flow_counts_blockers_of_the_window_as_of_any_past_moment(ws, clock):
    first, second = (create_ticket(ws, ADA, SLUG, content(title=title)).key for title in "ab")
    blocked(ws, first)
    blocked(ws, second, DATA)
    clock.now += timedelta(days=4)
    close_blocker(ws, ADA, SLUG, first, resolution="lent")
    then = clock()
    clock.now += timedelta(days=10)
    blocked(ws, first, DATA)
    clock.now += timedelta(days=1)
    now = flow(ws, ADA, SLUG, days=30).blockers
    assert (now.opened, now.opened_before, now.median_is_at_least) == (3, None, True)
    assert now.median_days_open == pytest.approx(4, abs=0.01)
    assert [(cost.category, cost.blockers, round(cost.days), cost.open) for cost in now.costs] == [
        ("data_quality", 2, 16, 2),
        ("gpu_shortage", 1, 4, 0),
    ]
    assert now.costs[0].tickets == (second, first)
    assert [(row.key, round(row.days)) for row in now.open] == [(second, 15), (first, 1)]
    past = flow(ws, ADA, SLUG, days=30, at=then - timedelta(days=2)).blockers
    assert (past.opened, len(past.open), past.costs[0].days) == (2, 2, pytest.approx(2, abs=0.01))
    last_week = flow(ws, ADA, SLUG, days=7).blockers
    assert (last_week.opened, last_week.opened_before) == (1, 0)


def test_flow_without_blockers_knows_no_median(ws):
    create_ticket(ws, ADA, SLUG, content())
    found = flow(ws, ADA, SLUG).blockers
    assert (found.opened, found.median_days_open, found.costs, found.open) == (0, None, (), ())


def test_deleted_ticket_is_in_nobodys_way_from_then_on(ws):
    ticket = create_ticket(ws, ADA, SLUG, content())
    blocked(ws, ticket.key)
    delete_ticket(ws, ADA, SLUG, ticket.key, expected_version=ticket.version)
    found = flow(ws, ADA, SLUG).blockers
    assert (found.opened, found.open, found.median_is_at_least) == (1, (), False)
    assert verify_journal(ws, ADA).ok


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE blockers SET category = 'review' WHERE number = 1", "blocker 1: .* differs in category"),
        ("UPDATE blockers SET closed_at = NULL", "blocker 1: .* differs in closed_at"),
        ("UPDATE blockers SET resolution = 'x' WHERE number = 2", "blocker 2: .* differs in resolution"),
        ("UPDATE blockers SET owner = 'eve' WHERE number = 2", "blocker 2: .* differs in owner"),
        ("DELETE FROM blockers WHERE number = 1", "blocker 1: the journal tells of it, and it is gone"),
    ],
)
def test_blocker_changed_behind_the_journals_back_is_found(ws, store_url, statement, told):
    key = create_ticket(ws, ADA, SLUG, content()).key
    blocked(ws, key)
    blocked(ws, key, DATA)
    close_blocker(ws, ADA, SLUG, key, 1, resolution="lent")
    assert verify_journal(ws, ADA).ok
    changing = create_engine(store_url)
    with changing.begin() as connection:
        connection.execute(text(statement))
    changing.dispose()
    [fault] = verify_journal(ws, ADA).record_faults
    assert fault.ticket == key
    assert re.search(told, fault.reason)
