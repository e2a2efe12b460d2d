"""A recommended kill is overruled and pressed again on the command line, which asks the API; the record of the rules counts it."""

import json

import pytest

RULE = "accuracy < 70% after training"
WHY = "The tokenizer was broken until Monday, the runs are repeated."


@pytest.fixture
def losing(measured):
    return measured(0.655, 0.661, 0.658, 0.652, 0.66)


def kill_of(assay, key):
    shown = json.loads(assay("ticket", "show", key, "--json").out)
    return next(one for one in shown["kills"] if one["rule"] == RULE)


def test_kill_is_snoozed_told_counted_and_woken(losing):
    assay, key = losing
    assert kill_of(assay, key)["snooze"] is None
    said = assay("ticket", "snooze", key, "--rule", RULE, "--reason", WHY, "--days", "3")
    assert said.code == 0
    assert said.out.startswith(f"{RULE} is snoozed on {key} until ")
    assert said.out.endswith("The verdict still says it.\n")
    held = kill_of(assay, key)["snooze"]
    assert (held["reason"], held["rule"]) == (WHY, RULE)
    [row] = [
        row for row in json.loads(assay("project", "kill-record", "--json").out)["rows"] if row["overruled"]
    ]
    assert (row["recommended"], row["overruled"], row["overruled_open"]) == (1, 1, 1)
    assert assay("project", "kill-record").out.splitlines()[0].split()[:3] == [
        "RULE",
        "RECOMMENDED",
        "KILLED",
    ]
    assert assay("ticket", "wake", key, "--rule", RULE).out == f"{RULE} is pressed again on {key}.\n"
    assert kill_of(assay, key)["snooze"] is None


@pytest.mark.parametrize(
    ("options", "code", "found"),
    [
        (("--rule", RULE, "--reason", "no"), 2, "'no' is no sentence (expected at least one sentence"),
        (("--rule", RULE, "--reason", WHY, "--days", "31"), 2, "'--days'"),
        (
            ("--rule", "plateau", "--reason", WHY),
            5,
            "it does not recommend to kill it (expected one that does",
        ),
    ],
)
def test_snooze_that_is_refused_says_why_and_changes_nothing(losing, options, code, found):
    assay, key = losing
    said = assay("ticket", "snooze", key, *options)
    assert (said.code, found in said.err) == (code, True)
    assert kill_of(assay, key)["snooze"] is None
