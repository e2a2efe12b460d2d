"""Public verdicts of the NanoGPT speedrun: mean validation loss below 3.28 at one-sided p < .01 (scorecard G2, G9)."""

import csv
import json
import os
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pytest

from assay.stats.means import mean_against_threshold
from assay.stats.proportions import clopper_pearson
from assay.stats.samples import moments
from assay.stats.stages import DEFAULT_PLAN
from assay.stats.welch import welch_comparison, welch_core
from tests.support.scorecard import collect

pytestmark = pytest.mark.wild
TARGET = 3.28


@pytest.fixture(scope="module")
def wild():
    folder = os.environ.get("ASSAY_WILD_DATA")
    if not folder:
        pytest.skip("ASSAY_WILD_DATA is not set: the public NanoGPT runs are read from there")
    return Path(folder)


def finished(row):
    return (
        row["track"] == "track_1_short" and row["step"] == row["total"] and 3.26 < float(row["loss"]) < 3.30
    )


@pytest.fixture(scope="module")
def groups(wild):
    found, seen = defaultdict(list), set()
    with (wild / "decision-anchors" / "nanogpt_seed_runs.csv").open(newline="") as lines:
        for row in csv.DictReader(lines):
            if finished(row) and row["rec"] >= "2024-12" and row["file"] not in seen:
                seen.add(row["file"])
                found[row["rec"], row["sub"], row["total"]].append(float(row["loss"]))
    return found


def test_g9_golden_verdicts_are_53_met_4_unclear_0_not_met(groups):
    judged = {
        key: losses
        for key, losses in groups.items()
        if len(losses) >= 4 and not any(word in key[1].lower() for word in ("base", "prior", "master"))
    }
    assert len(judged) == 57
    tests = {key: mean_against_threshold(losses, TARGET, alpha=0.01) for key, losses in judged.items()}
    assert all(test.estimate.value < TARGET for test in tests.values())
    answers = Counter(test.answer("less") for test in tests.values())
    assert answers == {"met": 53, "unclear": 4}


def test_published_p_values_are_reproduced(wild):
    published = json.loads(
        (wild / "experiment-history" / "nanogpt-speedrun" / "published_tests.json").read_text()
    )
    checked = 0
    for entry in published:
        p = entry.get("published_p")
        if "less" not in entry["test"] or not isinstance(p, float):
            continue
        digits = len(f"{p:.10f}".rstrip("0").split(".")[1])
        ours = mean_against_threshold(entry["values"], TARGET).p_less
        assert abs(ours - p) <= 10.0**-digits, entry["record"]
        checked += 1
    assert checked >= 5


@pytest.fixture(scope="module")
def final_losses(wild):
    found = defaultdict(list)
    with (wild / "experiment-history" / "nanogpt-speedrun" / "final_results.csv").open(newline="") as lines:
        for row in csv.DictReader(lines):
            if row["final_val_loss"]:
                found[row["record"], row["arm"]].append(float(row["final_val_loss"]))
    return found


@pytest.mark.parametrize(
    ("record", "arm", "n", "mean", "p", "answer"),
    [
        ("2024-12-04_ValueEmbed", None, 38, 3.27761, 0.0004, "met"),
        ("2025-11-10_CautiousWD", None, 10, 3.27841, 0.0018, "met"),
        ("2026-02-16_FlattenForward", "baseline", 4, 3.27822, 0.0601, "unclear"),
        ("2026-02-16_FlattenForward", "pr233", 4, 3.27883, 0.0097, "met"),
        ("2026-02-16_FlattenForward", "prior", 8, 3.27931, 0.126, "unclear"),
        ("2026-04-22_MuddFormer", "baseline-s1430", 10, 3.28674, 1.0, "not_met"),
        ("2026-04-22_MuddFormer", "baseline-s1480", 10, 3.27875, 0.0036, "met"),
        ("2026-05-19_FP8MLPUpProj", "baseline", 8, 3.27879, 0.0156, "unclear"),
    ],
)
def test_known_records_get_their_published_verdict(final_losses, record, arm, n, mean, p, answer):
    found = [
        v for (r, a), v in final_losses.items() if r == record and len(v) == n and (arm is None or arm in a)
    ]
    assert found, sorted(a for r, a in final_losses if r == record)
    test = mean_against_threshold(found[0], TARGET, alpha=0.01)
    assert test.estimate.value == pytest.approx(mean, abs=6e-6)
    assert test.p_less == pytest.approx(p, abs=6e-5 if p < 0.1 else 6e-4)
    assert test.answer("less") == answer


def test_muddformer_is_not_shown_better_in_loss_than_its_longer_baseline(final_losses):
    arms = {a: v for (r, a), v in final_losses.items() if r == "2026-04-22_MuddFormer"}
    candidate = next(v for a, v in arms.items() if "v3" in a)
    baseline = next(v for a, v in arms.items() if "1480" in a)
    assert welch_comparison(candidate, baseline).p_less == pytest.approx(0.073, abs=5e-4)


@pytest.mark.parametrize("with_replacement", [False, True])
def test_g2_relabelled_real_seeds_are_promoted_at_most_five_percent(groups, with_replacement):
    """Ten seeds an arm drawn from one group: all four looks; halves of it: as many looks as they allow."""
    rng = np.random.default_rng(20261121)
    pools = [np.array(v) for v in groups.values() if len(v) >= 10]
    assert len(pools) == 29
    promoted = replicates = 0
    for pool in pools:
        half = 10 if with_replacement else min(10, len(pool) // 2)
        shuffled = np.argsort(rng.random((3000, len(pool))), axis=1)
        order = rng.integers(0, len(pool), (3000, 20)) if with_replacement else shuffled
        arms = pool[order[:, :half]], pool[order[:, half : 2 * half]]
        stopped = np.zeros(3000, dtype=bool)
        for look in DEFAULT_PLAN.looks:
            if look.n <= half:
                summaries = [(*moments(arm[:, : look.n]), look.n) for arm in arms]
                stopped |= welch_core(*summaries)[4] <= look.alpha
        promoted, replicates = promoted + int(stopped.sum()), replicates + 3000
    drawn = "with" if with_replacement else "without"
    interval = clopper_pearson(promoted, replicates, confidence=0.95)
    collect(
        "G2",
        f"A/A on {len(pools)} real groups, drawn {drawn} replacement",
        promoted / replicates,
        at_most=0.05,
        low=interval.low,
        high=interval.high,
        replicates=replicates,
        seed=20261121,
    )
    print(
        f"\nG2 A/A on {len(pools)} real groups, replacement {with_replacement}: {promoted / replicates:.4f}",
        end="",
    )
    assert promoted / replicates <= 0.05
