"""Runs from MLflow's own tables into Assay, durable: against the client's `search_runs` on the same store, in turn.

The peer returns 10,000 runs with the latest value of each metric. Ours brings the same runs with every logged point
(200,000), writes them to its own SQLite store at synchronous=FULL and refreshes the verdicts. Both are checked against
each other: runs, latest values, parameters and tags by count and by checksum. Then a sync of an unchanged store, and
one after 50 changes (20 runs with a new point, 10 ended, 10 with another tag value, 10 with a new tag), with the share of
the reader alone; the tracker's file is hashed before and after.

    python benchmarks/mlflow_sync.py [--runs 10000] [--rounds 3] [--cpu]
"""

import argparse
import hashlib
import importlib.util
import os
import sqlite3
import statistics
import tempfile
import time
import uuid
import warnings
from pathlib import Path

from mlflow_store import build_store

from assay.bootstrap import open_workspace
from assay.connectors.trackers.mlflow import MlflowSource
from assay.settings import Settings
from assay.workflows.actor import Actor
from assay.workflows.evidence import connect_source, sync_source
from assay.workflows.projects import create_project

ADA = Actor(name="Ada")
CPU = False
FORMAT = "pandas" if importlib.util.find_spec("pandas") else "list"
OWN_TAGS = ("assay.ticket", "assay.dataset", "assay.devices")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--runs", type=int, default=10_000)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument(
        "--cpu", action="store_true", help="measure processor time instead of elapsed time"
    )
    asked = arguments.parse_args()
    global CPU  # noqa: PLW0603 - one switch for one script
    CPU = asked.cpu
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory(prefix="assay-bench-") as name:
        folder = Path(name)
        store = build_store(folder / "mlflow.db", runs=asked.runs)
        print(f"store: {asked.runs} runs, {store.stat().st_size / 2**20:.0f} MB")
        first_syncs(store, folder, asked.rounds)
        later_syncs(store, folder)


def first_syncs(store: Path, folder: Path, rounds: int) -> None:
    """The client's listing and a first sync, in turn; the first round warms both up."""
    ratios = []
    before = digest_of(store)
    for round_number in range(rounds + 1):
        peer, listed = timed(lambda: peer_runs(store))
        home = folder / f"home-{round_number}"
        with open_workspace(Settings(home=home)) as ws:
            create_project(ws, ADA, slug="bench", name="Bench")
            connect_source(ws, ADA, "bench", kind="mlflow", uri=str(store), name="lab")
            ours, report = timed(lambda ws=ws: sync_source(ws, ADA, "bench", "lab"))
            assert report.changed == len(listed), (report, len(listed))
            if round_number == 0:
                compare(ws, listed_runs(store))
                continue
        reader, _ = timed(lambda: read_all(store))
        ratios.append(peer / ours)
        print(
            f"search_runs {peer:6.2f} s   first sync {ours:6.2f} s (reader {reader:5.2f} s)   {peer / ours:5.1f}x faster"
        )
    assert digest_of(store) == before, "the tracker's file was touched"
    print(f"peer: mlflow.search_runs(output_format={FORMAT!r})")
    print(
        f"first sync: {statistics.median(ratios):.1f}x faster than search_runs (median of {rounds}; wanted: 8x)"
    )


def later_syncs(store: Path, folder: Path) -> None:
    """A sync with nothing to do, and one after 50 changes."""
    source_cursor: dict = {}
    with open_workspace(Settings(home=folder / "home-later")) as ws:
        create_project(ws, ADA, slug="bench", name="Bench")
        source, _ = connect_source(ws, ADA, "bench", kind="mlflow", uri=str(store), name="lab")
        sync_source(ws, ADA, "bench", "lab")
        idle, busy, readers, floors = [], [], [], []
        for round_number in range(7):
            before, seq = digest_of(store), ws.store.last_seq()
            seconds, report = timed(lambda: sync_source(ws, ADA, "bench", "lab"))
            assert (report.changed, ws.store.last_seq(), digest_of(store)) == (0, seq, before), (
                "something was written"
            )
            idle.append(seconds)
            with ws.store.read() as tx:
                source = next(one for one in tx.sources(source.project_id) if one.name == "lab")
            change_fifty(store, round_number)
            seconds, _ = timed(lambda source=source: list(MlflowSource().changes(source, dict)))
            readers.append(seconds)
            floors.append(timed(lambda: scan_metrics(store))[0])
            seconds, report = timed(lambda: sync_source(ws, ADA, "bench", "lab"))
            assert report.changed == 50, report
            busy.append(seconds)
            source_cursor = source.cursor
    print(
        f"sync of an unchanged store: {statistics.median(idle) * 1000:.2f} ms, nothing written, file untouched"
    )
    print(
        f"sync after 50 changes: {statistics.median(busy) * 1000:.1f} ms, of it the reader"
        f" {statistics.median(readers) * 1000:.1f} ms (fastest {min(readers) * 1000:.1f}), one scan of the metrics takes"
        f" {statistics.median(floors) * 1000:.1f} ms; cursor {len(str(source_cursor)) / 1000:.0f} kB"
    )


