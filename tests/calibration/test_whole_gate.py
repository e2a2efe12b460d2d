"""Scorecard X2: a whole gate, judged as it ships. Does it let the better model through, and hardly ever an equal one?

A primary claim, four guardrails, ten slices and a golden set. How much better the better model is, the gate says itself:
twice the smallest improvement that its primary claim would have shown with 80% power.
"""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from assay.domain.experiments.evidence import Evaluation
from assay.domain.gates.judge import judge, record_bytes
from assay.domain.kernel.metrics import Direction, Metric, Unit
from tests.support.completeness import is_complete
from tests.unit.domain.gates.gate_story import ACCURACY, gate, ids, labels, run, scores

GUARDS = ("format", "grounded", "polite")
METRICS = (
    ACCURACY,
    *(Metric(name=name, direction=Direction.HIGHER, unit=Unit.FRACTION) for name in GUARDS),
    Metric(name="latency", direction=Direction.LOWER, unit=Unit.MILLISECONDS),
)
EXAMPLES, GOLDEN, SLICES = 2000, 20, 10
IDS = ids(EXAMPLES)
TOPICS = {"topic": labels(EXAMPLES, *(f"topic {number}" for number in range(SLICES)))}


def whole_gate(primary="accuracy improves by > 0%", **settings):
    return gate(
        criteria=[primary],
        blocking=[
            *(f"{name} no worse than baseline by 2%" for name in GUARDS),
            "latency no worse than baseline by 2% relative",
        ],
        checks=[{"slices": {"by": "topic", "margin": "3%"}}, {"golden": {"examples": list(IDS[:GOLDEN])}}],
        settings=settings,
    )


@dataclass(frozen=True)
class World:
    """What is true of two models: how much better the candidate is, and what it does worse.

    Attributes:
        seeds: training seeds an arm; 0 for two models as they are.
        better: how much more often the candidate is right, as a fraction.
        disagree: share of examples on which only one of two models meets a guardrail.
        worse_guard: how much less often the candidate meets the first guardrail.
    """

    seeds: int = 0
    better: float = 0.0
    disagree: float = 0.05
    worse_guard: float = 0.0


def pairs(rng, disagree, better):
    """Pass/fail of candidate and baseline on the same examples; the golden ones are hardly ever missed."""
    chance = rng.random(EXAMPLES)
    won, lost = chance < (disagree + better) / 2, chance > 1 - (disagree - better) / 2
    both = rng.random(EXAMPLES) < 0.8
    golden = rng.random((2, GOLDEN)) < 0.999
    for side, mine in enumerate((won, lost)):
        values = np.where(won | lost, mine, both).astype(float)
        values[:GOLDEN] = golden[side]
        yield values


def over_seeds(rng, seeds, low, high, better):
    """The same over training seeds, which differ by half a point: rates of examples lie between `low` and `high`."""
    rates = rng.uniform(low, high, EXAMPLES)[:, np.newaxis]
    rates[:GOLDEN] = 1.0
    for gain in (better, 0.0):
        moved = np.clip(rates + gain + rng.normal(0, 0.005, seeds), 0, 1)
        moved[:GOLDEN] = 0.9998
        yield (rng.random(moved.shape) < moved).astype(float)


def evaluations(rng, world):
    """Candidate and baseline of one replicate."""
    tables = {}
    if world.seeds:
        tables["accuracy"] = over_seeds(rng, world.seeds, 0.4, 1.0, world.better)
        for name in GUARDS:
            tables[name] = over_seeds(rng, world.seeds, 0.94, 1.0, 0.0)
    else:
        tables["accuracy"] = (one[:, np.newaxis] for one in pairs(rng, 0.16, world.better))
        for name in GUARDS:
            lost = world.worse_guard if name == GUARDS[0] else 0.0
            tables[name] = (one[:, np.newaxis] for one in pairs(rng, world.disagree, -lost))
    request = rng.lognormal(5.0, 0.4, EXAMPLES)
    tables["latency"] = (
        request[:, np.newaxis] * rng.lognormal(0, 0.15, (EXAMPLES, world.seeds or 1)) for _ in range(2)
    )
    arms = list(zip(*tables.values(), strict=True))
    return [_evaluation(name, dict(zip(tables, arm, strict=True)), world.seeds) for name, arm in zip("cb", arms, strict=True)]  # fmt: skip


