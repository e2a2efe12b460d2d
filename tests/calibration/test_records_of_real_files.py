"""Scorecard X1: every answer about real files is complete, and comes out of the store again byte for byte.

Complete: each finding carries its method, how much evidence there was, the effect with its interval, the level, the looks and
what they spent, what could have been seen and what would change it; or the type of the reason why not. At a tenth of the full
scale every third file is judged.
"""

import csv
import io
from collections import defaultdict
from pathlib import Path

import pytest

from assay.bootstrap import open_workspace
from assay.connectors.evals.read import read_evaluation
from assay.domain.experiments.evidence import Evidence
from assay.domain.gates.replay import replay
from assay.domain.gates.settings import VerdictSettings
from assay.domain.gates.verdict import verdict_bytes
from assay.domain.kernel.findings import Outcome
from assay.errors import Conflict
from assay.settings import Settings
from assay.workflows.gate_runs import judge_upload, replay_gate_run
from assay.workflows.gate_views import Upload
from assay.workflows.gates import add_gate
from assay.workflows.projects import create_project
from tests.calibration.conftest import SCALE
from tests.support.completeness import is_complete
from tests.support.scorecard import collect
from tests.unit.domain.gates.cases import judge as judge_ticket
from tests.unit.domain.gates.cases import lock, seeds
from tests.unit.workflows.conftest import ADA

pytestmark = pytest.mark.wild

TOTALS = """
gate: NAME
metrics: {"METRIC": {direction: higher, unit: fraction}}
criteria: ["METRIC improves by > 0%", "METRIC no worse than baseline by 2%", "METRIC >= 40%"]
checks:
  - regression: {margin: 5%, others: 10% relative}
  - items: {model card complete: unknown, rollback tested: yes}
"""
EXAMPLES = """
gate: NAME
metrics: {"METRIC": {direction: higher, unit: fraction}}
criteria: ["METRIC >= 40%"]
checks:
  - golden: {examples: ["1", "0"]}
  - reliability: {pass^2: 30%}
  - consistency: {sd: 3%}
"""
TRIES = """
gate: tries
metrics: {reward: {direction: higher, unit: fraction}}
criteria: ["reward >= 40%"]
checks:
  - reliability: {pass^4: 25%}
  - reliability: {pass@2: 60%}
"""
LOSSES = """
gate: losses
metrics: {val_loss: {direction: lower}}
criteria: ["val_loss < 3.28"]
secondary: ["val_loss improves by > 0", "val_loss no worse than baseline by 0.002", "sd of val_loss <= 0.003"]
"""


def table(header, rows):
    out = io.StringIO()
    csv.writer(out).writerows([header, *rows])
    return {"runs.csv": out.getvalue().encode()}


def of(path):
    return {path.name: path.read_bytes()}


def checkpoints(folder):
    """The same steps with and without a change of the training data, and a larger model beside a smaller one."""
    pythia = folder / "eval-logs" / "lm-eval-pythia"
    for size in ("70m", "410m"):
        for changed in sorted((pythia / f"pythia-v1/pythia-{size}-deduped/zero-shot").glob("*.json")):
            plain = pythia / f"pythia-v1/pythia-{size}/zero-shot" / changed.name.replace("-deduped", "")
            if plain.exists():
                yield changed, plain
    larger = pythia / "pythia-v1/pythia-1.4b-deduped"
    for changed in sorted((larger / "intervention").glob("*.json")):
        plain = larger / "baseline" / f"baseline-1.4b-deduped_{changed.stem.rsplit('_')[-1]}.json"
        if plain.exists():
            yield changed, plain
    yield pythia / "opt/opt-350m.json", pythia / "opt/opt-125m.json"
    yield pythia / "opt/opt-1.3b.json", None


def logs(folder):
    yield from ((path, None) for path in sorted((folder / "eval-logs/inspect").iterdir()))
    yield folder / "eval-logs/promptfoo/french-greeting.output.json", None


def metric_in(path):
    (first, *_) = read_evaluation(path).runs
    names = sorted({*first.scores, *first.aggregates})
    return next((name for name in names if name.startswith("lambada") and name.endswith("acc")), names[0])


