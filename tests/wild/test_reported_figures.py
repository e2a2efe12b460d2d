"""Reported figures of public checkpoints: the known answers beside the files, and no certainty from three samples."""

import json

import pytest

from assay.stats.samples import DegenerateSample
from assay.stats.summaries import Summary, compare_summaries, summary_against_threshold

pytestmark = pytest.mark.wild


def figures(wild_data, pattern):
    (path,) = (wild_data / "eval-logs" / "lm-eval-pythia" / "pythia-v1").glob(pattern)
    results = json.loads(path.read_text())["results"]
    return {
        task: Summary(found["acc"], found["acc_stderr"], rate=True)
        for task, found in results.items()
        if "acc" in found
    }


@pytest.fixture
def final(wild_data):
    def read(size, kind):
        return figures(wild_data, f"pythia-{size}{kind}/zero-shot/*_step143000.json")

    return lambda size: (read(size, "-deduped"), read(size, ""))


@pytest.mark.parametrize(
    ("size", "task", "z"),
    [
        ("70m", "lambada_openai", 0.91),
        ("70m", "piqa", 0.20),
        ("70m", "sciq", 0.23),
        ("70m", "arc_easy", 0.78),
        ("70m", "winogrande", -1.83),
        ("70m", "logiqa", 1.07),
        ("70m", "wsc", 0.0),
        ("410m", "lambada_openai", 0.83),
        ("410m", "winogrande", -0.16),
        ("410m", "wsc", -1.39),
    ],
)
def test_known_difference_of_plain_and_deduplicated_training_comes_out(final, size, task, z):
    candidate, baseline = final(size)
    result = compare_summaries(candidate[task], baseline[task])
    assert result.statistic == pytest.approx(z, abs=0.0051)
    # No task differs at 5% two-sided.
    assert min(result.p_greater, result.p_less) > 0.025
    assert result.answer("greater") != "met"


def test_a_hundred_and_four_items_cannot_exclude_a_two_point_regression(final):
    candidate, baseline = final("70m")
    wsc = compare_summaries(candidate["wsc"], baseline["wsc"], null=-0.02)
    assert wsc.answer("greater") == "unclear"


def test_intervention_late_in_training_does_not_harm_lambada_by_three_points(wild_data):
    for step in (134000, 136000, 138000, 140000, 142000):
        sides = [
            figures(wild_data, f"pythia-1.4b-deduped/{kind}/{kind}-1.4b-deduped_step{step}.json")[
                "lambada_openai"
            ]
            for kind in ("intervention", "baseline")
        ]
        assert compare_summaries(*sides, null=-0.03).answer("greater") == "met"
        assert compare_summaries(*sides).answer("greater") == "unclear"


def test_an_untrained_checkpoint_is_a_strong_regression(wild_data):
    untrained = figures(wild_data, "pythia-70m/zero-shot/*_step0.json")["sciq"]
    trained = figures(wild_data, "pythia-70m/zero-shot/*_step143000.json")["sciq"]
    assert compare_summaries(untrained, trained, null=-0.02).answer("greater") == "not_met"


def test_three_right_answers_of_three_are_no_certainty(wild_data):
    path = wild_data / "eval-logs" / "inspect" / "2025-05-12T20-28-26-04-00_security-guide.json"
    log = json.loads(path.read_text())
    (score,) = log["results"]["scores"]
    metrics = {name: found["value"] for name, found in score["metrics"].items()}
    assert (metrics["accuracy"], metrics["stderr"], len(log["samples"])) == (1.0, 0.0, 3)
    with pytest.raises(DegenerateSample):
        summary_against_threshold(Summary(1.0, 0.0, rate=True), 0.9)
    reported = Summary(1.0, metrics["stderr"], len(log["samples"]), rate=True)
    test = summary_against_threshold(reported, 0.9)
    assert test.answer("greater") == "unclear"
    assert test.estimate.interval.low == pytest.approx(0.05 ** (1 / 3))
