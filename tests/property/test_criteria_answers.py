"""Every criterion that is accepted can be answered; percentiles and spread never pass on bad evidence."""

import math
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.domain.experiments.criteria.draft import Kind
from assay.domain.experiments.criteria.structured import KEYS
from assay.domain.kernel.metrics import MetricCatalog
from tests.unit.domain.gates.cases import METRICS, example_seeds, finding, lock, run, seeds

KINDS = get_args(Kind)
LINES = {
    "threshold": "primary: score >= 0.5",
    "improvement": "primary: score improves by 0.1",
    "non_inferiority": "primary: score no worse than baseline by 0.1",
    "percentile": "primary: p10 of score >= 0.5",
    "spread": "primary: sd of score <= 0.1",
    "curve_falls": "secondary: val_loss falls after epoch 1",
    "diverges": "kill: train_loss diverges",
    "resource": "kill: compute > 24 GPU-h",
    "plateau": "kill: score plateau 0.01 over 3 runs",
    "gap": "kill: score gap > 0.1",
}
RANK = {"not_met": 0, "unclear": 1, "met": 2}
scores = st.lists(st.floats(0, 10).map(lambda x: round(x, 3)), min_size=1, max_size=60)
per_seed = st.lists(st.floats(0, 1).map(lambda x: round(x, 4)), min_size=1, max_size=12)
broken = st.sampled_from([math.nan, math.inf, -math.inf])


def told(text, runs):
    return finding(lock(f"primary: {text}", metrics=MetricCatalog.of(METRICS.metrics)), runs)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_criterion_has_an_answer(kind):
    assert set(KINDS) == set(LINES) == set(KEYS)
    locked = lock(LINES[kind])
    for runs in ([], seeds("score", [0.6, 0.7, 0.8]), example_seeds("score", [[0.6], [0.7], [0.9]])):
        found = finding(locked, runs)
        assert found.check == LINES[kind].partition(": ")[2].replace(
            "by 0.1", "by >= 0.1" if kind == "improvement" else "by 0.1"
        )
        assert found.reason


@settings(max_examples=200, deadline=None)
@given(
    scores,
    broken,
    st.integers(0, 59),
    st.sampled_from(["p50 of score >= 0", "p95 of score > 0", "sd of score <= 9", "sd of score shown <= 9"]),
)
def test_a_value_that_is_no_number_is_never_a_pass(values, bad, place, text):
    values.insert(min(place, len(values)), bad)
    assert told(text, [run(1, per_example={"score": values})]).outcome in ("invalid", "no_evidence")
    assert told(text, seeds("score", values)).outcome == "invalid"


@settings(max_examples=150, deadline=None)
@given(
    scores,
    st.randoms(use_true_random=False),
    st.sampled_from([5, 50, 95, 99.9]),
    st.floats(0, 10).map(lambda x: round(x, 2)),
)
def test_percentile_knows_no_order_of_examples(values, chance, percent, limit):
    text = f"p{percent} of score >= {limit}"
    ids = [f"e{n}" for n in range(len(values))]
    mixed = list(zip(values, ids, strict=True))
    chance.shuffle(mixed)
    one = told(text, [run(1, per_example={"score": values}, ids=ids)])
    other = told(text, [run(1, per_example={"score": [v for v, _ in mixed]}, ids=[i for _, i in mixed])])
    assert one == other


@settings(max_examples=150, deadline=None)
@given(per_seed, st.randoms(use_true_random=False), st.sampled_from(["", "shown "]))
def test_spread_knows_no_order_of_values_within_a_look(values, chance, claim):
    values = values[:10]
    mixed = chance.sample(values, len(values))
    one, other = (told(f"sd of score {claim}<= 0.1", seeds("score", found)) for found in (values, mixed))
    assert (one.outcome, one.interval) == (other.outcome, other.interval)
    assert (
        one.estimate == pytest.approx(other.estimate) if one.estimate is not None else other.estimate is None
    )


@settings(max_examples=200, deadline=None)
@given(scores, st.sampled_from([5, 50, 95]), st.lists(st.floats(0, 10).map(lambda x: round(x, 2)), min_size=2, max_size=2).map(sorted),
       st.sampled_from([">=", ">"]))  # fmt: skip
def test_percentile_with_an_easier_limit_is_met_no_less(values, percent, limits, sign):
    runs = [run(1, per_example={"score": values})]
    easy, hard = (told(f"p{percent} of score {sign} {limit}", runs) for limit in limits)
    assert RANK[easy.outcome] >= RANK[hard.outcome]
    assert (easy.estimate, easy.interval) == (hard.estimate, hard.interval)


@settings(max_examples=200, deadline=None)
@given(
    scores,
    st.floats(0, 10).map(lambda x: round(x, 2)),
    st.lists(st.integers(1, 99), min_size=2, max_size=2, unique=True).map(sorted),
)
def test_lower_percentile_of_a_floor_is_met_no_more(values, limit, percents):
    runs = [run(1, per_example={"score": values})]
    hard, easy = (told(f"p{percent} of score >= {limit}", runs) for percent in percents)
    assert RANK[easy.outcome] >= RANK[hard.outcome]


@settings(max_examples=200, deadline=None)
@given(
    per_seed,
    st.lists(st.integers(1, 100), min_size=2, max_size=2, unique=True).map(sorted),
    st.sampled_from(["", "shown "]),
)
def test_spread_with_a_wider_limit_is_met_no_less(values, limits, claim):
    hard, easy = (told(f"sd of score {claim}<= {limit / 100}", seeds("score", values)) for limit in limits)
    if hard.outcome in RANK and easy.outcome in RANK:
        assert RANK[easy.outcome] >= RANK[hard.outcome]


@settings(max_examples=100, deadline=None)
@given(per_seed, st.integers(1, 100))
def test_spread_shown_to_be_small_is_also_no_alarm(values, limit):
    alarm, claim = (
        told(f"sd of score {word}<= {limit / 100}", seeds("score", values)) for word in ("", "shown ")
    )
    if claim.outcome == "met":
        assert alarm.outcome == "met"
    assert (alarm.outcome == "not_met") == (claim.outcome == "not_met")


@settings(max_examples=100, deadline=None)
@given(st.floats(0.01, 10).map(lambda x: round(x, 3)), st.integers(1, 200), st.integers(1, 12))
def test_values_that_never_differ_are_never_a_pass(value, examples, n):
    assert (
        told("p50 of score >= 0", [run(1, per_example={"score": np.full(examples, value)})]).outcome
        == "unclear"
    )
    for word in ("", "shown "):
        assert told(f"sd of score {word}<= 9", seeds("score", [value] * n)).outcome in (
            "unclear",
            "no_evidence",
        )
