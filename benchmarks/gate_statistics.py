"""How fast are the statistics of gates, against SciPy, statsmodels, GrowthBook's gbstats and datasketch?

python benchmarks/gate_statistics.py [--rounds 5] [--only 2e] [--texts 100000]

gbstats and datasketch run in environments of their own (GBSTATS_PYTHON, DATASKETCH_PYTHON name their interpreters; lists:
requirements-gbstats.lock, requirements-datasketch.lock) and are left out where these are not set. Each round runs both
sides in turn; what takes a few milliseconds is repeated and its mean taken; the median of the ratios of one round counts.
A wrong answer voids a time.
"""

import argparse
import json
import math
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import scipy.stats
from statsmodels.stats.contingency_tables import mcnemar

from assay.domain.gates.leakage import find_overlap
from assay.stats.distributions import t_quantile
from assay.stats.resampling import paired_bootstrap
from assay.stats.slices import mcnemar_many, welch_slices
from assay.stats.welch import welch_core

RESAMPLES = 9999
LEAST = 0.1


def timed(work):
    """What is short is done again until LEAST seconds have passed, and the mean counts: one interruption decides nothing."""
    wall, cpu, times = time.perf_counter(), time.process_time(), 0
    while not times or time.perf_counter() - wall < LEAST:
        answer, times = work(), times + 1
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return {"wall": wall / times, "cpu": cpu / times, "answer": answer}


def elsewhere(variable, what, given):
    """The same, by an interpreter that has the peer."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "given.json"
        path.write_text(json.dumps(given), encoding="utf-8")
        script = Path(__file__).with_name("gate_statistics_peers.py")
        command = [os.environ[variable], str(script), what, str(path)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def boot(values, kind="BCa", resamples=RESAMPLES, seed=1):
    rng, zeros = np.random.default_rng(seed), np.zeros(values.size)
    return paired_bootstrap(values, zeros, rng, kind=kind, resamples=resamples).interval


def scipy_boot(values, method="BCa", resamples=RESAMPLES, batch=None):
    return scipy.stats.bootstrap(
        (values,),
        np.mean,
        confidence_level=0.9,
        n_resamples=resamples,
        method=method,
        batch=batch,
        rng=np.random.default_rng(2),
    ).confidence_interval


def same_interval(values, step=0.0):
    """Within four simulation errors of an end, and one step of the lattice of pass/fail counts."""
    error = math.sqrt(0.05 * 0.95 / RESAMPLES) / 0.103 * values.std(ddof=1) / math.sqrt(values.size)

    def check(ours, theirs):
        gap = max(abs(ours.low - theirs.low), abs(ours.high - theirs.high))
        return gap <= 4 * math.sqrt(2) * error + 1.01 * step, f"ends differ by {gap:.2g}"

    return check


def bootstrap_continuous():
    values = np.random.default_rng(0).normal(0.1, 1, 1000)
    return lambda: boot(values), lambda: timed(lambda: scipy_boot(values)), same_interval(values), 1.0


def bootstrap_pass_fail():
    values = np.random.default_rng(0).choice([-1.0, 0.0, 1.0], 1000, p=[0.08, 0.8, 0.12])
    return lambda: boot(values), lambda: timed(lambda: scipy_boot(values)), same_interval(values, 0.001), 25.0


def bootstrap_large_pass_fail():
    """SciPy's jackknife of so many takes minutes: its time for percentiles at 99 resamples, times 101, is too kind to it."""
    values = np.random.default_rng(0).choice([-1.0, 0.0, 1.0], 100_000, p=[0.08, 0.8, 0.12])

    def theirs():
        found = timed(lambda: scipy_boot(values, "percentile", 99, batch=1))
        return {name: found[name] * (RESAMPLES / 99) for name in ("wall", "cpu")} | {
            "answer": found["answer"]
        }

    def check(ours, theirs):
        gap = abs((ours.low + ours.high - theirs.low - theirs.high) / 2)
        return gap <= 0.3 * (ours.high - ours.low), f"middles differ by {gap:.2g} (peer: 99 resamples)"

    return lambda: boot(values), theirs, check, 500.0


