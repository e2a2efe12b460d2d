"""Which value of a curve a verdict counts: the one that the metric is declared with, on published training curves too."""

import csv
import json
import math
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.domain.experiments.changes import declaration_changes
from assay.domain.experiments.dossier import dossier_bytes, dossier_from_bytes
from assay.domain.experiments.evidence import Aggregate, Curve, Evaluation, Evidence, Past, RunStatus
from assay.domain.experiments.preregistration import registration_digest, registration_to_data
from assay.domain.gates.curve_approach import evaluations
from assay.domain.gates.departures import must_be_remembered
from assay.domain.gates.gate_data import gate_from_data, gate_to_data
from assay.domain.gates.past_targets import past_target, problem_of
from assay.domain.gates.predicted_evaluations import Futures, Sides
from assay.domain.gates.replay import replay
from assay.domain.gates.run_values import logged_value, reported_by, value_of
from assay.domain.gates.summary import card_evidence
from assay.domain.gates.verdict import verdict_bytes
from assay.domain.kernel.findings import Outcome
from assay.domain.kernel.metrics import Metric, MetricCatalog, Unit
from assay.domain.kernel.readings import reading_of
from assay.errors import Invalid
from tests.unit.domain.gates.cases import HIGHER, LOCK_SEQ, METRICS, curve, judge, lock, run, scores

ACCURACY = METRICS.require("accuracy")
FOLDER = os.environ.get("ASSAY_WILD_DATA")


def read(text, name="accuracy"):
    """The metrics, one of them declared to be read so."""
    changed = METRICS.require(name).model_copy(update={"reading": reading_of(text)})
    return MetricCatalog.of(changed if one.name == name else one for one in METRICS.metrics)


def trained(seed, values, steps=None, **fields):
    return run(seed, curves={"accuracy": values}, **fields) if steps is None else replace(
        run(seed, curves={"accuracy": values}, **fields), curves={"accuracy": curve(values, steps)}
    )  # fmt: skip


STEPS = (500, 1000, 2000)
GOOD_THEN_BAD = [(0.7, at, 0.60 + at / 100) for at in (0.871, 0.866, 0.874, 0.869, 0.872)]


def group(curves=GOOD_THEN_BAD):
    return [trained(seed, values, STEPS[: len(values)]) for seed, values in enumerate(curves, 1)]


def outcome(text, runs):
    return judge(lock("primary: accuracy >= 85%", metrics=read(text)), runs).verdict.findings[0]


def test_metric_that_declares_nothing_has_the_bytes_and_the_digest_it_had_before():
    told = ACCURACY.model_dump(mode="json")
    assert list(told) == ["name", "direction", "unit", "decimals", "aliases", "description"]
    assert read("last") == METRICS
    locked = lock("primary: accuracy >= 85%").registration
    assert "reading" not in json.dumps(registration_to_data(locked))
    assert registration_digest(lock("primary: accuracy >= 85%", metrics=read("last")).registration) == (
        registration_digest(locked)
    )
    assert registration_digest(lock("primary: accuracy >= 85%", metrics=read("best")).registration) != (
        registration_digest(locked)
    )


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=1, max_size=8), st.integers(0, 12))
def test_last_is_what_it_always_was_and_a_step_is_never_another_one(values, step):
    one = run(1, curves={"accuracy": values})
    last, at = logged_value(one, ACCURACY), logged_value(one, read(f"step {step}").require("accuracy"))
    assert np.array_equal(last, values[-1], equal_nan=True)
    assert (at is None) == (step >= len(values))
    assert at is None or np.array_equal(at, values[step], equal_nan=True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("last", Outcome.NOT_MET), ("step 1000", Outcome.MET), ("best", Outcome.MET), ("mean of last 2", Outcome.NOT_MET)],
)  # fmt: skip
def test_verdict_is_about_the_value_that_was_declared_and_says_which(text, expected):
    found = outcome(text, group([(0.7, good, 0.6 + good / 100) for _, good, _ in GOOD_THEN_BAD]))
    assert found.outcome is expected
    assert (" at step 1,000 over 5 seeds" in found.reason) is (text == "step 1000")
    told = [note for note in found.notes if note.startswith("accuracy counts as")]
    assert told == ([] if text == "last" else [f"accuracy counts as {reading_of(text).words}"])