def speedruns(folder):
    """Losses of one arm of a record beside those of another, a run each seed."""
    arms = defaultdict(lambda: defaultdict(list))
    with (folder / "experiment-history/nanogpt-speedrun/final_results.csv").open(newline="") as lines:
        for row in csv.DictReader(lines):
            if row["final_val_loss"]:
                arms[row["record"]][row["arm"]].append(row["final_val_loss"])
    for several in arms.values():
        first, *others = several.values()
        for arm in others or [first]:
            sides = [table(["run", "seed", "val_loss"], [(f"{name}{at}", at, loss) for at, loss in enumerate(losses)]) for name, losses in (("c", arm), ("b", first))]  # fmt: skip
            yield sides[0], sides[1] if others else None


def agents(folder):
    with (folder / "trajectories/tau-bench/facts.csv").open(newline="") as lines:
        rows = [(row["task_id"], row["trial"], row["reward"]) for row in csv.DictReader(lines)]
    yield table(["sample_id", "repeat", "reward"], rows), None


@pytest.fixture
def ws(tmp_path):
    with open_workspace(Settings(home=tmp_path, sync_interval_s=0)) as workspace:
        create_project(workspace, ADA, slug="real", name="Real files")
        yield workspace


def answered(ws, text, sides):
    """The number of the stored answer, and its findings."""
    try:
        name = add_gate(ws, ADA, "real", text=text).name
    except Conflict:
        name = text.split("gate: ")[1].split("\n")[0]
    candidate, baseline = (None if files is None else Upload(files) for files in sides)
    run = judge_upload(ws, ADA, "real", name, candidate=candidate, baseline=baseline)
    return run.number, run.record.findings


def all_of(what, good, total):
    collect("X1", f"{what}, of {total:,}", good, at_least=total, unit="count")
    print(f"\nX1 {what}: {good} of {total}", end="")


def test_x1_gate_records_of_real_files_are_complete_and_replay_byte_for_byte(ws, wild_data: Path):
    asked = []
    for number, (path, beside) in enumerate([*checkpoints(wild_data), *logs(wild_data)]):
        text = TOTALS if beside is not None or "opt" in path.name else EXAMPLES
        text = text.replace("NAME", f"gate-{number}").replace("METRIC", metric_in(path))
        asked.append((text, (of(path), None if beside is None else of(beside))))
    asked += [(LOSSES, sides) for sides in speedruns(wild_data)]
    asked += [(TRIES, sides) for sides in agents(wild_data)]
    assert len(asked) > 100
    asked = asked if SCALE >= 1 else asked[::3]
    complete, outcomes, same = 0, set(), 0
    for text, sides in asked:
        number, findings = answered(ws, text, sides)
        complete += all(is_complete(finding) for finding in findings)
        outcomes |= {finding.outcome for finding in findings}
        same += replay_gate_run(ws, ADA, "real", number).same
    assert outcomes == set(Outcome)
    total = len(asked)
    all_of("gate records of real files with every field", complete, total)
    all_of("gate records of real files that come out of the store again byte for byte", same, total)
    assert (complete, same) == (total, total)


def test_x1_verdicts_of_real_runs_are_complete_and_replay_byte_for_byte(wild_data):
    groups = defaultdict(list)
    with (wild_data / "decision-anchors/nanogpt_seed_runs.csv").open(newline="") as lines:
        for row in csv.DictReader(lines):
            groups[row["rec"], row["sub"], row["total"]].append(float(row["loss"]))
    locked = lock(
        "primary: val_loss < 3.28", "secondary: val_loss < 3.27", "secondary: val_loss improves by > 0",
        "kill: val_loss > 3.30", "kill: compute > 2x budget", gpu_hours=10,
    )  # fmt: skip
    before = None
    complete, same = 0, 0
    for losses in groups.values():
        runs = seeds("val_loss", losses)
        if before is not None:
            runs += seeds("val_loss", before, arm="baseline", after=False)
        record = judge_ticket(locked, runs, settings=VerdictSettings())
        complete += all(is_complete(finding) for finding in record.verdict.findings)
        same += replay(verdict_bytes(record), locked, Evidence(runs=tuple(runs))).same
        before = losses
    all_of("verdicts on real runs with every field", complete, len(groups))
    all_of("verdicts on real runs that come out again byte for byte", same, len(groups))
    assert (complete, same) == (len(groups), len(groups))
