"""Which runs count, and which of them differ only in their seed."""

from datetime import timedelta

from assay.domain.experiments.evidence import RunStatus
from assay.domain.gates.seed_groups import seed_groups
from tests.unit.domain.gates.cases import LOCK_SEQ, LOCKED, finding, lock, run, seeds, verdict

LOCK = lock("primary: accuracy >= 85%")
GOOD = [0.90, 0.91, 0.905]


def test_seed_groups_equal_config_different_seeds_form_one_group():
    groups = seed_groups(seeds("accuracy", GOOD), LOCK)
    assert [group.seeds for group in groups] == [(1, 2, 3)]


def test_seed_groups_other_config_or_arm_form_groups_of_their_own_labelled_by_what_differs():
    runs = [
        run(1, {"accuracy": 0.9}, config={"depth": "4", "lr": "0.1"}),
        run(1, {"accuracy": 0.9}, config={"depth": "8", "lr": "0.1"}, number=2),
        run(1, {"accuracy": 0.8}, config={"depth": "4", "lr": "0.1"}, arm="baseline", number=3),
    ]
    groups = seed_groups(runs, LOCK)
    assert sorted((group.arm, group.label) for group in groups) == [
        ("baseline", "depth=4"), ("candidate", "depth=4"), ("candidate", "depth=8"),
    ]  # fmt: skip


def test_seed_groups_run_first_seen_at_or_before_the_lock_is_exploratory():
    group = seed_groups([run(1, seen_seq=LOCK_SEQ), run(2, seen_seq=LOCK_SEQ + 1)], LOCK)[0]
    assert [r.seed for r in group.exploratory] == [1]
    assert [r.seed for r in group.runs] == [2]


def test_seed_groups_run_started_before_the_lock_is_exploratory_even_if_seen_later():
    early = run(1, started_at=LOCKED - timedelta(seconds=1))
    assert seed_groups([early], LOCK)[0].exploratory == (early,)


def test_seed_groups_unknown_or_zoneless_start_is_exploratory():
    runs = [run(1, started_at=None), run(2, started_at=LOCKED.replace(tzinfo=None, year=2027))]
    assert len(seed_groups(runs, LOCK)[0].exploratory) == 2


def test_verdict_exploratory_runs_are_shown_and_never_promote():
    runs = seeds("accuracy", [*GOOD, 0.9, 0.91], after=False)
    said = verdict(LOCK, runs)
    assert said.recommendation == "undecided"
    assert said.findings[0].outcome == "no_evidence"
    assert len(said.groups[0].exploratory_run_ids) == 5
    assert any("exploratory" in note and "self-reported" in note for note in said.notes)


def test_verdict_deleted_runs_are_listed_and_not_counted():
    runs = [*seeds("accuracy", GOOD), run(4, deleted=True, status=RunStatus.STOPPED)]
    said = verdict(LOCK, runs)
    assert said.findings[0].n.seeds == 3
    assert any("deleted" in note and "candidate-4" in note for note in said.notes)


def test_finding_identical_repeat_of_a_seed_counts_once_and_is_noted():
    runs = [*seeds("accuracy", GOOD), run(3, {"accuracy": GOOD[2]}, number=9)]
    found = finding(LOCK, runs)
    assert found.n.seeds == 3
    assert any("identical repeat" in note for note in found.notes)


def test_finding_one_seed_five_times_is_one_seed():
    runs = [run(1, {"accuracy": 0.9}, number=i) for i in range(1, 6)]
    found = finding(LOCK, runs)
    assert (found.outcome, found.n.seeds) == ("unclear", 1)


def test_finding_same_seed_with_different_values_is_invalid():
    runs = [*seeds("accuracy", GOOD), run(3, {"accuracy": 0.95}, number=9)]
    found = finding(LOCK, runs)
    assert found.outcome == "invalid"
    assert "seed 3" in found.reason
    assert (found.settle.kind, "delete" in found.settle.text) == ("mend", False)


def test_finding_runs_without_a_seed_are_invalid_when_they_cannot_be_told_apart():
    runs = [run(None, {"accuracy": v}, number=i) for i, v in enumerate(GOOD, 1)]
    assert finding(LOCK, runs).outcome == "invalid"
    mixed = [*seeds("accuracy", GOOD), run(None, {"accuracy": 0.9}, number=7)]
    assert finding(LOCK, mixed).outcome == "invalid"


