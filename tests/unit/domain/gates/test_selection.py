"""Nothing that is done to runs after their results are known makes a verdict kinder: deleting, detaching, logging again."""

import pytest

from assay.domain.experiments.evidence import RunStatus
from assay.domain.gates.verdict import verdict_bytes
from tests.unit.domain.gates.cases import finding, judge, lock, read_again, run, seeds, verdict

LOCK = lock("primary: accuracy >= 85%")
GOOD = [0.90, 0.91, 0.905, 0.902, 0.908]
BAD = [0.60, 0.62, 0.61, 0.59, 0.63]


def later(values, first=6, **fields):
    """Seeds from 6 on."""
    return [run(i, {"accuracy": v}, **fields) for i, v in enumerate(values, start=first)]


def test_verdict_deleting_the_seeds_that_went_badly_does_not_promote():
    assert verdict(LOCK, [*seeds("accuracy", GOOD), *later(BAD)]).recommendation != "promote"
    said = verdict(LOCK, [*seeds("accuracy", GOOD), *later(BAD, deleted=True)])
    found = said.findings[0]
    assert (said.recommendation, found.outcome, found.settle.kind) == ("undecided", "invalid", "mend")
    assert "candidate-6 (seed 6)" in found.reason
    assert "deleted in the tracker" in found.reason
    assert found.settle.text.startswith("restore the runs as they were, or run these seeds again")
    assert any("5 runs deleted in the tracker, not counted" in note for note in said.notes)


def test_verdict_detaching_the_seeds_that_went_badly_does_not_promote():
    record = judge(LOCK, seeds("accuracy", GOOD), detached=later(BAD, gpu_hours=1.0))
    said = record.verdict
    assert (said.recommendation, said.findings[0].outcome) == ("undecided", "invalid")
    assert "detached from the ticket" in said.findings[0].reason
    assert any("5 runs detached from the ticket, not counted: candidate-6" in note for note in said.notes)
    assert record.run_digests["mlflow:candidate-6"] == "sha256:candidate-6"


def test_verdict_compute_of_detached_runs_counts_as_spent():
    locked = lock("primary: accuracy >= 85%", "kill: compute > 2x budget", gpu_hours=2)
    off = [run(9, gpu_hours=5.0, status=RunStatus.FAILED)]
    assert verdict(locked, seeds("accuracy", GOOD, gpu_hours=0.1), detached=off).recommendation == "kill"


@pytest.mark.parametrize("way", ["deleted", "detached"])
@pytest.mark.parametrize(("value", "outcome"), [(0.5, "invalid"), (GOOD[2], "met"), (GOOD[2] + 1e-15, "met")])
def test_finding_result_that_was_taken_away_has_to_come_out_again_with_its_value(way, value, outcome):
    gone = run(3, {"accuracy": value}, number=8, deleted=way == "deleted")
    on, off = ([gone], []) if way == "deleted" else ([], [gone])
    found = finding(LOCK, [*seeds("accuracy", GOOD), *on], detached=off)
    assert found.outcome == outcome
    if outcome == "invalid":
        assert "candidate-8 (seed 3)" in found.reason
        assert "measured 50.0% and its re-run 90.5%" in found.reason
        assert "give every re-run a seed of its own" in found.settle.text


def test_note_tells_the_value_at_which_a_seed_crashed_before_it_was_run_again():
    crashed = run(3, {"accuracy": 0.5}, number=8, status=RunStatus.FAILED)
    said = verdict(LOCK, [*seeds("accuracy", GOOD), crashed])
    assert said.findings[0].outcome == "met"
    assert "run again after a run that never finished: seed 3 was at 50.0%, counts as 90.5%" in said.notes


