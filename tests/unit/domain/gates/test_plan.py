"""What a plan promises is what the engine does: power is compared with simulated evaluations that the gate itself judges."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from assay.domain.experiments.evidence import Aggregate
from assay.domain.gates.gate_record import GateResult
from assay.domain.gates.judge import judge
from assay.domain.gates.plan import PlanAsked, plan_gate
from assay.domain.kernel.canonical import canonical_bytes, rounded
from assay.domain.kernel.findings import Outcome
from assay.domain.kernel.metrics import Direction, Metric, Unit
from assay.errors import Invalid
from tests.unit.domain.gates.gate_story import ACCURACY, evaluation, gate, labels, one_run, run, scores

REPLICATES = 200
LATENCY = Metric(name="latency", direction=Direction.LOWER, unit=Unit.MILLISECONDS)


def one(criterion, *sides, role="criteria", metrics=None, **asked):
    """The plan of a gate with this criterion alone."""
    fields = {role: [criterion], **({"metrics": metrics} if metrics else {})}
    if role == "secondary":
        fields["criteria"] = ["other >= 1"]
    (*_, found) = plan_gate(gate(**fields), PlanAsked(**asked), *sides).claims
    return found


def seeds_on(rng, seeds, n, *, level, seed_sd=0.0, item_sd=1.5, name="a", items=None):
    """Right and wrong over seeds and examples that both scatter."""
    items = rng.normal(0.0, item_sd, n) if items is None else items
    runs = []
    for seed in range(1, seeds + 1):
        chance = 1.0 / (1.0 + np.exp(-(level + rng.normal(0.0, seed_sd) + items)))
        runs.append(
            run(f"{name}{seed}", scores((rng.random(n) < chance).astype(float), seed=seed), seed=seed)
        )
    return evaluation(*runs)


def share_met(question, make):
    """How often does the gate pass?"""
    rng = np.random.default_rng(11)
    return np.mean(
        [judge(question, *make(rng), predicts=False).result is GateResult.PASS for _ in range(REPLICATES)]
    )


# -------------------------------------------------------------------------------------- what is promised is what happens


def test_rate_of_one_model_is_met_as_often_as_planned():
    question = gate(criteria=["accuracy >= 85%"])
    needed = one("accuracy >= 85%", effect="4%").one_model
    met = share_met(question, lambda rng: [one_run((rng.random(needed) < 0.89).astype(float))])
    assert met == pytest.approx(0.82, abs=0.07)


@pytest.mark.parametrize(
    ("criterion", "effect", "truth"),
    [("accuracy no worse than baseline by 4%", "", 0.0), ("accuracy improves by > 0%", "5%", 0.05)],
)
def test_pairs_of_two_models_are_met_as_often_as_planned(criterion, effect, truth):
    question = gate(criteria=[criterion])
    needed = one(
        criterion, effect=effect, discordance=0.2, metrics={"accuracy": {"direction": "higher"}}
    ).one_model

    def both(rng):
        draw = rng.random(needed)
        gained, lost = draw < (0.2 + truth) / 2, draw > 1 - (0.2 - truth) / 2
        same = (rng.random(needed) < 0.7).astype(float)
        ours, theirs = (
            np.where(gained, 1.0, np.where(lost, 0.0, same)),
            np.where(gained, 0.0, np.where(lost, 1.0, same)),
        )
        return [one_run(ours, "ours"), one_run(theirs, "theirs")]

    assert share_met(question, both) == pytest.approx(0.81, abs=0.07)


@pytest.mark.parametrize(("seeds", "level"), [(5, 2.9), (8, 2.7), (10, 2.5)])
def test_seeds_against_a_number_are_met_as_often_as_planned(seeds, level):
    """The plan is made from a large pilot, so that what it knows of the scatter is nearly the truth."""
    question = gate(criteria=["accuracy >= 80%"])
    pilot = seeds_on(np.random.default_rng(1), 40, 3000, level=level, seed_sd=0.15)
    truth = np.mean([one.scores["accuracy"].values.mean() for one in pilot.runs])
    planned = plan_gate(question, PlanAsked(effect=f"{100 * (truth - 0.8):.6f}%"), pilot).claims[0]
    look = next(look for look in planned.looks if look.seeds == seeds)
    found = share_met(question, lambda rng: [seeds_on(rng, seeds, look.examples, level=level, seed_sd=0.15)])
    assert found == pytest.approx(0.8, abs=0.12)


def test_scatter_of_seeds_that_is_only_said_is_planned_without_results_and_kept_by_what_happens():
    """Examples come out alike in every seed, but for those between the levels of two seeds."""
    question = gate(criteria=["accuracy >= 85%"])
    planned = one("accuracy >= 85%", effect="4%", seed_sd="1%")
    look = next(look for look in planned.looks if look.seeds == 8)

    def drawn(rng):
        place = rng.random(look.examples)
        levels = 0.89 + rng.normal(0.0, 0.01, 8)
        columns = [scores((place < level).astype(float), seed=s) for s, level in enumerate(levels)]
        return [evaluation(*(run(f"r{s}", one, seed=s) for s, one in enumerate(columns)))]

    assert share_met(question, drawn) == pytest.approx(0.8, abs=0.1)
    assert planned.needs.startswith(("8 seeds x ", "10 seeds x ", "5 seeds x "))


def test_more_scatter_of_seeds_takes_more_and_too_much_takes_more_seeds_than_there_are_looks():
    quiet, loud, far = (one("accuracy >= 85%", effect="2%", seed_sd=sd) for sd in ("0.3%", "1%", "10%"))
    assert quiet.looks[-1].examples < loud.looks[-1].examples
    assert far.needs == "more than 10 seeds, whatever the examples: the seeds scatter too much"
    bleu = {"bleu": {"direction": "higher"}}
    assert one("bleu >= 30", metrics=bleu, effect="1", seed_sd="0.5").needs == "8 seeds"
    assert "8 seeds an arm x" in one(
        "f1 improves by > 0%", metrics={"f1": {"direction": "higher", "unit": "fraction"}}, effect="3%", seed_sd="0.5%"
    ).needs  # fmt: skip


def test_seeds_of_two_arms_are_met_as_often_as_planned():
    question = gate(criteria=["accuracy no worse than baseline by 5%"])
    rng = np.random.default_rng(2)
    items = rng.normal(0.0, 1.5, 3000)
    pilots = [seeds_on(rng, 40, 3000, level=1.5, seed_sd=0.15, name=name, items=items) for name in "ab"]
    planned = plan_gate(question, PlanAsked(), *pilots).claims[0]
    look = next(look for look in planned.looks if look.seeds == 8)

    def both(rng):
        drawn = rng.choice(items, look.examples)
        return [
            seeds_on(rng, 8, look.examples, level=1.5, seed_sd=0.15, name=name, items=drawn) for name in "ab"
        ]

    assert share_met(question, both) == pytest.approx(0.8, abs=0.12)


@pytest.mark.parametrize(
    ("criterion", "true_sd", "outcome"),
    [("sd of accuracy <= 3%", 0.06, Outcome.NOT_MET), ("sd of accuracy shown <= 3%", 0.015, Outcome.MET)],
)
def test_spread_is_shown_as_often_as_planned(criterion, true_sd, outcome):
    metrics = {"accuracy": {"direction": "higher"}}
    question = gate(criteria=[criterion], metrics=metrics)
    look = next(look for look in one(criterion, metrics=metrics).looks if look.seeds == 8)
    rng = np.random.default_rng(3)
    shown = 0
    for _ in range(REPLICATES):
        values = np.clip(rng.normal(0.5, true_sd, 8), 0, 1)
        runs = [run(f"r{i}", seed=i, config={}) for i in range(8)]
        told = [_with_total(one, float(value)) for one, value in zip(runs, values, strict=True)]
        (finding,) = judge(question, evaluation(*told), predicts=False).findings
        shown += finding.outcome is outcome
    assert shown / REPLICATES == pytest.approx(look.power, abs=0.08)


def _with_total(one_run_, value):
    return replace(one_run_, aggregates={"accuracy": Aggregate(value)})


SLICES = {"topic": labels(2000, "a", "b", "c", "d", "e")}


def paired(rng, n, *, harmed=0.0, slices=SLICES):
    """Two models of which the candidate is worse by this much in the first slice only; a fifth of the examples differ."""
    first = np.asarray(slices["topic"].codes) == 0
    draw, drop = rng.random(n), np.where(first, harmed, 0.0)
    gained, lost = draw < (0.2 - drop) / 2, draw > 1 - (0.2 + drop) / 2
    same = (rng.random(n) < 0.7).astype(float)
    ours, theirs = (
        np.where(gained, 1.0, np.where(lost, 0.0, same)),
        np.where(gained, 0.0, np.where(lost, 1.0, same)),
    )
    return [one_run(ours, "ours", slices=slices), one_run(theirs, "theirs", slices=slices)]


def test_harm_in_a_slice_is_shown_as_often_as_planned():
    question = gate(criteria=["accuracy >= 1%"], checks=[{"slices": {"by": "topic", "margin": "3%"}}])
    pilot = paired(np.random.default_rng(6), 2000)
    claim = plan_gate(question, PlanAsked(effect="6%"), *pilot).claims[1]
    assert (claim.truth, claim.examples, claim.alarm) == ("a slice truly 9.0 points worse", 400, True)
    rng = np.random.default_rng(7)
    shown = [
        judge(question, *paired(rng, 2000, harmed=0.09), predicts=False).findings[1].outcome
        is Outcome.NOT_MET
        for _ in range(REPLICATES)
    ]
    assert np.mean(shown) == pytest.approx(claim.power, abs=0.12)


def test_gap_between_groups_is_shown_as_often_as_planned():
    question = gate(criteria=["accuracy >= 1%"], checks=[{"fairness": {"by": "topic", "gap": "5%"}}])
    slices = {"topic": labels(1200, "a", "b", "c")}

    def side(rng, gap):
        rate = np.where(np.asarray(slices["topic"].codes) == 0, 0.8 - gap, 0.8)
        return [one_run((rng.random(1200) < rate).astype(float), slices=slices)]

    claim = plan_gate(question, PlanAsked(effect="8%"), *side(np.random.default_rng(6), 0.0)).claims[1]
    assert (claim.truth, claim.examples) == ("a gap of truly 13.0 points", 400)
    rng = np.random.default_rng(8)
    shown = [
        judge(question, *side(rng, 0.13), predicts=False).findings[1].outcome is Outcome.NOT_MET
        for _ in range(REPLICATES)
    ]
    # Two of three pairs have the gap, and either shows it: more than one pair alone.
    assert claim.power - 0.05 <= np.mean(shown) <= claim.power + 0.25


def test_alarms_do_not_count_in_the_chance_to_pass():
    pilot = paired(np.random.default_rng(6), 2000)
    question = gate(criteria=["accuracy >= 60%"], checks=[{"slices": {"by": "topic", "margin": "3%"}}])
    plan = plan_gate(question, PlanAsked(effect="8%"), *pilot)
    assert plan.together == pytest.approx(plan.claims[0].power)
    assert plan.claims[1].needs.endswith(" examples a slice")


@pytest.mark.parametrize(
    ("check", "says"),
    [
        ({"slices": {"by": "nowhere", "margin": "3%"}}, "no column nowhere"),
        ({"fairness": {"by": "nowhere", "gap": "3%"}}, "fewer than two groups"),
    ],
)
def test_alarm_over_what_is_not_there_says_so(check, says):
    pilot = paired(np.random.default_rng(6), 2000)
    found = plan_gate(gate(criteria=["accuracy >= 1%"], checks=[check]), PlanAsked(), *pilot).claims[1]
    assert says in found.unknown
    without = plan_gate(gate(criteria=["accuracy >= 1%"], checks=[check]), PlanAsked()).claims[1]
    assert "would tell how large" in without.unknown


# ------------------------------------------------------------------------------------------------------------- what is said


def test_what_no_failure_shows_is_the_rule_of_three():
    found = one("toxicity < 0.1%", role="blocking")
    assert (found.one_model, found.truth, found.needs) == (2995, "truly 0.0%", "2,995 examples")


def test_effect_of_a_fraction_is_points_and_of_anything_else_a_share():
    pilot = evaluation(
        run("a", scores(np.linspace(80, 120, 50), metric="latency"), scores(np.tile([0.0, 1.0], 25))),
        metrics=(ACCURACY, LATENCY),
    )
    accuracy, latency = (
        one("accuracy >= 85%", pilot, effect="3%"),
        one("latency < 200 ms", pilot, effect="3%"),
    )
    assert (accuracy.truth, latency.truth) == ("truly 88.0%", "truly 194 ms")
    assert one("latency < 200 ms", pilot, effect="20 ms").truth == "truly 180 ms"
    assert one("latency < 200 ms", pilot).truth == "truly 196 ms"
    assert one("accuracy >= 85%", pilot, effect="20% relative").effect == pytest.approx(0.15)


def test_truth_ends_where_the_metric_ends():
    assert one("accuracy >= 99%", effect="5%").truth == "truly 100.0%"
    assert one("accuracy >= 99%", effect="5%").one_model == 299
    assert "cannot lie beyond" in one("accuracy >= 100%").unknown


def test_what_is_there_has_power_and_a_smallest_effect():
    found = one("accuracy >= 85%", one_run(np.tile([1.0, 1.0, 1.0, 1.0, 0.0], 80)))
    assert (found.seeds, found.examples) == (1, 400)
    assert found.power == pytest.approx(0.26, abs=0.01)
    again = one(
        "accuracy >= 85%", one_run(np.tile([1.0] * 4 + [0.0], 80)), effect=f"{100 * found.detectable:.6f}%"
    )
    assert again.power == pytest.approx(0.8, abs=1e-4)


def test_seeds_between_two_looks_decide_nothing():
    rng = np.random.default_rng(0)
    found = one("accuracy >= 60%", seeds_on(rng, 4, 200, level=2.0, seed_sd=0.1), effect="15%")
    assert (found.seeds, found.power, found.detectable) == (4, None, None)
    assert found.looks[1].power > found.looks[0].power


def test_seeds_that_are_missing_have_a_price_in_each_arm():
    rng = np.random.default_rng(0)
    sides = [seeds_on(rng, 3, 300, level=1.0, seed_sd=0.1, name=name) for name in "ab"]
    single = one("accuracy >= 60%", sides[0], hours_per_seed=2.0)
    double = one("accuracy no worse than baseline by 5%", *sides, hours_per_seed=2.0)
    assert [look.gpu_hours for look in single.looks] == [0.0, 4.0, 10.0, 14.0]
    assert [look.gpu_hours for look in double.looks] == [0.0, 8.0, 20.0, 28.0]
    assert one("accuracy >= 60%", sides[0]).looks[3].gpu_hours is None


def test_scatter_of_seeds_can_be_told_where_results_do_not():
    pilot = one_run(np.tile([1.0] * 9 + [0.0], 100))
    assert one("accuracy >= 85%", pilot).looks == ()
    told = one("accuracy >= 85%", pilot, seed_sd="1%", effect="4%")
    wider = one("accuracy >= 85%", pilot, seed_sd="4%", effect="4%")
    assert told.looks[3].power > wider.looks[3].power
    assert "standard deviation of 1.0 points" in told.notes[0]
    assert "scatter too much" in one("accuracy >= 85%", pilot, seed_sd="20%").needs


def test_more_examples_never_help_less_and_more_seeds_never_need_more():
    rng = np.random.default_rng(5)
    found = one("accuracy >= 60%", seeds_on(rng, 5, 200, level=1.0, seed_sd=0.2), effect="5%")
    sizes = [look.examples for look in found.looks if look.examples is not None]
    assert sizes == sorted(sizes, reverse=True)
    assert [look.power for look in found.looks] == sorted(look.power for look in found.looks)
    single = one("accuracy >= 85%")
    powers = [point.power for point in single.curve]
    assert all(later > before - 0.03 for before, later in pairwise(powers))


def test_percentile_is_planned_as_the_share_below_the_limit():
    found = one("p95 of latency < 500 ms")
    assert (found.truth, found.effect) == ("truly 97% lie below 500 ms", pytest.approx(0.02))
    assert one("p99.9 of latency < 500 ms").truth == "truly 100% lie below 500 ms"
    assert one("p99.9 of latency < 500 ms").one_model == 2995


def test_margin_is_the_distance_where_both_are_equal():
    metrics = {"accuracy": {"direction": "higher"}}
    found = one("accuracy no worse than baseline by 2%", metrics=metrics, discordance=0.15)
    assert (found.truth, found.effect) == ("truly equal", pytest.approx(0.02))
    assert found.one_model == pytest.approx(2319, abs=1)  # (1.645 + .842)^2 x .15 / .02^2
    assert "(--discordance)" in one("accuracy no worse than baseline by 2%", metrics=metrics).notes[0]


def test_every_shared_metric_of_a_regression_check_is_planned():
    rng = np.random.default_rng(1)
    sides = [
        evaluation(
            run(
                name,
                scores((rng.random(100) < 0.8).astype(float)),
                scores(rng.normal(100, 5, 100), metric="latency"),
            ),
            metrics=(ACCURACY, LATENCY),
        )
        for name in "ab"
    ]
    found = plan_gate(gate(criteria=["accuracy >= 50%"], checks=["regression"]), PlanAsked(), *sides).claims
    assert [claim.check for claim in found] == [
        "accuracy >= 50%",
        "accuracy no worse than baseline by 2%",
        "latency no worse than baseline by 2% relative",
    ]
    assert all(claim.power is not None for claim in found)


@pytest.mark.parametrize(
    ("criterion", "says"),
    [
        ("pii == 0", "census"),
        ("latency < 500 ms", "results would tell how latency varies"),
        ("latency no worse than baseline by 2 ms", "nothing says whether"),
        ("f1 improves by 3%", "nothing says whether"),
    ],
)
def test_what_cannot_be_planned_says_why(criterion, says):
    found = one(criterion)
    assert says in found.unknown
    assert (found.one_model, found.power, found.needs) == (None, None, "")


def test_broken_results_are_no_pilot():
    nan = one_run([1.0, float("nan"), 0.0])
    assert "not a finite number" in one("accuracy >= 85%", nan).unknown


def test_results_without_the_metric_change_nothing():
    other = evaluation(run("a", scores([0.1, 0.2], metric="other")))
    assert one("accuracy >= 85%", other).one_model == one("accuracy >= 85%").one_model


def test_checks_without_a_size_say_so_and_all_at_once_is_a_lower_bound():
    pilot = one_run(np.tile([1.0] * 9 + [0.0], 100))
    found = plan_gate(
        gate(criteria=["accuracy >= 80%", "accuracy >= 85%"], checks=[{"items": {"done": "yes"}}, {"reliability": {"pass^3": "40%"}}]),
        PlanAsked(effect="5%"), pilot,
    )  # fmt: skip
    assert found.claims[2].unknown == "decided on what is there: nothing to plan"
    assert found.claims[3].one_model is not None
    assert found.together is None  # of one nothing is known
    two = plan_gate(gate(criteria=["accuracy >= 80%", "accuracy >= 85%"]), PlanAsked(effect="5%"), pilot)
    assert two.together == pytest.approx(1 - sum(1 - claim.power for claim in two.claims))


@pytest.mark.parametrize("effect", ["banana", "-2%", "nan", "2 kg"])
def test_effect_that_is_no_amount_is_refused(effect):
    with pytest.raises(Invalid):
        one("accuracy >= 85%", effect=effect)


def test_order_of_rows_and_seeds_changes_no_plan():
    rng = np.random.default_rng(4)
    sides = seeds_on(rng, 5, 100, level=1.0, seed_sd=0.2)
    turned = evaluation(*reversed(sides.runs))
    plans = [plan_gate(gate(criteria=["accuracy >= 60%"]), PlanAsked(), side) for side in (sides, turned)]
    first, second = (canonical_bytes(rounded(plan.model_dump(mode="json"))) for plan in plans)
    assert first == second
