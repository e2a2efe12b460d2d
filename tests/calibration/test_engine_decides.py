"""The simulations decide with the functions of `stats`, many replicates at once. Does the engine that ships decide the same?

Every world of the scorecard is drawn again here and put to `judge` as files would be; the answer has to be the one that the
simulation counts. Judged again with rows, ids, seeds and names changed, every answer stays (the second half of G10).
"""

from dataclasses import replace

import numpy as np
import pytest

from assay.domain.experiments.evidence import Evaluation
from assay.domain.gates.judge import judge
from assay.domain.kernel.metrics import Direction, Metric, Unit
from assay.stats.confidence_sequences import FIRST_LOOK
from assay.stats.crossed import crossed_comparison
from assay.stats.distributions import normal_cdf
from assay.stats.e_processes import mcnemar_e_greater
from assay.stats.paired import PairedCounts, exact_mcnemar, tango_test, tango_z
from assay.stats.power import Settles, examples_for_pairs, examples_for_rate
from assay.stats.proportions import proportion_against_threshold
from assay.stats.samples import moments
from assay.stats.sequential_rates import rate_e_value
from assay.stats.stages import DEFAULT_PLAN
from assay.stats.welch import welch_core
from tests.calibration.test_looks_at_examples import largest_e_values, margin_e_values
from tests.calibration.test_many_at_once import SLICES, alarms, drawn
from tests.unit.domain.gates.cases import curve
from tests.unit.domain.gates.gate_story import gate, run, scores

SCORE = Metric(name="score", direction=Direction.HIGHER)
RATE = Metric(name="score", direction=Direction.HIGHER, unit=Unit.FRACTION)


def over_seeds(name, values, config=None):
    """Runs that kept no examples: one value a training seed."""
    runs = [
        replace(run(f"{name}{seed}", seed=seed, config=config), curves={"score": curve([value])})
        for seed, value in enumerate(values)
    ]
    return Evaluation(runs=tuple(runs), metrics=(SCORE,), reader="test", digest=name)


def over_examples(name, table, *, metric=RATE, **more):
    """Runs with scores of examples: one column a training seed, or one model when there is one column."""
    table = np.asarray(table, dtype=float)
    table = table if table.ndim == 2 else table[:, np.newaxis]
    several = table.shape[1] > 1
    seeds = range(table.shape[1]) if several else [None]
    runs = [
        run(f"{name}{at}", scores(table[:, at], metric="score", seed=seed, **more), seed=seed)
        for at, seed in enumerate(seeds)
    ]
    return Evaluation(runs=tuple(runs), metrics=(metric,), reader="test", digest=name)


def found(asked, *sides):
    (finding,) = judge(asked, *sides, predicts=False).findings
    return finding


def pass_fail(wins, losses, n):
    return (
        np.r_[np.ones(wins), np.zeros(losses), np.ones(n - wins - losses)],
        np.r_[np.zeros(wins), np.ones(losses), np.ones(n - wins - losses)],
    )


BETTER = gate(criteria=["score improves by > 0"], metrics={"score": {"direction": "higher"}})
BETTER_RATE = gate(criteria=["score improves by > 0%"])
NO_WORSE = gate(criteria=["score no worse than baseline by 2%"])


def test_g1_g2_seeds_are_promoted_at_the_looks_at_which_the_simulation_promotes_them(calibration):
    for _ in range(10):
        candidate, baseline = calibration.rng.normal([[1.2], [0.0]], 1.0, (2, 10))
        for look in DEFAULT_PLAN.looks:
            arms = [(*moments(arm[np.newaxis, : look.n]), look.n) for arm in (candidate, baseline)]
            said = found(BETTER, over_seeds("c", candidate[: look.n]), over_seeds("b", baseline[: look.n]))
            assert (said.outcome == "met") == bool(welch_core(*arms)[3][0] <= look.alpha)
            assert said.alpha == look.alpha
        assert (
            found(BETTER, over_seeds("c", candidate[:4]), over_seeds("b", baseline[:4])).outcome == "unclear"
        )