@pytest.mark.parametrize(
    "gone",
    [
        run(6, status=RunStatus.STOPPED, deleted=True),
        run(6, {"f1": 0.2}, deleted=True),
        run(6, {"accuracy": 0.2}, deleted=True, after=False),
    ],
    ids=["never finished", "no value", "before the lock"],
)
def test_finding_deleted_run_without_a_result_after_the_lock_is_only_listed(gone):
    said = verdict(LOCK, [*seeds("accuracy", GOOD), gone])
    assert said.findings[0].outcome == "met"
    assert any("deleted in the tracker" in note and "candidate-6" in note for note in said.notes)


@pytest.mark.parametrize("status", [RunStatus.STOPPED, RunStatus.RUNNING])
def test_finding_run_that_had_a_value_and_was_deleted_before_its_end_has_to_be_run_again(status):
    gone = run(6, {"accuracy": 0.2}, status=status, deleted=True)
    found = finding(LOCK, [*seeds("accuracy", GOOD), gone])
    assert (found.outcome, "began and never finished: candidate-6" in found.reason) == ("invalid", True)
    assert finding(LOCK, [*seeds("accuracy", [*GOOD, 0.904]), gone]).outcome == "unclear"


def test_verdict_detached_run_of_another_configuration_renames_no_group_and_counts_as_tried():
    off = [run(1, {"accuracy": 0.4}, config={"depth": "9", "lr": "3"}, number=70)]
    said = verdict(
        lock("primary: accuracy >= 85%", candidate="depth=2"),
        [*OTHERS, *tagged(GOOD[:3], [None] * 3)],
        detached=off,
    )
    assert next(group.label for group in said.groups if group.is_candidate) == "depth=2"
    assert verdict(LOCK, seeds("accuracy", GOOD[:3]), detached=off).findings[0].alpha == pytest.approx(0.001)


def test_finding_deleted_result_without_a_seed_cannot_be_run_again():
    found = finding(LOCK, [*seeds("accuracy", GOOD), run(None, {"accuracy": 0.5}, number=8, deleted=True)])
    assert (found.outcome, found.settle.text.partition(";")[0]) == (
        "invalid",
        "restore the runs as they were and log their seed",
    )


def test_finding_comparison_with_a_baseline_whose_strong_seeds_were_deleted_is_invalid():
    locked = lock("primary: accuracy improves by >= 3%")
    weak = seeds("accuracy", [0.80, 0.81, 0.79], arm="baseline")
    strong = [run(4, {"accuracy": 0.95}, arm="baseline", deleted=True)]
    found = finding(locked, [*seeds("accuracy", GOOD[:3]), *weak, *strong])
    assert (found.outcome, "baseline:" in found.reason) == ("invalid", True)


def test_finding_of_a_curve_whose_run_was_deleted_is_invalid():
    locked = lock("primary: train_loss falls after epoch 1")
    kept = [run(i, curves={"train_loss": [3.0, 2.0, 1.0]}) for i in (1, 2)]
    gone = run(3, curves={"train_loss": [3.0, 2.0, 4.0]}, deleted=True)
    assert (finding(locked, kept).outcome, finding(locked, [*kept, gone]).outcome) == ("met", "invalid")


def test_verdict_results_logged_again_after_the_lock_stay_exploratory():
    before = [run(i, {"accuracy": v}, after=False, number=20 + i) for i, v in enumerate(GOOD, 1)]
    said = verdict(LOCK, [*before, *seeds("accuracy", GOOD)])
    assert (said.recommendation, said.findings[0].outcome) == ("undecided", "no_evidence")
    assert any(
        "values of a run from before it" in n and "use new seeds" in n and "candidate-1," in n
        for n in said.notes
    )
    new = verdict(LOCK, [*before, *seeds("accuracy", GOOD), *later([0.900, 0.905, 0.902])])
    assert (new.recommendation, new.findings[0].n.seeds) == ("promote", 3)


def test_verdict_crashed_seed_is_accounted_for_by_a_repeat_of_an_exploratory_run():
    before = run(9, {"accuracy": 0.9}, after=False, number=20)
    tried = [run(9, status=RunStatus.FAILED, number=30), run(9, {"accuracy": 0.9}, number=31)]
    found = finding(LOCK, [before, *tried, *seeds("accuracy", GOOD)])
    assert (found.outcome, found.n.seeds) == ("met", 5)


