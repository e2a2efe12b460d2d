"""A result stays where it was evidence: leaving a ticket, an arm or a configuration, or saying something else, changes no verdict."""

from dataclasses import replace

import pytest

from assay.domain.experiments.dossier import dossier_bytes, dossier_from_bytes
from assay.domain.experiments.evidence import Curve, Evidence, Past, RunStatus
from assay.domain.experiments.experiment import Baseline
from assay.domain.gates.replay import replay
from assay.domain.gates.verdict import verdict_bytes
from tests.unit.domain.gates.cases import LOCK_SEQ, curve, finding, judge, lock, run, scores, seeds, verdict

LOCK = lock("primary: accuracy >= 85%")
GOOD = [0.90, 0.91, 0.905, 0.902, 0.908]
BAD = [0.60, 0.62]
LATER = LOCK_SEQ + 50


def past(one, seq=LATER, **changes):
    """What this run was until then."""
    facts = {
        "until_seq": seq,
        "ticket": "EXP-1",
        "arm": one.arm,
        "config": one.config,
        "seed": one.seed,
        "status": one.status,
        "values": {name: curve.last for name, curve in one.curves.items()},
        "dataset": one.dataset,
        "scores_digest": one.scores_digest,
        "scores": one.scores,
    }
    return Past(**(facts | changes))


def left(one, seq=LATER, **changes):
    """The run as it is after a change that it remembers."""
    return replace(one, past=(*one.past, past(one, seq)), **changes)


BAD_SEEDS = [run(i, {"accuracy": v}, ticket="EXP-1") for i, v in enumerate(BAD, start=6)]
KEPT = seeds("accuracy", GOOD, ticket="EXP-1")
ON_TICKET = {
    "another arm": ({"arm": "old"}, "moved to arm old"),
    "the baseline's arm": ({"arm": "baseline"}, "moved to arm baseline"),
    "failed": ({"status": RunStatus.FAILED}, "marked as failed"),
    "stopped": ({"status": RunStatus.STOPPED}, "marked as stopped"),
    "open again": ({"status": RunStatus.RUNNING}, "running again"),
}


@pytest.mark.parametrize(("changes", "way"), ON_TICKET.values(), ids=ON_TICKET)
def test_bad_seeds_that_were_changed_on_their_ticket_are_told_and_promote_nothing(changes, way):
    said = verdict(LOCK, [*KEPT, *(left(one, **changes) for one in BAD_SEEDS)], ticket="EXP-1")
    assert (said.recommendation, said.findings[0].outcome) == ("undecided", "invalid")
    assert f"2 runs finished and were taken away: candidate-6 (seed 6), candidate-7 (seed 7) {way}" in (
        said.findings[0].reason
    )
    assert f"2 runs {way}, not counted: candidate-6, candidate-7" in said.notes


@pytest.mark.parametrize(
    ("ticket", "way"), [("EXP-99", "moved to EXP-99"), (None, "detached from the ticket")]
)
def test_bad_seeds_that_left_their_ticket_are_told_and_promote_nothing(ticket, way):
    off = [left(one, ticket=ticket) for one in BAD_SEEDS]
    said = verdict(LOCK, KEPT, detached=off, ticket="EXP-1")
    assert (said.recommendation, said.findings[0].outcome) == ("undecided", "invalid")
    assert way in said.findings[0].reason
    assert f"2 runs {way}, not counted: candidate-6, candidate-7" in said.notes


@pytest.mark.parametrize("which", [slice(0, 5), slice(5, 7)], ids=["the good ones", "the bad ones"])
def test_parameter_that_is_added_to_finished_runs_takes_them_out_of_no_group(which):
    runs = [*KEPT, *BAD_SEEDS]
    runs[which] = [left(one, config={"lr": "0.1", "note": "x"}) for one in runs[which]]
    (group,) = verdict(LOCK, runs, ticket="EXP-1").groups
    assert group.seeds == (1, 2, 3, 4, 5, 6, 7)


@pytest.mark.parametrize(
    ("first", "criterion"), [("eval@1", "accuracy >= 85% on eval@1"), ("eval@1", "accuracy >= 85%")]
)
def test_finished_run_stays_on_the_evaluation_set_that_it_was_measured_on(first, criterion):
    kept = [replace(one, dataset=first) for one in KEPT]
    bad = left(replace(BAD_SEEDS[0], dataset=first), dataset="other@1")
    again = run(6, {"accuracy": 0.9}, number=20, ticket="EXP-1", dataset=first)
    found = finding(lock(f"primary: {criterion}"), [*kept, bad, again], ticket="EXP-1")
    assert (found.outcome, "seed 6 has runs with different values" in found.reason) == ("invalid", True)