def test_best_group_is_chosen_by_the_value_that_was_declared():
    early = [trained(s, (0.9 + s / 1000, 0.5), (1000, 2000), config={"lr": "1"}) for s in (1, 2, 3)]
    late = [trained(s, (0.5 + s / 1000, 0.9), (1000, 2000), config={"lr": "2"}) for s in (4, 5, 6)]
    for text, label in (("last", "lr=2"), ("step 1000", "lr=1")):
        verdict = judge(lock("primary: accuracy >= 85%", metrics=read(text)), early + late).verdict
        assert [one.label for one in verdict.groups if one.is_candidate] == [label]


def test_card_says_of_which_value_it_speaks():
    for text, now in (("last", "61.1%"), ("step 1000", "87.0% at step 1,000")):
        locked, runs = lock("primary: accuracy >= 85%", metrics=read(text)), group()
        curves = [(0.7, good, 0.61 + seed / 2000) for seed, (_, good, _) in enumerate(GOOD_THEN_BAD)]
        runs = group(curves)
        card = card_evidence(judge(locked, runs), locked, Evidence(runs=tuple(runs)))
        assert card.current_text == now


def test_run_that_does_not_reach_the_step_is_not_known_and_never_its_last_value():
    short = group([values[:2] for values in GOOD_THEN_BAD])
    found = outcome("step 1500", short)
    assert found.outcome is Outcome.NO_EVIDENCE
    assert found.estimate is None
    assert found.reason == (
        "accuracy counts as the value at step 1,500, which is not known in 5 runs of this configuration: "
        + ", ".join(f"candidate-{n} (seed {n}) ends at step 1,000" for n in range(1, 6))
    )
    some = outcome("step 1500", [*group()[:4], short[4]])
    assert some.outcome is Outcome.INVALID
    assert "ends at step 1,000" in some.reason
    assert outcome("step 1000000000000", group()).outcome is Outcome.NO_EVIDENCE
    begun_later = [replace(one, curves={"accuracy": curve([0.9], [800])}) for one in short]
    assert "begins at step 800" in outcome("step 700", begun_later).reason
    assert "has 3 points" in outcome("mean of last 9", group()).reason


@pytest.mark.parametrize(
    ("text", "values", "expected"),
    [
        ("step 1000", (0.7, 0.87, math.nan), Outcome.MET),
        ("step 2000", (0.7, math.nan), Outcome.INVALID),
        ("best", (0.7, 0.9, math.nan), Outcome.INVALID),
        ("best", (math.nan, 0.9, 0.8), Outcome.MET),
        ("mean of last 2", (0.7, math.inf, 0.8), Outcome.INVALID),
        ("mean of last 2", (0.7, 1.7e308, 1.7e308), Outcome.INVALID),
    ],
)
def test_curve_that_broke_is_broken_evidence_where_the_value_that_counts_is(text, values, expected):
    told = [(*values[:-1], values[-1]) for _ in range(5)]
    runs = group([tuple(v + seed / 1e4 for v in values) for seed, values in enumerate(told)])
    assert outcome(text, runs).outcome is expected


