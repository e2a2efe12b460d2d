"""Whether the seeds that are left can still show the claim, if they are as good as was predicted."""

from decimal import Decimal

import numpy as np
import pytest

from assay.domain.experiments.evidence import Evidence
from assay.domain.experiments.prediction import Effect, Prediction
from assay.domain.gates.replay import replay
from assay.domain.gates.verdict import verdict_bytes
from tests.unit.domain.gates.cases import judge, lock, number, seeds, verdict

SEEN = [0.8450, 0.8520, 0.8480, 0.8430, 0.8500]


def predicted(mid, claim="primary: accuracy >= 85%", baseline=("accuracy", "0.80"), **more):
    effect = Effect(low=Decimal(mid) - 1, mid=Decimal(mid), high=Decimal(mid) + 1)
    locked = lock(claim, baseline=[number(*baseline)], **more)
    return locked.model_copy(update={"prediction": Prediction(effect=effect)})


def told(locked, runs):
    return [one.reason for one in verdict(locked, runs).advice if one.rule == "futility"]


def test_seeds_that_cannot_make_up_for_what_was_seen_are_told_with_their_chance():
    [reason] = told(predicted("0.053"), seeds("accuracy", SEEN))
    assert reason == (
        "even if the remaining 5 seeds are as good as predicted (85.3%), the chance that 85.0% is shown is 1%, below 10%"
    )
    rng = np.random.default_rng(1)
    mean, sd = np.mean(SEEN), np.std(SEEN, ddof=1)
    whole = (5 * mean + 5 * rng.normal(0.853, sd / np.sqrt(5), 400_000)) / 10
    shown = (whole - 0.85) / (sd / np.sqrt(10)) > 1.7991  # the level of the last look, .036
    assert 0.005 < shown.mean() < 0.015


def test_seeds_that_may_still_show_it_are_worth_their_compute():
    assert told(predicted("0.07"), seeds("accuracy", SEEN)) == []
    assert told(predicted("0.053"), seeds("accuracy", [0.86, 0.853, 0.857, 0.852, 0.851])) == []


@pytest.mark.parametrize("count", [1, 2, 10])
def test_two_seeds_say_too_little_and_after_the_last_look_nothing_is_left(count):
    assert told(predicted("0.053"), seeds("accuracy", (SEEN * 2)[:count])) == []


def test_without_a_prediction_or_with_one_that_never_had_a_chance_nothing_is_said():
    assert (
        told(lock("primary: accuracy >= 85%", baseline=[number("accuracy", "0.80")]), seeds("accuracy", SEEN))
        == []
    )
    assert told(predicted("0.0501"), seeds("accuracy", SEEN)) == []
    assert told(predicted("0.02"), seeds("accuracy", SEEN)) == []


def test_lower_may_be_better():
    locked = predicted("0.53", "primary: val_loss <= 1.5", ("val_loss", "2.0"))
    [reason] = told(locked, seeds("val_loss", [1.5 + (0.85 - value) * 10 for value in SEEN]))
    assert "as good as predicted (1.47)" in reason


def test_verdict_with_it_comes_out_again():
    locked, runs = predicted("0.053"), seeds("accuracy", SEEN)
    stored = verdict_bytes(judge(locked, runs))
    assert replay(stored, locked, Evidence(runs=tuple(runs))).same
