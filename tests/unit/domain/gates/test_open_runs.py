"""A seed that was begun earlier and has not ended is waited for; one that was begun later keeps nobody waiting."""

import pytest

from assay.domain.experiments.evidence import RunStatus
from tests.unit.domain.gates.cases import example_seeds, finding, lock, run, seeds, verdict

LOCK = lock("primary: accuracy >= 85%")
GOOD = [0.90, 0.91, 0.905, 0.902, 0.908]
OPEN = [RunStatus.RUNNING, RunStatus.SCHEDULED]


def later(values=GOOD, first=3, **fields):
    """Seeds from the third on; what is begun before them comes earlier."""
    return [run(i, {"accuracy": v}, **fields) for i, v in enumerate(values, start=first)]


def begun(seed, metrics=None, status=RunStatus.RUNNING, **fields):
    return run(seed, metrics, status=status, **fields)


@pytest.mark.parametrize("status", OPEN)
@pytest.mark.parametrize("value", [{"accuracy": 0.2}, {}], ids=["looks bad", "says nothing"])
def test_finding_waits_for_a_run_that_began_before_the_last_counted_seed(status, value):
    found = finding(LOCK, [begun(1, value, status), begun(2, value, status), *later()])
    assert (found.outcome, found.estimate, found.n.seeds) == ("unclear", pytest.approx(0.905), 5)
    assert found.reason == (
        "5 seeds: candidate-1 (seed 1), candidate-2 (seed 2) began before the last of them and are not finished"
    )
    assert found.settle.text.startswith("wait for them, or mark them failed in the tracker")
    one = finding(LOCK, [begun(1, value, status), *later()]).settle
    assert one.text == "wait for it, or mark it failed in the tracker and run the seed again"


@pytest.mark.parametrize("status", OPEN)
def test_finding_does_not_wait_for_a_run_that_began_after_the_last_counted_seed(status):
    found = finding(LOCK, [*later(), begun(20, {"accuracy": 0.2}, status)])
    assert (found.outcome, found.notes) == ("met", ("1 run not finished yet, not counted",))


def test_finding_past_the_last_look_waits_only_for_what_began_before_the_seeds_that_decide():
    values = [*GOOD, *GOOD[::-1], 0.9, 0.91]
    assert finding(LOCK, [*seeds("accuracy", values), begun(99, number=10.5)]).outcome == "met"
    assert finding(LOCK, [*seeds("accuracy", values), begun(99, number=9.5)]).outcome == "unclear"


def test_finding_seed_that_was_run_again_and_finished_is_not_waited_for():
    assert finding(LOCK, [begun(3, {"accuracy": 0.2}, number=1), *later()]).outcome == "met"


def test_verdict_seeds_that_were_marked_failed_have_to_be_run_again():
    failed = begun(1, {"accuracy": 0.2}, RunStatus.FAILED)
    assert finding(LOCK, [failed, *later()]).outcome == "invalid"
    again = verdict(LOCK, [failed, *later([*GOOD, 0.9, 0.91]), run(1, {"accuracy": 0.9}, number=30)])
    assert again.findings[0].outcome == "met"
    assert "run again after a run that never finished: seed 1 was at 20.0%, counts as 90.0%" in again.notes


def test_finding_of_one_model_waits_for_the_seed_that_began_before_it():
    (one,) = example_seeds("accuracy", [[1.0]] * 98 + [[0.0]] * 2, number=5)
    assert finding(LOCK, [one]).outcome == "met"
    assert finding(LOCK, [begun(2, number=4), one]).outcome == "unclear"


def test_finding_that_counts_waits_only_while_nothing_is_wrong_yet():
    none = lock("blocking: pii_leaks == 0")
    clean = [run(i, {"pii_leaks": 0.0}) for i in (2, 3)]
    assert finding(none, clean).outcome == "met"
    assert finding(none, [begun(1, {"pii_leaks": 3.0}), *clean]).outcome == "unclear"
    leaky = [*clean, run(4, {"pii_leaks": 1.0})]
    assert finding(none, [begun(1), *leaky]).outcome == "not_met"


@pytest.mark.parametrize("after", [True, False], ids=["begun after the lock", "begun before it"])
def test_finding_of_a_comparison_waits_for_the_baseline_too(after):
    locked = lock("primary: accuracy improves by >= 3%")
    old = later([0.80, 0.81, 0.79], arm="baseline", after=after)
    open_one = begun(1, {"accuracy": 0.99}, arm="baseline", after=after)
    assert finding(locked, [*later(), *old]).outcome == "met"
    found = finding(locked, [*later(), *old, open_one])
    assert (found.outcome, found.reason.startswith("baseline: 3 seeds: baseline-1")) == ("unclear", True)


def test_finding_waits_for_an_open_baseline_run_of_which_nobody_knows_when_it_began():
    locked = lock("primary: accuracy improves by >= 3%")
    old = later([0.80, 0.81, 0.79], arm="baseline")
    unknown = begun(9, arm="baseline", started_at=None)
    assert finding(locked, [*later(), *old, unknown]).outcome == "unclear"


@pytest.mark.parametrize("criterion", ["p95 of accuracy >= 85%", "sd of accuracy <= 20%"])
def test_finding_of_every_claim_over_seeds_waits(criterion):
    runs = example_seeds("accuracy", [[0.9, 0.91, 0.92], [0.91, 0.9, 0.93]] * 40)
    held = finding(lock(f"primary: {criterion}"), [*runs, begun(9, number=0.5)])
    assert (held.outcome, "is not finished" in held.reason) == ("unclear", True)
