"""Runs side by side on the command line."""

import json

from assay.testing.storage_samples import curve, run
from tests.faces.cli.test_runs import tracked  # noqa: F401  # a fixture


def test_compare_prints_groups_of_seeds_with_what_they_are(tracked):  # noqa: F811
    tracked.put(
        *(run(number, curves={"accuracy": curve(0.5, 0.7 + number / 100)}) for number in (1, 2, 3)),
        run(4, config={"lr": "1"}, curves={"accuracy": curve(0.5, 0.6)}),
    )
    said = tracked("run", "compare", "--metric", "accuracy").out
    (best,) = (line for line in said.splitlines() if "(best)" in line)
    assert "lr=0.1" in best
    assert "72.0%" in best
    assert "One group: same ticket, arm, evaluation set and parameters but the seed." in said
    assert "The best was chosen after looking" in said
    found = json.loads(tracked("run", "compare", "--config", "lr=1", "--read", "step 0", "--json").out)
    assert [(group["n"], group["mean"]) for group in found["groups"]] == [(1, 0.5)]
    curves = json.loads(tracked("run", "compare", "lab:0001", "lab:0004", "--curves", "--json").out)
    assert [len(picture["curves"]) for picture in curves["pictures"]] == [2]


def test_compare_without_runs_says_where_they_are(tracked):  # noqa: F811
    assert "No runs match. See what there is: assay run list" in tracked("run", "compare").out
