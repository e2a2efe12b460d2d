"""Files of W&B and of TensorBoard: Assay's readers against each tool's own reader of the same files, in turn.

Each tool writes one run of 8 metrics with its own client, in an environment of its own (TRACKER_FILES_PYTHON names its
interpreter; list: requirements-trackers.lock). The peers are the client's `DataStore` with its protobuf classes, once with
protobuf's C code and once without (that is what a plain Python reader is), and TensorBoard's `EventAccumulator`. Every side
makes the last value of each metric, and these are compared: a wrong one voids the time. Processor time, the best of some rounds.

    TRACKER_FILES_PYTHON=PATH/bin/python python benchmarks/tracker_files.py [--steps 20000] [--rounds 5]
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from assay.connectors.tracked.registry import InstalledTrackers
from assay.workflows.records import Source

GOAL = 10
WRITE_WANDB = """
import os, random, sys
os.environ |= {"WANDB_MODE": "offline", "WANDB_SILENT": "true", "WANDB_CONSOLE": "off"}
import wandb
random.seed(1)
run = wandb.init(project="bench", dir=sys.argv[1], settings=wandb.Settings(x_disable_stats=True))
for step in range(int(sys.argv[2])):
    run.log({f"train/metric_{k}": random.random() for k in range(8)})
run.finish()
"""
WRITE_TENSORBOARD = """
import random, sys
from tensorboardX import SummaryWriter
random.seed(1)
writer = SummaryWriter(sys.argv[1] + "/runs/one")
for step in range(int(sys.argv[2])):
    for k in range(8):
        writer.add_scalar(f"train/metric_{k}", random.random(), step)
writer.close()
"""
READ_WANDB = """
import glob, json, sys, time
from wandb.proto import wandb_internal_pb2 as pb
from wandb.sdk.internal.datastore import DataStore
(path,) = glob.glob(sys.argv[1] + "/wandb/offline-run-*/*.wandb")
started = time.process_time()
store, curves = DataStore(), {}
store.open_for_scan(path)
while (content := store.scan_data()) is not None:
    record = pb.Record()
    record.ParseFromString(content)
    if record.WhichOneof("record_type") == "history":
        for item in record.history.item:
            curves.setdefault(item.key or "/".join(item.nested_key), []).append(json.loads(item.value_json))
took = time.process_time() - started
print(json.dumps([took, {name: values[-1] for name, values in curves.items() if name[0] != "_"}]))
"""
READ_TENSORBOARD = """
import json, sys, time
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
started = time.process_time()
events = EventAccumulator(sys.argv[1] + "/runs/one", size_guidance={"scalars": 0, "tensors": 0})
events.Reload()
last = {name: [one.value for one in events.Scalars(name)][-1] for name in events.Tags()["scalars"]}
print(json.dumps([time.process_time() - started, last]))
"""


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--steps", type=int, default=20_000)
    arguments.add_argument("--rounds", type=int, default=5)
    asked = arguments.parse_args()
    python = os.environ.get("TRACKER_FILES_PYTHON")
    if not python:
        print("left out: TRACKER_FILES_PYTHON is not set (requirements-trackers.lock lists what it needs)")
        return 0
    missed = 0
    plain = {"PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION": "python"}
    with tempfile.TemporaryDirectory(prefix="assay-bench-") as folder:
        for script in (WRITE_WANDB, WRITE_TENSORBOARD):
            _run(python, script, folder, str(asked.steps))
        points = 8 * asked.steps
        print(f"{points:,} points a file; processor time, best of {asked.rounds}")
        for kind, below, script, peers in (
            ("wandb", "wandb", READ_WANDB, {"plain Python": plain, "with protobuf's C code": {}}),
            ("tensorboard", "runs", READ_TENSORBOARD, {"EventAccumulator": {}}),
        ):
            ours, last = min(
                (_ours(kind, f"{folder}/{below}") for _ in range(asked.rounds)), key=lambda one: one[0]
            )
            print(f"{kind}: {points / ours:,.0f} points/s here")
            for number, (name, environment) in enumerate(peers.items()):
                rounds = range(1 if environment else asked.rounds)
                told = [json.loads(_run(python, script, folder, more=environment)) for _ in rounds]
                if any(values != last for _, values in told):
                    print(f"  {name}: other values than ours; its time does not count")
                    missed += 1
                    continue
                theirs = min(took for took, _ in told)
                ratio = theirs / ours
                print(f"  {name}: {points / theirs:,.0f} points/s; {ratio:.1f} times")
                missed += number == 0 and ratio < GOAL
    return missed


def _ours(kind: str, folder: str) -> tuple[float, dict[str, float]]:
    source = Source(id=1, project_id=1, name="bench", kind=kind, uri=folder)
    started = time.process_time()
    (run,) = (run for batch in InstalledTrackers()[kind].changes(source, dict) for run in batch.runs)
    last = {name: curve.last for name, curve in run.curves.items()}
    return time.process_time() - started, last


def _run(python: str, script: str, *words: str, more: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        [python, "-W", "ignore", "-c", script, *words],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(words[0]),
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | (more or {}),
    )
    return done.stdout.strip().splitlines()[-1] if done.stdout.strip() else ""


if __name__ == "__main__":
    sys.exit(main())
