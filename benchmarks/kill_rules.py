"""Kill rules on published training curves: compute saved against good runs killed, beside Optuna's pruners; `--write` keeps docs/kill-rules.md.

    OPTUNA_PYTHON=PATH/bin/python python benchmarks/kill_rules.py --write
    python benchmarks/kill_rules.py --judge FOLDER       the rule for futility on other runs, learned from AlgoPerf

The curves are read from the folder that ASSAY_WILD_DATA names. OPTUNA_PYTHON is a Python with the packages of
benchmarks/requirements-optuna.lock; without it the table has our rules alone. FOLDER holds *runs.parquet and *curves.parquet of
the form of decision-anchors, or self-tuning evaluation files.
"""

import argparse
import itertools
import json
import os
import platform
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from assay.domain.stopping.backtest import (  # noqa: E402
    MayStop,
    Replay,
    back_test,
    leave_batch_out,
    may_stop,
)
from assay.domain.stopping.futility import FutilityRule  # noqa: E402
from assay.domain.stopping.rules import (  # noqa: E402
    AnyOf,
    Diverged,
    GapRule,
    MedianStopping,
    NotFalling,
    OverBudget,
    PlateauRule,
    SlowerThanHits,
    TimeBoxOver,
)
from assay.stats.futility import CHECKS  # noqa: E402
from tests.support.training_curves import (  # noqa: E402
    algoperf,
    dopamine,
    lcdb,
    nanogpt,
    self_tuning,
    together,
)

PAGE = ROOT / "docs" / "kill-rules.md"
SEED = 20261121
TABLES = (
    ("AlgoPerf", "8 optimisers on 17 workloads; target and budget are those of the benchmark", 0.15, 0.01),
    ("Dopamine", "7 agents on 5 Atari games; the target is what half of the runs of a game end at", None, None),
    ("LCDB", "8 learners on 4 data sets, training size is what is spent; the target is what half of the runs end at", 0.15, 0.01),
    ("NanoGPT speedrun", "28 records on 2 tracks; the target is a validation loss of 3.28", 0.15, 0.01),
)  # fmt: skip


def rules(gap, tolerance):
    """Gap and tolerance are in the metric's own unit; rewards of games have no usual one."""
    ours = [
        FutilityRule(0.05, in_a_row=1),
        FutilityRule(0.05, in_a_row=2),
        FutilityRule(0.1, in_a_row=2),
        MedianStopping(0.2),
        Diverged(),
        NotFalling(),
        SlowerThanHits(2.0),
        OverBudget(2.0),
        TimeBoxOver(0.95),
    ]
    if gap is None:
        return ours
    plateau = PlateauRule(3, tolerance, since=0.25)
    trio = AnyOf(
        "the three rules of thumb together",
        (SlowerThanHits(2.0), plateau, GapRule(gap, since=0.5, until=0.5)),
    )
    return [*ours, plateau, GapRule(gap, since=0.1), trio]


def read(folder):
    anchors = folder / "decision-anchors"
    yield algoperf(anchors / "algoperf_runs.parquet", anchors / "algoperf_curves.parquet")
    yield dopamine(folder / "learning-curves" / "dopamine")
    yield lcdb(folder / "learning-curves" / "lcdb")
    yield nanogpt(folder / "experiment-history" / "nanogpt-speedrun")


def peers(curves):
    """Replays of Optuna's pruners, the runs of each problem in one random order."""
    python = os.environ.get("OPTUNA_PYTHON")
    if not python:
        return None, []
    rng = np.random.default_rng(SEED)
    runs = curves.runs
    orders = [rng.permutation(np.flatnonzero(runs.problem == problem)) for problem in np.unique(runs.problem)]
    given = [[_reported(runs.trajectories[row]) for row in order.tolist()] for order in orders]
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(given, file)
        file.flush()
        command = [python, str(ROOT / "benchmarks" / "kill_rules_peers.py"), file.name]
        told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    told_of = np.array([any(one is not None for one in _reported(run)) for run in runs.trajectories])
    replays = []
    for name, by_problem in told["stopped"].items():
        stopped = np.full(len(runs), np.nan)
        for order, found in zip(orders, by_problem, strict=True):
            stopped[order] = [np.nan if check is None else CHECKS[check] for check in found]
        replays.append(Replay(name, "runs finished before", stopped, told_of))
    return told["version"], replays


