"""Columns mean what they ask for, whatever they are called: decisions, flow, funnel, diagnosis, retro and cards on other boards."""

from datetime import timedelta

import pytest

from assay.domain.board.board import DEFAULT_BOARD
from assay.domain.board.causes import Cause
from assay.domain.board.templates import FEATURE_BOARD
from assay.domain.experiments.experiment import DecisionKind
from assay.web.cards import card_context
from assay.workflows.board import Moved, board, move_card
from assay.workflows.confirmations import attest
from assay.workflows.diagnosis import diagnosis
from assay.workflows.flow import flow
from assay.workflows.projects import get_project, save_settings
from assay.workflows.retro import retro
from assay.workflows.sprints import end_sprint
from assay.workflows.tickets import create_ticket, get_ticket
from tests.unit.workflows.conftest import ADA, content
from tests.unit.workflows.test_ceremonies import LOSES, begun, log
from tests.unit.workflows.test_life_of_an_experiment import GOOD, SLUG, decide_it

NEW_KEYS = {
    "backlog": "ideas",
    "hypothesis": "drafts",
    "experiment": "trials",
    "evaluation": "review",
    "iteration": "rework",
    "production": "rollout",
    "live": "out",
    "killed": "stopped",
}


def renamed():
    """The experiment board with other keys and titles."""
    stages = tuple(
        stage.model_copy(update={"key": NEW_KEYS[stage.key], "title": NEW_KEYS[stage.key].title()})
        for stage in DEFAULT_BOARD.stages
    )
    moves = tuple(
        move.model_copy(update={"source": NEW_KEYS[move.source], "target": NEW_KEYS[move.target]})
        for move in DEFAULT_BOARD.transitions
    )
    return DEFAULT_BOARD.model_copy(update={"stages": stages, "transitions": moves})


BOARDS = {
    "renamed": (renamed(), ("drafts", "trials"), ("review",), "rollout", "stopped"),
    "feature": (FEATURE_BOARD, ("data", "model"), ("code", "test"), "deploy", "killed"),
}


def moved(ws, key, *stages, **more):
    for stage in stages:
        version = get_ticket(ws, ADA, SLUG, key).version
        answer = move_card(ws, ADA, SLUG, key, to=stage, expected_version=version, **more)
        assert isinstance(answer, Moved), answer


@pytest.mark.parametrize("name", BOARDS)
def test_columns_are_known_by_what_they_ask_for(ws, tracker, clock, name):
    shape, begin, review, production, killed = BOARDS[name]
    save_settings(ws, ADA, SLUG, expected_version=get_project(ws, ADA, SLUG).version, board=shape)
    loser, winner = (
        create_ticket(ws, ADA, SLUG, content(title=title)).key for title in ("Rank 4", "Rank 16")
    )
    for key in (loser, winner):
        for item in ("agreed", "dataset_ready"):
            attest(ws, ADA, SLUG, key, item=item, expected_version=None)
        moved(ws, key, *begin)
        assert get_ticket(ws, ADA, SLUG, key).lock is not None
    begun(ws, loser, winner)
    log(ws, tracker, clock, loser, LOSES)
    log(ws, tracker, clock, winner, GOOD)
    clock.now += timedelta(days=1)
    log(ws, tracker, clock, loser, (0.6, 0.61, 0.605), first_seed=5)
    lost = decide_it(ws, get_ticket(ws, ADA, SLUG, loser), DecisionKind.KILL)
    moved(ws, winner, *review)
    won = decide_it(ws, get_ticket(ws, ADA, SLUG, winner), DecisionKind.PROMOTE)
    assert (lost.moved_to, won.moved_to) == (killed, production)
    end_sprint(ws, ADA, SLUG, 1, expected_version=None)

    figures = flow(ws, ADA, SLUG, days=30)
    assert (figures.killed.count, figures.promoted.count, figures.killed.of) == (1, 1, 2)
    steps = [(step.title, step.reached) for step in figures.funnel]
    assert steps[-1] == ("Promoted", 1)
    assert {shape.stage(one).title for one in (production, killed)} & {title for title, _ in steps} == set()
    assert dict(steps)[shape.stage(begin[-1]).title] == 2

    [kill] = retro(ws, ADA, SLUG, 1).kills
    assert (kill.ticket.key, kill.late.runs >= 1) == (loser, True)

    moved(ws, winner, review[-1], reason="it is too slow there")
    late = next(one for one in diagnosis(ws, ADA, SLUG).causes if one.cause == Cause.LATE_FAILURES.value)
    assert "1 of 1 that reached production came back" in " ".join((*late.speaks_for, *late.speaks_against))

    cards = {card.key: card for column in board(ws, ADA, SLUG).columns for card in column.cards}
    shown = card_context("p", cards[loser])
    assert (shown.chip, shown.chip_icon, shown.foot) == (
        "Killed",
        "stop",
        "Fine-tuning on our own tickets is worth it.",
    )


@pytest.mark.parametrize("name", BOARDS)
def test_refused_move_names_the_column_as_people_call_it(ws, tracker, clock, name):
    shape, begin, review, production, _ = BOARDS[name]
    save_settings(ws, ADA, SLUG, expected_version=get_project(ws, ADA, SLUG).version, board=shape)
    key = create_ticket(ws, ADA, SLUG, content()).key
    for item in ("agreed", "dataset_ready"):
        attest(ws, ADA, SLUG, key, item=item, expected_version=None)
    moved(ws, key, *begin)
    log(ws, tracker, clock, key, GOOD)
    moved(ws, key, *review)
    decide_it(ws, get_ticket(ws, ADA, SLUG, key), DecisionKind.KILL, reason="too slow", move=False)
    answer = move_card(
        ws,
        ADA,
        SLUG,
        key,
        to=production,
        expected_version=get_ticket(ws, ADA, SLUG, key).version,
    )
    title = shape.stage(production).title
    assert f"the decision is kill; {title} needs promote" in [one.reason for one in answer.assessment.unmet]
