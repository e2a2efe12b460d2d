"""Stale tickets on the command line and over the API: shown first, killed only when asked for, all of them or none."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from assay.bootstrap import open_workspace
from assay.settings import Settings
from assay.workflows.board import move_card
from tests.faces.web import story

LEARNED = "Routing by topic loses the thread of a conversation."


@pytest.fixture
def forgotten(assay):
    """Two locked experiments and a draft in progress, all of forty days ago."""
    assert assay("init").code == 0
    settings = Settings(home=assay.folder / ".assay", sync_interval_s=0)
    with open_workspace(settings) as now:
        past = replace(now, clock=lambda: now.clock() - timedelta(days=40))
        told = story.Story(past)
        keys = [told.ticket(f"Idea {number}") for number in range(3)]
        for key in keys[:2]:
            for to in ("hypothesis", "experiment"):
                move(past, key, to)
        move(past, keys[2], "hypothesis")
    assert assay("project", "use", told.slug).code == 0
    return assay, keys


def move(ws, key, to):
    done = move_card(ws, story.ADA, story.SLUG, key, to=to, expected_version=None, override_reason="told")
    assert done.ticket.stage == to


def decided(assay, key):
    shown = json.loads(assay("ticket", "show", key, "--json").out)
    return shown["ticket"]["decision"]


def test_stale_tickets_are_shown_and_killed_only_with_yes(forgotten):
    assay, (first, second, draft) = forgotten
    shown = assay("ticket", "kill-stale")
    assert shown.code == 0
    listed = [line.split()[0] for line in shown.out.splitlines() if line.startswith("EXP-")]
    assert listed == [draft, first, second]  # the longest first
    assert "Nothing was changed. Say what was learned" in shown.out
    assert "cannot be killed here: take it back to Backlog, or delete it" in shown.out
    asked = (
        "ticket",
        "kill-stale",
        "--learned",
        f"{first.lower()}={LEARNED}",
        "--reason",
        "Nobody took it up.",
    )
    dry = assay(*asked)
    assert (dry.code, "would be killed" in dry.out, "The same with --yes kills them." in dry.out) == (
        0,
        True,
        True,
    )
    assert decided(assay, first) is None
    done = assay(*asked, "--yes")
    assert (done.code, done.out.strip()) == (0, f"{first} killed (killed)")
    assert decided(assay, first)["learnings"] == LEARNED
    assert decided(assay, second) is None
    assert f"{first} is not stale" in assay(*asked).out


def test_one_that_cannot_be_killed_stops_all_of_them(forgotten):
    assay, (first, second, draft) = forgotten
    for more in ((f"{draft}={LEARNED}",), (f"{second}=n/a",), ("EXP-99=Gone.",)):
        refused = assay(
            "ticket",
            "kill-stale",
            "--learned",
            f"{first}={LEARNED}",
            *(word for text in more for word in ("--learned", text)),
            "--reason",
            "Why",
            "--yes",
        )
        assert refused.code in (2, 5)
        assert decided(assay, first) is None
    assert assay("ticket", "kill-stale", "--learned", f"{first}={LEARNED}", "--yes").code == 2  # no reason


@pytest.mark.parametrize("text", ["EXP-1", "=lesson", ""])
def test_lesson_without_a_ticket_is_refused_with_the_form(forgotten, text):
    assay, _ = forgotten
    refused = assay("ticket", "kill-stale", "--learned", text, "--yes")
    assert (refused.code, "expected KEY=TEXT" in refused.err) == (2, True)
    none = assay("ticket", "kill-stale", "--yes")
    assert (none.code, "none is named" in none.err) == (2, True)
