"""Planning on the command line: predictions, ranking, places given by hand, what came true."""

import json


def test_prediction_is_written_ranked_explained_and_placed_by_hand(made):
    asked = ("--predict", "chance=35%", "--predict", "effect=0:0.05:0.16", "--predict", "person_days=4")
    assert made("ticket", "edit", "EXP-1", *asked, "--gpu-hours", "10").code == 0
    made("ticket", "new", "Another idea")
    plan = made("plan", "--from", "2096-05-28", "--to", "2096-06-08").out
    assert "2096-05-28 to 2096-06-08, 10 working days" in plan
    assert "1. EXP-1" in plan
    assert "35% chance of accuracy >= 85%" in plan
    assert "not known: no data need is listed, nobody said how long training and evaluation take" in plan
    assert made("ticket", "place", "EXP-2", "1", "--reason", "the regulator waits").code == 0
    assert "1. EXP-2  Another idea (by hand, computed 2: the regulator waits)" in made("plan").out
    assert made("ticket", "place", "EXP-2").code == 0
    assert "1. EXP-1" in made("plan", "--per", "person-day").out


def test_one_part_of_a_prediction_is_changed_and_taken_back_without_losing_the_others(made):
    made(
        "ticket",
        "edit",
        "EXP-1",
        "--predict",
        "chance=0.4",
        "--predict",
        "effect=0.05+-0.04",
        "--predict",
        "job_size=3",
    )
    made("ticket", "edit", "EXP-1", "--predict", "job_size=5", "--predict", "chance=")
    content = json.loads(made("ticket", "show", "EXP-1", "--json").out)["ticket"]["content"]
    assert content["prediction"] == {"effect": {"mean": 0.05, "sd": 0.04}, "cost_of_delay": {"job_size": 5}}


def test_what_is_no_prediction_is_refused_with_the_way_out(made):
    for wrong in ("chance", "chance=120%", "effect=1:2", "job_size=4", "chances=0.4"):
        ran = made("ticket", "edit", "EXP-1", "--predict", wrong)
        assert ran.code == 2, wrong
        assert "prediction" in ran.err or "--predict" in ran.err


def test_second_view_and_record_say_what_is_missing(made):
    assert "Not ranked yet. It lacks business value" in made("plan", "--by-delay").out
    told = made("plan", "--since", "2026-01-01").out
    assert "No decided experiment had a chance given before its lock." in told
    assert "Nothing was decided in these days." in told


def test_days_that_are_no_sprint_are_refused(made):
    assert made("plan", "--from", "2026-06-05", "--to", "2026-05-25").code == 2