def bootstrap_large_continuous():
    """At 20,000 values and 99 resamples SciPy's jackknife, which grows with the square of n, can still be waited for."""
    values = np.random.default_rng(0).normal(0.1, 1, 20_000)

    def check(ours, theirs):
        gap = abs((ours.low + ours.high - theirs.low - theirs.high) / 2)
        return gap <= 0.3 * (ours.high - ours.low), f"middles differ by {gap:.2g} (99 resamples)"

    return (
        lambda: boot(values, resamples=99),
        lambda: timed(lambda: scipy_boot(values, "BCa", 99, batch=99)),
        check,
        5.0,
    )


def welch_over_slices():
    rng, rows, slices = np.random.default_rng(0), 400_000, 1000
    index, arm, values = rng.integers(0, slices, rows), rng.random(rows) < 0.5, rng.normal(0, 1, rows)
    x, gx, y, gy = values[arm], index[arm], values[~arm], index[~arm]
    split = [(x[gx == number], y[gy == number]) for number in range(slices)]

    def theirs():
        return timed(lambda: [scipy.stats.ttest_ind(a, b, equal_var=False).pvalue for a, b in split])

    def check(ours, theirs):
        gap = float(np.abs(2 * np.minimum(ours.p_greater, ours.p_less) - theirs).max())
        return gap <= 1e-12, f"p-values differ by {gap:.1e}"

    return lambda: welch_slices(x, gx, y, gy, slices), theirs, check, 200.0


def exact_mcnemar_tables():
    rng = np.random.default_rng(0)
    wins, losses = rng.integers(0, 60, 1000), rng.integers(0, 60, 1000)
    tables = [[[0, w], [lost, 0]] for w, lost in zip(wins.tolist(), losses.tolist(), strict=True)]

    def check(ours, theirs):
        gap = float(np.abs(np.minimum(1, 2 * np.minimum(*ours)) - theirs).max())
        return gap <= 1e-12, f"p-values differ by {gap:.1e}"

    def theirs():
        return timed(lambda: [mcnemar(table, exact=True).pvalue for table in tables])

    return lambda: mcnemar_many(wins, losses), theirs, check, 150.0


def tests_from_statistics():
    if "GBSTATS_PYTHON" not in os.environ:
        return None
    rng = np.random.default_rng(0)
    arms = {name: rng.normal(rng.normal(3, 1, 1000), 1, (400, 1000)) for name in ("baseline", "candidate")}
    given = {
        name: [
            [400, total, squares] for total, squares in zip(x.sum(axis=0), (x**2).sum(axis=0), strict=True)
        ]
        for name, x in arms.items()
    }
    moments = [(x.mean(axis=0), x.var(axis=0, ddof=1), 400) for x in (arms["candidate"], arms["baseline"])]

    def ours():
        effect, se, dof, above, below = welch_core(*moments)
        reach = t_quantile(0.95, dof) * se
        return np.stack([2 * np.minimum(above, below), effect - reach, effect + reach], axis=1)

    def check(ours, theirs):
        gap = float(np.abs(ours - np.array(theirs)).max())
        return gap <= 1e-11, f"p-values and ends differ by {gap:.1e}"

    return ours, lambda: elsewhere("GBSTATS_PYTHON", "t_tests", given), check, 200.0


def near_duplicate_texts(amount):
    if "DATASKETCH_PYTHON" not in os.environ:
        return None
    chance = random.Random(0)
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = ["".join(chance.choices(letters, k=chance.randint(2, 9))) for _ in range(20_000)]
    weights = [1 / rank for rank in range(1, 20_001)]

    def text():
        return " ".join(chance.choices(words, weights, k=40))

    training = [text() for _ in range(amount)]
    planted = amount // 50
    copies, edits = [one.title() for one in training[:planted]], []
    for one in training[planted : 2 * planted]:
        changed = one.split()
        changed[chance.randrange(40)] = "elsewhere"
        edits.append(" ".join(changed))
    evaluation = [*copies, *edits, *(text() for _ in range(planted))]

    def ours():
        rows = [(f"t{number}", one) for number, one in enumerate(training)]
        examples = [(str(number), one) for number, one in enumerate(evaluation)]
        return find_overlap(examples, [rows], near=0.8)

    def check(ours, theirs):
        found = {int(name) for name in (*(a for a, _ in ours.same_text), *(a for a, _, _ in ours.near_text))}
        recall = [len(found & set(part)) / planted for part in (range(planted), range(planted, 2 * planted))]
        wrong = len(found - set(range(2 * planted)))
        peer = len(set(theirs) & set(range(2 * planted))) / (2 * planted)
        said = (
            f"copies {recall[0]:.4f}, one-word edits {recall[1]:.4f}, wrong {wrong}; peer recall {peer:.4f}"
        )
        return recall[0] == 1.0 and recall[1] >= 0.98 and wrong == 0, said

    given = {"training": training, "evaluation": evaluation, "near": 0.8}
    return ours, lambda: elsewhere("DATASKETCH_PYTHON", "near_duplicates", given), check, 15.0