def test_evaluation_set_that_was_not_named_may_be_named_later():
    named = [left(one, dataset="eval@1") for one in KEPT]
    assert finding(lock("primary: accuracy >= 85% on eval@1"), named, ticket="EXP-1").outcome == "met"


def test_curve_whose_end_changed_after_its_run_had_finished_is_invalid():
    locked = lock("primary: train_loss falls after epoch 1")
    rising = run(1, curves={"train_loss": [3.0, 2.0, 4.0]}, ticket="EXP-1")
    mended = left(rising, curves={"train_loss": curve([3.0, 2.0, 4.0, 1.0])})
    assert finding(locked, [mended], ticket="EXP-1").outcome == "invalid"


def test_crashed_run_whose_seed_was_changed_to_one_that_finished_has_to_be_run_again():
    crashed = left(run(6, {"accuracy": 0.2}, status=RunStatus.FAILED, ticket="EXP-1"), seed=1)
    found = finding(LOCK, [*KEPT, crashed], ticket="EXP-1")
    assert (found.outcome, "began and never finished: candidate-6" in found.reason) == ("invalid", True)


def test_runs_that_were_finished_on_another_ticket_are_named():
    came = [replace(left(one), past=(past(one, ticket="EXP-9"),)) for one in KEPT]
    said = verdict(LOCK, came, ticket="EXP-1")
    assert any("5 runs of another ticket before, and finished there: candidate-1" in n for n in said.notes)


def test_run_that_left_counts_among_the_configurations_tried():
    other = [left(run(6, {"accuracy": 0.5}, ticket="EXP-1", config={"lr": "9"}), ticket=None)]
    assert finding(LOCK, KEPT[:3], detached=other, ticket="EXP-1").alpha == pytest.approx(0.001)


@pytest.mark.parametrize(("changes", "way"), ON_TICKET.values(), ids=ON_TICKET)
def test_run_that_came_back_is_evidence_as_before(changes, way):
    back = [left(left(one, **changes), LATER + 1) for one in KEPT]
    back = [
        replace(b, **{name: getattr(k, name) for name in changes}) for b, k in zip(back, KEPT, strict=True)
    ]
    found = finding(LOCK, back, ticket="EXP-1")
    assert (found.outcome, found.n.seeds) == ("met", 5)


def test_what_a_run_was_before_the_lock_is_history():
    moved = [left(one, LOCK_SEQ, arm="old") for one in BAD_SEEDS]
    assert finding(LOCK, [*KEPT, *moved], ticket="EXP-1").outcome == "met"
    early = [left(one, LOCK_SEQ, ticket=None, seen_seq=LOCK_SEQ - 5) for one in BAD_SEEDS]
    assert finding(LOCK, KEPT, detached=early, ticket="EXP-1").outcome == "met"


def test_run_that_was_evidence_of_another_ticket_first_takes_nothing_from_this_one():
    came = [replace(one, past=(past(one, ticket="EXP-9"), past(one, ticket=None))) for one in KEPT]
    assert finding(LOCK, came, ticket="EXP-1").outcome == "met"


def test_value_at_leaving_is_what_was_taken_away():
    mended = [left(left(one), ticket=None, curves={"accuracy": curve([0.905])}) for one in BAD_SEEDS]
    again = [run(i, {"accuracy": 0.905}, number=i + 10, ticket="EXP-1") for i in (6, 7)]
    found = finding(LOCK, [*KEPT, *again], detached=mended, ticket="EXP-1")
    assert found.outcome == "invalid"
    assert "measured 60.0% and its re-run 90.5%" in found.reason


# --------------------------------------------------------------------------------------- results that change afterwards


@pytest.mark.parametrize("now", [0.9, 0.5], ids=["better", "worse"])
def test_finding_result_that_changed_after_its_run_was_seen_finished_is_invalid_in_either_direction(now):
    changed = [left(one, curves={"accuracy": curve([0.7, now])}) for one in KEPT[:2]]
    said = verdict(LOCK, [*changed, *KEPT[2:]], ticket="EXP-1")
    found = said.findings[0]
    assert (found.outcome, said.recommendation) == ("invalid", "undecided")
    assert f"candidate-1 (seed 1) measured 90.0% and says {now:.1%} now" in found.reason or now == 0.9
    assert "candidate-2 (seed 2) measured 91.0% and says" in found.reason
    assert "log accuracy again as it was" in found.settle.text
    assert any("changed after first seen finished: candidate-" in note for note in said.notes)


