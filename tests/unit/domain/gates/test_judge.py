from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from assay.domain.experiments.evidence import RunStatus
from assay.domain.gates.gate_record import GateResult
from assay.domain.gates.judge import judge, record_bytes, record_digest
from assay.domain.gates.overlap import Overlap
from assay.domain.kernel.findings import Outcome
from assay.domain.kernel.metrics import Direction, Metric, Unit
from tests.unit.domain.gates.gate_story import (
    ACCURACY,
    evaluation,
    gate,
    ids,
    labels,
    one_run,
    right_and_wrong,
    run,
    scores,
)

N = 2000
FLOOR = "accuracy >= 78%"


@pytest.fixture
def rng():
    return np.random.default_rng(7)


@pytest.fixture
def base(rng):
    return right_and_wrong(N, 0.80, rng=rng)


def outcomes(record):
    return {answer.kind: answer.finding.outcome for answer in record.answers}


def the(record, kind):
    return next(answer for answer in record.answers if answer.kind == kind)


def test_the_smallest_gate_passes_a_candidate_that_clears_it(base):
    record = judge(gate(criteria=[FLOOR]), one_run(base))
    assert (record.result, record.exit_code, record.headline) == (GateResult.PASS, 0, "Pass: 1 check met")


def test_a_bound_that_does_not_clear_the_number_is_inconclusive_and_says_what_would_settle_it(base):
    record = judge(gate(criteria=["accuracy >= 80.5%"]), one_run(base))
    assert (record.result, record.exit_code) == (GateResult.INCONCLUSIVE, 3)
    assert record.settle is not None


def test_point_mode_lets_the_estimate_decide_and_shows_the_strict_result(base):
    mean = base.mean()
    asked = gate(criteria=[f"accuracy >= {100 * (mean - 0.001):.2f}%"], settings={"mode": "point"})
    record = judge(asked, one_run(base))
    assert (record.result, record.strict_result) == (GateResult.PASS, GateResult.INCONCLUSIVE)
    assert any("point mode" in note for note in record.notes)


def test_a_candidate_without_runs_is_no_evidence_and_never_a_pass():
    checks = [
        {"slices": {"by": ["language"], "margin": "3%"}},
        {"regression": {}},
        {"golden": {"examples": ["a"]}},
    ]
    record = judge(gate(criteria=[FLOOR], checks=checks), evaluation())
    assert set(outcomes(record).values()) == {Outcome.NO_EVIDENCE}
    assert record.exit_code == 3


def test_comparisons_without_a_baseline_are_no_evidence_and_say_what_to_give(base):
    record = judge(gate(criteria=["accuracy improves by >= 1%"], checks=[{"regression": {}}]), one_run(base))
    assert set(outcomes(record).values()) == {Outcome.NO_EVIDENCE}
    assert "--baseline" in record.settle.text


def test_one_run_of_a_tracker_on_both_sides_is_invalid(base):
    tracked = evaluation(replace(run("r1", scores(base)), source="mlflow"))
    record = judge(gate(criteria=["accuracy improves by >= 0%"]), tracked, tracked)
    assert record.result is GateResult.INVALID
    assert "both candidate and baseline" in record.detail


@pytest.mark.parametrize("digest", [None, "sha256:same"])
def test_two_evaluations_of_an_unchanged_model_are_no_worse_and_no_better(base, digest):
    sides = [evaluation(run("r.csv", scores(base)), digest=digest) for _ in range(2)]
    asked = gate(criteria=["accuracy no worse than baseline by 2%"], checks=["regression"])
    record = judge(asked, *sides)
    assert record.result is GateResult.PASS
    assert "the scores are identical on both sides" in record.answers[0].finding.notes
    better = judge(gate(criteria=["accuracy improves by >= 1%"]), *sides)
    assert better.result is GateResult.FAIL
    few = [evaluation(run("r.csv", scores(base[:20]))) for _ in range(2)]
    assert judge(asked, *few).result is GateResult.INCONCLUSIVE


