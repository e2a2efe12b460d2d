"""What stops a run under way by itself, and what only recommends it."""

from datetime import timedelta

from assay.domain.experiments.evidence import Evidence, RunStatus
from assay.domain.gates.settings import VerdictSettings
from assay.domain.gates.snoozes import Snooze
from assay.domain.gates.stop_advice import stop_advice
from assay.domain.gates.verdict import TimeInputs
from tests.unit.domain.gates.cases import LOCKED, lock, run

ACCURACY = "primary: accuracy >= 85%"
NOW = LOCKED + timedelta(days=2)


def told(one, *peers, criteria=(ACCURACY,), snoozed=None):
    locked = lock(*criteria)
    return stop_advice(
        locked,
        Evidence(runs=peers),
        one,
        settings=VerdictSettings(),
        time=TimeInputs.at(NOW, locked),
        snoozed=snoozed,
    )


def climb(place, values, **fields):
    return run(1, curves={"accuracy": values}, config={"depth": str(place)}, number=place, **fields)


def broken():
    return run(1, {"accuracy": 0.5}, curves={"train_loss": [2.0, float("nan")]}, status=RunStatus.RUNNING)


PEERS = [climb(place, [0.5, 0.7, 0.8]) for place in range(1, 5)]
BEHIND = climb(9, [0.3, 0.4, 0.5], status=RunStatus.RUNNING)


def test_run_behind_the_median_of_its_peers_is_told_so_and_goes_on():
    found = told(BEHIND, *PEERS)
    assert (found.stop, found.rule) == (False, "")
    assert found.reason.startswith("the rule 'median' recommends to stop and leaves it to you: ")


def test_loss_that_does_not_fall_is_told_and_goes_on():
    flat = run(1, {"accuracy": 0.8}, curves={"train_loss": [1.0, 1.0, 1.1]}, status=RunStatus.RUNNING)
    found = told(flat)
    assert found.stop is False
    assert "the rule 'not falling' recommends to stop and leaves it to you: " in found.reason


def test_loss_that_is_no_number_stops():
    assert (told(broken()).stop, told(broken()).rule) == (True, "diverged")


def test_kill_criterion_of_the_ticket_stops():
    found = told(broken(), criteria=(ACCURACY, "kill: train_loss diverges"))
    assert (found.stop, found.rule) == (True, "train_loss diverges")


def test_snoozed_rule_is_named_with_who_snoozed_it_and_recommends_nothing():
    snooze = Snooze(
        rule="median", until=NOW + timedelta(days=3), by="ada", reason="The tokenizer was broken.", at=NOW
    )
    found = told(BEHIND, *PEERS, snoozed={"median": snooze})
    assert found.stop is False
    assert found.reason.startswith("'median' says stop and is snoozed until ")
    assert "recommends to stop" not in found.reason


def test_snoozed_kill_criterion_and_rule_stop_nothing():
    held = {
        rule: Snooze(
            rule=rule, until=NOW + timedelta(days=3), by="ada", reason="The tokenizer was broken.", at=NOW
        )
        for rule in ("train_loss diverges", "diverged")
    }
    found = told(broken(), criteria=(ACCURACY, "kill: train_loss diverges"), snoozed=held)
    assert (found.stop, found.reason.count("The tokenizer was broken")) == (False, 2)