def test_per_example_scores_count_where_they_sum_up_the_value_that_counts():
    metric, marks = read("step 1000").require("accuracy"), np.array([1.0] * 87 + [0.0] * 13)
    at_step = replace(trained(1, (0.7, 0.87, 0.6), STEPS), scores={"accuracy": scores("accuracy", marks)})
    at_end = replace(trained(1, (0.7, 0.8, 0.87), STEPS), scores={"accuracy": scores("accuracy", marks)})
    without = replace(at_end, curves={})
    assert [value_of(one, metric) for one in (at_step, at_end, without)] == [0.87, 0.8, None]
    best = read("best").require("accuracy")
    assert [value_of(one, best) for one in (at_step, at_end, without)] == [0.87, 0.87, 0.87]
    other = [replace(at_end, seed=n, run_id=f"m:{n}", name=f"r{n}") for n in range(3)]
    assert "per-example scores that do not sum up to that value, not used: r0 (seed 0), r1 (seed 1), r2 (seed 2)" in (
        outcome("step 1000", other).notes
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "known"), [("last", True), ("best", True), ("step 3", False), ("mean of last 1", False)]
)
def test_figure_without_a_curve_is_the_last_and_the_best_and_of_no_step(text, known):
    only = replace(run(1), aggregates={"accuracy": Aggregate(0.9)})
    metric = read(text).require("accuracy")
    assert (value_of(only, metric) == 0.9) is known
    assert (reported_by(only, metric) is not None) is known
    one_point = replace(run(1), curves={"accuracy": curve([0.9], [3])})
    assert value_of(one_point, metric) == 0.9
    assert value_of(one_point, read("step 4").require("accuracy")) is None


def past_of(one, *, kept, until=LOCK_SEQ + 50):
    return Past(
        until_seq=until, ticket=one.ticket, arm=one.arm, config=one.config, seed=one.seed, status=one.status,
        values={name: told.last for name, told in one.curves.items()}, curves=one.curves if kept else None,
    )  # fmt: skip


def touched(kept=True):
    """Five seeds whose value at step 1,000 was raised after they had finished; the last values stand."""
    before = group([(0.7, 0.6 + n / 100, good) for n, (_, good, _) in enumerate(GOOD_THEN_BAD)])
    after = group([(0.7, 0.87 + n / 1000, good) for n, (_, good, _) in enumerate(GOOD_THEN_BAD)])
    return [
        replace(now, past=(past_of(then, kept=kept),)) for then, now in zip(before, after, strict=True)
    ], before  # fmt: skip


def test_value_at_the_step_that_was_logged_over_after_the_end_is_invalid():
    runs, before = touched()
    found = outcome("step 1000", runs)
    assert found.outcome is Outcome.INVALID
    assert "candidate-1 (seed 1) measured 60.0% and says 87.0% now" in found.reason
    assert must_be_remembered(runs[0].past[0], runs[0], was_deleted=False)
    assert not must_be_remembered(past_of(before[0], kept=True), before[0], was_deleted=False)


def test_change_in_the_middle_of_a_curve_leaves_a_verdict_about_last_values_byte_for_byte():
    runs, _ = touched()
    locked = lock("primary: accuracy >= 85%", "kill: accuracy < 50%")
    plain = [replace(one, past=()) for one in runs]
    assert verdict_bytes(judge(locked, runs)) == verdict_bytes(judge(locked, plain))


def test_value_of_a_past_that_nobody_kept_is_never_taken_for_the_last_one():
    found = outcome("step 1000", touched(kept=False)[0])
    assert found.outcome is Outcome.INVALID
    assert "measured a value that nobody kept (the value at step 1,000) and says 87.0% now" in found.reason
    assert outcome("step 0", touched(kept=False)[0]).outcome is Outcome.INVALID
    assert outcome("last", touched(kept=False)[0]).outcome is Outcome.MET


@pytest.mark.parametrize("text", ["last", "step 1000", "best", "mean of last 2"])
@pytest.mark.parametrize("kept", [True, False])
def test_replay_from_what_was_kept_beside_a_decision_gives_the_same_bytes(text, kept):
    runs, _ = touched(kept)
    locked = lock("primary: accuracy >= 85%", metrics=read(text))
    record = judge(locked, runs, ticket="EXP-1")
    body = dossier_bytes(locked, Evidence(runs=tuple(runs), ticket="EXP-1"))
    again = replay(verdict_bytes(record), *dossier_from_bytes(body), stored_versions=record.library_versions)
    assert (again.same, again.differences) == (True, ())


