"""Every finding carries method, n, effect with interval, level and looks, detectable effect, and what would change it (X1).

Where one of them makes no sense, a typed reason stands in its place.
"""

from __future__ import annotations

import typing
from dataclasses import replace

import numpy as np
import pytest

from assay.domain.experiments.criteria.model import Improvement, NonInferiority, Percentile, Spread, Threshold
from assay.domain.experiments.evidence import Aggregate
from assay.domain.gates import gate as gates
from assay.domain.gates.judge import judge, record_bytes
from assay.domain.gates.overlap import Overlap
from assay.domain.kernel.findings import Lacks, Outcome, Role
from assay.domain.kernel.metrics import Direction, Metric, Unit
from tests.support.completeness import assert_complete
from tests.unit.domain.gates.cases import judge as judge_ticket
from tests.unit.domain.gates.cases import lock, seeds
from tests.unit.domain.gates.gate_story import ACCURACY, evaluation, gate, ids, labels, run, scores

LATENCY = Metric(name="latency", direction=Direction.LOWER, unit=Unit.MILLISECONDS)
LEAKS = Metric(name="leaks", direction=Direction.LOWER, unit=Unit.COUNT)
N = 900


def side(name, values, *, seed=None, repeats=None, clusters=None, rng=None):
    """Accuracy with slices, latency and leaks of one run."""
    n = len(values)
    language = {"language": labels(n, "de", "en", "fr")}
    accuracy = replace(scores(values, slices=language, clusters=clusters, seed=seed), repeats=repeats)
    spread = np.random.default_rng(5).gamma(20.0, 10.0, n) * (1.0 + 0.05 * np.asarray(values))
    return run(
        name, accuracy, scores(spread, metric="latency", seed=seed), scores(np.zeros(n), metric="leaks", seed=seed),
        seed=seed,
    )  # fmt: skip


def candidates(rng, rate, *, changed=0.1):
    """One run, five seeds, clusters, tries, a reported figure, one example, nothing: every shape of evidence."""
    base = (rng.random(N) < 0.8).astype(float)
    mine = np.where(rng.random(N) < changed, (rng.random(N) < rate).astype(float), base)
    metrics = (ACCURACY, LATENCY, LEAKS)

    def several(name, values):
        rows = [np.where(rng.random(N) < 0.05, 1.0 - values, values) for _ in range(5)]
        return evaluation(*(side(f"{name}{s}", one, seed=s) for s, one in enumerate(rows)), metrics=metrics)

    tries = (rng.random((N, 3)) < rate).astype(float)
    groups = tuple(f"source {i // 20}" for i in range(N))
    reported = [
        evaluation(replace(run(name), aggregates={"accuracy": Aggregate(value, 0.013, N)}), metrics=metrics)
        for name, value in (("c", rate), ("b", 0.8))
    ]
    return {
        "one run": (evaluation(side("c", mine), metrics=metrics), evaluation(side("b", base), metrics=metrics)),
        "five seeds": (several("c", mine), several("b", base)),
        "four seeds": (evaluation(*several("c", mine).runs[:4], metrics=metrics), several("b", base)),
        "clusters": (
            evaluation(side("c", mine, clusters=groups), metrics=metrics),
            evaluation(side("b", base, clusters=groups), metrics=metrics),
        ),
        "tries": (
            evaluation(side("c", tries.mean(axis=1), repeats=tries), metrics=metrics),
            evaluation(side("b", base), metrics=metrics),
        ),
        "reported": tuple(reported),
        "twelve examples": (
            evaluation(side("c", mine[:12]), metrics=metrics),
            evaluation(side("b", base[:12]), metrics=metrics),
        ),
        "one example": (
            evaluation(side("c", mine[:1]), metrics=metrics),
            evaluation(side("b", base[:1]), metrics=metrics),
        ),
        "nothing": (evaluation(metrics=metrics), evaluation(metrics=metrics)),
        "no baseline": (evaluation(side("c", mine), metrics=metrics), None),
    }  # fmt: skip