def test_result_that_was_logged_again_as_it_was_is_mended():
    changed = left(KEPT[0], curves={"accuracy": curve([0.3])})
    mended = left(changed, LATER + 1, curves={"accuracy": curve([0.3, GOOD[0]])})
    assert finding(LOCK, [changed, *KEPT[1:]], ticket="EXP-1").outcome == "invalid"
    assert finding(LOCK, [mended, *KEPT[1:]], ticket="EXP-1").outcome == "met"


def test_metric_that_no_criterion_reads_may_be_added_or_changed_after_the_end():
    added = left(KEPT[0], curves={**KEPT[0].curves, "f1": curve([0.5])})
    changed = left(added, LATER + 1, curves={**KEPT[0].curves, "f1": curve([0.6])})
    for one, noted in ((added, False), (changed, True)):
        said = verdict(LOCK, [one, *KEPT[1:]], ticket="EXP-1")
        assert said.findings[0].outcome == "met"
        assert any("changed after first seen finished" in note for note in said.notes) is noted


def test_result_that_was_still_missing_when_its_run_was_seen_finished_may_come():
    late = left(run(1, ticket="EXP-1"), curves={"accuracy": curve([GOOD[0]])})
    assert finding(LOCK, [late, *KEPT[1:]], ticket="EXP-1").outcome == "met"


def test_result_of_a_run_that_was_not_finished_may_change():
    open_then = replace(KEPT[0], past=(past(KEPT[0], status=RunStatus.RUNNING, values={"accuracy": 0.2}),))
    assert finding(LOCK, [open_then, *KEPT[1:]], ticket="EXP-1").outcome == "met"


def example_run(seed, values, **fields):
    return run(seed, per_example={"accuracy": values}, ticket="EXP-1", **fields)


def test_scores_that_were_replaced_after_the_end_are_compared_example_by_example():
    passes = [1.0] * 95 + [0.0] * 5
    one = example_run(1, passes, scores_digest="sha256:a")
    file_changed = left(one, scores_digest="sha256:b")
    swapped = left(one, scores={"accuracy": scores("accuracy", passes[::-1])}, scores_digest="sha256:c")
    unreadable = replace(one, past=(past(one, scores={}, scores_digest="sha256:x", scores_error="lost"),))
    assert finding(LOCK, [file_changed], ticket="EXP-1").outcome == "met"
    assert finding(LOCK, [swapped], ticket="EXP-1").outcome == "invalid"
    assert "scores that cannot be read" in finding(LOCK, [unreadable], ticket="EXP-1").reason


def test_scores_that_came_after_the_end_have_to_say_what_was_logged():
    passes = [1.0] * 95 + [0.0] * 5
    for logged, outcome in ((0.95, "met"), (0.9500000001, "met"), (0.7, "invalid")):
        before = run(1, {"accuracy": logged}, ticket="EXP-1")
        told = left(before, scores={"accuracy": scores("accuracy", passes)}, scores_digest="sha256:a")
        assert finding(LOCK, [told], ticket="EXP-1").outcome == outcome


def test_note_says_which_runs_logged_values_after_their_end_by_the_clock_of_the_tracker():
    ended = KEPT[0].started_at
    ms = int(1000 * ended.timestamp())
    logged = curve([0.7, 0.9])
    points = [Curve(logged.steps, logged.values, logged.steps + ms + late) for late in (0, 5000)]
    runs = [
        replace(one, ended_at=ended, curves={"accuracy": point})
        for one, point in zip(KEPT, points, strict=False)
    ]
    said = verdict(LOCK, runs, ticket="EXP-1")
    assert "1 run logged values after the end (by the tracker's clock): candidate-2" in said.notes


# -------------------------------------------------------------------------------------------------------- the baseline

BETTER = lock("primary: accuracy improves by >= 3%")
WITH_TICKET = lock(
    "primary: accuracy improves by >= 3%", baseline=[Baseline(metric="accuracy", ticket="EXP-0")]
)
CANDIDATES = seeds("accuracy", GOOD, ticket="EXP-1")
BASE = [0.86, 0.87, 0.80, 0.801, 0.802]


