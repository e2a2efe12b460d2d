"""The cadence of a project, and what it changes, on both databases."""

from datetime import timedelta

import pytest

from assay.domain.experiments.experiment import Mode, TicketContent
from assay.domain.kernel.ids import TicketType
from assay.domain.sprints.cadence import Cadence
from assay.domain.sprints.sprint import SprintState
from assay.errors import Forbidden, Refused, StaleVersion
from assay.workflows.actor import Actor, Permission
from assay.workflows.board import board
from assay.workflows.cadence import set_cadence
from assay.workflows.ceremonies import standup
from assay.workflows.commitments import commit_tickets
from assay.workflows.journal import journal_page
from assay.workflows.projects import get_project
from assay.workflows.sprint_charts import sprint_overview
from assay.workflows.sprints import create_sprint, end_sprint, get_sprint, start_sprint
from assay.workflows.tickets import create_ticket, get_ticket
from tests.unit.workflows.conftest import ADA, content
from tests.unit.workflows.test_life_of_an_experiment import SLUG, start


def choose(ws, cadence, **changes):
    return set_cadence(ws, ADA, SLUG, cadence, **changes)


def feature(ws, title="Show the source of an answer"):
    return create_ticket(ws, ADA, SLUG, TicketContent(type=TicketType.ENGINEERING, title=title)).key


def inside(ws, number):
    return [made.key for made in get_sprint(ws, ADA, SLUG, number).commitments if made.stands]


def test_project_begins_in_scrum_and_a_change_stands_in_the_journal_once(ws):
    project = get_project(ws, ADA, SLUG)
    assert project.settings.cadence is Cadence.SCRUM
    changed = choose(ws, Cadence.KANBAN, expected_version=project.version)
    assert choose(ws, Cadence.KANBAN).version == changed.version == project.version + 1
    with pytest.raises(StaleVersion):
        choose(ws, Cadence.SCRUM, expected_version=project.version)
    rows = journal_page(ws, ADA, project=SLUG, kind="cadence.set", limit=9).rows
    assert [(row.payload["before"], row.payload["after"]) for row in rows] == [("scrum", "kanban")]
    reader = Actor(name="reader", permissions=frozenset({Permission.READ}))
    with pytest.raises(Forbidden):
        set_cadence(ws, reader, SLUG, Cadence.SCRUM)


def test_in_scrumban_sprints_take_product_work_and_experiments_flow_beside_them(ws):
    flowing = start(ws).key
    task, idea = feature(ws), create_ticket(ws, ADA, SLUG, content(title="Later")).key
    choose(ws, Cadence.SCRUMBAN)
    create_sprint(ws, ADA, SLUG)
    with pytest.raises(Refused, match="works in Scrumban") as refused:
        commit_tickets(ws, ADA, SLUG, 1, [task, idea])
    assert refused.value.code == "commitment-flows"
    assert [one.key for one in sprint_overview(ws, ADA, SLUG, 1).at_hand] == [task]
    commit_tickets(ws, ADA, SLUG, 1, [task])
    start_sprint(ws, ADA, SLUG, 1, expected_version=None)
    assert [one.key for one in standup(ws, ADA, SLUG).tickets] == [task, flowing]
    choose(ws, Cadence.SCRUM)
    assert [one.key for one in standup(ws, ADA, SLUG).tickets] == [task, flowing]


def test_experiment_spans_sprints_while_its_time_box_keeps_running(ws, clock):
    ticket = start(ws, time_box_days=10, mode=Mode.EXPLORE)
    create_sprint(ws, ADA, SLUG)
    commit_tickets(ws, ADA, SLUG, 1, [ticket.key])
    start_sprint(ws, ADA, SLUG, 1, expected_version=None)
    create_sprint(ws, ADA, SLUG)
    clock.now += timedelta(days=9)
    assert not [
        card for column in board(ws, ADA, SLUG, filters={"stale": "yes"}).columns for card in column.cards
    ]
    end_sprint(ws, ADA, SLUG, 1, expected_version=None)
    start_sprint(ws, ADA, SLUG, 2, expected_version=None)
    assert (inside(ws, 2), get_sprint(ws, ADA, SLUG, 2).sprint.state) == ([ticket.key], SprintState.ACTIVE)
    clock.now += timedelta(days=2)
    overdue = [
        card for column in board(ws, ADA, SLUG, filters={"stale": "yes"}).columns for card in column.cards
    ]
    assert [(card.key, card.locked_at) for card in overdue] == [(ticket.key, ticket.lock.locked_at)]
    assert get_ticket(ws, ADA, SLUG, ticket.key).lock == ticket.lock


def test_what_flows_by_now_is_not_carried_over(ws):
    experiment, task = start(ws).key, feature(ws)
    create_sprint(ws, ADA, SLUG)
    commit_tickets(ws, ADA, SLUG, 1, [experiment, task])
    start_sprint(ws, ADA, SLUG, 1, expected_version=None)
    choose(ws, Cadence.SCRUMBAN)
    assert sorted(inside(ws, 1)) == sorted([experiment, task])
    end_sprint(ws, ADA, SLUG, 1, expected_version=None)
    create_sprint(ws, ADA, SLUG)
    assert inside(ws, 2) == [task]
