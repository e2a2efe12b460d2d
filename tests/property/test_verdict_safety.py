"""No verdict on bad evidence is ever promote, and nothing but evidence changes a verdict (scorecard B4, X1)."""

import math
import os
from dataclasses import replace
from datetime import timedelta

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from assay.domain.experiments.evidence import Evidence, RunStatus
from assay.domain.gates.replay import replay
from assay.domain.gates.settings import VerdictSettings
from assay.domain.gates.verdict import verdict_bytes
from assay.domain.kernel.verdicts import Recommendation
from tests.unit.domain.gates.cases import LOCKED, judge, lock, read_again, run, scores, seeds, verdict

SCALE = int(os.environ.get("ASSAY_PROPERTY_SCALE", "1"))
"""How many times the cases of a pull request: 20 gives 50,000 for a release."""
LOCK = lock("primary: score >= 0.5", "secondary: score >= 0.4", "kill: score < 0.1")
AGAINST = lock("primary: score improves by >= 0.01", "blocking: score no worse than baseline by 0.02")
NAMED = {"undecided", "iterate", "kill"}
RANK = {"not_met": 0, "unclear": 1, "met": 2}

good = st.floats(0.5, 1.0, allow_nan=False).map(lambda x: round(x, 6))
broken = st.sampled_from([math.nan, math.inf, -math.inf])
lists = st.lists(st.floats(-5, 5, allow_nan=False).map(lambda x: round(x, 4)), min_size=3, max_size=10)


def never_promotes(locked, runs):
    for strictness in ("bound", "point"):
        said = verdict(locked, runs, settings=VerdictSettings(strictness=strictness))
        assert said.recommendation in NAMED
        assert said.headline
        assert all(finding.reason for finding in said.findings)


@settings(max_examples=400 * SCALE, deadline=None)
@given(st.lists(good, max_size=9), broken, st.data())
def test_verdict_with_a_non_finite_value_anywhere_never_promotes(values, bad, data):
    at = data.draw(st.integers(0, len(values)))
    runs = seeds("score", [*values[:at], bad, *values[at:]])
    never_promotes(LOCK, runs)
    assert all(f.outcome == "invalid" for f in verdict(LOCK, runs).findings)


@settings(max_examples=200 * SCALE, deadline=None)
@given(st.lists(good, min_size=2, max_size=60), broken, st.data())
def test_verdict_with_a_non_finite_example_never_promotes(values, bad, data):
    column = np.array(values)
    column[data.draw(st.integers(0, len(values) - 1))] = bad
    never_promotes(LOCK, [run(1, {"score": 0.9}, per_example={"score": column})])


@settings(max_examples=200 * SCALE, deadline=None)
@given(
    st.lists(good, min_size=1, max_size=10),
    st.sampled_from(["failed", "stopped", "no metric", "no seed", "other value"]),
)
def test_verdict_with_a_seed_unaccounted_for_never_promotes(values, fault):
    n = len(values) + 1
    extra = {
        "failed": lambda: run(n, status=RunStatus.FAILED),
        "stopped": lambda: run(n, {"score": 0.9}, status=RunStatus.STOPPED),
        "no metric": lambda: run(n, {"f1": 0.9}),
        "no seed": lambda: run(None, {"score": 2.0}, number=n),
        "other value": lambda: run(1, {"score": 2.0}, number=n),
    }[fault]()
    never_promotes(LOCK, [*seeds("score", values), extra])


@settings(max_examples=200 * SCALE, deadline=None)
@given(good, st.integers(1, 12))
def test_verdict_on_constant_seeds_or_one_seed_repeated_never_promotes_in_bound_mode(value, n):
    assert verdict(LOCK, seeds("score", [value] * n)).recommendation == Recommendation.UNDECIDED
    repeats = [run(1, {"score": value}, number=i) for i in range(n)]
    assert verdict(LOCK, repeats).recommendation == Recommendation.UNDECIDED