def peer_runs(store: Path) -> list:
    """Every run, as `mlflow.search_runs` gives it: a data frame where pandas is installed, else a list."""
    import mlflow

    mlflow.set_tracking_uri(f"sqlite:///{store}")
    ids = [experiment.experiment_id for experiment in mlflow.MlflowClient().search_experiments()]
    return mlflow.search_runs(ids, max_results=100_000, output_format=FORMAT)


def listed_runs(store: Path) -> list:
    """Every run as an object of the client, for the comparison of contents."""
    from mlflow.tracking import MlflowClient

    client = MlflowClient(tracking_uri=f"sqlite:///{store}")
    ids = [experiment.experiment_id for experiment in client.search_experiments()]
    return list(client.search_runs(ids, max_results=50_000))


def read_all(store: Path) -> int:
    """What the reader alone does in a first sync."""
    from assay.workflows.records import Source

    source = Source(id=1, project_id=1, name="lab", kind="mlflow", uri=str(store))
    return sum(len(batch.runs) for batch in MlflowSource().changes(source, dict))


def compare(ws, listed: list) -> None:
    """Stop unless both sides hold the same runs, latest values, parameters and own tags."""
    peer, ours = [], []
    for run in listed:
        latest = sorted((key, value.hex()) for key, value in run.data.metrics.items())
        params = sorted((key, value) for key, value in run.data.params.items() if key != "seed")
        tags = sorted((key, run.data.tags[key]) for key in OWN_TAGS)
        peer.append((run.info.run_id, latest, params, tags))
    with ws.store.read() as tx:
        project = tx.project("bench")
        points = 0
        for number in range(1, 41):
            for run in tx.runs(project.id, f"EXP-{number}"):
                latest = sorted((name, curve.last.hex()) for name, curve in run.curves.items())
                points += sum(len(curve.steps) for curve in run.curves.values())
                tags = sorted((key, run.tags[key]) for key in OWN_TAGS)
                ours.append((run.external_id, latest, sorted(run.config.items()), tags))
    checks = [hashlib.sha256(repr(sorted(side)).encode()).hexdigest()[:16] for side in (peer, ours)]
    assert checks[0] == checks[1], (len(peer), len(ours), checks)
    assert points == 20 * len(ours), points
    print(f"checked: {len(ours)} runs and {points} points on both sides, checksum {checks[0]}")


def change_fifty(store: Path, round_number: int) -> None:
    """Fifty different runs, changed the way the client changes them."""
    database = sqlite3.connect(store)
    with database:
        ids = [row[0] for row in database.execute("SELECT run_uuid FROM runs ORDER BY random() LIMIT 50")]
        for run in ids[:20]:
            database.execute(
                "INSERT INTO metrics (key, value, timestamp, run_uuid, step, is_nan) VALUES ('accuracy', 0.9, ?, ?, ?, 0)",
                (1_790_000_000_000 + round_number, run, 1000 + round_number),
            )
        for run in ids[20:30]:
            database.execute(
                "UPDATE runs SET end_time = end_time + 1, status = 'FAILED' WHERE run_uuid = ?", (run,)
            )
        for run in ids[30:40]:
            value = f"EXP-{round_number + 1}{os.getpid() % 10}7"
            database.execute(
                "UPDATE tags SET value = ? WHERE run_uuid = ? AND key = 'assay.ticket'", (value, run)
            )
        for run in ids[40:]:
            database.execute(
                "INSERT INTO tags (key, value, run_uuid) VALUES (?, 'yes', ?)", (uuid.uuid4().hex, run)
            )
    database.close()


def scan_metrics(store: Path) -> int:
    """The floor: one look at every logged point."""
    database = sqlite3.connect(f"file:{store}?mode=ro", uri=True)
    (count,) = database.execute("SELECT count(*) FROM metrics WHERE value > 0").fetchone()
    database.close()
    return count


def timed(work):
    """Seconds and result. With --cpu, seconds of this process on a processor: on a busy machine they say more."""
    clock = time.process_time if CPU else time.perf_counter
    start = clock()
    result = work()
    return clock() - start, result


def digest_of(path: Path) -> tuple:
    """Bytes, time of change and neighbours of a file."""
    names = sorted(p.name for p in path.parent.iterdir() if p.name.startswith(path.name))
    return hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns, names


if __name__ == "__main__":
    main()
