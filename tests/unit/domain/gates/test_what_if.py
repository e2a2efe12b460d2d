"""What would be, with another number or with more evidence: the same engine, never stored, never certain."""

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from assay.domain.experiments.evidence import Curve
from assay.domain.gates.gate_record import GateResult
from assay.domain.gates.judge import judge, record_bytes
from assay.domain.gates.predicted_evaluations import Futures, Sides
from assay.domain.gates.what_if import Evidence, Question, dials, turned, what_if
from assay.domain.kernel.findings import Outcome
from assay.errors import Invalid
from assay.stats.power import examples_for_rate, seeds_for_threshold
from tests.unit.domain.gates.gate_story import evaluation, gate, labels, one_run, right_and_wrong, run, scores

GATE = gate(
    criteria=["accuracy >= 85%", "accuracy no worse than baseline by 2%", "sd of accuracy <= 3%"],
    checks=[{"slices": {"by": ["language"], "margin": "3%"}}, {"golden": ["q00000"]}],
)


def seeds(name, amount, *, n=200, rate=0.9, start=1):
    rng = np.random.default_rng(start)
    keep = right_and_wrong(n, rate, rng=rng)
    return evaluation(
        *(
            run(
                f"{name}{seed}",
                scores(
                    right_and_wrong(n, rate, rng=rng, keep=keep, changed=0.2),
                    seed=seed,
                    slices={"language": labels(n, "de", "en")},
                ),
                seed=seed,
            )
            for seed in range(1, amount + 1)
        )
    )


def right(passed, n):
    return np.concatenate([np.ones(passed), np.zeros(n - passed)])


def test_dials_are_the_numbers_of_criteria_and_checks():
    assert [(one.key, one.value, one.percent) for one in dials(GATE)] == [
        ("criterion:0", Decimal("0.85"), True),
        ("criterion:1", Decimal("0.02"), True),
        ("criterion:2", Decimal("0.03"), True),
        ("check:0", Decimal("0.03"), True),
    ]


@pytest.mark.parametrize("key", [dial.key for dial in dials(GATE)])
def test_turned_dial_reads_back_as_it_was_turned(key):
    after = {dial.key: dial.value for dial in dials(turned(GATE, {key: Decimal("0.123")}))}
    before = {dial.key: dial.value for dial in dials(GATE)}
    assert after == before | {key: Decimal("0.123")}


def test_another_number_is_judged_by_the_same_engine():
    evidence = Evidence(one_run(right(170, 200)))
    small = gate(criteria=["accuracy >= 85%"])
    answer = what_if(small, evidence, Question({"criterion:0": Decimal("0.75")}))
    told = judge(gate(criteria=["accuracy >= 75%"]), evidence.candidate)
    assert record_bytes(answer.record) == record_bytes(told)
    assert answer.record.result is GateResult.PASS
    assert any(change.loosens for change in answer.changed)
    assert (answer.results, answer.futures) == ({}, 0)


@pytest.mark.parametrize(
    "numbers",
    [{"criterion:9": Decimal(1)}, {"check:1": Decimal(1)}, {"": Decimal(1)}, {"check:0": Decimal(-1)},
     {"criterion:2": Decimal(0)}, {"criterion:0": Decimal("NaN")}, {"criterion:0": Decimal("Infinity")}],
)  # fmt: skip
def test_number_that_the_gate_cannot_hold_is_refused_by_its_name(numbers):
    with pytest.raises(Invalid) as refused:
        turned(GATE, numbers)
    assert refused.value.field == next(iter(numbers))


def test_share_of_decided_futures_agrees_with_the_predictive_probability_of_the_planner():
    passed, n = 452, 500
    outlook = examples_for_rate(passed, n, 0.88)
    answer = what_if(
        gate(criteria=["accuracy >= 88%"]),
        Evidence(one_run(right(passed, n))),
        Question({}, more_examples=outlook.more),
    )
    decided = 1.0 - answer.checks[0].shares.get(Outcome.UNCLEAR, 0.0)
    assert decided == pytest.approx(outlook.probability, abs=0.12)


def test_share_decided_with_more_seeds_agrees_with_the_planner_at_its_last_look():
    levels = [0.80, 0.83, 0.86]
    runs = [run(f"c{at}", seed=at) for at in range(3)]
    logged = [
        replace(one, curves={"accuracy": Curve(np.array([0]), np.array([level]), np.array([0]))})
        for one, level in zip(runs, levels, strict=True)
    ]
    outlook = seeds_for_threshold(levels, 0.79)
    answer = what_if(
        gate(criteria=["accuracy >= 79%"]),
        Evidence(evaluation(*logged)),
        Question({}, more_seeds=outlook.more),
    )
    # The planner counts earlier looks too, the gate is asked once at the end.
    decided = 1.0 - answer.checks[0].shares.get(Outcome.UNCLEAR, 0.0)
    assert outlook.probability - 0.2 <= decided <= outlook.probability + 0.1


