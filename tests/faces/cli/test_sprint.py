"""A sprint on the command line: from its plan to its retro."""

import json


def test_sprint_is_planned_run_and_looked_back_on(made):
    assert (
        "Nothing is committed"
        in made("sprint", "new", "--goal", "Know it", "--person-days", "40", "--share", "data=25").out
    )
    shown = made("sprint", "commit", "1", "exp-1").out
    assert "40 in all; data 25%" in shown
    assert "EXP-1" in shown
    assert "(active)" in made("sprint", "start", "1").out
    assert "Next experiment\n\n- EXP-1" in made("sprint", "standup").out
    assert "needs longer: two seeds" in made("sprint", "extend", "1", "EXP-1", "--reason", "two seeds").out
    assert "0 of 1 experiments have preliminary results, 1 more flagged" in made("sprint", "check", "1").out
    assert "Nothing is decided yet." in made("sprint", "review", "1").out
    assert "(ended)" in made("sprint", "end", "1").out
    assert "# Retro of sprint 1" in made("sprint", "retro", "1").out
    assert json.loads(made("sprint", "list", "--json").out)["rows"][0]["state"] == "ended"


def test_ticket_leaves_a_running_sprint_only_with_a_reason(made):
    made("sprint", "new")
    made("sprint", "commit", "1", "EXP-1")
    made("sprint", "start", "1")
    refused = made("sprint", "release", "1", "EXP-1")
    assert (refused.code, "--reason" in refused.err) == (2, True)
    out = made("sprint", "release", "1", "EXP-1", "--reason", "labels late").out
    assert "taken out" in out
    assert "labels late" in out


def test_planned_sprint_is_cancelled_and_planned_again(made):
    made("sprint", "new")
    made("sprint", "commit", "1", "EXP-1")
    out = made("sprint", "cancel", "1", "--reason", "moved on").out
    assert "(cancelled)" in out
    assert "the sprint was cancelled: moved on" in out
    assert "it was cancelled" in made("sprint", "commit", "1", "EXP-1").err
    assert "(planned)" in made("sprint", "restore", "1").out


def test_what_cannot_be_read_is_told_with_what_is_expected(made):
    made("sprint", "new")
    assert "expected a form such as data=25" in made("sprint", "edit", "1", "--share", "data").err
    assert "expected 1 to 366 days" in made("sprint", "edit", "1", "--to", "2020-01-01").err
    assert (made("sprint", "show", "7").code, "expected one of: 1" in made("sprint", "show", "7").err) == (
        4,
        True,
    )


def test_project_says_how_much_is_usual(made):
    made("sprint", "new")
    assert (
        "up to 0 experiments, 2 product tasks" in made("project", "edit", "vision", "--experiments", "0").out
    )
    assert (
        "nights are those of Asia/Tokyo" in made("project", "edit", "vision", "--time-zone", "Asia/Tokyo").out
    )
    assert (
        "found 'Mars' (expected a name of the IANA database"
        in made("project", "edit", "vision", "--time-zone", "Mars").err
    )
    assert "0 a team usually finishes" in made("sprint", "commit", "1", "EXP-1").err
    made("sprint", "commit", "1", "EXP-1", "--yes")
    assert "(active)" in made("sprint", "start", "1", "--yes").out