def test_identical_scores_that_are_no_right_and_wrong_are_judged_by_the_share_that_may_differ(rng):
    said = {}
    for n in (20, 148, 149, 400):
        sides = [evaluation(run("r.csv", scores(np.linspace(0.2, 0.9, n)))) for _ in range(2)]
        record = judge(gate(criteria=["accuracy no worse than baseline by 2%"]), *sides)
        said[n] = record.result
        finding = record.answers[0].finding
    # The rule of three, exactly: 1 - 0.05^(1/n) is below 2% from 149 examples on.
    assert said == {20: "inconclusive", 148: "inconclusive", 149: "pass", 400: "pass"}
    assert finding.interval.low == pytest.approx(-(1 - 0.05 ** (1 / 400)))
    assert finding.p_value == pytest.approx(0.98**400)
    assert judge(gate(criteria=["accuracy improves by >= 1%"]), *sides).result is not GateResult.PASS


def test_gate_that_turns_a_direction_round_says_so_in_every_finding_about_it(rng):
    told = (ACCURACY, Metric(name="perplexity", direction=Direction.LOWER))
    better, worse = (
        evaluation(
            run(name, scores(np.ones(400)), scores(level + rng.random(400), metric="perplexity")),
            metrics=told,
        )
        for name, level in (("b", 10.0), ("c", 12.0))
    )
    turned = gate(criteria=[FLOOR], checks=["regression"], metrics={"perplexity": {"direction": "higher"}})
    record = judge(turned, worse, better)
    said = "the gate file says higher perplexity is better, against the results, which say lower"
    assert said in the(record, "regression").finding.reason
    assert [said in part.reason for part in the(record, "regression").parts] == [False, True]
    assert said not in the(record, "criterion").finding.reason
    right = gate(criteria=[FLOOR], checks=["regression"], metrics={"perplexity": {"direction": "lower"}})
    assert judge(right, worse, better).result is GateResult.FAIL


def test_examples_of_one_side_only_are_named_and_fail_closed(base):
    other = one_run(base[1:], name="base", names=ids(N)[1:])
    record = judge(gate(criteria=["accuracy no worse than baseline by 2%"]), one_run(base), other)
    assert record.result is GateResult.INVALID
    assert "q00000" in record.detail


def test_a_limit_for_unmatched_examples_can_be_set(base):
    other = one_run(base[1:], name="base", names=ids(N)[1:])
    asked = gate(criteria=["accuracy no worse than baseline by 2%"], settings={"unmatched_limit": "1%"})
    assert judge(asked, one_run(base), other).result is GateResult.PASS


@pytest.mark.parametrize("status", [RunStatus.FAILED, RunStatus.STOPPED])
def test_a_run_that_was_cancelled_or_ended_in_an_error_is_no_pass(base, status):
    record = judge(gate(criteria=[FLOOR]), evaluation(run("c", scores(base), status=status)))
    assert record.result is GateResult.INVALID


def test_examples_that_ended_in_an_error_make_the_evidence_invalid(base):
    broken = evaluation(run("c", scores(base), error="2 of 2,000 examples ended in an error: q1, q2"))
    record = judge(gate(criteria=[FLOOR]), broken)
    assert record.result is GateResult.INVALID
    assert "ended in an error" in record.detail


def test_results_on_another_evaluation_set_are_invalid(base):
    record = judge(
        gate(criteria=[FLOOR], dataset="support@3"), evaluation(run("c", scores(base), dataset="support@2"))
    )
    assert record.result is GateResult.INVALID


def test_results_that_do_not_name_their_set_are_taken_as_the_gates_and_it_is_said(base):
    record = judge(gate(criteria=[FLOOR], dataset="support@3"), one_run(base))
    assert record.result is GateResult.PASS
    assert any("support@3" in note for note in record.notes)


