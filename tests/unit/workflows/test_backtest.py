"""Kill rules on a project's own past runs, on both databases: real learning curves, and histories that say nothing."""

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import SGDClassifier

from assay.domain.experiments.evidence import Curve, RunStatus
from assay.errors import Forbidden, NotFound
from assay.workflows import backtest
from assay.workflows.actor import Actor
from assay.workflows.evidence import connect_source, sync_source
from tests.unit.workflows.conftest import ADA, run
from tests.unit.workflows.test_life_of_an_experiment import SLUG, start

EPOCHS = 12
RATES = (1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2)


@pytest.fixture(scope="module")
def curves():
    """Accuracy on digits not trained on, after each epoch, of a linear model: by rate of learning and seed."""
    features, digits = load_digits(return_X_y=True)
    found = {}
    for rate in RATES:
        for seed in range(7):
            model = SGDClassifier(learning_rate="constant", eta0=rate, random_state=seed)
            values = []
            for _ in range(EPOCHS):
                model.partial_fit(features[:400], digits[:400], classes=range(10))
                values.append(float(model.score(features[1000:], digits[1000:])))
            found[rate, seed] = values
    return found


@pytest.fixture
def connected(ws):
    connect_source(ws, ADA, SLUG, kind="listed", uri="memory", name="listed")
    return ws


def back_test_rules(ws, actor, slug, **asked):
    return backtest.back_test_rules(ws, actor, slug, chance=lambda: np.random.default_rng(1), **asked)


def trained(ticket, number, values, clock, **changes):
    steps = np.arange(1, len(values) + 1)
    accuracy = Curve(steps, np.array(values, dtype=np.float64), steps * 1000)
    return run(ticket, number, begun=clock(), curves={"accuracy": accuracy}, **changes)


def rule_of(found, name):
    return next(one for one in found.rules if one.rule == name)


def put(ws, tracker, *runs):
    tracker.put(*runs)
    sync_source(ws, ADA, SLUG, "listed")


def test_rules_are_replayed_over_real_learning_curves_and_counted_as_by_hand(
    connected, tracker, clock, curves
):
    ws, made, runs = connected, {}, []
    keys = [start(ws).key for _ in range(3)]
    for number, ((_, seed), values) in enumerate(curves.items()):
        key = keys[seed % 3]
        made[f"listed:{key.lower()}-seed{number}"] = values
        runs.append(trained(key, number, values, clock, gpu_hours=2.0))
    put(ws, tracker, *runs)
    found = back_test_rules(ws, ADA, SLUG)
    reached = {
        name: next((n for n, value in enumerate(values) if value >= 0.85), None)
        for name, values in made.items()
    }
    winners = {name for name, at in reached.items() if at is not None}
    assert 0 < len(winners) < len(made)
    assert (found.runs, found.winners, found.tickets, found.problems) == (42, len(winners), 3, ("accuracy",))
    assert (found.left_out, found.missing, found.compute_in) == ((), "", "GPU-hours")
    gap = rule_of(found, "gap")
    # From half of the budget on: epochs 6 to 12, checked every twentieth before a run ends or hits.
    killed = {}
    for name, values in made.items():
        end = EPOCHS if reached[name] is None else reached[name] + 1
        for check in range(10, 20):
            known = check * EPOCHS // 20
            if check / 20 < end / EPOCHS and 0.85 - max(values[:known]) > 0.15:
                killed[name] = check / 20
                break
    assert {one.run_id: pytest.approx(one.stopped_at) for one in gap.killed} == killed
    assert gap.winners_killed == len(winners & killed.keys())
    assert gap.doomed_killed == len(killed.keys() - winners)
    saved = sum(1 - at for name, at in killed.items() if name not in winners)
    assert gap.saved.value == pytest.approx(saved / (42 - len(winners)))
    assert gap.saved_gpu_hours == pytest.approx(2.0 * saved)
    assert (gap.saved.low, gap.may_stop) == (None, False)
    futility = rule_of(found, "futility")
    assert futility.unanswered < 42
    assert futility.winners_judged <= futility.winners
    assert (futility.may_stop, futility.enabled) == (False, None)
    if not futility.winners_killed:
        assert f"59 clean hits are needed, {futility.winners_judged} seen" in futility.why


