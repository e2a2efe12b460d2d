"""Measure the decision quality scorecard (lines G1 to G10, K1 to K5, V1, X1, X2) and print it; `--write` keeps it as docs/scorecard.md.

    python tools/scorecard.py                  a tenth of the replicates, a few minutes
    python tools/scorecard.py --full --write   all replicates, as published
    python tools/scorecard.py G3 X2            these lines only

Every figure comes from a seeded test under tests/calibration or, for real runs, tests/wild (those are skipped where
ASSAY_WILD_DATA names no folder). The command fails when one of them does.
"""

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "scorecard.md"
TESTS = [
    "tests/calibration",
    "tests/wild/test_nanogpt_statistics.py",
    "tests/wild/test_verdicts_published.py",
    "tests/wild/test_kill_rules.py",
]


@dataclass(frozen=True)
class Line:
    number: str
    goal: str
    common: str
    bar: str
    stretch: str = ""
    at_least: float | None = None
    """The stretch, where it is about the same figures as the bar."""
    at_most: float | None = None


LINES = [
    Line("G1", "equal arms promoted over looks at 3, 5, 8, 10 seeds", "11 to 14.5%", "<= 5%", "power >= 95% of ten fixed seeds at 1 sd; <= 7.35 seeds at 1.5 sd"),
    Line("G2", "the same on real NanoGPT runs, relabelled", "9.4% at 5 seeds", "<= 5%"),
    Line("G3", "equal models called, looking at examples as they arrive", "33%", "<= 5% at any time, <= 5.5% at 50 registered looks", "+2 points in 5,000 examples found: >= 60% at any time, >= 85% at registered looks"),
    Line("G4", "equal models promoted where items share sources, or models differ by item", "12 to 24%", "<= 6% each", "<= 5.5%", at_most=0.055),
    Line("G4b", "equal methods promoted where training seeds differ", "8 to 20%", "<= 6% each", "<= 5.5%", at_most=0.055),
    Line("G5", "a model exactly at the margin passes as no worse", "36 to 89%", "3 to 5.5%", "power for an equal model within 2 points of the number shown"),
    Line("G6", "false alarm over 30 slices; best of 20 equal candidates promoted", "98 to 100%; 32%", "<= 5%; <= 5%", "-10 points in one slice of 200 caught: >= 70% (16% discordant), >= 55% (20%)"),
    Line("G7", "95% interval of a rate covers it, worst of 48 cells", "46%", ">= 92%"),
    Line("G7b", "a rate exactly at the threshold passes, worst of 60 cells", "6.6 to 7.8% (Wilson)", "<= 5%"),
    Line("G8", "after the number of further examples or seeds that was named, it is settled", "nobody says", "75 to 85%", "77 to 83%", at_least=0.77, at_most=0.83),
    Line("G9", "published groups of runs get their published verdict", "all 57 promoted", "57 of 57", "published pairs too"),
    Line("G10", "largest difference to SciPy and statsmodels on random inputs; rows, ids, seeds and names changed", "", "<= 1e-9"),
    Line("K1", "eventual hits killed by the rule for futility, and compute of doomed runs saved: AlgoPerf, each submission judged by the others", "65%; 54% (three rules of thumb)", "<= 5%; >= 35%", ">= 45% saved"),
    Line("K1b", "the same with half of the submissions unseen, 30 and 100 past runs a problem", "65%; 54%", "<= 5%; >= 17% and >= 24%", ">= 25% and >= 35% saved"),
    Line("K2", "chance to hit at 25, 50 and 75% of the budget: area under the curve; calibration error", "72 to 75% (the gap); none", ">= 83%; <= 3%"),
    Line("K3", "K1 on runs of other submissions: self-tuning, of which the file holds 40", "65%; 54%", "<= 5%; >= 34%"),
    Line("K4", "median stopping of 16 CLIP configurations trained side by side: compute saved; best one killed; regret", "78%; 40%; 28% (successive halving)", ">= 29%; <= 0.5%; <= 0.05% (from epoch 2)", ">= 45%; <= 2%; <= 0.3% (from epoch 1)"),
    Line("K5", "winners killed without anybody's say while there is no history", "up to 75%", "0"),
    Line("V1", "best gain shipped from a quarter of what a backlog of 30 would cost, run in the order of the ranking, as a share of the best there is; against WSJF", "76% of the best (WSJF)", ">= 92%; >= 20% more", ">= 95%, ranked anew after each result"),
    Line("X1", "every answer carries method, n, effect with interval, level and looks spent, what could have been seen and what would change it, or the type of the reason why not; replay gives the same bytes", "nobody says", "100%"),
    Line("X2", "whole gate (primary, 4 guardrails, 10 slices, golden set): a better model (by twice what could be seen) promoted; an equal one", "<= 27% (slices alone block 73%)", ">= 80%; <= 5%", ">= 90%; <= 3% where the primary claim asks for 1 point"),
]  # fmt: skip