def base(key="EXP-1", arm="baseline", **fields):
    return [
        run(i, {"accuracy": v}, ticket=key, arm=arm, number=50 + i, **fields)
        for i, v in enumerate(BASE, start=1)
    ]


@pytest.mark.parametrize("begun", [False, True], ids=["begun before the lock", "begun after it"])
def test_baseline_seeds_deleted_after_the_lock_are_missed(begun):
    full = base(after=begun)
    weak = [left(one, deleted=True) for one in full[:2]] + full[2:]
    found = finding(BETTER, [*CANDIDATES, *weak], ticket="EXP-1")
    assert (found.outcome, found.reason.startswith("baseline: 2 runs finished")) == ("invalid", True)
    assert finding(BETTER, [*CANDIDATES, *full], ticket="EXP-1").outcome == "unclear"


def test_baseline_seeds_that_were_seen_deleted_before_the_lock_are_history():
    full = base(after=False)
    for gone in (replace(full[0], deleted=True), left(full[0], LOCK_SEQ, deleted=True)):
        assert finding(BETTER, [*CANDIDATES, gone, *full[2:]], ticket="EXP-1").outcome != "invalid"


def test_baseline_seed_that_was_first_seen_deleted_after_the_lock_is_missed():
    full = base(after=False)
    gone = replace(full[0], deleted=True, seen_seq=LOCK_SEQ + 3)
    assert finding(BETTER, [*CANDIDATES, gone, *full[2:]], ticket="EXP-1").outcome == "invalid"


@pytest.mark.parametrize("ticket", [None, "EXP-7"])
@pytest.mark.parametrize("begun", [False, True])
def test_seeds_that_left_the_ticket_of_the_baseline_after_the_lock_are_missed(ticket, begun):
    full = base("EXP-0", arm="candidate", after=begun)
    off = [left(one, ticket=ticket) for one in full[:2]]
    off = [replace(one, past=tuple(replace(p, ticket="EXP-0") for p in one.past)) for one in off]
    said = verdict(WITH_TICKET, CANDIDATES, baseline_runs=full[2:], baseline_detached=off, ticket="EXP-1")
    assert said.findings[0].outcome == "invalid"
    assert any("2 runs of the baseline" in note for note in said.notes)


def test_seeds_that_became_the_own_baseline_of_the_baselines_ticket_are_missed():
    full = base("EXP-0", arm="candidate")
    moved = [replace(left(one), arm="baseline") for one in full[:2]]
    moved = [replace(one, past=tuple(replace(p, ticket="EXP-0") for p in one.past)) for one in moved]
    found = finding(WITH_TICKET, CANDIDATES, baseline_runs=[*moved, *full[2:]], ticket="EXP-1")
    assert found.outcome == "invalid"


def test_baseline_result_that_changed_after_the_lock_is_invalid_also_where_it_was_begun_before():
    full = base(after=False)
    weaker = [left(one, curves={"accuracy": curve([0.8])}) for one in full[:2]]
    found = finding(BETTER, [*CANDIDATES, *weaker, *full[2:]], ticket="EXP-1")
    assert (found.outcome, "changed after the run had finished" in found.reason) == ("invalid", True)


# ---------------------------------------------------------------------------------------------------------- the record


def test_record_with_departed_runs_replays_from_the_evidence_kept_with_a_decision():
    runs = [*KEPT, left(BAD_SEEDS[0], arm="old")]
    off, base_off = (
        [left(BAD_SEEDS[1], ticket=None)],
        [left(run(4, {"accuracy": 0.7}, number=90), ticket=None)],
    )
    stored = verdict_bytes(judge(LOCK, runs, detached=off, baseline_detached=base_off, ticket="EXP-1"))
    evidence = Evidence(
        runs=tuple(runs), detached=tuple(off), baseline_detached=tuple(base_off), ticket="EXP-1"
    )
    _, kept = dossier_from_bytes(dossier_bytes(LOCK, evidence))
    assert replay(stored, LOCK, kept).same
    assert b"mlflow:candidate-90" in stored


def test_order_of_runs_and_of_what_they_were_changes_no_byte():
    runs = [*KEPT, *(left(one, arm="old") for one in BAD_SEEDS)]
    off = [left(left(one, arm="a"), ticket=None) for one in seeds("accuracy", BAD, ticket="EXP-1", config={})]
    first = judge(LOCK, runs, detached=off, ticket="EXP-1")
    assert verdict_bytes(judge(LOCK, runs[::-1], detached=off[::-1], ticket="EXP-1")) == verdict_bytes(first)