def test_g3_examples_that_keep_arriving_are_judged_by_the_e_values_of_the_simulation(calibration):
    free = {"settings": {"sequential": True}}
    better, no_worse = (gate(criteria=list_, **free) for list_ in (["score improves by > 0%"], ["score no worse than baseline by 2%"]))  # fmt: skip
    high = gate(criteria=["score >= 70%"], **free)
    real = gate(criteria=["score improves by > 0"], metrics={"score": {"direction": "higher"}}, **free)
    for n in (20, 60, FIRST_LOOK, 400):
        wins, losses, _ = calibration.rng.multinomial(n, [0.16, 0.05, 0.79]).tolist()
        sides = [over_examples(*side) for side in zip("cb", pass_fail(wins, losses, n), strict=True)]
        assert (found(better, *sides).outcome == "met") == bool(mcnemar_e_greater(wins, losses) >= 20)
        (e,) = margin_e_values(*(np.array([float(k)]) for k in (wins, losses, n)), -0.02)
        assert (found(no_worse, *sides).outcome == "met") == bool(e >= 20)
        right = int(calibration.rng.binomial(n, 0.85))
        one = over_examples("c", np.r_[np.ones(right), np.zeros(n - right)])
        assert (found(high, one).outcome == "met") == (rate_e_value(right, n, 0.7, greater=True) >= 20)
        gains = calibration.rng.normal(0.25, 1, n)
        said = found(real, *(over_examples(name, values, metric=SCORE) for name, values in (("c", gains), ("b", 0 * gains))))  # fmt: skip
        if n < FIRST_LOOK:
            assert (said.outcome, said.interval) == ("unclear", None)
        else:
            highest = largest_e_values(gains[np.newaxis])[0]
            assert said.outcome != "met" or highest >= 20  # looking now only is never likelier to decide


@pytest.mark.parametrize("clustered", [False, True])
def test_g4_g4b_seeds_on_shared_examples_are_judged_by_the_crossed_comparison(calibration, clustered):
    asked = gate(criteria=["score improves by > 0%"], settings={"looks": [5]})
    source = np.repeat(np.arange(40), 10)
    more = {"clusters": tuple(f"s{one}" for one in source)} if clustered else {}
    for shift in (0.0, 0.02, 0.04, 0.06):
        arms = [
            (calibration.rng.random((400, 5)) < rate + calibration.rng.normal(0, 0.01, 5)).astype(float)
            for rate in (0.7 + shift, 0.7)
        ]
        expected = crossed_comparison(*arms, clusters=source if clustered else None)
        said = found(asked, over_examples("c", arms[0], **more), over_examples("b", arms[1], **more))
        assert said.outcome == expected.answer("greater")
        assert said.p_value == pytest.approx(expected.p_greater, abs=1e-12)


def test_g5_no_worse_and_better_are_judged_by_tango_and_the_exact_mcnemar(calibration):
    for n in (200, 1000):
        for wins, losses, _ in calibration.rng.multinomial(n, [0.07, 0.07, 0.86], size=6).tolist():
            sides = [over_examples(*side) for side in zip("cb", pass_fail(wins, losses, n), strict=True)]
            z, said = tango_z(np.array(wins), np.array(losses), n, -0.02), found(NO_WORSE, *sides)
            assert (said.outcome == "met") == bool(normal_cdf(-z) <= 0.05)
            counts = PairedCounts(wins, losses, n)
            assert said.p_value == tango_test(counts, null=-0.02).p_greater
            assert found(BETTER_RATE, *sides).p_value == exact_mcnemar(counts).p_greater


@pytest.mark.parametrize("margin", [0.0, 0.03])
def test_g6_slices_raise_the_alarms_of_the_simulation(calibration, margin):
    asked = gate(metrics={"score": {"direction": "higher", "unit": "fraction"}}, checks=[{"slices": {"by": "topic", "metric": "score", "margin": f"{margin:.0%}"}}])  # fmt: skip
    wins, losses = drawn(calibration.rng, 6, 100, 0.2, planted=0.15)
    expected, _ = alarms(wins, losses, 100, margin)
    each = tuple(f"t{number:02}" for number in range(SLICES) for _ in range(100))
    for w, lost, alarm in zip(wins.tolist(), losses.tolist(), expected, strict=True):
        pairs = [pass_fail(a, b, 100) for a, b in zip(w, lost, strict=True)]
        sides = [over_examples(name, np.concatenate([pair[at] for pair in pairs]), slices={"topic": each}) for at, name in enumerate("cb")]  # fmt: skip
        assert (found(asked, *sides).outcome == "not_met") == bool(alarm)


def test_g6_best_of_twenty_candidates_is_promoted_only_where_the_simulation_counts_it(calibration):
    asked = gate(criteria=["score improves by > 0"], metrics={"score": {"direction": "higher"}}, settings={"looks": [5]})  # fmt: skip
    promoted = 0
    for effect in (0.0, 1.5, 3.0, 4.0):
        baseline = calibration.rng.normal(size=5)
        others = calibration.rng.normal(size=(20, 5))
        others[7] += effect
        runs = [one for at, values in enumerate(others) for one in over_seeds(f"c{at}-", values, {"lr": str(at)}).runs]  # fmt: skip
        said = found(asked, Evaluation(runs=tuple(runs), metrics=(SCORE,), reader="test", digest="c"), over_seeds("b", baseline))  # fmt: skip
        counted = welch_core((*moments(others), 5), (*moments(baseline[np.newaxis]), 5))[3].min() <= 0.05 / 20
        assert said.outcome != "met" or counted
        promoted += said.outcome == "met"
    assert promoted