def measured(arguments, rows_in):
    """Run the tests that measure; their rows, and whether all passed."""
    scale = "1.0" if arguments.full else str(arguments.scale)
    environment = os.environ | {"ASSAY_CALIBRATION_SCALE": scale, "ASSAY_SCORECARD": str(rows_in)}
    wanted = " or ".join(f"{number.lower()}_" for number in arguments.lines)
    chosen = ["-k", wanted] if wanted else []
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-n",
        str(arguments.processes),
        "--dist",
        "load",
        *chosen,
        *TESTS,
    ]
    done = subprocess.run(command, cwd=ROOT, env=environment, check=False)
    return rows_of(rows_in), done.returncode == 0


def rows_of(file):
    """What the tests collected, in the order of the scorecard; what stands beside it, and answers, come last."""
    place = {line.number: at for at, line in enumerate(LINES)}
    rows = [json.loads(text) for text in file.read_text(encoding="utf-8").splitlines()]
    return sorted(
        rows,
        key=lambda row: ("answers" in row, place.get(row.get("line"), len(place)), row.get("stretch", False)),
    )


def standing(row):
    """How does a figure stand to what was wanted? Below 0 it holds with room."""
    gaps = []
    if row["at_most"] is not None:
        gaps.append(row["measured"] - row["at_most"])
    if row["at_least"] is not None:
        gaps.append(row["at_least"] - row["measured"])
    return max(gaps)


def verdict(row):
    if standing(row) <= 0:
        return "yes"
    low, high = row.get("low"), row.get("high")
    touches = low is not None and (
        (row["at_most"] is not None and low <= row["at_most"] < row["measured"])
        or (row["at_least"] is not None and row["measured"] < row["at_least"] <= high)
    )
    return "within simulation error" if touches else "no"


def figure(row, value):
    unit = row.get("unit", "rate")
    if unit == "largest difference":
        return f"{value:.1e}"
    if unit == "count":
        return f"{value:,.0f}"
    return f"{value:.2f}" if unit == "seeds" else f"{100 * value:.2f}%"


def interval(row):
    if row.get("low") is None:
        return "exact" if row.get("unit") else ""
    return f"{figure(row, row['low'])} to {figure(row, row['high'])}"


def wanted(row):
    ends = [None if row[name] is None else figure(row, row[name]) for name in ("at_least", "at_most")]
    if None not in ends:
        return f"{ends[0]} to {ends[1]}"
    return f">= {ends[0]}" if ends[1] is None else f"<= {ends[1]}"


def table(header, rows):
    lines = [f"| {' | '.join(header)} |", f"| {' | '.join('---' for _ in header)} |"]
    return [*lines, *(f"| {' | '.join(row)} |" for row in rows)]


def summary(rows):
    by_line = defaultdict(list)
    for row in rows:
        by_line[row["line"]].append(row)
    out = []
    for line in LINES:
        cells = [line.number, line.goal, line.common or "-", line.bar]
        for part in (False, True):
            found = [row for row in by_line[line.number] if row["stretch"] == part]
            if part and not found and (line.at_least or line.at_most):
                ends = {"at_least": line.at_least, "at_most": line.at_most}
                found = [row | ends for row in by_line[line.number]]
            if part:
                cells.append(line.stretch or "-")
            if not found:
                cells.append("-" if part else "not measured here")
                continue
            cells.append("; ".join(map(worst_of, directions(found))))
        counts = [row["replicates"] for row in by_line[line.number] if row.get("replicates")]
        cells += [span(counts), f'`make scorecard ARGS="{line.number} --full"`']
        out.append(cells)
    return table(
        ["line", "what is asked", "common practice", "bar", "measured: met?", "stretch", "measured: met?", "replicates", "command"],
        out,
    )  # fmt: skip


def directions(rows):
    """Figures that may not be too high, apart from those that may not be too low: a worst one of each is shown."""
    floors = [row for row in rows if row["at_most"] is None]
    return [part for part in (floors, [row for row in rows if row["at_most"] is not None]) if part]


def worst_of(rows):
    worst = max(rows, key=standing)
    if worst.get("unit") == "count":
        got, of = (sum(row[name] for row in rows) for name in ("measured", "at_least"))
        return f"{got:,.0f} of {of:,.0f}: {verdict(worst)}"
    said = figure(worst, worst["measured"])
    spread = f" ({interval(worst)})" if interval(worst) not in ("", "exact") else ""
    of = f", worst of {len(rows)}" if len(rows) > 1 else ""
    return f"{said}{spread}{of}: {verdict(worst)}"


