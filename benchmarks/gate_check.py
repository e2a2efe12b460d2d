"""How long does `assay gate check` take, for a small file of results and for a very large one?

python benchmarks/gate_check.py [--rounds 5] [--examples 1000000] [--only small]

small: 500 examples, whole process, against `python -c pass` of the same interpreter.
large: examples x 5 runs a side x 100 slices from Parquet, whole process, against a script of pandas and SciPy that loops over the
slices (PANDAS_PYTHON names an interpreter that has pandas, PyArrow and SciPy; left out where it is not set) and against
a script that only reads both files (Polars). Each round runs all sides in turn; the median of the ratios of one round
counts, of processor time where the machine was busy.

The script of pandas is a lean one: it averages the runs, then tests every slice in pairs. It checks no file, no example that
comes twice and no run that is missing, ignores the spread between the runs and the threshold, and knows one slicing. The gate
answers all of that, in two processes, for a hostile file may end the one that decodes it.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

LARGEST_TIMES_PASS = 40
LARGEST_TIMES_READING = 5
SMALLEST_TIMES_FASTER = 20
SEEDS, SLICES = 5, 100
ASSAY = Path(sys.executable).with_name("assay")
SMALLEST_GATE = 'criteria: ["accuracy >= 85%"]\n'
LARGE_GATE = 'criteria: ["accuracy >= 70%"]\nchecks:\n  - slices: {by: topic, margin: 3%}\n'
READS = "import sys, polars\nfor name in sys.argv[1:]: polars.read_parquet(name)"
LOOPS = """
import sys
import pandas as pd
from scipy import stats
ours, theirs = (pd.read_parquet(name) for name in sys.argv[1:])
table = [side.pivot(index="sample_id", columns="seed", values="accuracy").mean(axis=1) for side in (ours, theirs)]
topic = ours.drop_duplicates("sample_id").set_index("sample_id")["topic"]
found = []
for name in sorted(topic.unique()):
    rows = topic.index[topic == name]
    found.append(stats.ttest_rel(table[0].loc[rows], table[1].loc[rows]).pvalue)
print(len(found), float(table[0].mean()))
"""


def took(command, folder, allowed=(0,)):
    """Wall and processor seconds of a process and its children."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    began = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE)
    out = process.stdout.read().decode()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in allowed:
        sys.exit(f"{command} ended with {process.returncode}")
    return {"wall": time.perf_counter() - began, "cpu": used.ru_utime + used.ru_stime, "out": out}


def write_small(folder):
    right = np.random.default_rng(0).random(500) < 0.93
    lines = ["sample_id,accuracy,language", *(f"q{n:03d},{int(x)},de" for n, x in enumerate(right))]
    (folder / "small.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "small.yaml").write_text(SMALLEST_GATE, encoding="utf-8")


def write_large(folder, examples):
    rng = np.random.default_rng(0)
    ids = pl.Series("sample_id", [f"q{number:07d}" for number in range(examples)])
    names = np.array([f"topic {number:03d}" for number in range(SLICES)])
    topic, hardness = pl.Series("topic", names[rng.integers(0, SLICES, examples)]), rng.random(examples)
    for side, rate in (("candidate", 0.75), ("baseline", 0.74)):
        frames = []
        for seed in range(1, SEEDS + 1):
            right = 0.6 * hardness + 0.4 * rng.random(examples) < rate
            frames.append(
                pl.DataFrame([ids, topic]).with_columns(
                    pl.lit(seed).alias("seed"), pl.Series("accuracy", right.astype(np.int8))
                )
            )
        pl.concat(frames).write_parquet(folder / f"{side}.parquet")
    (folder / "large.yaml").write_text(LARGE_GATE, encoding="utf-8")


def measure(folder, sides, rounds, allowed):
    """Seconds of each side by round, the first round left out."""
    found = [
        {name: took(command, folder, allowed if name == "assay" else (0,)) for name, command in sides.items()}
        for _ in range(rounds + 1)
    ]
    return found[1:]


def ratio(rounds, above, below):
    return {
        kind: round(statistics.median(one[above][kind] / one[below][kind] for one in rounds), 1)
        for kind in ("wall", "cpu")
    }


def told(row, rounds, goal, measured, *, at_least=False):
    best = measured["cpu"]
    met = best >= goal if at_least else best <= goal
    seconds = {
        name: {
            kind: round(statistics.median(one[name][kind] for one in rounds), 3) for kind in ("wall", "cpu")
        }
        for name in rounds[0]
    }
    result = {"row": row, "ratio": measured, "goal": f"{'>=' if at_least else '<='} {goal}", "met": met}
    print(json.dumps(result | {"seconds": seconds, "load": os.getloadavg()}), flush=True)
    return met


def small(folder, rounds):
    write_small(folder)
    sides = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "assay": [str(ASSAY), "gate", "check", "small.yaml", "--candidate", "small.csv"],
    }
    found = measure(folder, sides, rounds, (0,))
    return told(
        "500 examples, times python -c pass",
        found,
        LARGEST_TIMES_PASS,
        ratio(found, "assay", "python -c pass"),
    )


def large(folder, rounds, examples):
    write_large(folder, examples)
    files = ["candidate.parquet", "baseline.parquet"]
    sides = {
        "reading": [sys.executable, "-c", READS, *files],
        "assay": [str(ASSAY), "gate", "check", "large.yaml", "-c", files[0], "-b", files[1]],
    }
    if "PANDAS_PYTHON" in os.environ:
        sides["pandas"] = [os.environ["PANDAS_PYTHON"], "-c", LOOPS, *files]
    found = measure(folder, sides, rounds, (0, 1, 3))
    what = f"{examples:,} examples x {SEEDS} runs x {SLICES} slices"
    fine = told(f"{what}, times reading", found, LARGEST_TIMES_READING, ratio(found, "assay", "reading"))
    if "pandas" not in sides:
        print("pandas is left out: PANDAS_PYTHON is not set", file=sys.stderr)
        return fine
    faster = ratio(found, "pandas", "assay")
    row = f"{what}, times as fast as pandas + SciPy"
    return told(row, found, SMALLEST_TIMES_FASTER, faster, at_least=True) and fine


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--examples", type=int, default=1_000_000)
    options.add_argument("--only", choices=("small", "large"))
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder, fine = Path(name), []
        if given.only != "large":
            fine.append(small(folder, 3 * given.rounds))
        if given.only != "small":
            fine.append(large(folder, given.rounds, given.examples))
    return 0 if all(fine) else 1


if __name__ == "__main__":
    sys.exit(main())