def test_g7b_rates_are_judged_by_the_exact_test_whose_bound_the_interval_is(calibration):
    asked = gate(criteria=["score >= 85%"])
    for n in (1, 20, 300):
        for right in {0, n, *calibration.rng.binomial(n, 0.9, 4).tolist()}:
            said = found(asked, over_examples("c", np.r_[np.ones(right), np.zeros(n - right)]))
            expected = proportion_against_threshold(right, n, 0.85)
            assert (said.outcome, said.p_value) == (expected.answer("greater"), expected.p_greater)
            interval = expected.estimate.interval
            assert (said.interval.low or 0.0, said.interval.high or 1.0) == (interval.low or 0.0, interval.high or 1.0)  # fmt: skip


def test_g8_what_would_settle_it_is_the_number_that_the_simulation_adds():
    one = over_examples("c", np.r_[np.ones(845), np.zeros(155)])
    (said,) = judge(gate(criteria=["score >= 83%"]), one).findings
    outlook = examples_for_rate(845, 1000, 0.83)
    assert isinstance(outlook, Settles)
    assert (said.outcome, said.settle.amount) == ("unclear", outlook.more)
    sides = [over_examples(*side) for side in zip("cb", pass_fail(30, 20, 500), strict=True)]
    (said,) = judge(BETTER_RATE, *sides).findings
    outlook = examples_for_pairs(PairedCounts(30, 20, 500))
    assert isinstance(outlook, Settles)
    assert (said.outcome, said.settle.amount) == ("unclear", outlook.more)


EVERYTHING = {
    "criteria": ["score improves by > 0%", "score >= 70%"],
    "blocking": ["score no worse than baseline by 2%"],
    "checks": [
        {"slices": {"by": "topic", "margin": "2%"}}, {"fairness": {"by": "topic", "gap": "5%"}},
        {"regression": {}}, {"consistency": {"sd": "1%"}},
    ],
}  # fmt: skip


def any_two_models(rng):
    """Both sides as columns, and what is known of the examples: few or many, alike or not, seeds, sources, no spread."""
    n, seeds = int(rng.choice([1, 2, 3, 20, 60])), int(rng.choice([1, 1, 3, 5]))
    rate = rng.choice([0.0, 0.5, 0.8, 1.0])
    tables = [(rng.random((n, seeds)) < rate).astype(float) for _ in range(2)]
    if rng.random() < 0.5:
        tables = [table * rng.random((n, seeds)).round(3) for table in tables]
    topics = tuple(f"t{at}" for at in rng.integers(0, 3, n))
    sources = tuple(f"s{at}" for at in rng.integers(0, 9, n)) if rng.random() < 0.4 else None
    return tables, {"slices": {"topic": topics}, "clusters": sources}


def told(asked, *sides):
    """Outcomes, and every number of every finding."""
    findings = judge(asked, *sides, predicts=False).findings
    ends = [end for one in findings for end in ((None, None) if one.interval is None else (one.interval.low, one.interval.high))]  # fmt: skip
    numbers = [n for one in findings for n in (one.estimate, one.p_value, one.e_value, one.detectable)]
    return [one.outcome for one in findings], [np.nan if n is None else n for n in (*numbers, *ends)]


@pytest.mark.parametrize("settings", [{"looks": [3, 5]}, {"looks": [3, 5], "sequential": True}])
def test_g10_gates_answer_the_same_when_rows_ids_seeds_and_names_are_changed(calibration, settings):
    asked, worst, count = gate(**EVERYTHING, settings=settings), 0.0, calibration.replicates(500, least=50)
    for _ in range(count):
        tables, about = any_two_models(calibration.rng)
        n, seeds = tables[0].shape
        rows, columns = calibration.rng.permutation(n), calibration.rng.permutation(seeds)
        moved = {
            "slices": {"topic": tuple(about["slices"]["topic"][at] for at in rows)},
            "clusters": about["clusters"] and tuple(f"other {about['clusters'][at]}" for at in rows),
            "names": tuple(f"{at}-{number}" for number, at in enumerate(calibration.rng.permutation(n))),
        }
        sides = [over_examples(name, table, **about) for name, table in zip("cb", tables, strict=True)]
        again = [over_examples(f"{name}'", table[rows][:, columns], **moved) for name, table in zip("cb", tables, strict=True)]  # fmt: skip
        (outcomes, numbers), (same, others) = told(asked, *sides), told(asked, *again)
        assert outcomes == same
        gaps = np.abs(np.subtract(numbers, others))
        assert np.array_equal(np.isnan(numbers), np.isnan(others))
        worst = max(worst, float(np.nanmax(gaps, initial=0.0)))
    name = f"G10 gates judged again with rows, ids, seeds and names changed{', sequential' if 'sequential' in settings else ''}, {count:,} pairs of models"
    calibration.exact(name, worst, at_most=1e-9, unit="largest difference")