def span(counts):
    if not counts:
        return "-"
    few, many = min(counts), max(counts)
    return f"{few:,}" if few == many else f"{few:,} to {many:,}"


def details(rows):
    return table(
        ["line", "what was measured", "wanted", "measured", "95% interval", "replicates"],
        [
            [row["line"] or "beside", row["what"], wanted(row), figure(row, row["measured"]), interval(row), f"{row['replicates']:,}" if row.get("replicates") else "-"]
            for row in rows
        ],
    )  # fmt: skip


def answers(rows):
    """On next to nothing: what was asked of which evidence, and the answer by how many values there were."""
    told = sorted((row["check"], row["evidence"], *row["answers"].values()) for row in rows)
    sizes = next(iter(rows))["answers"] if rows else ()
    return table(["claim or alarm", "evidence", *(f"{n} of them" for n in sizes)], told)


def page(rows):
    measured_rows = [row for row in rows if "answers" not in row]
    numbered = [row for row in measured_rows if row["line"]]
    beside = [row for row in measured_rows if not row["line"]]
    seed = next((row["seed"] for row in rows if row.get("seed")), "-")
    libraries = ", ".join(f"{name} {version(name)}" for name in ("numpy", "scipy", "statsmodels"))
    return "\n".join(
        [
            "# Scorecard: how often do the decisions err?",
            "",
            "Every line is a seeded simulation, or a count on published runs, of what is shipped: the gate engine itself (X1, X2, G9), or",
            "the functions it decides with, and `tests/calibration/test_engine_decides.py` holds each numbered simulation against the",
            "engine (but for registered looks over examples in G3: gates look at examples once, or at any time). One command makes this page (about half an hour on two cores); `make test` checks a tenth of it on every change,",
            "`make verify` all of it:",
            "",
            '    make scorecard ARGS="--full --write"',
            "",
            "The real runs of G2, G9, K1 to K5 and X1 are read from the folder that ASSAY_WILD_DATA names. A line that misses its bar by more than",
            "three simulation errors fails the command.",
            "",
            "Of the three published pairs of G9, one can be judged: the data in that folder hold no run of prefix-1375, baseline-1375 or XSA s1410, in",
            "either of its two collections of NanoGPT logs. The six published comparisons of the other track are held against their numbers in",
            "`tests/wild/test_eval_logs_nanogpt.py`.",
            "",
            f"Measured with seed {seed} and the name of each test, by as many replicates as the tables say, on",
            f"Python {platform.python_version()}, {libraries}. Common practice is what the usual rule of thumb scores in the same simulation.",
            "",
            *summary(numbered),
            "",
            "## Every figure",
            "",
            *details(numbered),
            "",
            "## Beside the numbered lines",
            "",
            "Claims that gates rest on too: percentiles, repeats, groups, reported figures, few sources, bootstraps.",
            "",
            *details(beside),
            "",
            "## On next to nothing",
            "",
            "What a gate answers on one, two, three and a hundred values, with no spread, and at rates of exactly 0 and 1. Training",
            "seeds stop at ten, the last look. `unclear` never passes.",
            "",
            *answers([row for row in rows if "answers" in row]),
            "",
        ]
    )  # fmt: skip


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("lines", nargs="*", help="lines to measure, such as G3 (default: all)")
    options.add_argument("--scale", type=float, default=0.1, help="share of the full number of replicates")
    options.add_argument("--full", action="store_true", help="all replicates")
    options.add_argument("--processes", type=int, default=2)
    options.add_argument("--write", action="store_true", help="keep the result as docs/scorecard.md")
    arguments = options.parse_args()
    unknown = {
        name for name in arguments.lines if not re.fullmatch("|".join(line.number for line in LINES), name)
    }
    if unknown or (arguments.write and arguments.lines):
        options.error(f"unknown lines {sorted(unknown)}" if unknown else "--write needs all lines")
    with tempfile.TemporaryDirectory() as folder:
        rows_in = Path(folder) / "rows.jsonl"
        rows_in.touch()
        rows, passed = measured(arguments, rows_in)
    if not rows:
        print("nothing was measured (see above)", file=sys.stderr)
        return 1
    told = [row for row in rows if "answers" in row]
    figures = [row for row in rows if "answers" not in row]
    print("\n".join([*summary(figures), "", *details(figures), "", *(answers(told) if told else ())]))
    if arguments.write:
        PAGE.write_text(page(rows), encoding="utf-8")
        print(f"\nwritten: {PAGE.relative_to(ROOT)}")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