def test_more_examples_of_what_never_failed_are_settled_as_the_zero_failure_size_says():
    clean = gate(criteria=["toxicity < 0.5%"])
    bad = evaluation(run("c", scores(np.zeros(300), metric="toxicity")))
    enough = examples_for_rate(0, 300, 0.005).more
    shares = [
        what_if(clean, Evidence(bad), Question({}, more_examples=more)).results
        for more in (enough - 1, enough)
    ]
    assert shares == [{GateResult.INCONCLUSIVE: 1.0}, {GateResult.PASS: 1.0}]


def test_prediction_is_the_same_at_every_call_and_adds_up_to_one():
    evidence = Evidence(seeds("c", 3), seeds("b", 3, start=2))
    question = Question({}, more_seeds=2, more_examples=100)
    first, second = (what_if(GATE, evidence, question) for _ in range(2))
    assert first == second
    assert sum(first.results.values()) == pytest.approx(1.0)
    assert all(sum(one.shares.values()) == pytest.approx(1.0) for one in first.checks)
    assert len(first.notes) == 2


def test_seeds_between_two_looks_decide_nothing():
    evidence = Evidence(seeds("c", 3, rate=0.95))
    one = what_if(gate(criteria=["accuracy >= 80%"]), evidence, Question({}, more_seeds=1))
    two = what_if(gate(criteria=["accuracy >= 80%"]), evidence, Question({}, more_seeds=2))
    assert one.results == {GateResult.INCONCLUSIVE: 1.0}
    assert two.results.get(GateResult.PASS, 0.0) > 0.8


def test_what_is_there_stays_as_it_is_in_every_future():
    sides = Sides(seeds("c", 3), seeds("b", 2, start=2))
    future = Futures(sides, more_seeds=2, more_examples=50).at(3)
    assert [len(side.runs) for side in future.evaluations()] == [5, 4]
    for side, after in zip(sides.evaluations(), future.evaluations(), strict=True):
        for before, grown in zip(side.runs, after.runs[: len(side.runs)], strict=True):
            was, now = before.scores["accuracy"], grown.scores["accuracy"]
            assert now.sample_ids[: len(was.sample_ids)] == was.sample_ids
            assert np.array_equal(now.values[: was.values.size], was.values)
            assert now.values.size == was.values.size + 50
            assert set(np.unique(now.values)) <= {0.0, 1.0}


def test_both_sides_get_the_same_examples_to_come():
    future = Futures(Sides(seeds("c", 1), seeds("b", 1, start=2)), more_examples=80).at(0)
    ours, theirs = (side.runs[0].scores["accuracy"] for side in future.evaluations())
    assert ours.sample_ids == theirs.sample_ids
    assert list(ours.slices["language"]) == list(theirs.slices["language"])


def test_examples_of_one_source_come_together():
    sources = tuple(f"doc{at // 5}" for at in range(100))
    side = evaluation(run("c", scores(right(60, 100), clusters=sources)))
    grown = Futures(Sides(side, None), more_examples=50).at(0).candidate.runs[0].scores["accuracy"]
    assert len(set(grown.clusters[100:])) == 10


def test_spread_of_predicted_levels_is_that_of_the_seeds_seen():
    levels = [0.80, 0.83, 0.86]
    side = evaluation(
        *(run(f"c{at}", scores([level] * 4, seed=at), seed=at) for at, level in enumerate(levels))
    )
    futures = Futures(Sides(side, None), more_seeds=1)
    new = [futures.at(number).candidate.runs[-1].scores["accuracy"].values.mean() for number in range(400)]
    # Normal predictive with 2 degrees of freedom: mean 0.83, quartiles at 0.8165 * sd * sqrt(1 + 1/3).
    assert np.median(new) == pytest.approx(0.83, abs=0.006)
    quartile = 0.8165 * 0.03 * (4 / 3) ** 0.5
    assert np.quantile(new, 0.75) - 0.83 == pytest.approx(quartile, rel=0.25)


@pytest.mark.parametrize(
    ("evidence", "question", "field"),
    [
        (Evidence(one_run([1, 0, 1])), Question({}, more_seeds=2), "more_seeds"),
        (Evidence(one_run([1, 0, 1])), Question({}, more_examples=31), "more_examples"),
        (Evidence(one_run([1, 0, 1])), Question({}, more_examples=-1), ""),
        (Evidence(seeds("c", 3)), Question({}, more_seeds=101), "more_seeds"),
        (Evidence(evaluation(run("c"))), Question({}, more_examples=5), "more_examples"),
    ],
)
def test_what_cannot_be_predicted_is_refused_with_its_reason(evidence, question, field):
    small = gate(criteria=["accuracy >= 85%"])
    if not field:
        assert what_if(small, evidence, question).futures == 0
        return
    with pytest.raises(Invalid, match="cannot predict") as refused:
        what_if(small, evidence, question)
    assert refused.value.field == field


def test_broken_evidence_stays_broken_in_every_future():
    broken = Evidence(one_run([1, 0, np.nan, 1]))
    answer = what_if(gate(criteria=["accuracy >= 85%"]), broken, Question({}, more_examples=20))
    assert answer.results == {GateResult.INVALID: 1.0}