def test_the_best_of_several_configurations_is_corrected_over_their_number(base, rng):
    groups = [
        run(f"c{i}", scores(right_and_wrong(N, 0.8, rng=rng)), config={"depth": str(i)}) for i in range(5)
    ]
    record = judge(gate(criteria=[FLOOR]), evaluation(*groups))
    assert any("best of 5 groups" in note for note in record.notes)


# --------------------------------------------------------------------------------------------------------------- slices


def sliced(values, name, *, columns=("de", "en", "fr")):
    return evaluation(run(name, scores(values, slices={"language": labels(len(values), *columns)})))


SLICES = {"slices": {"by": ["language"], "margin": "3%"}}


def test_a_slice_that_lost_ten_points_fails_the_gate_and_is_named(base):
    worse = base.copy()
    german = np.flatnonzero((np.arange(N) % 3 == 0) & (base == 1.0))
    worse[german[: N // 3 // 8]] = 0.0
    record = judge(gate(criteria=[FLOOR], checks=[SLICES]), sliced(worse, "c"), sliced(base, "b"))
    found = the(record, "slices")
    assert found.finding.outcome is Outcome.NOT_MET
    assert "language=de" in found.finding.reason
    assert [part.label for part in found.parts if part.outcome is Outcome.NOT_MET] == ["language=de"]


def test_equal_models_pass_small_slices_with_the_harm_that_could_have_been_seen(base, rng):
    same = right_and_wrong(N, 0.8, rng=rng, keep=base, changed=0.02)
    found = the(
        judge(gate(criteria=[FLOOR], checks=[SLICES]), sliced(same, "c"), sliced(base, "b")), "slices"
    )
    assert found.finding.outcome is Outcome.MET
    assert "would have been seen" in found.finding.reason
    assert found.finding.detectable > 0.03


def test_a_slice_too_small_to_see_what_must_be_seen_is_unclear_with_a_way_out(base, rng):
    same = right_and_wrong(N, 0.8, rng=rng, keep=base, changed=0.2)
    check = {"slices": {"by": ["language"], "margin": "1%", "must_see": "2%"}}
    found = the(judge(gate(criteria=[FLOOR], checks=[check]), sliced(same, "c"), sliced(base, "b")), "slices")
    assert found.finding.outcome is Outcome.UNCLEAR
    assert found.finding.settle.amount > 100


def test_a_claim_over_slices_has_to_rule_harm_out_in_each(base, rng):
    same = right_and_wrong(N, 0.8, rng=rng, keep=base, changed=0.2)
    claims = [{"slices": {"by": ["language"], "margin": margin, "claim": True}} for margin in ("1%", "15%")]
    record = judge(gate(criteria=[FLOOR], checks=claims), sliced(same, "c"), sliced(base, "b"))
    assert [a.finding.outcome for a in record.answers if a.kind == "slices"] == [Outcome.UNCLEAR, Outcome.MET]


def test_labels_that_differ_between_the_sides_are_invalid(base):
    record = judge(
        gate(criteria=[FLOOR], checks=[SLICES]),
        sliced(base, "c"),
        sliced(base, "b", columns=("en", "de", "fr")),
    )
    assert the(record, "slices").finding.outcome is Outcome.INVALID


def test_a_column_that_is_not_there_is_invalid_and_the_others_are_named(base):
    check = {"slices": {"by": ["topic"], "margin": "3%"}}
    found = the(
        judge(gate(criteria=[FLOOR], checks=[check]), sliced(base, "c"), sliced(1 - base, "b")), "slices"
    )
    assert found.finding.outcome is Outcome.INVALID
    assert "language" in found.finding.reason


# ----------------------------------------------------------------------------------------------------------- regression


def two_metrics(values, latency, name):
    metrics = (ACCURACY, Metric(name="latency", direction=Direction.LOWER, unit=Unit.MILLISECONDS))
    return evaluation(run(name, scores(values), scores(latency, metric="latency")), metrics=metrics)


def test_every_shared_metric_is_held_to_its_margin(base, rng):
    latency = rng.gamma(20.0, 5.0, N)
    record = judge(
        gate(criteria=[FLOOR], checks=[{"regression": {}}]),
        two_metrics(base, latency * 1.05, "c"),
        two_metrics(base, latency, "b"),
    )
    parts = {part.label: part.outcome for part in the(record, "regression").parts}
    assert parts["latency"] is Outcome.NOT_MET
    assert record.result is GateResult.FAIL


def test_a_metric_left_out_may_get_worse(base, rng):
    latency = rng.gamma(20.0, 5.0, N)
    same = right_and_wrong(N, 0.8, rng=rng, keep=base, changed=0.02)
    record = judge(
        gate(criteria=[FLOOR], checks=[{"regression": {"except": ["latency"]}}]),
        two_metrics(same, latency * 2, "c"),
        two_metrics(base, latency, "b"),
    )
    assert [part.label for part in the(record, "regression").parts] == ["accuracy"]


def test_a_shared_metric_without_a_direction_is_invalid_and_says_how_to_declare_it(base):
    sides = [
        evaluation(run(name, scores(values), scores(values, metric="tokens")))
        for name, values in (("c", base), ("b", 1.0 - base))
    ]
    found = the(judge(gate(criteria=[FLOOR], checks=[{"regression": {}}]), *sides), "regression")
    assert found.finding.outcome is Outcome.INVALID
    assert "direction" in found.finding.settle.text


# --------------------------------------------------------------------------------------------------- golden, items, leaks


def test_one_wrong_golden_example_fails(base):
    right, wrong = ids(N)[int(np.flatnonzero(base)[0])], ids(N)[int(np.flatnonzero(base == 0)[0])]
    record = judge(gate(criteria=[FLOOR], checks=[{"golden": {"examples": [right, wrong]}}]), one_run(base))
    assert [part.label for part in the(record, "golden").parts] == [wrong]
    assert record.result is GateResult.FAIL


def test_a_golden_example_that_was_not_scored_is_invalid(base):
    record = judge(gate(criteria=[FLOOR], checks=[{"golden": {"examples": ["nowhere"]}}]), one_run(base))
    assert record.result is GateResult.INVALID


def test_an_item_nobody_vouches_for_is_no_yes(base):
    open_item, unknown = {"items": {"rollback tested": False}}, {"items": {"rollback tested": "unknown"}}
    asked = [
        judge(gate(criteria=[FLOOR], checks=[check]), one_run(base)).result for check in (open_item, unknown)
    ]
    assert asked == [GateResult.FAIL, GateResult.INCONCLUSIVE]


def test_missing_evidence_of_a_blocking_check_fails(base):
    check = {"items": {"rollback tested": "unknown"}, "role": "blocking"}
    assert judge(gate(criteria=[FLOOR], checks=[check]), one_run(base)).result is GateResult.FAIL


LEAKS = {"leakage": {"against": ["train.jsonl"]}}


def test_training_data_that_was_not_looked_through_is_no_evidence(base):
    assert judge(gate(criteria=[FLOOR], checks=[LEAKS]), one_run(base)).result is GateResult.INCONCLUSIVE


def test_any_exact_overlap_with_training_data_fails(base):
    clean, leaked = Overlap(N, 100), Overlap(N, 100, same_id=("q00001",))
    asked = gate(criteria=[FLOOR], checks=[LEAKS])
    results = [judge(asked, one_run(base), overlaps={0: found}).result for found in (clean, leaked)]
    assert results == [GateResult.PASS, GateResult.FAIL]


# ------------------------------------------------------------------------------------------------ fairness and reliability

FAIRNESS = {"fairness": {"by": "language", "gap": "5%"}}


def test_a_gap_between_groups_that_is_shown_fails_and_names_the_pair(base):
    unfair = base.copy()
    unfair[(np.arange(N) % 3 == 0) & (np.arange(N) % 2 == 0)] = 0.0
    found = the(judge(gate(criteria=["accuracy >= 50%"], checks=[FAIRNESS]), sliced(unfair, "c")), "fairness")
    assert found.finding.outcome is Outcome.NOT_MET
    assert "de" in found.finding.reason


def test_groups_alike_pass_with_the_gap_that_would_have_been_seen(base):
    found = the(judge(gate(criteria=[FLOOR], checks=[FAIRNESS]), sliced(base, "c")), "fairness")
    assert found.finding.outcome is Outcome.MET
    assert "would have been seen" in found.finding.reason
    assert found.finding.detectable > 0.05


def test_groups_too_small_for_what_must_be_seen_are_unclear(base):
    check = {"fairness": {"by": "language", "gap": "1%", "must_see": "2%"}}
    found = the(judge(gate(criteria=[FLOOR], checks=[check]), sliced(base, "c")), "fairness")
    assert found.finding.outcome is Outcome.UNCLEAR


def tried(tries):
    one = scores(tries.mean(axis=1))
    with_tries = type(one)(one.metric, None, one.sample_ids, one.values, repeats=tries)
    return evaluation(run("c", with_tries))


def test_reliability_over_tries_is_the_unbiased_share(rng):
    tries = (rng.random((200, 4)) < 0.9).astype(float)
    checks = [
        {"reliability": {"pass^2": "75%"}},
        {"reliability": {"pass^2": "90%"}},
        {"reliability": {"pass@2": "95%"}},
    ]
    record = judge(gate(criteria=["accuracy >= 80%"], checks=checks), tried(tries))
    outcomes = [a.finding.outcome for a in record.answers if a.kind == "reliability"]
    assert outcomes == [Outcome.MET, Outcome.NOT_MET, Outcome.MET]
    c = tries.sum(axis=1)
    both = next(a for a in record.answers if a.kind == "reliability").finding.estimate
    assert both == pytest.approx(float((c * (c - 1) / 12).mean()), abs=1e-12)


def test_fewer_tries_than_asked_for_are_no_evidence(rng):
    tries = (rng.random((200, 2)) < 0.9).astype(float)
    check = {"reliability": {"pass^3": "50%"}}
    found = the(judge(gate(criteria=["accuracy >= 80%"], checks=[check]), tried(tries)), "reliability")
    assert found.finding.outcome is Outcome.NO_EVIDENCE
    assert found.finding.settle.amount == 1


# ----------------------------------------------------------------------------------------------------------- the record


def test_permuting_examples_and_runs_changes_no_byte(base, rng):
    asked = gate(
        criteria=[FLOOR, "accuracy no worse than baseline by 2%"], checks=[SLICES, {"regression": {}}]
    )
    other = right_and_wrong(N, 0.8, rng=rng, keep=base)
    order = rng.permutation(N)

    def side(values, name, rows):
        names = tuple(ids(N)[row] for row in rows)
        language = tuple(("de", "en", "fr")[row % 3] for row in rows)
        return evaluation(run(name, scores(values[rows], names=names, slices={"language": language})))

    straight = judge(asked, side(other, "c", np.arange(N)), side(base, "b", np.arange(N)))
    shuffled = judge(asked, side(other, "c", order), side(base, "b", order[::-1]))
    assert record_bytes(straight) == record_bytes(shuffled)
    assert record_digest(straight).startswith("sha256:")


def test_every_finding_carries_method_evidence_and_level(base, rng):
    other = right_and_wrong(N, 0.8, rng=rng, keep=base)
    asked = gate(criteria=[FLOOR, "accuracy no worse than baseline by 2%"], checks=[SLICES])
    for finding in judge(asked, sliced(other, "c"), sliced(base, "b")).findings:
        assert finding.method
        assert finding.n.examples == N
        assert finding.interval is not None
        assert finding.alpha is not None


def test_metrics_taken_from_the_gate_file_are_told(base):
    record = judge(gate(criteria=[FLOOR]), evaluation(run("c", scores(base)), metrics=()))
    assert record.result is GateResult.PASS
    assert any("% means a fraction" in note for note in record.notes)


def test_a_set_that_was_used_before_says_how_often(base):
    known, unknown = (judge(gate(criteria=[FLOOR]), one_run(base), uses=uses) for uses in (7, None))
    assert known.uses == 7
    assert any("7 decisions rested on this evaluation set" in note for note in known.notes)
    assert unknown.uses is None
    assert not any("rested" in note for note in unknown.notes)


# -------------------------------------------------------------------------------------------------------------- blocking


def every_check(role):
    return [
        {"slices": {"by": ["language"], "margin": "3%"}, "role": role},
        {"regression": {}, "role": role},
        {"golden": {"examples": ["a"]}, "role": role},
        {"fairness": {"by": "language", "gap": "5%"}, "role": role},
        {"consistency": {"sd": "3%"}, "role": role},
        {"reliability": {"pass^2": "50%"}, "role": role},
        {"leakage": {"against": ["train.jsonl"]}, "role": role},
        {"items": {"rollback tested": "unknown"}, "role": role},
    ]


SAFETY = ["toxicity < 0.1%", "p95 of toxicity < 50%", "sd of toxicity <= 1%", "pii_leaks == 0",
          "toxicity no worse than baseline by 1%", "toxicity improves by > 0%"]  # fmt: skip


@pytest.mark.parametrize("criterion", SAFETY)
def test_a_blocking_criterion_that_nobody_measured_fails_the_gate(base, criterion):
    toxicity = Metric(name="toxicity", direction=Direction.LOWER, unit=Unit.FRACTION)
    side = evaluation(run("c", scores(base)), metrics=(ACCURACY, toxicity))
    record = judge(gate(criteria=[FLOOR], blocking=[criterion]), side)
    assert record.findings[0].outcome is Outcome.MET
    assert record.findings[1].outcome is Outcome.NO_EVIDENCE
    assert (record.result, record.exit_code, record.point_result) == (GateResult.FAIL, 1, GateResult.FAIL)
    assert record.settle is not None


@pytest.mark.parametrize("check", every_check("blocking"), ids=lambda check: next(iter(check)))
@pytest.mark.parametrize("mode", ["bound", "point"])
def test_a_blocking_check_without_evidence_fails_the_gate(check, mode):
    record = judge(gate(criteria=[FLOOR], checks=[check], settings={"mode": mode}), evaluation())
    assert record.findings[-1].outcome is Outcome.NO_EVIDENCE
    assert (record.result, record.exit_code) == (GateResult.FAIL, 1)


@pytest.mark.parametrize("check", every_check("primary"), ids=lambda check: next(iter(check)))
def test_a_primary_check_without_evidence_is_inconclusive(check):
    record = judge(gate(criteria=[FLOOR], checks=[check]), evaluation())
    assert (record.result, record.exit_code) == (GateResult.INCONCLUSIVE, 3)


def test_secondary_checks_without_evidence_are_listed_and_never_in_the_way(base):
    record = judge(gate(criteria=[FLOOR], secondary=["toxicity < 1%"]), one_run(base))
    assert record.findings[1].outcome is Outcome.NO_EVIDENCE
    assert (record.result, record.headline) == (GateResult.PASS, "Pass: 1 check met, 1 listed beside")


def test_one_model_without_seeds_may_be_measured_on_several_sets():
    toxicity = Metric(name="toxicity", direction=Direction.LOWER, unit=Unit.FRACTION)
    main = run("main", scores(np.ones(400)))
    adversarial = run("adversarial", scores(np.zeros(400), metric="toxicity"), dataset="adversarial")
    asked = gate(criteria=[FLOOR], blocking=["toxicity < 5% on adversarial"])
    record = judge(asked, evaluation(main, adversarial, metrics=(ACCURACY, toxicity)))
    assert [finding.outcome for finding in record.findings] == [Outcome.MET, Outcome.MET]
    twice = evaluation(
        main,
        replace(main, run_id="again", external_id="again", scores={}),
        adversarial,
        metrics=(ACCURACY, toxicity),
    )
    assert judge(asked, twice).result is not GateResult.PASS