def test_dossier_of_a_lock_that_counts_last_values_has_the_bytes_it_had():
    runs, locked = touched()[0], lock("primary: accuracy >= 85%")
    bare = [replace(one, past=(replace(one.past[0], curves=None),)) for one in runs]
    kept, without = (dossier_bytes(locked, Evidence(runs=tuple(some))) for some in (runs, bare))
    assert kept == without


def test_deleted_runs_that_had_not_reached_the_step_are_still_missed():
    begun = past_of(replace(trained(9, (0.2,), (500,)), status=RunStatus.RUNNING), kept=False)
    gone = replace(trained(9, (0.2,), (500,)), status=RunStatus.RUNNING, deleted=True, past=(begun,))
    found = outcome("step 1000", [*group(), gone])
    assert found.outcome is Outcome.INVALID
    assert "began and never finished: candidate-9 (seed 9)" in found.reason


def test_another_reading_of_a_metric_counts_as_easier():
    (change,) = declaration_changes({"accuracy": ACCURACY}, {"accuracy": read("best").require("accuracy")})
    assert (change.text, change.loosens) == ("changed metric accuracy: reading last is now best", True)


def test_gate_file_declares_how_a_metric_is_read():
    data = {"gate": "g", "criteria": ["accuracy >= 85%"], "metrics": {"accuracy": {"direction": "higher"}}}
    assert "reading" not in gate_to_data(gate_from_data(data))["metrics"]["accuracy"]
    data["metrics"]["accuracy"]["reading"] = "Step  1000"
    gate = gate_from_data(data)
    assert gate.metrics[0].reading == reading_of("step 1000")
    assert gate_to_data(gate)["metrics"]["accuracy"]["reading"] == "step 1000"
    for wrong in ("step -1", "first", "step 10000000000000000"):
        data["metrics"]["accuracy"]["reading"] = wrong
        with pytest.raises(Invalid, match=r"metrics\.accuracy\.reading"):
            gate_from_data(data)


@pytest.mark.parametrize(("text", "mean"), [("step 1000", 0.87), ("best", 0.87), ("mean of last 2", 0.735)])
def test_seeds_to_come_have_the_value_that_counts(text, mean):
    side = Evaluation(runs=tuple(group([(0.7, 0.87 + n / 1e4, 0.6) for n in range(-2, 3)])))
    metric = read(text).require("accuracy")
    future = Futures(Sides(side, None), more_seeds=3, metrics=[metric]).at(0).candidate.runs[5:]
    assert [value_of(one, metric) for one in future] == [pytest.approx(mean, abs=2e-3)] * 3
    beyond = (
        Futures(Sides(side, None), more_seeds=1, metrics=read("step 9999").metrics).at(0).candidate.runs[5]
    )
    assert beyond.curves == {}


def test_kill_rules_hold_a_run_against_its_target_at_the_value_that_counts():
    target = past_target(lock("primary: accuracy >= 85%", metrics=read("step 1000")).registration)
    steps, gaps = target.approach(curve([0.9, 0.8, 0.95], STEPS))
    assert (steps.tolist(), (gaps <= 0).tolist()) == ([500, 1000], [False, False])
    steps, gaps = target.approach(curve([0.9, 0.86, 0.1], STEPS))
    assert (gaps <= 0).tolist() == [False, True]
    steps, _ = target.approach(curve([0.9, 0.86, 0.1], (500, 900, 1200)))
    assert steps.tolist() == [500, 1000]
    assert problem_of(target, "set@1") == "accuracy at step 1,000 on set@1"
    means = evaluations(curve([1.0, 3.0, math.nan, 5.0, 7.0]), reading_of("mean of last 2"))
    assert np.array_equal(means[1], [2.0, math.nan, math.nan, 6.0], equal_nan=True)
    assert means[0].tolist() == [1, 2, 3, 4]


