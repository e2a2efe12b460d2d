"""Kill rules on a project's own past runs, on both databases: real learning curves, and histories that say nothing."""

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.datasets import load_digits
from sklearn.linear_model import SGDClassifier

from assay.domain.experiments.evidence import Curve, RunStatus
from assay.domain.kernel.kill_rules import KillRuleName
from assay.errors import Conflict, Forbidden, Invalid, NotFound, StaleVersion
from assay.workflows import backtest
from assay.workflows.actor import Actor, Permission
from assay.workflows.evidence import connect_source, sync_source
from assay.workflows.journal import verify_journal
from assay.workflows.kill_settings import last_rules_change, take_rules_back, use_kill_rules
from tests.unit.workflows.conftest import ADA, run
from tests.unit.workflows.test_life_of_an_experiment import SLUG, start

EPOCHS = 12
RULES = tuple(KillRuleName)
READER = Actor(name="rita", permissions=frozenset({Permission.READ}))
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
    killed = stopped_by_gap(made, reached, 0.15)
    assert {one.run_id: pytest.approx(one.stopped_at) for one in gap.killed} == killed
    assert gap.winners_killed == len(winners & killed.keys())
    assert gap.doomed_killed == len(killed.keys() - winners)
    saved = sum(1 - at for name, at in killed.items() if name not in winners)
    assert gap.saved.value == pytest.approx(saved / (42 - len(winners)))
    assert gap.saved_gpu_hours == pytest.approx(2.0 * saved)
    assert (gap.saved.low, gap.may_stop) == (None, False)
    for one in gap.values:
        limit = float(one.settings["gap"])
        stopped = stopped_by_gap(made, reached, limit)
        assert (one.winners_killed, one.doomed_killed, one.is_now) == (
            len(winners & stopped.keys()),
            len(stopped.keys() - winners),
            limit == 0.15,
        )
        assert one.saved.value == pytest.approx(
            sum(1 - at for name, at in stopped.items() if name not in winners) / (42 - len(winners))
        )
    assert [one.settings["gap"] for one in gap.values] == ["0.05", "0.1", "0.15", "0.2", "0.25", "0.3"]
    low, high = (gap.winners_killed_at_least, gap.winners_killed_at_most)
    told = binomtest(gap.winners_killed, gap.winners_judged).proportion_ci(0.9, "exact")
    assert (low, high) == (pytest.approx(told.low), pytest.approx(told.high))
    futility = rule_of(found, "futility")
    assert futility.unanswered < 42
    assert futility.winners_judged <= futility.winners
    assert (futility.may_stop, futility.enabled) == (False, True)
    if not futility.winners_killed:
        assert f"59 winners of which it kills none are needed, {futility.winners_judged} seen" in futility.why


def stopped_by_gap(made, reached, limit):
    """By hand. From half of the budget on: epochs 6 to 12, checked every twentieth before a run ends or hits."""
    killed = {}
    for name, values in made.items():
        end = EPOCHS if reached[name] is None else reached[name] + 1
        for check in range(10, 20):
            known = check * EPOCHS // 20
            if check / 20 < end / EPOCHS and 0.85 - max(values[:known]) > limit:
                killed[name] = check / 20
                break
    return killed


def test_settings_that_the_runs_ask_for_are_used_and_taken_back(connected, tracker, clock, curves):
    ws, slow = connected, [values for (rate, _), values in curves.items() if rate == 1e-6]
    good = [values for values in curves.values() if max(values[:6]) < 0.85 <= max(values)]
    keys = [start(ws).key for _ in range(2)]
    put(
        ws,
        tracker,
        *(
            trained(keys[n % 2], n, [*values, *values], clock)
            for n, values in enumerate([*good * 12, *slow * 3])
        ),
    )
    found = back_test_rules(ws, ADA, SLUG)
    plateau = rule_of(found, "plateau")
    best = next(one for one in plateau.values if one.is_best)
    assert best.winners_killed <= 0.05 * best.winners_judged
    assert best.saved.value == max(
        one.saved.value for one in plateau.values if one.winners_killed <= 0.05 * one.winners_judged
    )
    assert plateau.elsewhere.winners_judged == plateau.winners_judged >= 20
    [change] = [one for one in found.changes if one.rule == "plateau"]
    assert (change.before, change.after) == ("last 3 within 0.01", best.value)
    asked = {"expected_version": found.settings_version}
    with pytest.raises(StaleVersion):
        use_kill_rules(ws, ADA, SLUG, found.best_kill_rules, rules=RULES, expected_version=99)
    with pytest.raises(Forbidden):
        use_kill_rules(ws, READER, SLUG, found.best_kill_rules, rules=RULES, **asked)
    with pytest.raises(Invalid, match="no rule was chosen"):
        use_kill_rules(ws, ADA, SLUG, found.best_kill_rules, rules=(), **asked)
    after = use_kill_rules(ws, ADA, SLUG, found.best_kill_rules, rules=[KillRuleName.PLATEAU], **asked)
    rules = after.settings.verdicts.kill_rules
    assert {name: f"{getattr(rules, name)}" for name in best.settings} == best.settings
    assert rules.gap == found.kill_rules.gap
    again = back_test_rules(ws, ADA, SLUG, rule="plateau")
    assert (again.changes, rule_of(again, "plateau").winners_killed) == ((), best.winners_killed)
    last = last_rules_change(ws, READER, SLUG)
    assert (last.before, [one.rule for one in last.changes], last.by) == (
        found.kill_rules,
        ["plateau"],
        "ada",
    )
    with pytest.raises(Conflict, match="changed again"):
        take_rules_back(ws, ADA, SLUG, seq=last.seq - 1, expected_version=after.version)
    back = take_rules_back(ws, ADA, SLUG, seq=last.seq, expected_version=after.version)
    assert back.settings.verdicts.kill_rules == found.kill_rules
    assert last_rules_change(ws, ADA, SLUG).before == rules
    assert verify_journal(ws, ADA).ok


def test_rule_that_looks_at_another_curve_is_never_switched_by_a_replay(connected, tracker, clock):
    key = start(connected).key
    put(connected, tracker, *(trained(key, n, [0.7, *[0.6] * 9, 0.9], clock) for n in range(32)))
    found = back_test_rules(connected, ADA, SLUG)
    rule = rule_of(found, "not_falling")
    assert rule.winners_killed == rule.winners_judged == 32
    assert (rule.advice, "another curve" in rule.advice_why) == ("leave", True)
    assert "not_falling" not in {one.rule for one in found.changes}


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
    assert found.chances == ()
    diverged = rule_of(found, "diverged")
    assert (diverged.winners_judged, diverged.why) == (
        6,
        "59 winners of which it kills none are needed, 6 seen",
    )
    assert found.compute_in == "budgets"


def test_project_without_past_runs_is_told_what_is_missing(ws):
    found = back_test_rules(ws, ADA, SLUG)
    assert (found.runs, found.rules, found.chances) == (0, (), ())
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
    assert diverged.why == "59 winners of which it kills none are needed, 0 seen"


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