@settings(max_examples=200 * SCALE, deadline=None)
@given(st.lists(good, min_size=1, max_size=10))
def test_verdict_on_runs_from_before_the_lock_or_deleted_never_promotes(values):
    never_promotes(LOCK, seeds("score", values, after=False))
    never_promotes(LOCK, seeds("score", values, started_at=None))
    never_promotes(LOCK, seeds("score", values, deleted=True))
    never_promotes(LOCK, [])


@settings(max_examples=200 * SCALE, deadline=None)
@given(st.lists(good, min_size=2, max_size=10), st.data())
def test_verdict_after_results_were_deleted_or_detached_never_promotes(values, data):
    runs = seeds("score", values)
    gone = set(data.draw(st.lists(st.sampled_from(range(len(runs))), min_size=1, max_size=len(runs) - 1)))
    kept = [one for place, one in enumerate(runs) if place not in gone]
    away = [runs[place] for place in sorted(gone)]
    never_promotes(LOCK, [*kept, *(replace(one, deleted=True) for one in away)])
    assert judge(LOCK, kept, detached=away).verdict.recommendation in NAMED


@settings(max_examples=200 * SCALE, deadline=None)
@given(st.lists(good, min_size=1, max_size=10))
def test_verdict_on_results_logged_again_after_the_lock_never_promotes(values):
    before = [run(i, {"score": v}, after=False, number=50 + i) for i, v in enumerate(values, start=1)]
    never_promotes(LOCK, [*before, *seeds("score", values)])


@settings(max_examples=100 * SCALE, deadline=None)
@given(lists)
def test_verdict_on_a_tracker_read_twice_finds_the_same(values):
    once = seeds("score", values)
    assert verdict(LOCK, [*once, *read_again(once, "again")]).findings == verdict(LOCK, once).findings


@settings(max_examples=200 * SCALE, deadline=None)
@given(lists, broken, st.data())
def test_verdict_against_a_broken_baseline_never_promotes(values, bad, data):
    old = [0.1 + 0.01 * i for i in range(5)]
    old[data.draw(st.integers(0, 4))] = bad
    never_promotes(AGAINST, [*seeds("score", values), *seeds("score", old, arm="baseline", after=False)])


@settings(max_examples=200 * SCALE, deadline=None)
@given(st.integers(2, 40), st.integers(2, 40), st.integers(1, 40))
def test_verdict_on_examples_that_do_not_match_never_promotes(n, m, shift):
    assume(shift < n + m)
    ours = run(1, per_example={"score": np.linspace(0.8, 1.0, n)}, ids=[f"a{i}" for i in range(n)])
    theirs = run(
        1,
        per_example={"score": np.linspace(0.1, 0.2, m)},
        ids=[f"a{i + shift}" for i in range(m)],
        arm="baseline",
        after=False,
    )
    never_promotes(AGAINST, [ours, theirs])


@st.composite
def cases(draw):
    """Any mixture of groups, arms, statuses, missing and odd values."""
    runs, n = [], draw(st.integers(0, 14))
    for number in range(n):
        value = draw(st.one_of(st.none(), good, st.floats(allow_nan=True, allow_infinity=True)))
        column = draw(
            st.one_of(st.none(), st.lists(st.sampled_from([0.0, 1.0, 0.5]), min_size=1, max_size=5))
        )
        told = {"score": scores("score", column)} if column else {}
        made = run(
            draw(st.one_of(st.none(), st.integers(0, 6))),
            {} if value is None else {"score": value, "train_loss": value},
            number=number,
            arm=draw(st.sampled_from(["candidate", "candidate", "baseline", "control"])),
            config={"depth": draw(st.sampled_from(["1", "1", "2"]))},
            status=draw(st.sampled_from([*RunStatus, RunStatus.FINISHED, RunStatus.FINISHED])),
            deleted=draw(st.integers(0, 9)) == 0,
            gpu_hours=draw(st.one_of(st.none(), st.floats(allow_nan=True), st.just(1.0))),
            after=draw(st.integers(0, 4)) > 0,
            dataset=draw(st.sampled_from([None, None, "eval@1"])),
        )
        runs.append(made if not told else _with_scores(made, told))
    return runs