def test_one_huge_value_is_in_no_mean_but_those_of_its_points():
    means = evaluations(curve([1e20, *[1.0] * 6]), reading_of("mean of last 3"))[1]
    assert means.tolist() == [pytest.approx(1e20 / 3), 1.0, 1.0, 1.0, 1.0]
    values = [math.sin(n) for n in range(40)]
    slid = [float(np.mean(values[n : n + 7])) for n in range(34)]
    assert evaluations(curve(values), reading_of("mean of last 7"))[1] == pytest.approx(slid, abs=1e-15)
    target = past_target(lock("primary: accuracy >= 90%", metrics=read("mean of last 3")).registration)
    assert target.approach(curve([0.1, 0.9, 0.9, 0.9]))[1][-1] == 0.0  # as the verdict adds them up


def published(submission, workload, column):
    """Five repeats of one submission as they were published."""
    if FOLDER is None:
        pytest.skip("ASSAY_WILD_DATA is not set: the published curves are read from there")
    files = sorted((Path(FOLDER) / "learning-curves/algoperf/self_tuning" / submission).glob(
        f"study_*/{workload}_*/trial_1/eval_measurements.csv"
    ))  # fmt: skip
    assert len(files) == 5
    found = []
    for seed, file in enumerate(files, 1):
        with file.open(encoding="utf-8") as lines:
            rows = [row for row in csv.DictReader(lines) if row[column]]
        steps, values = (
            [kind(row[name]) for row in rows] for kind, name in ((int, "global_step"), (float, column))
        )
        at = np.array(steps, np.int64)
        found.append(replace(run(seed), curves={"score": Curve(at, np.array(values), at)}))
    return found


@pytest.mark.parametrize(
    ("submission", "workload", "floor", "text", "plainly", "expected"),
    [
        ("sinv6", "imagenet_vit", "76.5%", "last", lambda _, v: v[-1], Outcome.NOT_MET),
        ("sinv6", "imagenet_vit", "76.5%", "best", lambda _, v: max(v), Outcome.MET),
        ("baseline", "ogbg", "28.1%", "last", lambda _, v: v[-1], Outcome.MET),
        ("baseline", "ogbg", "28.1%", "mean of last 5", lambda _, v: math.fsum(v[-5:]) / 5, Outcome.MET),
        (
            "baseline", "ogbg", "28.1%", "step 20000",
            lambda s, v: [value for at, value in zip(s, v, strict=True) if at <= 20_000][-1], Outcome.NOT_MET,
        ),
        ("schedule_free_adamw", "ogbg", "28.1%", "step 60000", None, Outcome.NO_EVIDENCE),
        ("schedule_free_adamw", "ogbg", "28.1%", "step 20000", None, Outcome.INVALID),
    ],
)  # fmt: skip
def test_published_curves_are_judged_by_the_value_that_was_declared(
    submission, workload, floor, text, plainly, expected
):
    column = "validation/accuracy" if workload == "imagenet_vit" else "validation/mean_average_precision"
    declared = Metric(name="score", direction=HIGHER, unit=Unit.FRACTION, reading=reading_of(text))
    locked = lock(f"primary: score >= {floor}", metrics=MetricCatalog.of([declared]))
    runs = published(submission, workload, column)
    found = judge(locked, runs).verdict.findings[0]
    assert found.outcome is expected
    if plainly is None:
        assert found.estimate is None
        return
    curves = [one.curves["score"] for one in runs]
    values = [plainly(one.steps.tolist(), one.values.tolist()) for one in curves]
    assert found.estimate == pytest.approx(math.fsum(values) / 5, rel=1e-11)