def test_verdict_run_that_shares_only_seed_or_only_values_with_an_early_run_is_no_repeat():
    before = [run(i, {"accuracy": v}, after=False, number=20 + i) for i, v in enumerate(GOOD, 1)]
    other_values = [run(i, {"accuracy": v + 0.001}) for i, v in enumerate(GOOD, 1)]
    other_config = seeds("accuracy", GOOD, config={"lr": "0.2"})
    for runs in (other_values, later(GOOD), other_config):
        assert verdict(LOCK, [*before, *runs]).findings[0].n.seeds == 5


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"curves": {"f1": [0.1, 0.9]}}, {"curves": {"f1": [0.1, 0.9]}}),
        (
            {"scores_digest": "sha256:a", "metrics": {"f1": 0.1}},
            {"scores_digest": "sha256:a", "metrics": {"f1": 0.2}},
        ),
        ({"metrics": {"accuracy": float("nan")}}, {"metrics": {"accuracy": float("nan")}}),
    ],
    ids=["curves", "score files", "not finite"],
)
def test_verdict_repeat_is_known_by_curves_and_by_score_files_too(before, after):
    said = verdict(LOCK, [run(1, after=False, number=9, **before), run(1, number=2, **after)])
    assert any("use new seeds" in note for note in said.notes)


def tagged(values, when_first_seen, depth="2", tag="wide", **fields):
    return [
        run(i, {"accuracy": v}, tags={"assay.candidate": tag}, candidate_when_first_seen=seen,
            config={"depth": depth}, number=int(depth) * 30 + i, **fields)
        for i, (v, seen) in enumerate(zip(values, when_first_seen, strict=True), 1)
    ]  # fmt: skip


OTHERS = [run(i, {"accuracy": v}, config={"depth": "1"}) for i, v in enumerate([0.86, 0.865, 0.862], 1)]


@pytest.mark.parametrize("declared", ["wide", None])
def test_candidate_tagged_from_the_first_sight_is_judged_without_correction(declared):
    said = verdict(
        lock("primary: accuracy >= 85%", candidate=declared), [*OTHERS, *tagged(GOOD[:3], ["wide"] * 3)]
    )
    assert (said.findings[0].alpha, said.findings[0].estimate) == (0.002, pytest.approx(0.905))
    assert "declared candidate: wide" in said.notes


@pytest.mark.parametrize("declared", ["wide", None])
@pytest.mark.parametrize("seen", [[None] * 3, ["wide", "wide", None], ["wide", "wide", "deep"]])
def test_candidate_tagged_after_its_runs_were_seen_is_corrected_over_all_groups(declared, seen):
    said = verdict(lock("primary: accuracy >= 85%", candidate=declared), [*OTHERS, *tagged(GOOD[:3], seen)])
    assert said.findings[0].alpha == pytest.approx(0.001)
    assert any("tagged before its runs had ended (tags are self-reported)" in note for note in said.notes)


def in_arm(seen, first=1):
    return [
        run(i, {"accuracy": v}, arm="wide", arm_when_first_seen=seen, config={"depth": "2"}, number=60 + i)
        for i, v in enumerate(GOOD[:3], first)
    ]


def test_candidate_declared_by_its_arm_had_it_before_its_runs_ended():
    locked = lock("primary: accuracy >= 85%", candidate="wide")
    said = verdict(locked, [*OTHERS, *in_arm("wide")])
    assert (said.findings[0].alpha, "declared candidate: wide" in said.notes) == (0.002, True)
    for seen in (None, "candidate"):
        said = verdict(locked, [*OTHERS, *in_arm(seen)])
        assert said.findings[0].alpha == pytest.approx(0.001)
        assert any("is not known to have been tagged before its runs had ended" in n for n in said.notes)


