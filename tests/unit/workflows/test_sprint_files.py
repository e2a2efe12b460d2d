"""A sprint file becomes a sprint and its tickets in one go, and the same file again changes nothing."""

import pytest

from assay.errors import Invalid, Refused
from assay.workflows.commitments import release_ticket
from assay.workflows.exchange import export_tickets, import_tickets
from assay.workflows.sprints import end_sprint, get_sprint, list_sprints, start_sprint
from assay.workflows.ticket_file import load_ticket_text
from assay.workflows.tickets import create_ticket, edit_ticket, get_ticket
from tests.unit.workflows.conftest import ADA, content

SLUG = "chatbot"
TEXT = """\
sprint: Sprint 12
goal: Know whether retrieval pays
starts_on: 2026-05-18
ends_on: 2026-05-29
product_tasks:
  - Button to give feedback
  - {title: Serve on a CPU, type: engineering, engineering: {latency_ms: 200}}
experiments:
  - title: Rerank with a small model
    hypothesis: Reranking lifts accuracy from 72% to 85%.
    time_box_days: 5
    success_criteria: [accuracy >= 85%]
    kill_criteria: [accuracy < 75% after training]
  - {title: Does it run on a CPU?, type: spike, time_box_days: 3, spike: {question: Does it?}}
"""


def document(text=TEXT, **changes):
    return {**load_ticket_text(text), **changes}


def planned(ws, data, **more):
    return import_tickets(ws, ADA, SLUG, [("sprint.yaml", data)], **more)


def test_sprint_and_all_its_tickets_come_in_together(ws):
    report = planned(ws, document())
    assert report.created == ("FEAT-1", "ENG-2", "EXP-3", "SPK-4")
    assert report.sprints == (1,)
    plan = get_sprint(ws, ADA, SLUG, 1)
    assert (plan.sprint.content.name, plan.sprint.content.days) == ("Sprint 12", 12)
    assert [made.key for made in plan.commitments] == ["FEAT-1", "ENG-2", "EXP-3", "SPK-4"]
    experiment = get_ticket(ws, ADA, SLUG, "EXP-3")
    assert [c.role.value for c in experiment.content.criteria] == ["primary", "kill"]
    assert experiment.content.time_box_days == 5
    assert [said.item for said in experiment.attestations] == ["agreed"]


def test_same_file_again_changes_nothing(ws):
    planned(ws, document())
    before = ws.store.last_seq()
    report = planned(ws, document())
    assert report.unchanged == ("FEAT-1", "ENG-2", "EXP-3", "SPK-4")
    assert (report.created, report.changed, ws.store.last_seq()) == ((), (), before)


def test_changed_file_is_an_edit_that_keeps_what_the_file_does_not_say(ws):
    planned(ws, document())
    mine = get_ticket(ws, ADA, SLUG, "EXP-3").content.model_copy(update={"owner": "grace"})
    edit_ticket(ws, ADA, SLUG, "EXP-3", mine, expected_version=None)
    changed = TEXT.replace("time_box_days: 5", "time_box_days: 8").replace("pays", "pays off")
    report = planned(ws, document(changed))
    assert report.changed == ("EXP-3",)
    after = get_ticket(ws, ADA, SLUG, "EXP-3").content
    assert (after.owner, after.time_box_days, len(after.criteria)) == ("grace", 8, 2)
    assert get_sprint(ws, ADA, SLUG, 1).sprint.content.goal == "Know whether retrieval pays off"


def test_ticket_with_a_key_is_taken_in_as_it_is(ws):
    key = create_ticket(ws, ADA, SLUG, content()).key
    report = planned(ws, {"sprint": "One", "experiments": [{"key": key, "title": content().title}]})
    assert report.unchanged == (key,)
    assert [made.key for made in get_sprint(ws, ADA, SLUG, 1).commitments] == [key]


def test_more_than_a_team_finishes_needs_a_word_in_the_file(ws):
    many = [{"title": f"Try {n}"} for n in range(4)]
    with pytest.raises(Refused, match="4 experiments are more than the 3") as caught:
        planned(ws, {"sprint": "One", "experiments": many})
    assert "confirmed: true" in caught.value.hint
    assert (list_sprints(ws, ADA, SLUG), export_tickets(ws, ADA, SLUG)) == ((), ())
    assert len(planned(ws, {"sprint": "One", "experiments": many, "confirmed": True}).created) == 4


def test_name_of_a_sprint_that_has_ended_is_not_planned_again(ws):
    planned(ws, document())
    start_sprint(ws, ADA, SLUG, 1, expected_version=None)
    end_sprint(ws, ADA, SLUG, 1, expected_version=None)
    with pytest.raises(Refused, match="has ended"):
        planned(ws, document())