def _reported(run):
    """The last gap known at each check while the run was under way."""
    known = np.searchsorted(run.spent, CHECKS, side="right")
    return [
        float(run.gap[count - 1]) if count and check < run.end and np.isfinite(run.gap[count - 1]) else None
        for count, check in zip(known.tolist(), CHECKS.tolist(), strict=True)
    ]


def row(replay, runs, budgets):
    """A winner about which a rule could say nothing is no winner that it spared: kills are counted over the others."""
    tested = back_test(replay, runs, budgets, np.random.default_rng(SEED))
    rows = np.flatnonzero(replay.answered)
    of_answered = Replay(replay.rule, replay.judged_by, replay.stopped_at[rows], replay.answered[rows])
    judged = back_test(of_answered, runs.of(rows), budgets[rows], np.random.default_rng(SEED))
    killed, saved = judged.false_kill, tested.saved
    if killed is None:
        return f"| {replay.rule} | not known | not known | {tested.misses_stopped / tested.misses:.0%} | not known | no |"
    verdict = "yes" if isinstance(may_stop(judged), MayStop) else "no"
    return "| " + " | ".join(
        [
            tested.rule,
            f"{killed.value:.1%} of {judged.hits:,} ({_interval(killed)})",
            f"{judged.false_kill_upper:.1%}",
            f"{tested.misses_stopped / tested.misses:.0%}",
            f"{saved.value:.1%} ({_interval(saved)})",
            verdict,
        ]
    ) + " |"  # fmt: skip


def _interval(share):
    return "-" if share.interval is None else f"{share.interval.low:.1%} to {share.interval.high:.1%}"