CRITERIA = [
    "accuracy >= 78%", "accuracy >= 99%", "accuracy >= 80%", "accuracy > 20%",
    "accuracy improves by > 0%", "accuracy improves by 30%", "accuracy no worse than baseline by 2%",
    "accuracy no worse than baseline by 20%", "latency no worse than baseline by 2% relative",
    "p95 of latency < 500 ms", "p95 of latency < 100 ms", "p50 of latency <= 205 ms", "p99.9 of latency < 400 ms",
    "sd of accuracy <= 3%", "sd of accuracy shown <= 3%", "sd of accuracy <= 0.01%", "latency < 250 ms", "leaks == 0",
]  # fmt: skip
CHECKS = [
    {"slices": {"by": "language", "margin": "3%"}},
    {"slices": {"by": "language", "margin": "3%", "claim": True}},
    {"slices": {"by": "language", "margin": "1%", "must_see": "2%"}},
    {"slices": {"by": "topic", "margin": "3%"}},
    {"regression": {"except": ["leaks"]}},
    {"golden": {"examples": [ids(1)[0]]}},
    {"golden": {"examples": ["nowhere"]}},
    {"fairness": {"by": "language", "gap": "5%"}},
    {"fairness": {"by": "language", "gap": "5%", "claim": True}},
    {"fairness": {"by": "language", "gap": "1%", "must_see": "2%"}},
    {"consistency": {"sd": "3%"}},
    {"reliability": {"pass^2": "50%"}},
    {"reliability": {"pass@3": "99%"}},
    {"leakage": {"against": ["train.jsonl"]}},
    {"leakage": {"against": ["other.jsonl"]}},
    {"items": {"rollback tested": True}},
    {"items": {"rollback tested": "unknown"}},
]


@pytest.fixture(scope="module")
def records():
    rng = np.random.default_rng(11)
    found = {}
    for rate, settings in ((0.3, {}), (0.8, {}), (0.8, {"sequential": True}), (0.95, {})):
        asked = gate(criteria=CRITERIA, checks=CHECKS, settings=settings)
        overlaps = {
            at: Overlap(N, 100, same_id=("q00001",) if "train.jsonl" in check["leakage"]["against"] else ())
            for at, check in enumerate(CHECKS)
            if "leakage" in check
        }
        for name, (candidate, baseline) in candidates(rng, rate).items():
            found[f"{name} at {rate}, {settings}"] = (
                (asked, candidate, baseline, overlaps),
                judge(asked, candidate, baseline, overlaps=overlaps),
            )
    return found


def test_every_finding_of_every_kind_is_complete(records):
    for _, record in records.values():
        for finding in record.findings:
            assert_complete(finding)


def test_the_walk_meets_every_kind_of_check_every_criterion_of_a_gate_and_every_outcome(records):
    answers = [answer for _, record in records.values() for answer in record.answers]
    kinds = {one.model_fields["kind"].default for one in typing.get_args(typing.get_args(gates.GateCheck)[0])}
    assert {answer.kind for answer in answers} == {*kinds, "criterion"}
    tests = {type(criterion.test) for criterion in gate(criteria=CRITERIA).criteria}
    assert tests == {Threshold, Improvement, NonInferiority, Percentile, Spread}
    assert {answer.finding.outcome for answer in answers} == set(Outcome)
    assert {answer.finding.lacks for answer in answers} == {*Lacks, None}


def test_replay_of_a_record_from_its_inputs_gives_the_same_bytes(records):
    once = [found for name, found in records.items() if "at 0.8" in name]
    for inputs, record in once:
        asked, candidate, baseline, overlaps = inputs
        backwards = [
            None if one is None else replace(one, runs=tuple(reversed(one.runs)))
            for one in (candidate, baseline)
        ]
        assert record_bytes(judge(asked, *backwards, overlaps=overlaps)) == record_bytes(record)


def test_findings_of_a_ticket_are_complete_too():
    locked = lock(
        "primary: accuracy >= 85%", "secondary: accuracy >= 90%", "blocking: pii_leaks == 0",
        "kill: accuracy <= 50%", "kill: compute > 2x budget", "kill: val_loss diverges", "kill: time > 30 d", "kill: accuracy gap > 15%", "secondary: val_loss falls after epoch 1",
        "kill: accuracy plateau 1% over 3 runs", "secondary: accuracy improves by >= 1%", "secondary: sd of accuracy <= 1%",
    )  # fmt: skip
    for values in ([0.9, 0.91, 0.905], [0.9, 0.91], [0.9, 0.9, 0.9], [0.2, 0.21, 0.22], [], [0.8, 0.9, 0.86]):
        record = judge_ticket(locked, seeds("accuracy", values))
        for finding in record.verdict.findings:
            assert_complete(finding)
            assert finding.role in Role