def test_candidate_named_groups_that_were_deleted_still_count():
    gone = tagged([0.7, 0.71, 0.72], ["wide"] * 3, depth="3", deleted=True)
    said = verdict(
        lock("primary: accuracy >= 85%", candidate="wide"), [*gone, *tagged(GOOD[:3], ["wide"] * 3)]
    )
    assert said.findings[0].alpha == pytest.approx(0.001)


def test_candidate_with_a_removed_untagged_run_was_not_tagged_from_the_first_sight():
    off = [run(3, {"accuracy": 0.4}, config={"depth": "2"}, number=99)]
    runs = [*OTHERS, *tagged(GOOD[:3], ["wide"] * 3)]
    said = verdict(lock("primary: accuracy >= 85%", candidate="wide"), runs, detached=off)
    assert any("is not known to have been tagged before its runs" in note for note in said.notes)


def test_verdict_tracker_read_under_two_source_names_counts_once():
    locked = lock("primary: accuracy >= 85%", "kill: compute > 2x budget", gpu_hours=4)
    runs = seeds("accuracy", GOOD[:3], gpu_hours=2.0)
    doubled = [*runs, *read_again(runs, "again")]
    record = judge(locked, doubled)
    said = record.verdict
    assert (said.recommendation, said.findings[0].n.seeds) == ("promote", 3)
    assert said.findings[1].reason == "6 of 8 GPU-hours over 3 runs"
    assert any("3 runs read under a second source name (mlflow), counted once" in note for note in said.notes)
    assert len(record.run_digests) == 6
    assert verdict_bytes(judge(locked, doubled[::-1])) == verdict_bytes(record)


def test_verdict_run_seen_before_the_lock_by_one_of_two_sources_is_exploratory():
    runs = seeds("accuracy", GOOD)
    seen_early = [read_again([run(1, {"accuracy": GOOD[0]}, seen_seq=3)], "other")[0]]
    assert verdict(LOCK, [*runs, *seen_early]).findings[0].n.seeds == 4


def test_verdict_reading_detached_by_hand_because_it_came_twice_is_no_removed_result():
    runs = seeds("accuracy", GOOD)
    assert verdict(LOCK, runs, detached=read_again(runs, "again")).recommendation == "promote"


def test_verdict_runs_of_other_trackers_with_an_equal_id_are_other_runs():
    runs = seeds("accuracy", GOOD)
    other = read_again([run(1, {"accuracy": 0.5}, config={"lr": "0.3"})], "other")
    assert len(verdict(LOCK, [*runs, *other]).groups) == 2


def test_finding_relative_margin_of_a_fraction_is_said_in_points():
    old = seeds("f1", [0.80, 0.81, 0.79], arm="baseline", after=False)
    found = finding(lock("primary: f1 improves by >= 2% relative"), [*seeds("f1", [0.9, 0.91, 0.92]), *old])
    assert any("the relative margin is 1.6 points at the baseline 80.0%" in note for note in found.notes)


def test_finding_price_of_more_seeds_has_two_digits():
    found = finding(LOCK, seeds("accuracy", GOOD[:2], gpu_hours=0.000972))
    assert found.settle.text == "next look at 3 seeds: 1 more, about 0.00097 GPU-hours"


def test_finding_amount_beside_a_limit_never_looks_like_the_other_side_of_it():
    locked = lock("primary: accuracy >= 85%", "kill: compute > 2x budget", gpu_hours=24)
    found = finding(locked, seeds("accuracy", GOOD[:1], gpu_hours=48.3), 1)
    assert (found.outcome, found.reason) == ("met", "48.3 of 48 GPU-hours over 1 run")


def test_verdict_repeat_of_per_example_scores_is_known_by_their_mean():
    early = run(1, after=False, number=9, per_example={"accuracy": [1.0, 0.0, 1.0, 1.0]})
    said = verdict(LOCK, [early, run(1, {"accuracy": 0.75})])
    assert any("use new seeds" in note for note in said.notes)