def table(curves, gap, tolerance):
    optuna, replays = peers(curves)
    replays = [leave_batch_out(rule, curves.runs, CHECKS) for rule in rules(gap, tolerance)] + replays
    rows = [
        "| rule | winners killed (95%) | upper bound | doomed runs killed | doomed compute saved (95%) | may kill by itself |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    rows += [row(replay, curves.runs, curves.budgets) for replay in replays]
    return optuna, rows


def calibration(curves):
    """How often runs hit, by the chance they were given, and the Brier score beside the naive forecast."""
    runs, chances = curves.runs, np.full((len(curves.runs), len(CHECKS)), np.nan)
    rule = FutilityRule()
    runs.standing_at(CHECKS)
    for batch in np.unique(runs.batch):
        rows = np.flatnonzero(runs.batch == batch)
        chances[rows], _ = rule.numbers(runs.of(rows), runs.of(np.flatnonzero(runs.batch != batch)), CHECKS)
    out = [
        "| spent | runs | hit in the end | mean chance | calibration error | Brier score | naive forecast | skill |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for share in (0.1, 0.25, 0.5, 0.75, 0.9):
        column = chances[:, np.argmin(abs(CHECKS - share))]
        known = ~np.isnan(column)
        chance, hit = column[known], runs.hit[known]
        tenth = np.minimum((chance * 10).astype(int), 9)
        error = sum(
            abs(chance[tenth == t].mean() - hit[tenth == t].mean()) * (tenth == t).mean()
            for t in np.unique(tenth)
        )
        brier, naive = np.mean((chance - hit) ** 2), hit.mean() * (1 - hit.mean())
        out.append(
            f"| {share:.0%} | {known.sum():,} | {hit.mean():.1%} | {chance.mean():.1%} | {error:.3f} | {brier:.3f} | {naive:.3f} | {1 - brier / naive:.0%} |"
        )
    out += [
        "",
        "| chance given, all checks | times | mean chance | hit in the end |",
        "| --- | --- | --- | --- |",
    ]
    known = ~np.isnan(chances)
    chance, hit = chances[known], np.broadcast_to(runs.hit[:, None], chances.shape)[known]
    edges = [0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1]
    for low, high in itertools.pairwise(edges):
        part = (chance >= low) & (chance < high)
        if part.any():
            out.append(
                f"| {low:.0%} to {high:.0%} | {part.sum():,} | {chance[part].mean():.1%} | {hit[part].mean():.1%} |"
            )
    return out


def page(folder):
    out = ["# Kill rules on real training curves", "", *PREFACE]
    for (name, what, gap, tolerance), curves in zip(TABLES, read(folder), strict=True):
        optuna, rows = table(curves, gap, tolerance)
        print(name, *rows, sep="\n", flush=True)
        runs = curves.runs
        share = (runs.end * curves.budgets)[~runs.hit].sum() / (runs.end * curves.budgets).sum()
        out += [
            f"## {name}",
            "",
            f"{what}. {len(runs):,} runs, {runs.hit.sum():,} of which hit; {share:.0%} of the compute went to those that did not.",
            "",
            *rows,
            "",
        ]
        if name == "AlgoPerf":
            first = curves
    out += ["## Are the chances right?", "", *CALIBRATION, *calibration(first), ""]
    libraries = (
        f"Python {platform.python_version()}, numpy {version('numpy')}, Optuna {optuna or 'not installed'}"
    )
    return "\n".join([*out, f"Measured with seed {SEED} on {libraries}.", ""])


PREFACE = [
    "A run that is stopped early saves compute when it was doomed, and costs a winner when it was not. Here every rule is replayed over finished runs:",
    "it looks at each run at every twentieth of its budget, by what was known then. One command makes this page:",
    "",
    "    OPTUNA_PYTHON=PATH/bin/python python benchmarks/kill_rules.py --write",
    "",
    "*Winners killed* are runs that went on to reach their target and would have been stopped before, of those about which the rule could say something (one that hit",
    "before it could be asked was not spared by it), with an interval from resampling problems and the exact upper 95% bound that decides whether the rule may kill by itself (at most 5%). *Doomed compute saved* is the share of the compute of runs that never",
    "reached it. A run ends when it hits. Our rules judge each run by the runs of other methods only; Optuna's pruners judge it by all runs that came before it in a random",
    "order, whatever their method, and know no target: they look for the best run, which is another question. Their defaults are used.",
    "",
    "A rule that never says stop may kill by itself as far as its record goes; it is of no use either.",
    "",
]
CALIBRATION = [
    "The chance that the rule for futility gives to AlgoPerf runs, each by the runs of other submissions. The naive forecast says the share of hits among the runs",
    "that are still under way, which is known only afterwards. Calibration error is over tenths of the chance.",
    "",
]


def judge(folder, given):
    """The rule learned from the published runs, on runs it has not seen."""
    anchors = folder / "decision-anchors"
    history = algoperf(anchors / "algoperf_runs.parquet", anchors / "algoperf_curves.parquet")
    tables = sorted(given.glob("*runs.parquet")), sorted(given.glob("*curves.parquet"))
    other = algoperf(tables[0][0], tables[1][0]) if all(tables) else self_tuning(given)
    past, asked = together(history, other)
    print(
        f"{len(asked)} runs, {asked.hit.sum()} of which hit, of {len(other.problems)} problems; past: {len(past)} runs"
    )
    print(
        "| rule | winners killed (95%) | upper bound | doomed runs killed | doomed compute saved (95%) | may kill by itself |"
    )
    for rule in (
        FutilityRule(0.05, in_a_row=1),
        FutilityRule(0.05),
        FutilityRule(0.1),
        FutilityRule(0.1, in_a_row=1),
    ):
        told = rule.answers(asked, past, CHECKS)
        replay = Replay(rule.name, "runs of other batches", told.first_stop(CHECKS), told.asked.any(axis=1))
        print(row(replay, asked, other.budgets), flush=True)


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--write", action="store_true", help="keep the result as docs/kill-rules.md")
    options.add_argument("--judge", type=Path, help="judge the runs in this folder by those of AlgoPerf")
    arguments = options.parse_args()
    folder = os.environ.get("ASSAY_WILD_DATA")
    if not folder:
        options.error("ASSAY_WILD_DATA is not set (expected the folder with the published curves)")
    if arguments.judge:
        judge(Path(folder), arguments.judge)
        return
    text = page(Path(folder))
    if arguments.write:
        PAGE.write_text(text, encoding="utf-8")
        print(f"written: {PAGE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