def _evaluation(name, columns, seeds) -> Evaluation:
    runs = []
    for place in range(seeds or 1):
        seed = place if seeds else None
        told = [
            scores(table[:, place], metric=metric, seed=seed, names=IDS, slices=TOPICS)
            for metric, table in columns.items()
        ]
        runs.append(run(f"{name}{place}", *told, seed=seed))
    return Evaluation(runs=tuple(runs), metrics=METRICS, reader="test", digest=name)


def detectable(rng, asked, world):
    """The smallest improvement that the primary claim says it would have shown, over a few equal pairs of models."""
    found = [judge(asked, *evaluations(rng, world), predicts=False).findings[0].detectable for _ in range(10)]
    return float(np.median(found))


def promoted(calibration, asked, world, full):
    count = calibration.replicates(full, least=50)
    hits = sum(
        judge(asked, *evaluations(calibration.rng, world), predicts=False).exit_code == 0
        for _ in range(count)
    )
    return hits, count


SHAPES = [
    pytest.param(World(), whole_gate(), 2000, id="two models"),
    pytest.param(World(seeds=5), whole_gate(looks=[5]), 600, id="five seeds an arm"),
]


@pytest.mark.parametrize(("world", "asked", "full"), SHAPES)
def test_x2_whole_gate_promotes_the_better_model_and_hardly_an_equal_one(calibration, world, asked, full):
    named = f"{world.seeds} seeds an arm" if world.seeds else "two models"
    step = detectable(calibration.rng, asked, world)
    hits, count = promoted(calibration, asked, replace(world, better=2 * step), full // 2)
    name = f"X2 {named}: better by 2 x {100 * step:.1f} points promoted"
    calibration.rate(name, hits, count, at_least=0.80)
    calibration.rate(name, hits, count, at_least=0.90, stretch=True)
    hits, count = promoted(calibration, asked, world, full)
    calibration.rate(f"X2 {named}: equal promoted", hits, count, at_most=0.05)


def test_x2_stretch_gate_that_asks_for_one_point_promotes_an_equal_model_at_most_three_percent(calibration):
    asked, world = whole_gate("accuracy improves by 1%"), World()
    step = detectable(calibration.rng, asked, world)
    hits, count = promoted(calibration, asked, replace(world, better=2 * step), 1000)
    named = "X2 two models, asked for 1 point"
    calibration.rate(
        f"{named}: better by 2 x {100 * step:.1f} points promoted", hits, count, at_least=0.90, stretch=True
    )
    hits, count = promoted(calibration, asked, world, 1000)
    calibration.rate(f"{named}: equal promoted", hits, count, at_most=0.03, stretch=True)


def test_better_model_exactly_at_the_margin_of_one_guardrail_is_promoted_at_most_five_and_a_half_percent(
    calibration,
):
    world = World(better=0.045, worse_guard=0.02)
    hits, count = promoted(calibration, whole_gate(), world, 1000)
    name = "whole gate: 4.5 points better, exactly at the margin of one guardrail, promoted"
    calibration.rate(name, hits, count, at_most=0.055)


def test_x1_findings_of_whole_gates_are_complete_and_the_same_bytes_come_out_again(calibration):
    asked, complete, same, count = whole_gate(), 0, 0, calibration.replicates(200, least=20)
    for _ in range(count):
        world = World(better=float(calibration.rng.uniform(-0.05, 0.05)))
        sides = evaluations(calibration.rng, world)
        record = judge(asked, *sides)
        complete += all(is_complete(finding) for finding in record.findings)
        same += record_bytes(judge(asked, *sides)) == record_bytes(record)
    what = "records of simulated gates with every field and the same bytes again"
    calibration.exact(f"X1 {what}, of {count}", min(complete, same), at_least=count, unit="count")
