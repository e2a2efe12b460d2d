"""A run that its training loop left off because a rule said stop is no result, and no failure either."""

from dataclasses import replace

import pytest

from assay.domain.experiments.evidence import RunStatus
from tests.unit.domain.gates.cases import lock, run, seeds, verdict

LOCK = lock("primary: accuracy >= 85%")
WHY = "3% chance to reach 85.0% by step 19, learned from 201 past runs"
TAGS = {"assay.stopped_by": "futility", "assay.stop_reason": WHY + "."}
GOOD = seeds("accuracy", [0.90, 0.91, 0.905, 0.902, 0.908])


def stopped(seed, **facts):
    return run(seed, {"accuracy": 0.3}, **({"status": RunStatus.STOPPED, "tags": TAGS} | facts))


def said_of(*runs):
    said = verdict(LOCK, [*GOOD, *runs])
    return said, said.findings[0]


def test_seed_that_a_rule_stopped_is_missing_and_the_rule_recommends_to_kill():
    said, found = said_of(stopped(6))
    assert (said.recommendation, found.outcome) == ("undecided", "no_evidence")
    assert found.reason == "1 run stopped before the end, as a rule said: candidate-6 (seed 6)"
    assert (
        found.settle.text == "decide what the rule recommends, or run the seeds that it stopped to their end"
    )
    (advice,) = (one for one in said.advice if one.rule == "futility")
    assert advice.advises_kill
    assert advice.reason == f"the training stopped candidate-6 (seed 6) at its word: {WHY}"


def test_seed_that_was_run_to_its_end_afterwards_counts_and_nothing_is_recommended():
    said = verdict(LOCK, [*GOOD[:4], stopped(5), run(5, {"accuracy": 0.908}, number=20)])
    assert (said.recommendation, said.findings[0].outcome, said.advice) == ("promote", "met", ())


@pytest.mark.parametrize(
    "other",
    [
        stopped(7, tags={}),
        stopped(7, status=RunStatus.FAILED),
        run(7, {"accuracy": 0.2}, status=RunStatus.FAILED),
    ],
    ids=["stopped by hand", "failed with the tags of a stop", "crashed"],
)
def test_seed_that_crashed_beside_one_that_a_rule_stopped_is_broken_evidence(other):
    said, found = said_of(stopped(6), other)
    assert (said.recommendation, found.outcome) == ("undecided", "invalid")
    assert "2 runs began and never finished" in found.reason


def test_good_seeds_promote_nothing_while_the_bad_one_was_stopped():
    bad = replace(stopped(6), curves=run(6, {"accuracy": 0.99}).curves)
    assert said_of(bad)[0].recommendation == "undecided"


def test_rule_that_the_ticket_switched_off_recommends_nothing():
    said, found = said_of(stopped(6, tags=TAGS | {"assay.stopped_by": "no such rule"}))
    assert (found.outcome, said.advice) == ("no_evidence", ())
