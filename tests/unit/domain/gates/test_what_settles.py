"""What would settle an open answer: how many seeds or examples, where, and at what cost."""

from dataclasses import replace

import numpy as np
import pytest

from assay.domain.experiments.evidence import Aggregate
from assay.domain.gates.judge import judge
from assay.domain.kernel.findings import Outcome
from assay.domain.kernel.metrics import Direction, Metric, Unit
from tests.unit.domain.gates.gate_story import evaluation, gate, labels, one_run, right_and_wrong, run, scores


@pytest.fixture
def rng():
    return np.random.default_rng(2)


def finding_of(criterion, *sides, checks=()):
    return judge(gate(criteria=[criterion], checks=list(checks)), *sides).findings[-1]


def german_and_other(values, name):
    """One example in ten is German."""
    language = labels(len(values), *["de"] + ["en"] * 9)
    names = tuple(language.names[code] for code in language.codes)
    return evaluation(run(name, scores(values, slices={"language": names})))


def test_open_slices_are_named_with_the_examples_that_each_needs():
    same, base = np.ones(2000), np.ones(2000)
    same[:150:10] = base[150:300:10] = 0.0  # 15 of 200 German ones turn either way
    sides = german_and_other(same, "c"), german_and_other(base, "b")
    seen = {"slices": {"by": "language", "margin": "1%", "must_see": "5%"}}
    found = finding_of("accuracy >= 50%", *sides, checks=[seen])
    assert found.outcome is Outcome.UNCLEAR
    assert "more examples in language=de" in found.settle.text
    assert "language=en" not in found.settle.text
    assert found.settle.amount > 50
    claim = {"slices": {"by": "language", "margin": "4%", "claim": True}}
    ruled = finding_of("accuracy >= 50%", *sides, checks=[claim])
    assert ruled.outcome is Outcome.UNCLEAR
    assert "language=de" in ruled.settle.text


def test_slice_findings_are_differences_to_the_baseline(rng):
    base = right_and_wrong(2000, 0.8, rng=rng)
    found = finding_of(
        "accuracy >= 50%",
        german_and_other(np.minimum(base, rng.random(2000) < 0.9), "c"),
        german_and_other(base, "b"),
        checks=[{"slices": {"by": "language", "margin": "3%"}}],
    )
    assert found.baseline == pytest.approx(base.mean())
    assert found.estimate < 0


def seeds(name, rows, hours=None):
    return evaluation(
        *(
            replace(run(f"{name}{s}", scores(row, seed=s), seed=s), gpu_hours=hours)
            for s, row in enumerate(rows)
        )
    )


def test_open_comparison_of_methods_offers_seeds_with_their_cost_and_examples_instead(rng):
    truth = rng.random(1500)

    def rows(shift):
        return [(rng.random(1500) < truth + shift + rng.normal(0, 0.012)).astype(float) for _ in range(3)]

    sides = seeds("c", rows(0.03), hours=2.0), seeds("b", rows(0.0))
    found = finding_of("accuracy improves by > 0%", *sides)
    assert found.outcome is Outcome.UNCLEAR
    assert (found.settle.kind, found.settle.gpu_hours) == ("seeds", 2.0 * found.settle.amount)
    assert "GPU-hours" in found.settle.text


def test_unknown_hours_are_no_zero(rng):
    rows = [(rng.random(300) < 0.8).astype(float) for _ in range(2)]
    found = finding_of("sd of accuracy <= 3%", seeds("c", rows))
    assert found.settle.kind == "seeds"
    assert found.settle.gpu_hours is None


def test_examples_of_one_source_count_as_one_in_what_would_settle(rng):
    base = np.repeat(rng.random(60), 10)
    values = (rng.random(600) < 0.6 + 0.4 * base).astype(float)
    sources = tuple(f"s{i // 10}" for i in range(600))
    goal = f"accuracy >= {100 * (values.mean() - 0.022):.1f}%"
    alone, shared = (finding_of(goal, one_run(values, clusters=c)) for c in (None, sources))
    amounts = [one.settle.amount or 10**9 for one in (alone, shared) if one.outcome is Outcome.UNCLEAR]
    assert shared.outcome is Outcome.UNCLEAR
    assert amounts == sorted(amounts)


def test_groups_too_small_for_a_gap_are_named_with_the_examples_they_need(rng):
    values = np.tile(np.r_[np.ones(80), np.zeros(20)], 20)[rng.permutation(2000)]
    for check, word in (({"must_see": "8%"}, "de"), ({"claim": True, "gap": "4.5%"}, "de")):
        fairness = {"fairness": {"by": "language", "gap": "5%", **check}}
        found = finding_of("accuracy >= 50%", german_and_other(values, "c"), checks=[fairness])
        assert found.outcome is Outcome.UNCLEAR
        assert found.settle.kind == "examples"
        assert f"in {word}" in found.settle.text


def test_count_reported_with_its_examples_shows_the_rate_that_it_leaves_open():
    leaks = Metric(name="pii_leaks", direction=Direction.LOWER, unit=Unit.COUNT)
    figure = evaluation(
        replace(run("c"), aggregates={"pii_leaks": Aggregate(0.0, None, 1000)}), metrics=(leaks,)
    )
    found = finding_of("pii_leaks == 0", figure)
    assert found.outcome is Outcome.MET
    assert any("0 of 1,000 examples: the rate is below 0.3%" in note for note in found.notes)


def test_golden_set_without_any_example_is_no_evidence():
    figure = evaluation(replace(run("c"), aggregates={"accuracy": Aggregate(0.9, 0.01, 900)}))
    found = finding_of("accuracy >= 50%", figure, checks=[{"golden": {"examples": ["a"]}}])
    assert found.outcome is Outcome.NO_EVIDENCE


def clean(examples, *, of_a_source=None):
    """Five seeds without a single toxic answer."""
    sources = None if of_a_source is None else [f"s{at // of_a_source}" for at in range(examples)]
    return evaluation(
        *(
            run(
                f"c{seed}",
                scores(np.zeros(examples), metric="toxicity", seed=seed, clusters=sources),
                seed=seed,
            )
            for seed in range(1, 6)
        ),
        metrics=(),
    )


@pytest.mark.parametrize("of_a_source", [None, 10])
def test_safety_over_seeds_without_a_failure_names_the_prompts_that_are_missing_not_the_next_look(
    of_a_source,
):
    found = finding_of("toxicity < 0.1%", clean(500, of_a_source=of_a_source))
    assert (found.outcome, found.settle.kind) == (Outcome.UNCLEAR, "examples")
    enough = 500 + found.settle.amount
    assert f"{found.settle.amount:,} more examples would settle it if each" in found.settle.text
    assert finding_of("toxicity < 0.1%", clean(enough, of_a_source=of_a_source)).outcome is Outcome.MET
    short = clean(enough - (of_a_source or 1), of_a_source=of_a_source)
    assert finding_of("toxicity < 0.1%", short).outcome is Outcome.UNCLEAR
