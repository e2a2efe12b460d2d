"""pass^k and pass@k of published agent runs: 25 airline tasks of tau-bench, tried four times each by gpt-4o."""

import csv
from collections import Counter

import pytest

from assay.stats.reliability import reliability_against_threshold, reliability_by_task, reliability_estimate

pytestmark = pytest.mark.wild


@pytest.fixture
def tasks(wild_data):
    tried, worked = Counter(), Counter()
    with (wild_data / "trajectories" / "tau-bench" / "facts.csv").open(newline="") as lines:
        for row in csv.DictReader(lines):
            tried[row["task_id"]] += 1
            worked[row["task_id"]] += float(row["reward"]) == 1.0
    return [worked[task] for task in tried], [tried[task] for task in tried]


def test_share_of_tasks_solved_in_every_try_is_the_known_one(tasks):
    assert len(tasks[0]) == 25
    known = [round(float(reliability_by_task(*tasks, k, "pass^k").mean()), 3) for k in (1, 2, 3, 4)]
    assert known == [0.490, 0.387, 0.340, 0.320]


def test_twenty_five_tasks_do_not_show_that_a_quarter_is_solved_every_time(tasks):
    estimate = reliability_estimate(*tasks, 4, "pass^k")
    assert (round(estimate.value, 2), estimate.n) == (0.32, 25)
    assert reliability_against_threshold(*tasks, 4, "pass^k", 0.25).answer("greater") == "unclear"
    assert reliability_against_threshold(*tasks, 4, "pass^k", 0.6).answer("greater") == "not_met"


def test_more_tries_help_one_and_hurt_the_other(tasks):
    at_least_once = [reliability_estimate(*tasks, k, "pass@k").value for k in (1, 2, 3, 4)]
    every_time = [reliability_estimate(*tasks, k, "pass^k").value for k in (1, 2, 3, 4)]
    assert at_least_once == sorted(at_least_once)
    assert every_time == sorted(every_time, reverse=True)
    assert at_least_once[0] == pytest.approx(every_time[0])
