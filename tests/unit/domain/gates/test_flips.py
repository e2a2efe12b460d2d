"""Examples that got better and worse: paired as the engine pairs them, counted, with what both sides said."""

from dataclasses import replace

import numpy as np
import pytest

from assay.domain.experiments.evidence import ExampleText, Labels
from assay.domain.gates.flips import comparable_metrics, flips
from assay.domain.gates.judge import judge
from assay.domain.kernel.metrics import Direction, Metric, Unit
from tests.unit.domain.gates.gate_story import evaluation, gate, ids, one_run, run, scores

GATE = gate(criteria=["accuracy >= 50%", "accuracy no worse than baseline by 2%"])


def test_right_and_wrong_answers_that_turned_are_counted_on_each_side():
    found = flips(GATE, one_run([1, 1, 0, 0, 1]), one_run([1, 0, 1, 0, 0], name="before"))
    assert (found.better_count, found.worse_count, found.same_count) == (2, 1, 2)
    assert [one.sample_id for one in found.better] == ["q00001", "q00004"]
    assert [(one.sample_id, one.candidate, one.baseline) for one in found.worse] == [("q00002", 0.0, 1.0)]
    assert found.pass_fail


def test_turned_answers_add_up_to_the_difference_that_the_engine_reports():
    rng = np.random.default_rng(5)
    ours, theirs = ((rng.random(300) < rate).astype(float) for rate in (0.8, 0.7))
    candidate, baseline = one_run(ours), one_run(theirs, name="before")
    found = flips(GATE, candidate, baseline)
    effect = judge(GATE, candidate, baseline).answers[1].finding.estimate
    assert (found.better_count - found.worse_count) / 300 == pytest.approx(effect, abs=1e-12)


def test_order_of_rows_and_of_sides_files_changes_nothing():
    theirs = one_run([1, 0, 1, 0], name="before")
    straight = flips(GATE, one_run([0, 1, 1, 0]), theirs)
    turned = flips(GATE, one_run([0, 1, 1, 0][::-1], names=ids(4)[::-1]), theirs)
    assert straight == turned


def test_with_several_seeds_an_answer_turns_when_most_seeds_do():
    def seeds(name, *rows):
        return evaluation(*(run(f"{name}{at}", scores(row, seed=at), seed=at) for at, row in enumerate(rows)))

    found = flips(GATE, seeds("c", [1, 0], [1, 0], [0, 1]), seeds("b", [0, 0], [0, 0], [0, 0]))
    assert [one.sample_id for one in found.better] == ["q00000"]
    assert found.better[0].candidate == pytest.approx(2 / 3)
    assert found.same_count == 1


def test_graded_scores_are_sorted_by_the_size_of_the_change():
    found = flips(GATE, one_run([0.9, 0.2, 0.5]), one_run([0.8, 0.9, 0.4], name="before"))
    assert not found.pass_fail
    assert [one.sample_id for one in found.better] == ["q00000", "q00002"]
    assert [one.sample_id for one in found.worse] == ["q00001"]
    assert found.worse[0].difference == pytest.approx(-0.7)


def test_of_what_should_be_low_a_rise_is_worse():
    latency = Metric(name="latency", direction=Direction.LOWER, unit=Unit.MILLISECONDS)
    sides = [
        evaluation(run(name, scores(values, metric="latency")), metrics=(latency,))
        for name, values in (("c", [400, 500]), ("b", [450, 450]))
    ]
    found = flips(gate(criteria=["p95 of latency < 500 ms"]), *sides)
    assert [one.sample_id for one in found.worse] == ["q00001"]


def test_only_the_largest_changes_are_kept_and_all_are_counted():
    found = flips(GATE, one_run(np.ones(30)), one_run(np.zeros(30), name="before"), most=7)
    assert (len(found.better), found.better_count) == (7, 30)


def test_texts_and_labels_stand_beside_an_example():
    labels = Labels(("de", "en"), np.array([0, 1], dtype=np.int32))
    candidate = replace(
        one_run([0, 1], slices={"language": labels}),
        examples={"candidate": {"q00000": ExampleText("q00000", "Kann ich umtauschen?", "ja", "nein")}},
    )
    found = flips(GATE, candidate, one_run([1, 1], name="before", slices={"language": labels}))
    (flip,) = found.worse
    assert flip.labels == (("language", "de"),)
    assert flip.candidate_text.output == "nein"
    assert flip.baseline_text is None


@pytest.mark.parametrize(
    ("candidate", "baseline"),
    [
        (one_run([1, 0]), None),
        (one_run([1, 0]), one_run([1, 0, 1], name="before")),
        (one_run([1, np.nan]), one_run([1, 0], name="before")),
        (one_run([1, 0], metric="speed"), one_run([1, 0], name="before", metric="speed")),
    ],
    ids=["no baseline", "other examples", "broken", "metric not there"],
)
def test_nothing_is_shown_where_nothing_can_be_compared(candidate, baseline):
    assert flips(GATE, candidate, baseline) is None


def test_metrics_that_can_be_compared_begin_with_the_primary_one():
    sides = [
        evaluation(run(name, scores([1, 0]), scores([0, 1], metric="exact")), metrics=(
            Metric(name="exact", direction=Direction.HIGHER, unit=Unit.FRACTION),
        ))
        for name in ("c", "b")
    ]  # fmt: skip
    assert comparable_metrics(GATE, *sides) == ("accuracy", "exact")
    assert flips(GATE, *sides, metric="exact").metric.name == "exact"