def _with_scores(made, told):
    return replace(made, scores=told)


EVERYTHING = lock(
    "primary: score >= 0.5", "secondary: score improves by >= 0.01", "blocking: score no worse than baseline by 2% relative",
    "secondary: train_loss falls after epoch 1", "kill: train_loss diverges", "kill: compute > 2x budget",
    "kill: score plateau 0.01 over 3 runs", "kill: score gap > 0.3", "kill: time > 3 d", "secondary: score >= 0.9 after 3 seeds",
    gpu_hours=4, time_box_days=2,
)  # fmt: skip


@settings(max_examples=200 * SCALE, deadline=None)
@given(cases(), st.randoms(use_true_random=False))
def test_verdict_on_any_evidence_is_an_answer_with_the_same_bytes_in_any_order_and_on_replay(runs, chance):
    now = LOCKED + timedelta(days=5)
    every = [*runs, *read_again([one for one in runs if chance.random() < 0.2], "again")]
    detached = {one.run_id for one in every if chance.random() < 0.2}
    on, off = ([one for one in every if (one.run_id in detached) is away] for away in (False, True))
    stored = verdict_bytes(judge(EVERYTHING, on, detached=off, now=now))
    chance.shuffle(on)
    chance.shuffle(off)
    assert verdict_bytes(judge(EVERYTHING, on, detached=off, now=now)) == stored
    again = replay(stored, EVERYTHING, Evidence(runs=tuple(on), detached=tuple(off)))
    assert (again.same, again.differences) == (True, ())


@settings(max_examples=60 * SCALE, deadline=None)
@given(
    st.lists(st.lists(st.sampled_from([0.0, 1.0]), min_size=8, max_size=8), min_size=3, max_size=3),
    st.permutations(range(8)),
)
def test_verdict_order_of_examples_and_names_of_seeds_change_nothing(columns, order):
    def findings(numbers, permute):
        made = []
        for place, (seed, column) in enumerate(zip(numbers, columns, strict=True), 1):
            pick = order if permute else range(8)
            made.append(
                run(
                    seed,
                    per_example={"score": [column[i] for i in pick]},
                    ids=[f"e{i}" for i in pick],
                    number=place,
                )
            )
        return [(f.outcome, f.estimate, f.interval, f.p_value) for f in verdict(LOCK, made).findings]

    assert findings([1, 2, 3], permute=False) == findings([31, 7, 12], permute=True)


@settings(max_examples=60 * SCALE, deadline=None)
@given(lists, st.floats(-5, 5), st.floats(0.001, 3))
def test_verdict_is_monotone_in_the_threshold(values, threshold, step):
    easy, hard = (
        RANK[verdict(lock(f"primary: score >= {t:.4f}"), seeds("score", values)).findings[0].outcome]
        for t in (threshold, threshold + step)
    )
    assert hard <= easy


@settings(max_examples=60 * SCALE, deadline=None)
@given(lists, st.floats(0.001, 1), st.floats(0.001, 1))
def test_verdict_is_monotone_in_the_margin(values, margin, step):
    old = seeds("score", [0.1, 0.2, 0.15, 0.12, 0.17], arm="baseline", after=False)
    narrow, wide = (
        RANK[
            verdict(
                lock(f"primary: score no worse than baseline by {m:.4f}"), [*seeds("score", values), *old]
            )
            .findings[0]
            .outcome
        ]
        for m in (margin, margin + step)
    )
    assert narrow <= wide


@settings(max_examples=60 * SCALE, deadline=None)
@given(lists, st.floats(0.001, 3))
def test_verdict_is_monotone_in_a_shift_of_all_scores(values, shift):
    # Equal values stay equal: rounding may otherwise give a constant sample a hair of spread.
    moved = [round(v + round(shift, 4), 4) for v in values]
    before, after = (RANK[verdict(LOCK, seeds("score", v)).findings[0].outcome] for v in (values, moved))
    assert before <= after
