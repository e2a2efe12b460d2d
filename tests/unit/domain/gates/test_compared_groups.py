"""Any number of runs side by side, by the rules of a verdict."""

import math
from dataclasses import replace

import pytest

from assay.domain.experiments.evidence import RunStatus
from assay.domain.gates.compared_groups import ComparedRun, compared_groups
from assay.domain.gates.configurations import configured
from assay.domain.kernel.metrics import Direction, Metric, Unit
from assay.stats.means import mean_estimate
from assay.testing.storage_samples import run

ACCURACY = Metric(name="accuracy", direction=Direction.HIGHER, unit=Unit.FRACTION)
_UNSET = object()


def one(number, value, *, seed=_UNSET, is_early=False, **changes):
    made = run(number, seed=number if seed is _UNSET else seed, curves={}, **changes)
    return ComparedRun(made, value, is_early)


def compared(*runs, direction=Direction.HIGHER):
    return compared_groups(runs, ACCURACY, direction=direction)


def test_runs_that_differ_only_in_seed_are_one_group_with_the_interval_of_a_decision():
    found = compared(one(1, 0.80), one(2, 0.84), one(3, 0.85), one(4, 0.9, config={"lr": "1"}))
    group = next(group for group in found.groups if group.n == 3)
    expected = mean_estimate([0.80, 0.84, 0.85])
    assert (group.label, group.mean, group.sd) == ("lr=0.1", expected.value, expected.sd)
    assert group.interval == expected.interval
    assert found.differing == ("lr",)


def test_identical_repeats_of_a_seed_count_once_and_are_told():
    [group] = compared(one(1, 0.80), one(2, 0.90), one(3, 0.90, seed=2)).groups
    assert (group.n, group.mean) == (2, pytest.approx(0.85))
    assert group.notes == ("1 identical repeat of a seed counted once",)


def test_seed_with_two_values_makes_the_mean_unknown():
    [group] = compared(one(1, 0.80), one(2, 0.90), one(3, 0.91, seed=2)).groups
    assert (group.mean, group.n, group.interval) == (None, 0, None)
    assert "seed 2 has runs with different values" in group.why


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_value_that_is_no_number_makes_the_mean_unknown(value):
    [group] = compared(one(1, 0.80), one(2, value)).groups
    assert group.mean is None
    assert "not a finite number" in group.why


def test_crashed_seed_makes_the_mean_unknown_and_one_that_runs_is_not_counted():
    [crashed] = compared(one(1, 0.8), one(2, None, status=RunStatus.FAILED)).groups
    assert crashed.mean is None
    assert "began and never finished" in crashed.why
    [running] = compared(one(1, 0.8), one(2, 0.1, status=RunStatus.RUNNING)).groups
    assert (running.mean, running.n, running.why) == (0.8, 1, "one seed: no interval")
    assert running.notes == ("1 run not finished yet, not counted",)


def test_group_in_which_nothing_has_finished_says_so():
    [group] = compared(one(1, 0.8, status=RunStatus.RUNNING)).groups
    assert group.why == "no run has finished yet"


def test_runs_without_a_recorded_seed_cannot_be_told_apart():
    [group] = compared(one(1, 0.8, seed=None), one(2, 0.9, seed=None)).groups
    assert "without a recorded seed" in group.why


def test_identical_seeds_have_a_mean_and_no_interval():
    [group] = compared(one(1, 0.8), one(2, 0.8)).groups
    assert (group.mean, group.sd, group.interval) == (0.8, 0.0, None)
    assert group.why == "all 2 seeds are identical: no interval"


@pytest.mark.parametrize(
    "apart", [{"ticket": "EXP-2"}, {"arm": "baseline"}, {"dataset": "other@2"}, {"config": {"lr": "1"}}]
)
def test_another_ticket_arm_set_or_parameter_is_another_group(apart):
    assert len(compared(one(1, 0.8), one(2, 0.9, **apart)).groups) == 2


def test_parameter_that_the_project_ignores_sets_nothing_apart():
    runs = one(1, 0.8, config={"lr": "1", "host": "a"}), one(2, 0.9, config={"lr": "1", "host": "b"})
    assert len(compared(*runs).groups) == 2
    [group] = compared(*(replace(one, run=configured(one.run, ("host",))) for one in runs)).groups
    assert (group.n, group.config) == (2, {"lr": "1"})


def test_runs_from_before_the_lock_stand_apart_and_are_never_best():
    found = compared(one(1, 0.8), one(2, 0.99, is_early=True))
    assert [group.is_early for group in found.groups] == [False, True]
    assert found.best is found.groups[0]


@pytest.mark.parametrize(("direction", "best"), [(Direction.HIGHER, 0.9), (Direction.LOWER, 0.8)])
def test_best_is_the_best_mean_in_the_declared_direction(direction, best):
    found = compared(
        one(1, 0.8), one(2, 0.9, config={}), one(3, math.nan, config={"a": "1"}), direction=direction
    )
    assert found.best is found.groups[0]
    assert found.best.mean == best
    assert found.groups[-1].mean is None


def test_nothing_is_best_where_nobody_said_which_way_is_better():
    assert compared(one(1, 0.8), one(2, 0.9, config={}), direction=None).best is None


def test_configurations_with_long_names_are_never_called_the_same():
    wide = {"augmentation": "random-crop-and-flip", "architecture": "transformer-large-24-layers"}
    plain = {"augmentation": "none", "architecture": "transformer-base-6-layers"}
    configs = [
        {**more, "batch_size": size, "weight_decay": decay}
        for more in (wide, plain)
        for size in ("64", "128")
        for decay in ("0.1", "0.01", "0.001")
    ]
    labels = [
        group.label
        for group in compared(
            *(one(place, 0.8, config=config) for place, config in enumerate(configs))
        ).groups
    ]
    assert len(set(labels)) == len(labels) == 12
    assert all(label.startswith("weight_decay=") for label in labels)  # what has the most values comes first