def test_hit_about_which_a_rule_could_say_nothing_is_no_clean_hit(connected, tracker, clock, curves):
    key = start(connected).key
    good = [values for values in curves.values() if max(values[:3]) < 0.85 <= max(values)][:6]
    put(connected, tracker, *(trained(key, number, values, clock) for number, values in enumerate(good)))
    found = back_test_rules(connected, ADA, SLUG)
    median = rule_of(found, "median")
    assert (median.winners, median.winners_judged, median.winners_killed_at_most) == (6, 0, None)
    assert (median.saved, median.saved_gpu_hours, median.may_stop) == (None, None, False)
    assert (
        median.why
        == "it could say nothing about any past run: it compares with runs of other tickets; there is 1"
    )
    assert "30 runs with 5 winners" in rule_of(found, "futility").why
    assert not found.futility.tuned
    diverged = rule_of(found, "diverged")
    assert (diverged.winners_judged, diverged.why) == (6, "59 clean hits are needed, 6 seen")
    assert found.compute_in == "budgets"


def test_project_without_past_runs_is_told_what_is_missing(ws):
    found = back_test_rules(ws, ADA, SLUG)
    assert (found.runs, found.rules, found.futility) == (0, (), None)
    assert found.missing == "no run of a ticket with locked criteria is over"


def test_runs_that_teach_nothing_are_counted_with_the_reason(connected, tracker, clock):
    key = start(connected).key
    bad = [float("nan"), float("inf"), -float("inf"), 0.5, 0.6]
    put(
        connected,
        tracker,
        run(key, 1, begun=clock()),
        run(key, 2, 0.7, 0.8, 0.9, begun=clock()),
        trained(key, 3, [0.5] * 9, clock, status=RunStatus.FAILED),
        trained(key, 4, [0.5] * 9, clock, arm="baseline"),
        trained(key, 5, [0.5] * 200, clock),
        trained(key, 6, bad, clock),
        trained(key, 7, [0.5] * 9, clock, status=RunStatus.RUNNING),
        run(key, 8, begun=clock(), curves={"accuracy": Curve(np.array([-4, 1, 2, 3]), np.ones(4), np.zeros(4, np.int64))}),
        run(key, 9, begun=clock(), curves={"accuracy": Curve(np.array([7, 7, 7, 8]), np.ones(4), np.zeros(4, np.int64))}),
        trained(key, 10, [*[0.5] * 40, *bad, *[0.5] * 60], clock),
    )  # fmt: skip
    found = back_test_rules(connected, ADA, SLUG)
    assert (found.runs, found.winners, found.runs_over) == (2, 0, 9)
    told = {one.why: one.runs for one in found.left_out}
    assert sorted(told.values()) == [1, 1, 1, 1, 1, 2]
    assert told["their curve has fewer than 4 evaluations"] == 2
    diverged = rule_of(found, "diverged")
    assert [one.run_id for one in diverged.killed] == [f"listed:{key.lower()}-seed10"]
    assert (diverged.winners_killed_share, diverged.winners_killed_at_most) == (None, None)
    assert diverged.why == "59 clean hits are needed, 0 seen"


def test_more_runs_than_asked_for_are_said_to_be_left_unread(connected, tracker, clock):
    key = start(connected).key
    put(connected, tracker, *(trained(key, number, [0.5] * 5, clock) for number in range(6)))
    found = back_test_rules(connected, ADA, SLUG, rule="diverged", newest=4)
    assert (found.runs, found.runs_over, found.newest) == (4, 6, 4)
    assert [one.rule for one in found.rules] == ["diverged"]
    assert back_test_rules(connected, ADA, SLUG, newest=6).newest is None


def test_unknown_rule_and_a_stranger_are_refused(ws):
    with pytest.raises(NotFound, match="cannot back-test rule 'luck'"):
        back_test_rules(ws, ADA, SLUG, rule="luck")
    with pytest.raises(Forbidden):
        back_test_rules(ws, Actor(name="eve", permissions=frozenset()), SLUG)
