"""Cards and the board page as HTML, from hand-made views."""

import math
from dataclasses import fields
from datetime import UTC, datetime, timedelta

import pytest

from assay.domain.board.board import Board
from assay.domain.board.roles import ColumnRole
from assay.domain.experiments.experiment import Budget, DecisionKind
from assay.web import cards, decide_view, wording
from assay.web.cards import card_context, render_card
from assay.workflows.views import CardSlot
from tests.faces.web.board_examples import CARDS, NOW, bar, card, numbers

ROLE = ColumnRole.OTHER


def slot(number, view):
    return CardSlot(id=number, key=view.key, stage=view.stage, rank=view.rank, card_version=view.card_version)


def test_card_says_nothing_that_is_relative_to_now():
    text = render_card("p", CARDS[4])
    assert f'datetime="{wording.iso(CARDS[4].entered_stage_at)}"' in text
    assert "ago" not in text


def test_card_bar_positions_are_lengths_along_the_bar():
    context = card_context(
        "p",
        card(
            "EXP-1",
            "T",
            "experiment",
            evidence=numbers("1", "2", "3", "promote", "Promote", "", bar(0.2, 0.6, 0.4, 0.5, 0.1)),
        ),
    )
    assert (context.bar.low, context.bar.width, context.bar.estimate) == ("20%", "40%", "40%")
    assert (context.bar.target, context.bar.baseline, context.bar.tone) == ("50%", "10%", "promote")


def test_card_keeps_its_row_of_numbers_short_and_says_below_it_which_value_of_the_runs_counts():
    told = numbers(
        "20.0%", "27.4% at step 20,000", "28.1%", "iterate", "Iterate", "", bar(0.2, 0.6, 0.4, 0.5, 0.1)
    )
    one = card("EXP-1", "T", "experiment", evidence={**told, "reading": "step 20000"})
    assert (card_context("p", one).current, card_context("p", one).read) == ("27.4%", "at step 20,000")
    assert "<b>27.4%</b>" in render_card("p", one)
    assert "<small>at step 20,000</small>" in render_card("p", one)
    assert card_context("p", card("EXP-1", "T", "experiment", evidence=told)).read == ""


@pytest.mark.parametrize("share", [math.nan, math.inf, -math.inf, None])
def test_card_bar_without_a_number_draws_nothing_there(share):
    shares = {"low": share, "high": 0.6, "estimate": share, "target": 0.5}
    context = card_context(
        "p", card("EXP-1", "T", "experiment", evidence={"bar": shares, "current_text": "NaN"})
    )
    assert (context.bar.width, context.bar.estimate) == (None, None)
    assert "NaN%" not in render_card("p", card("EXP-1", "T", "experiment", evidence={"bar": shares}))


def test_card_over_its_budget_is_hot_and_its_meter_stays_inside():
    context = card_context("p", CARDS[5])
    assert (context.compute_hot, context.compute_width) == (True, "100%")


def test_card_shows_what_the_gate_of_its_own_column_says():
    said = {
        "gate": "Gate answers: not run yet",
        "gate_stage": "evaluation",
        "foot": "3 more seeds would settle it",
    }
    feet = [
        card_context("p", card("EXP-1", "x", stage, evidence=said)).foot
        for stage in ("evaluation", "iteration")
    ]
    assert feet == ["Gate answers: not run yet", "3 more seeds would settle it"]


def test_card_with_markup_in_every_text_shows_it_as_text():
    evil = "<img src=x onerror=alert(1)>"
    shown = render_card(
        "p",
        card(
            "EXP-1",
            evil,
            "backlog",
            owner=evil,
            hypothesis=evil,
            evidence=numbers(evil, evil, evil, "kill", evil, evil, None),
        ),
    )
    assert "<img" not in shown
    assert "&lt;img" in shown


def test_column_digest_changes_with_order_version_and_count():
    slots = [slot(number, view) for number, view in enumerate(CARDS[:3])]
    digest = cards.cards_digest(3, slots, ROLE)
    assert digest == cards.cards_digest(3, list(slots), ROLE)
    assert digest != cards.cards_digest(3, slots[::-1], ROLE)
    assert digest != cards.cards_digest(4, slots, ROLE)
    assert digest != cards.cards_digest(3, slots, ColumnRole.LIVE)
    assert digest != cards.cards_digest(3, [slots[0]._replace(card_version=99), *slots[1:]], ROLE)


def test_priority_shows_for_urgent_and_high_only():
    assert [card_context("p", card("EXP-1", "T", "backlog", priority=p)).priority for p in range(5)] == [
        "urgent",
        "high",
        "",
        "",
        "",
    ]


def test_card_context_is_frozen_and_every_field_is_used_by_its_template():
    context = card_context("p", CARDS[4])
    with pytest.raises(AttributeError):
        context.title = "x"
    from importlib import resources

    source = (resources.files("assay.web") / "templates/fragments/board/_card.html").read_text(
        encoding="utf-8"
    )
    unused = [f.name for f in fields(context) if f"card.{f.name}" not in source]
    assert unused == []


