"""Published training curves as runs with a target and a budget: AlgoPerf, in either of the forms in which it is kept."""

import csv
import gzip
import json
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from assay.stats.futility_features import Runs
from assay.stats.trajectories import Trajectory

HIGHER = {"ssim", "accuracy", "bleu", "mean_average_precision"}
NO_REAL_BUDGET = {"imagenet_resnet_silu"}  # 71.7 seconds: an artefact of the file
FEWEST_EVALUATIONS = 4


@dataclass(frozen=True, eq=False)
class Curves:
    """Runs, the seconds of a whole budget of each, and the names behind the numbers."""

    runs: Runs
    budgets: np.ndarray
    problems: list[str]
    batches: list[str]

    def of(self, rows):
        return Curves(self.runs.of(rows), self.budgets[rows], self.problems, self.batches)


def gaps(values, target, metric):
    return (target - values) * (1 if metric in HIGHER else -1)


def algoperf(runs_file, curves_file):
    """Runs of external tuning; a batch is a submission, for the next method is not known yet."""
    table = pl.read_parquet(runs_file).filter(~pl.col("workload").is_in(list(NO_REAL_BUDGET)))
    points = pl.read_parquet(curves_file).sort("run", "time_s")
    curves = {key[0]: part for key, part in points.partition_by("run", as_dict=True).items()}
    kept = [
        row for row in table.iter_rows(named=True) if len(curves.get(row["run"], ())) >= FEWEST_EVALUATIONS
    ]
    trajectories = [
        Trajectory(
            curves[row["run"]]["time_s"].to_numpy().astype(float) / row["budget_s"],
            gaps(curves[row["run"]]["value"].to_numpy().astype(float), row["target"], row["metric"]),
        )
        for row in kept
    ]
    return _curves(
        trajectories,
        [row["budget_s"] for row in kept],
        [row["workload"] for row in kept],
        [row["submission"] for row in kept],
    )


def self_tuning(folder, *, budget_multiple=1.0):
    """The repeats of self-tuning submissions, one evaluation file and one file of meta data each."""
    made = []
    for meta_file in sorted(Path(folder).rglob("meta_data_0.json")):
        meta = json.loads(meta_file.read_text(encoding="utf-8"))
        metric = meta["workload.target_metric_name"]
        budget = meta["workload.max_allowed_runtime_sec"] * budget_multiple
        with (meta_file.parent / "eval_measurements.csv").open(newline="", encoding="utf-8") as lines:
            rows = [row for row in csv.DictReader(lines) if row[f"validation/{metric}"]]
        spent = np.array([float(row["accumulated_submission_time"]) for row in rows]) / budget
        values = np.array([float(row[f"validation/{metric}"]) for row in rows])
        workload = meta_file.parts[-3].removesuffix("_jax").removesuffix("_pytorch")
        gap = gaps(values, meta["workload.validation_target_value"], metric)
        made.append((Trajectory(spent, gap), budget, workload, meta_file.parts[-5]))
    return _curves(*map(list, zip(*made, strict=True)))


def together(past, asked):
    """Two sets under one numbering of problems; batches of the second are never those of the first."""
    problems = sorted({*past.problems, *asked.problems})
    place = {name: number for number, name in enumerate(problems)}

    def renumbered(curves, first_batch):
        numbers = np.array([place[name] for name in curves.problems])[curves.runs.problem]
        return Runs(curves.runs.trajectories, numbers, curves.runs.batch + first_batch)

    return renumbered(past, 0), renumbered(asked, len(past.batches))


def _curves(trajectories, budgets, problems, batches):
    names, numbers = np.unique(problems, return_inverse=True)
    batch_names, batch_numbers = np.unique(batches, return_inverse=True)
    return Curves(
        Runs(trajectories, numbers.astype(np.int64), batch_numbers.astype(np.int64)),
        np.array(budgets, dtype=float),
        names.tolist(),
        batch_names.tolist(),
    )


def dopamine(folder):
    """Five runs an agent and game; nobody set a target, so it is what half of the runs of a game end at (mean of the last ten)."""
    made = []
    for file in sorted(Path(folder).glob("*.json.gz")):
        rows = pl.DataFrame(json.loads(gzip.decompress(file.read_bytes())))
        by_run = {}
        for agent, values in rows.group_by("Agent", maintain_order=True):
            order = values.sort("Iteration", maintain_order=True)
            count = order.group_by("Iteration", maintain_order=True).len()["len"].max()
            for run in range(count):
                # The order inside an iteration is the run; an iteration that a run lacks ends it.
                kept = [part["Value"][run] for part in order.partition_by("Iteration") if len(part) > run]
                by_run[agent[0], run] = np.array(kept, dtype=float)
        target = float(np.median([values[-10:].mean() for values in by_run.values()]))
        longest = max(map(len, by_run.values()))
        for (agent, _), values in by_run.items():
            spent = np.arange(1, len(values) + 1) / longest
            made.append((Trajectory(spent, target - values), float(longest), file.name.split(".")[0], agent))
    return _curves(*map(list, zip(*made, strict=True)))


def lcdb_parts(folder):
    """Data set, target, learner, training sizes and accuracies of each run; the target is what half of the runs of a data set end at."""
    for file in sorted(Path(folder).glob("*.csv.gz")):
        rows = pl.read_csv(gzip.decompress(file.read_bytes())).sort("size_train")
        rows = rows.filter(
            pl.col("inner_seed") == rows["inner_seed"].min()
        )  # the others split the same data again
        largest = rows["size_train"].max()
        parts = [
            part
            for part in rows.partition_by("learner", "outer_seed", "inner_seed", maintain_order=True)
            if part["size_train"][-1] == largest
        ]
        target = float(np.median([part["score_test"][-1] for part in parts]))
        for part in parts:
            sizes, scores = part["size_train"].to_numpy(), part["score_test"].to_numpy().astype(float)
            yield file.name.split(".")[0], target, part["learner"][0], sizes, scores


def lcdb(folder):
    """Accuracy of learners against training-set size, which is what is spent."""
    made = [
        (Trajectory(sizes / sizes[-1], target - scores), float(sizes[-1]), name, learner)
        for name, target, learner, sizes, scores in lcdb_parts(folder)
    ]
    return _curves(*map(list, zip(*made, strict=True)))


def nanogpt(folder):
    """Runs of the NanoGPT speedrun: validation loss 3.28 within the planned steps; a batch is a record."""
    made = []
    for track in ("track_1_short", "track_3_optimization"):
        seen = set()
        for file in sorted((Path(folder) / track).rglob("*.txt")):
            found = re.findall(r"step:(\d+)/(\d+) val_loss:([\d.]+|nan)", file.read_text(encoding="utf-8"))
            points = [(int(step), int(of), float(loss)) for step, of, loss in found if int(step)]
            if len(points) < FEWEST_EVALUATIONS or file.name in seen:
                continue
            seen.add(file.name)
            budget = points[-1][1]
            spent = np.maximum.accumulate([step / budget for step, _, _ in points])
            gap = np.array([loss for _, _, loss in points]) - 3.28
            record = file.relative_to(Path(folder) / track).parts[0]
            made.append((Trajectory(spent, gap), float(budget), track, f"{track}/{record}"))
    return _curves(*map(list, zip(*made, strict=True)))