def test_finding_running_runs_are_not_counted_and_noted():
    runs = [*seeds("accuracy", GOOD), run(4, {"accuracy": 0.1}, status=RunStatus.RUNNING)]
    found = finding(LOCK, runs)
    assert found.n.seeds == 3
    assert any("not finished yet" in note for note in found.notes)


def test_finding_crashed_seed_without_a_finished_run_is_invalid():
    for status in (RunStatus.FAILED, RunStatus.STOPPED):
        found = finding(LOCK, [*seeds("accuracy", GOOD), run(4, status=status)])
        assert found.outcome == "invalid"
        assert "candidate-4" in found.reason


def test_finding_crashed_seed_that_was_run_again_is_accounted_for():
    runs = [*seeds("accuracy", GOOD), run(3, status=RunStatus.FAILED, number=9)]
    assert finding(LOCK, runs).outcome == "met"


def test_finding_nan_in_one_seed_is_invalid_even_when_that_run_crashed_and_was_repeated():
    runs = [*seeds("accuracy", GOOD), run(3, {"accuracy": float("nan")}, status=RunStatus.FAILED, number=9)]
    assert finding(LOCK, runs).outcome == "invalid"


def test_finding_metric_missing_in_one_seed_is_invalid_in_all_is_no_evidence():
    assert finding(LOCK, [*seeds("accuracy", GOOD), run(4, {"f1": 0.9})]).outcome == "invalid"
    assert finding(LOCK, seeds("f1", GOOD)).outcome == "no_evidence"


def test_finding_metric_logged_under_an_alias_is_read():
    assert finding(LOCK, seeds("acc", GOOD)).outcome == "met"


def test_finding_percentage_where_a_fraction_is_declared_is_invalid_and_says_so():
    found = finding(LOCK, seeds("accuracy", [90.0, 91.0, 90.5]))
    assert found.outcome == "invalid"
    assert "percentage" in found.reason


def test_finding_negative_latency_is_invalid():
    assert (
        finding(lock("primary: latency_p95 < 500 ms"), seeds("latency_p95", [400, -1, 410])).outcome
        == "invalid"
    )


def test_finding_evaluation_set_has_to_be_the_one_asked_for():
    asked = lock("primary: accuracy >= 85% on support-eval@3")
    assert finding(asked, seeds("accuracy", GOOD, dataset="support-eval@3")).outcome == "met"
    assert finding(asked, seeds("accuracy", GOOD, dataset="support-eval@2")).outcome == "invalid"
    assert finding(asked, seeds("accuracy", GOOD)).outcome == "invalid"
    any_version = lock("primary: accuracy >= 85% on support-eval")
    assert finding(any_version, seeds("accuracy", GOOD, dataset="support-eval@2")).outcome == "met"


def test_finding_mixed_evaluation_sets_are_invalid():
    runs = [run(i, {"accuracy": v}, dataset=f"eval@{1 + i // 3}") for i, v in enumerate(GOOD, 1)]
    assert finding(LOCK, runs).outcome == "invalid"


def test_finding_seed_not_evaluated_on_the_asked_set_is_invalid():
    asked = lock("primary: accuracy >= 85% on eval@3")
    runs = [*seeds("accuracy", GOOD, dataset="eval@3"), run(4, {"accuracy": 0.2}, dataset="eval@2")]
    assert finding(asked, runs).outcome == "invalid"


def test_finding_seed_that_crashed_before_it_named_its_evaluation_set_is_not_dropped():
    asked = lock("primary: accuracy >= 85% on eval@3")
    runs = [*seeds("accuracy", GOOD, dataset="eval@3"), run(4, status=RunStatus.FAILED)]
    assert finding(asked, runs).outcome == "invalid"
    elsewhere = [
        *seeds("accuracy", GOOD, dataset="eval@3"),
        run(3, status=RunStatus.FAILED, dataset="eval@2", number=8),
    ]
    assert finding(asked, elsewhere).outcome == "met"


def test_finding_values_too_large_to_compute_with_are_invalid():
    found = finding(lock("primary: score >= 0.5"), seeds("score", [1e300, 1e301, 0.5]))
    assert found.outcome == "invalid"
    assert "too large" in found.reason