def test_moment_without_utc_is_written_in_utc():
    assert wording.iso(datetime(2026, 5, 12, 9, tzinfo=UTC)) == "2026-05-12T09:00:00Z"
    assert wording.day(NOW) == "20 May 2026"


def test_card_in_experiment_shows_its_time_box_until_it_is_decided():
    begun = {"locked_at": NOW, "time_box_days": 10}
    shown = render_card("p", card("EXP-1", "T", "experiment", **begun))
    assert f'<time datetime="{wording.iso(NOW)}" data-box="10">until ' in shown
    assert "data-box" not in render_card("p", card("EXP-1", "T", "hypothesis", time_box_days=10))
    decided = card("EXP-1", "T", "killed", evidence={"decision": "kill"}, **begun)
    assert "data-box" not in render_card("p", decided)


@pytest.mark.parametrize(
    ("kind", "role", "moved_on", "shown"),
    [
        ("iterate", ColumnRole.ITERATING, True, True),
        ("promote", ColumnRole.DEPLOYING, True, False),
        ("promote", ColumnRole.OTHER, False, False),
        ("promote", ColumnRole.OTHER, True, True),
        ("kill", ColumnRole.KILLED, True, False),
    ],
)
def test_time_box_and_data_are_told_until_a_kill_or_a_promotion_that_still_stands(
    kind, role, moved_on, shown
):
    known = {"locked_at": NOW, "time_box_days": 10, "data": "ready", "decided_at": NOW, "role": role}
    entered = NOW + (timedelta(minutes=1) if moved_on else timedelta())
    told = card_context(
        "p", card("EXP-1", "T", "x", evidence={"decision": kind}, entered_stage_at=entered, **known)
    )
    assert (bool(told.box_end), bool(told.data)) == (shown, shown)


@pytest.mark.parametrize(
    ("data", "due", "shown"),
    [
        ("ready", None, '<span class="data ready"><i aria-hidden="true"></i>data ready</span>'),
        ("at risk", None, '<span class="data at-risk"><i aria-hidden="true"></i>data needed</span>'),
        ("blocked", NOW, f"data-due>data missing by {wording.day(NOW)}</time>"),
    ],
)
def test_card_says_how_its_data_stands(data, due, shown):
    assert shown in render_card("p", card("EXP-1", "T", "hypothesis", data=data, data_due=due))


def test_card_that_names_no_data_says_nothing_of_it():
    assert 'class="data' not in render_card("p", card("EXP-1", "T", "hypothesis"))


@pytest.mark.parametrize(
    ("role", "more", "shown"),
    [
        (
            ColumnRole.PREPARING,
            {"success": ("accuracy >= 85%",), "budget": Budget(gpu_hours=24, cost_usd=500)},
            ["accuracy >= 85%", "24 GPU-h, $500"],
        ),
        (ColumnRole.ITERATING, {"iterations": 2}, ["iteration 2"]),
        (
            ColumnRole.DEPLOYING,
            {"model": "v12", "confirmed": ("serving", "signed_off")},
            ["v12", "serving", "open: monitored, rollback tested"],
        ),
        (ColumnRole.LIVE, {"model": "v12"}, ["v12"]),
        (ColumnRole.RUNNING, {"success": ("accuracy >= 85%",)}, []),
    ],
)
def test_card_says_what_its_column_asks_for_whatever_the_column_is_called(role, more, shown):
    context = card_context("p", card("EXP-1", "T", "any-name", role=role, **more))
    assert [fact.text for fact in context.facts] == shown


def test_killed_card_says_why_by_a_person_else_by_the_verdict_and_what_was_learned():
    said = {"decision": "kill", "learnings": "Rank 16 underfits.", "chip": "Kill: accuracy < 78%"}
    dropped = card("EXP-1", "T", "dropped", evidence=said)
    assert (card_context("p", dropped).why, card_context("p", dropped).foot) == (
        "accuracy < 78%",
        "Rank 16 underfits.",
    )
    by_hand = card("EXP-1", "T", "dropped", evidence=said, reason="Too slow to serve")
    assert "Why: Too slow to serve" in render_card("p", by_hand)
    assert "Why" not in render_card("p", card("EXP-1", "T", "killed"))


def test_refined_card_says_what_is_refined():
    said = {"decision": "iterate", "learnings": "German regressed.", "foot": "German regressed."}
    refined = card("EXP-1", "T", "refine", role=ColumnRole.ITERATING, evidence=said, reason="Mend German")
    assert card_context("p", refined).foot == "Mend German"


def test_page_of_a_decision_names_the_columns_as_the_board_calls_them():
    board = Board.default()
    stages = tuple(
        one.model_copy(update={"title": "Refine"}) if one.key == "iteration" else one for one in board.stages
    )
    renamed = board.model_copy(update={"stages": stages})
    assert decide_view.goes(renamed, DecisionKind.ITERATE) == "The card goes to Refine."
    short = board.model_copy(update={"stages": tuple(one for one in stages if one.key != "iteration")})
    assert decide_view.goes(short, DecisionKind.ITERATE) == "The card stays where it is."