def floors():
    """The unavoidable work of 2e in the same run: one weighted count of the rows."""
    rng = np.random.default_rng(0)
    key, values = rng.integers(0, 2000, 400_000), rng.normal(0, 1, 400_000)
    return lambda: np.bincount(key, values, 2000)


ROWS = {
    "2a paired bootstrap BCa, 1,000 real values, against scipy.stats.bootstrap": bootstrap_continuous,
    "2b the same, 1,000 pass/fail pairs": bootstrap_pass_fail,
    "2c the same, 100,000 pass/fail pairs": bootstrap_large_pass_fail,
    "2d bootstrap BCa, 20,000 real values, 99 resamples": bootstrap_large_continuous,
    "2e Welch over 1,000 slices of 400,000 rows, against a loop of ttest_ind over split groups": welch_over_slices,
    "2f exact McNemar of 1,000 tables, against statsmodels": exact_mcnemar_tables,
    "2g 1,000 t tests from sums, against gbstats": tests_from_statistics,
    "11 near-duplicates of 40 words, against datasketch (128 permutations)": near_duplicate_texts,
}


def measure(name, row, rounds):
    ours, theirs, check, goal = row
    ratios, cpu_ratios, times, busy = [], [], [], []
    said, right = "", True
    for number in range(rounds + 1):
        here, there = timed(ours), theirs()
        fine, said = check(here.pop("answer"), there.pop("answer"))
        right &= bool(fine)
        if number:
            ratios.append(there["wall"] / here["wall"])
            cpu_ratios.append(there["cpu"] / max(here["cpu"], 1e-9))
            times.append(here["wall"])
            busy.append(here["wall"] / max(here["cpu"], 1e-9))
    ratio = statistics.median(ratios)
    return {
        "row": name,
        "times_as_fast": round(ratio, 1),
        "goal": goal,
        "by_cpu": round(statistics.median(cpu_ratios), 1),
        "ms": round(1000 * statistics.median(times), 2),
        "wall_to_cpu": round(statistics.median(busy), 2),
        "answers": said,
        "met": bool(right and ratio >= goal),
    }


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--only", default="", help="rows that begin so, such as 2e")
    options.add_argument("--texts", type=int, default=100_000)
    given = options.parse_args()
    warnings.simplefilter("ignore")
    results = []
    for name, make in ROWS.items():
        if not name.startswith(given.only):
            continue
        row = make(given.texts) if make is near_duplicate_texts else make()
        if row is None:
            print(f"{name}: left out, its peer is not installed (see the top of this file)", file=sys.stderr)
            continue
        results.append(measure(name, row, given.rounds))
        print(json.dumps(results[-1]), flush=True)
    if not given.only or given.only.startswith("2e"):
        count, ours = floors(), welch_over_slices()[0]
        ratio = statistics.median(
            timed(ours)["wall"] / timed(count)["wall"] for _ in range(2 * given.rounds + 1)
        )
        print(
            json.dumps(
                {
                    "row": "2e against its floor, one count of the rows",
                    "times_the_floor": round(ratio, 1),
                    "goal": 8.0,
                }
            )
        )
    print(json.dumps({"load": os.getloadavg(), "numpy": np.__version__, "scipy": scipy.__version__}))
    return 0 if all(result["met"] for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
