"""Where a project stands and how it judges, read and set on the command line; what was done, as JSON."""

import json

import pytest


def _rules(made):
    return json.loads(made("project", "show", "vision", "--json").out)["verdicts"]


def test_strictness_alpha_and_rules_of_thumb_are_set_and_shown(made):
    before = _rules(made)
    asked = (
        "--strictness",
        "point",
        "--alpha",
        "0.1",
        "--kill-rule",
        "plateau=off",
        "--kill-rule",
        "gap=0.2",
    )
    ran = made("project", "edit", "vision", *asked)
    assert ran.code == 0, ran.err
    after = _rules(made)
    assert (after["strictness"], after["alpha"], float(after["kill_rules"]["gap"])) == ("point", 0.1, 0.2)
    assert set(before["kill_rules"]["enabled"]) - set(after["kill_rules"]["enabled"]) == {"plateau"}
    shown = made("project", "show", "vision").out
    assert [word in shown for word in ("point", "0.1", "gap 0.2", "over_budget_multiple 2")] == [True] * 4
    made(
        "project", "edit", "vision", "--kill-rule", "plateau=on", "--kill-rule", "loss-metrics=loss, val/loss"
    )
    rules = _rules(made)["kill_rules"]
    assert (rules["enabled"], rules["loss_metrics"]) == (
        before["kill_rules"]["enabled"],
        ["loss", "val/loss"],
    )


def test_edit_of_anything_else_leaves_the_rules_alone(made):
    made("project", "edit", "vision", "--kill-rule", "median=off", "--alpha", "0.01")
    rules = _rules(made)
    assert made("project", "edit", "vision", "--title", "Eyes").code == 0
    assert _rules(made) == rules


@pytest.mark.parametrize("given", ["plateau", "plateau=maybe", "slow=off", "gap=", "=off", "enabled=gap"])
def test_rule_that_cannot_be_read_is_refused_with_those_there_are(made, given):
    ran = made("project", "edit", "vision", "--kill-rule", given)
    assert (ran.code, "over_budget" in ran.err, "--kill-rule plateau=off" in ran.err) == (2, True, True)


@pytest.mark.parametrize("given", [("--alpha", "0.7"), ("--strictness", "kind"), ("--kill-rule", "gap=-1")])
def test_value_out_of_range_is_refused_and_nothing_changes(made, given):
    before = _rules(made)
    assert made("project", "edit", "vision", *given).code == 2
    assert _rules(made) == before


def test_overview_says_what_is_there_and_what_is_not_known(made):
    out = made("overview").out
    assert "backlog 1" in out
    assert "unknown: no run says what it used, of 24 budgeted" in out
    assert "Nothing waits for a person." in out
    assert json.loads(made("overview", "--json").out)["stage_counts"]["backlog"] == 1


def test_what_was_done_is_told_as_json_where_the_api_answers_nothing(made):
    made("ticket", "new", "Shorter chunks")
    made("metric", "add", "recall", "--direction", "higher")
    link = ("ticket", "link", "exp-2", "derived_from", "EXP-1", "--json")
    related = {"ticket": "EXP-2", "kind": "derived_from", "other": "EXP-1"}
    assert json.loads(made(*link).out) == {**related, "linked": True}
    assert json.loads(made(*link, "--remove").out) == {**related, "linked": False}
    assert json.loads(made("ticket", "delete", "exp-2", "--json").out) == {"deleted": "EXP-2"}
    assert json.loads(made("metric", "remove", "recall", "--json").out) == {"removed": "recall"}
    assert json.loads(made("project", "use", "vision", "--json").out) == {"project": "vision"}
    assert json.loads(made("canvas", "export", "canvas.yaml", "--json").out) == {"written": "canvas.yaml"}
    assert "PUBLIC KEY" in json.loads(made("audit", "key", "--json").out)["pem"]
    made("backup", "kept.backup")
    restored = json.loads(made("restore", "kept.backup", "--replace", "--json").out)
    assert restored["restored"] == "kept.backup"


def test_templates_and_a_new_installation_are_told_as_json(made, monkeypatch):
    (made.folder / "t.yaml").write_text("hypothesis: It helps.\n")
    made("template", "set", "short", "t.yaml")
    shown = json.loads(made("template", "show", "short", "--json").out)
    assert (shown["name"], "It helps." in shown["text"]) == ("short", True)
    assert json.loads(made("template", "delete", "short", "--json").out)["rows"] == []
    other = made.folder / "other"
    other.mkdir()
    monkeypatch.chdir(other)
    assert json.loads(made("init", "--project", "second", "--json").out)["project"] == "second"


def test_tolerance_of_a_metric_is_set_and_taken_away_and_needs_the_metric(made):
    made("metric", "add", "bleu-4", "--direction", "higher", "--unit", "number")
    edit = ("project", "edit", "vision", "--kill-rule")
    assert made(*edit, "plateau_tolerance.bleu-4=0.5").code == 0
    assert _rules(made)["kill_rules"]["plateau_tolerances"] == {"bleu-4": "0.5"}
    assert "plateau_tolerance.bleu-4 0.5" in made("project", "show", "vision").out
    refused = made(*edit, "plateau_tolerance.blue=0.5")
    assert (refused.code, "bleu-4" in refused.err) == (2, True)
    assert made(*edit, "plateau_tolerance.bleu-4=off").code == 0
    assert "plateau_tolerances" not in _rules(made)["kill_rules"]


def test_prices_of_devices_are_set_shown_and_dropped(made):
    told = ("--set", "A100 = 2.10 since 2026-01-01", "--set", "RTX 4090=0.4", "--default", "A100")
    ran = made("project", "prices", *told)
    assert ran.code == 0, ran.err
    assert "Runs whose device is not known count as A100." in ran.out
    shown = json.loads(made("project", "prices", "--drop", "rtx 4090", "--json").out)
    assert shown == {
        "prices": [{"device": "A100", "usd_per_hour": "2.10", "since": "2026-01-01"}],
        "default_device": "A100",
    }
    assert json.loads(made("project", "prices", "--drop", "A100", "--json").out)["default_device"] is None
    for wrong in (("--set", "A100: 2"), ("--set", "A100 = 2 since 2026-02-30"), ("--default", "B200")):
        assert made("project", "prices", *wrong).code == 2
    assert made("project", "prices", "--drop", "B200").code == 4
