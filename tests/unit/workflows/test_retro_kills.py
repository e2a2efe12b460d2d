"""The kills of a retro and those of the kill rate: where they are not the same, the retro says which and why."""

from datetime import timedelta

from assay.domain.experiments.experiment import DecisionKind
from assay.domain.kernel.ids import TicketType
from assay.workflows.ceremony_markdown import retro_markdown
from assay.workflows.commitments import commit_tickets
from assay.workflows.decisions import decide
from assay.workflows.retro import retro
from assay.workflows.sprints import create_sprint, end_sprint, start_sprint
from assay.workflows.tickets import create_ticket
from tests.unit.workflows.conftest import ADA, content
from tests.unit.workflows.test_life_of_an_experiment import SLUG, start


def in_sprint(ws, *keys):
    create_sprint(ws, ADA, SLUG)
    commit_tickets(ws, ADA, SLUG, 1, keys, confirmed=True)
    start_sprint(ws, ADA, SLUG, 1, expected_version=None)


def kill(ws, key, kind=DecisionKind.KILL, **more):
    said = {"learnings": "Rank 16 underfits billing questions.", "reason": "It will not get there."}
    decide(ws, ADA, SLUG, key, kind=kind, expected_version=None, **said, **more)


def engineering(ws):
    made = content(type=TicketType.ENGINEERING, criteria=(), baseline=(), title="Faster tokenizer")
    return create_ticket(ws, ADA, SLUG, made).key


def test_retro_whose_kills_are_those_of_the_rate_says_no_more(ws):
    key = start(ws).key
    in_sprint(ws, key)
    assert retro(ws, ADA, SLUG, 1).kills_text == ""
    kill(ws, key)
    view = retro(ws, ADA, SLUG, 1)
    assert ([one.ticket.key for one in view.kills], view.flow.killed_items, view.kills_text) == (
        [key],
        (key,),
        "",
    )


def test_retro_says_which_kills_the_rate_leaves_out_and_which_it_has_beside_them(ws, clock):
    inside, outside, again, plain = start(ws).key, start(ws).key, start(ws).key, engineering(ws)
    in_sprint(ws, inside, again, plain)
    kill(ws, again, DecisionKind.PROMOTE, move=False)
    for key in (inside, outside, again, plain):
        kill(ws, key)
    view = retro(ws, ADA, SLUG, 1)
    assert [one.ticket.key for one in view.kills] == [inside, again, plain]
    assert (view.flow.killed.count, view.flow.killed.of) == (2, 3)
    said = (
        f"The kill rate counts 2 of 3 decided: not {again} (its first decision was another), "
        f"not {plain} (no experiment), also {outside} (killed in these days, not in this sprint)"
    )
    assert view.kills_text == said
    assert f"- {said}." in retro_markdown(view)
    end_sprint(ws, ADA, SLUG, 1, expected_version=None)
    clock.now += timedelta(days=3)
    kill(ws, start(ws).key)
    assert retro(ws, ADA, SLUG, 1).kills_text == said
