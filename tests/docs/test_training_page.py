"""The page on logging a training run: its code runs, and what it logged is what the page says."""

import json

import assay
from assay.connectors.trackers.run_log.reader import RunLogReader
from assay.testing.connector_contract import Synced
from assay.workflows.records import Source
from tests.docs.pages import blocks, page


def read(folder):
    synced = Synced(Source(id=1, project_id=1, name="lab", kind="assay", uri=str(folder)))
    synced.sync(RunLogReader())
    return synced.runs


def test_the_code_on_the_page_logs_a_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    for block in blocks(page("training.md")):
        if block.language == "python":
            exec(compile(block.text, "docs/training.md", "exec"), names)
    run, second, forest = (
        kept for _, kept in sorted(read(tmp_path / "assay-runs").items(), key=lambda one: one[1].seed)
    )
    assert second.curves["train_loss"].points == 100
    assert forest.curves["accuracy"].points == 10
    assert (run.ticket, run.seed, dict(run.config)) == ("EXP-42", 3, {"lr": "0.01", "depth": "8"})
    assert {name: curve.points for name, curve in run.curves.items()} == {"loss": 10, "val/accuracy": 10}


def test_the_run_log_on_the_page_is_read(tmp_path):
    lines = [line.strip() for line in page("training.md").splitlines() if line.startswith('    {"')]
    name = json.loads(lines[0])["id"]
    (tmp_path / f"{name}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    run = read(tmp_path)[name]
    assert (run.ticket, run.status, run.curves["loss"].steps.tolist()) == ("EXP-42", "finished", [0, 1])


def test_import_offers_what_the_page_names():
    assert {"experiment", "ExperimentRun"} <= set(dir(assay))
