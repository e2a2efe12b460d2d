"""A back-test on the command line: values side by side, settings shown first and changed only with --yes."""

import json

import pytest

from assay.bootstrap import open_workspace
from assay.settings import Settings
from tests.faces.web import story
from tests.support.past_runs import tell_past


@pytest.fixture
def past(assay):
    """A project with eighty runs that are over."""
    assert assay("init").code == 0
    with open_workspace(Settings(home=assay.folder / ".assay", sync_interval_s=0)) as ws:
        tell_past(ws)
    assert assay("project", "use", story.SLUG).code == 0
    return assay


def rules_of(assay):
    return json.loads(assay("project", "show", story.SLUG, "--json").out)["verdicts"]["kill_rules"]


def test_settings_are_shown_and_changed_only_with_yes_and_the_way_back_is_a_command_that_works(past):
    before = rules_of(past)
    one = past("backtest", "--rule", "plateau")
    assert "last 3 within 0.01    now" in one.out
    assert "Use the best one: it saves" in one.out
    assert "chosen on some of the tickets and tried on the others, in turn, it would have killed" in one.out
    shown = past("backtest", "--apply", "--rule", "plateau")
    assert "Nothing was changed. Change it: assay backtest --rule plateau --apply --yes" in shown.out
    assert rules_of(past) == before
    found = json.loads(past("backtest", "--rule", "plateau", "--json").out)
    done = past("backtest", "--apply", "--rule", "plateau", "--yes")
    assert done.code == 0
    assert rules_of(past) == found["best_kill_rules"] != before
    [back] = [line for line in done.out.splitlines() if line.startswith("Take it back: assay ")]
    assert past(*back.removeprefix("Take it back: assay ").split()).code == 0
    assert rules_of(past) == before


def test_yes_alone_is_refused_with_the_command_that_was_meant(assay):
    said = assay("backtest", "--yes")
    assert said.code == 2
    assert "assay backtest --apply --yes" in said.err