def test_ticket_taken_in_while_the_sprint_runs_is_recorded_as_a_change_of_scope(ws):
    planned(ws, document())
    start_sprint(ws, ADA, SLUG, 1, expected_version=None)
    later = document(experiments=[*document()["experiments"], {"title": "One more"}])
    planned(ws, later)
    assert [made.key for made in get_sprint(ws, ADA, SLUG, 1).commitments if made.after_start] == ["EXP-5"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"sprint": ""}, "name"),
        ({"sprint": 12}, "sprint"),
        ({"goals": "x"}, "goals"),
        ({"ends_on": "2026-05-01"}, "ends_on"),
        ({"experiments": "x"}, "experiments"),
        ({"experiments": [3]}, "experiments[0]"),
        ({"experiments": [{}]}, "experiments[0].title"),
        ({"experiments": [{"title": "t", "type": "feature"}]}, "experiments[0].type"),
        ({"experiments": [{"title": "t", "type": ["a"]}]}, "experiments[0].type"),
        ({"product_tasks": [{"title": "t", "type": "spike"}]}, "product_tasks[0].type"),
        ({"experiments": [{"title": "t", "time_box_days": -1}]}, "experiments[0].time_box_days"),
        ({"experiments": [{"title": "t", "success_criteria": "x"}]}, "experiments[0].success_criteria"),
        (
            {"experiments": [{"title": "t", "success_criteria": ["f1 >= 9"]}]},
            "experiments[0].criteria.primary[0]",
        ),
        (
            {
                "experiments": [
                    {
                        "title": "t",
                        "success_criteria": ["accuracy >= 85%"],
                        "criteria": {"primary": ["accuracy >= 8%"]},
                    }
                ]
            },
            "experiments[0].success_criteria",
        ),
        ({"experiments": [{"title": "t", "key": "EXP-0"}]}, "experiments[0].key"),
        ({"confirmed": "yes"}, "confirmed"),
    ],
)
def test_file_that_cannot_be_read_plans_nothing_and_names_the_place(ws, changes, field):
    with pytest.raises(Invalid, match=r"sprint\.yaml") as caught:
        planned(ws, document(**changes))
    assert caught.value.field == field
    assert (list_sprints(ws, ADA, SLUG), export_tickets(ws, ADA, SLUG)) == ((), ())


def test_two_entries_that_are_one_ticket_are_refused_by_their_places(ws):
    twice = [{"title": "Rerank", "hypothesis": "one"}, {"title": "Rerank", "hypothesis": "two"}]
    with pytest.raises(Invalid, match=r"experiments\[1\] is the same ticket as experiments\[0\]") as refusal:
        planned(ws, {"sprint": "One", "experiments": twice})
    assert refusal.value.field == "experiments[1].title"
    assert list_sprints(ws, ADA, SLUG) == ()


def test_ticket_that_was_taken_out_is_known_and_stays_out(ws):
    alone = {"sprint": "One", "experiments": [{"title": "Alone"}]}
    planned(ws, alone)
    release_ticket(ws, ADA, SLUG, 1, "EXP-1")
    report = planned(ws, alone)
    assert (report.created, report.unchanged) == ((), ("EXP-1",))
    assert [made.stands for made in get_sprint(ws, ADA, SLUG, 1).commitments] == [False]


def test_capacity_that_is_a_bare_number_is_told_what_to_write(ws):
    with pytest.raises(Invalid, match=r"expected available and percent, such as \{available: 20"):
        planned(ws, {"sprint": "One", "capacity": {"person_days": 20}})


def test_time_box_in_sprints_counts_by_the_sprint_of_the_file(ws):
    text = TEXT.replace("time_box_days: 5", "time_box_sprints: 2")
    planned(ws, document(text))
    assert get_ticket(ws, ADA, SLUG, "EXP-3").content.time_box_days == 24
    assert planned(ws, document(text)).changed == ()
    alone = {"type": "spike", "title": "Does it scale?", "time_box_sprints": 1}
    (key,) = import_tickets(ws, ADA, SLUG, [("spike.yaml", alone)]).created
    assert get_ticket(ws, ADA, SLUG, key).content.time_box_days == 12


def test_time_box_in_sprints_and_in_days_names_the_entry_at_fault(ws):
    text = TEXT.replace("time_box_days: 5", "time_box_days: 5\n    time_box_sprints: 2")
    with pytest.raises(Invalid, match="a time box in sprints or in days, not in both") as refused:
        planned(ws, document(text))
    assert refused.value.field == "experiments[0].time_box_sprints"
