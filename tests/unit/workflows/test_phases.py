"""The phase of a project against its running sprint."""

from datetime import date, timedelta

import pytest

from assay.domain.experiments.experiment import Mode
from assay.domain.kernel.ids import TicketType
from assay.domain.sprints.sprint import SprintContent
from assay.errors import Invalid, StaleVersion
from assay.workflows.commitments import commit_tickets
from assay.workflows.journal import journal_page
from assay.workflows.phases import edit_phase, get_phase
from assay.workflows.planning_page import planning
from assay.workflows.sprints import create_sprint, start_sprint
from assay.workflows.tickets import create_ticket
from tests.unit.workflows.conftest import ADA, content
from tests.unit.workflows.test_life_of_an_experiment import SLUG, start


def put(ws, version=0, **data):
    return edit_phase(ws, ADA, SLUG, data, expected_version=version)


def test_phase_nobody_set_is_discovery_in_version_0_with_an_unknown_mix(ws):
    view = get_phase(ws, ADA, SLUG)
    assert (view.version, view.phase.phase.value, view.target_percent) == (0, "discovery", 90)
    assert (view.sprint, view.mix, view.explore_percent, view.warning) == (None, None, None, None)


def test_running_sprint_is_warned_about_when_it_does_not_fit_its_phase(ws):
    keys = [
        create_ticket(ws, ADA, SLUG, content(title=f"Ticket {mode} {n}", mode=mode)).key
        for n, mode in enumerate((Mode.EXPLORE, Mode.EXPLOIT, Mode.EXPLOIT))
    ]
    create_sprint(
        ws, ADA, SLUG, SprintContent(name="One", starts_on=date(2026, 5, 12), ends_on=date(2026, 5, 25))
    )
    commit_tickets(ws, ADA, SLUG, 1, keys)
    assert get_phase(ws, ADA, SLUG).mix is None
    start_sprint(ws, ADA, SLUG, 1, expected_version=None)
    view = get_phase(ws, ADA, SLUG)
    assert (view.sprint, round(view.explore_percent)) == (1, 33)
    assert view.warning == "the sprint explores 33%, discovery asks for 90%: 57 points too little"
    assert put(ws, phase="convergence").warning is None


def test_phase_begins_today_unless_said_otherwise_and_editing_it_keeps_its_day(ws, clock):
    assert put(ws, phase="discovery").phase.since == clock.now.date()
    clock.now += timedelta(days=3)
    gates = [{"question": "We pick one approach", "by_sprint": 1}]
    view = put(ws, 1, phase="discovery", gates=gates)
    assert (view.version, view.phase.since) == (2, clock.now.date() - timedelta(days=3))
    sent = {**view.data, "phase": "convergence"}
    assert put(ws, 2, **sent).phase.since == clock.now.date()
    told = [
        row for row in journal_page(ws, ADA, project=SLUG, limit=50).rows if row.kind.startswith("phase.")
    ]
    assert [(row.kind, row.payload["before"]) for row in told] == [
        ("phase.begun", "discovery"),
        ("phase.edited", "discovery"),
        ("phase.begun", None),
    ]


def test_same_phase_again_is_no_change_and_a_stale_one_is_refused(ws):
    view = put(ws, phase="optimization", measure="gpu_hours")
    assert edit_phase(ws, ADA, SLUG, view.data, expected_version=1).version == 1
    with pytest.raises(StaleVersion):
        put(ws, 0, phase="discovery")


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"phase": "dreaming"}, "phase"),
        ({"since": "soon"}, "since"),
        ({"gates": [{"question": "x"}]}, "gates[0]"),
        ({"gates": [{"question": "x", "by_sprint": 1, "by_day": "2026-05-12"}]}, "gates[0]"),
        ({"gates": [{"by_sprint": 1}]}, "gates[0].question"),
        ({"gates": [{"question": "x", "by_sprint": 0}]}, "gates[0].by_sprint"),
        ({"mix": 3}, "mix"),
    ],
)
def test_error_names_the_field(ws, data, field):
    with pytest.raises(Invalid) as caught:
        put(ws, **data)
    assert caught.value.field == field


def test_experiment_without_a_sign_for_days_is_named(ws, clock):
    ticket = start(ws)
    assert get_phase(ws, ADA, SLUG).stuck == ()
    clock.now += timedelta(days=5)
    [stuck] = get_phase(ws, ADA, SLUG).stuck
    assert stuck.tickets == (ticket.key,)


def test_planning_and_phase_count_the_same_tickets_as_exploring(ws):
    kinds = [
        {"mode": Mode.EXPLORE},
        {"mode": Mode.EXPLOIT},
        {"mode": Mode.EXPLOIT, "labels": ("debt",)},
        {"type": TicketType.SPIKE, "time_box_days": 2},
    ]
    keys = [
        create_ticket(ws, ADA, SLUG, content(title=f"Ticket {n}", **kind)).key for n, kind in enumerate(kinds)
    ]
    create_sprint(ws, ADA, SLUG)
    commit_tickets(ws, ADA, SLUG, 1, keys, confirmed=True)
    start_sprint(ws, ADA, SLUG, 1, expected_version=None)
    mix, load = get_phase(ws, ADA, SLUG).mix, planning(ws, ADA, SLUG, number=1).load
    assert (load.explore, load.exploit) == (mix.explore, mix.exploit) == (2, 1)
    assert (mix.explores, mix.exploits) == ((keys[0], keys[3]), (keys[1],))
