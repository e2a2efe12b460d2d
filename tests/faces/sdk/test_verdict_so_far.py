"""A run that ends is read by the installation, the verdict so far is shown, and rules say whether a run under way should stop."""

import os
import sqlite3
import sys
import time
from datetime import UTC, datetime

import pytest

import assay
from assay.cli.main import main
from assay.connectors.trackers.run_log.reader import RunTail
from assay.sdk import advisor, stopping
from assay.sdk.after_run import settled
from assay.sdk.so_far import SoFar
from tests.support.softmax_curves import softmax_curves


@pytest.fixture(autouse=True)
def same_modules(monkeypatch):
    """Processes of their own find what this one finds."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))


def asked(made, run):
    return {
        "home": str(made / ".assay"), "project": "vision", "folder": str(made / ".assay" / "runs" / "vision"),
        "ticket": run.ticket, "run_id": run.run_id,
    }  # fmt: skip


def until(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)
    return condition()


def test_three_seeds_are_logged_and_the_verdict_is_shown_when_the_last_one_ends(made, capsys):
    for seed in (1, 2, 3):
        with assay.experiment("EXP-1", seed=seed, config={"depth": 8}, devices=1, sync=seed == 3) as run:
            for step in range(20):
                run.log(accuracy=0.9 + seed / 1000, train_loss=1 / (1 + step), step=step)
            run.log(accuracy=None)
    said = capsys.readouterr().out
    assert "EXP-1  Promote: the primary check is met" in said
    assert "  met          accuracy >= 85%  90.2%  [89.3% to 91.1%]" in said
    assert f"Run {run.run_id} finished after" in said
    assert "Compute: " in said
    assert "Not kept: 1 value that is no number; accuracy is None." in said
    assert run.so_far.recommendation == "promote"
    page = run.so_far._repr_html_()
    assert "accuracy &gt;= 85%" in page
    assert "90.2%" in page


def test_folder_is_connected_once_whatever_name_is_taken(made):
    main(["source", "list"])
    with assay.experiment("EXP-1", seed=1, quiet=True, sync=False) as run:
        run.log(accuracy=0.9, step=1)
    first, second = settled(asked(made, run)), settled(asked(made, run))
    assert (first["report"]["changed"], second["report"]["changed"]) == (1, 0)
    assert first["problem"] is None
    with sqlite3.connect(made / ".assay" / "assay.db") as store:
        assert store.execute("SELECT count(*) FROM sources").fetchone() == (1,)


@pytest.mark.parametrize(
    ("ticket", "said"),
    [("EXP-2", "cannot show verdict of 'EXP-2'"), ("EXP-99", "cannot find ticket 'EXP-99'")],
)
def test_why_there_is_no_verdict_is_said(made, ticket, said):
    with assay.experiment(ticket, quiet=True, sync=False) as run:
        run.log(accuracy=0.9)
    answer = settled(asked(made, run))
    assert said in answer["problem"]["message"]
    assert answer["report"]["changed"] == 1


def test_installation_that_is_in_use_or_away_loses_nothing_and_raises_nothing(made, monkeypatch, capsys):
    (made / ".assay" / "assay.db").write_bytes(b"no database")
    with assay.experiment("EXP-1") as run:
        run.log(accuracy=0.9)
    said = capsys.readouterr().out
    assert "Nothing is lost: the next sync reads it." in said
    assert RunTail(str(made / ".assay" / "runs" / "vision"), run.run_id).read().curves["accuracy"].points == 1


def test_without_an_installation_the_end_says_where_the_run_is_kept(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with assay.experiment("EXP-1") as run:
        run.log(accuracy=0.9)
    assert f"where one is: assay connect assay {tmp_path / 'assay-runs'}" in capsys.readouterr().out
    assert str(run.so_far).startswith(f"Run {run.run_id} finished")


def test_run_shows_its_curves_in_a_notebook_while_it_goes_on(made):
    with assay.experiment("EXP-1", quiet=True, sync=False) as run:
        for step in range(1_000):
            run.log({"<b>": float("nan") if step == 500 else 1 / (1 + step)}, step=step)
        page = run._repr_html_()
        assert "&lt;b&gt;" in page
        assert "<b>" not in page
        assert "0.001" in page
        assert "step 999" in page
        assert page.count("M") == 2, "a gap where it is no number"
    assert run._repr_html_().startswith("<div><div><strong>EXP-1</strong>")


def test_hostile_texts_are_only_texts_in_a_notebook():
    told = SoFar("EXP-1", "<script>alert(1)</script>", problem="<b>", hint="&")
    assert "<script>" not in told._repr_html_()


# ---------------------------------------------------------------------------------------------------- should_stop
def test_training_that_diverges_is_stopped_and_counts_as_stopped(made, capsys):
    with assay.experiment("EXP-1", seed=1, sync=False) as run:
        assert not assay.should_stop(), "nobody knows yet"
        for step in range(10):
            run.log(train_loss=1.0 / (1 + step) if step < 7 else float("nan"), step=step)
        assert until(assay.should_stop)
        told = assay.should_stop()
        assert told.rule == "diverged"
        assert "at step 7" in told.reason
        assert str(told).startswith("Stop: the training loss is NaN or infinite")
    assert run.status == "stopped"
    kept = RunTail(str(made / ".assay" / "runs" / "vision"), run.run_id).read()
    assert (kept.status, kept.tags["assay.stopped_by"]) == ("stopped", "diverged")


def watched(made, run):
    rules, note = advisor.rules_of(asked(made, run))
    return advisor.Watch(asked(made, run), rules, note)


def test_kill_criterion_of_the_ticket_says_stop_and_only_once_it_is_met(made):

    with assay.experiment("EXP-1", seed=1, quiet=True, sync=False) as run:
        run.log(train_loss=1.0, step=1)
        run.flush()
        watch = watched(made, run)
        assert watch.look(now=datetime.now(UTC)).stop is False
        for step in range(2, 9):
            run.log(train_loss=1.0 + step, step=step)
        run.flush()
        told = watch.look(now=datetime.now(UTC))
        assert told.stop
        assert told.reason.startswith("the kill criterion 'train_loss does not fall after epoch 5' is met")
        assert watch.look(now=datetime.now(UTC)) == told


def test_rules_are_the_last_known_ones_when_the_installation_is_away_and_unknown_before(made):
    with assay.experiment("EXP-1", seed=1, quiet=True, sync=False) as run:
        run.log(train_loss=float("inf"), step=1)
        run.flush()
        (made / ".assay" / "assay.db").rename(made / "elsewhere")
        (made / ".assay" / "assay.db").write_bytes(b"no database")
        rules, why = advisor.rules_of(asked(made, run))
        assert rules is None
        assert why.startswith("the rules are not known: cannot ")
        (made / "elsewhere").rename(made / ".assay" / "assay.db")
        assert advisor.rules_of(asked(made, run))[1] == ""
        (made / ".assay" / "assay.db").write_bytes(b"no database")

        told = watched(made, run).look(now=datetime.now(UTC))
    assert told.stop
    assert "by the rules as they were on" in told.reason


def test_run_without_prospects_is_recommended_to_stop_and_goes_on_until_the_record_allows_more(made):
    for command in (
        (
            "ticket",
            "edit",
            "EXP-2",
            "--kill",
            "accuracy < 20%",
            "--baseline",
            "accuracy=0.72",
            "--gpu-hours",
            "24",
        ),
        ("move", "EXP-2", "hypothesis", "--override", "agreed"),
        ("move", "EXP-2", "experiment", "--override", "agreed"),
        ("project", "edit", "vision", "--kill-rule", "futility=0.2"),
    ):
        assert main(list(command)) == 0
    curves = softmax_curves()
    for seed, values in enumerate(curves):
        with assay.experiment("EXP-2", seed=seed, quiet=True, sync=False) as past:
            for step, value in enumerate(values, start=1):
                past.log(accuracy=value, step=step)
    assert settled(asked(made, past))["report"]["changed"] == len(curves)
    with assay.experiment("EXP-1", seed=1, quiet=True, sync=False) as run:
        for step, value in enumerate(min(curves, key=max)[:14], start=1):
            run.log(accuracy=value, step=step)
        run.flush()
        told = watched(made, run).look(now=datetime.now(UTC))
    assert (told.stop, told.rule) == (False, "")
    assert told.reason.startswith(
        "the rule 'futility' recommends to stop and leaves it to you, for it may not stop runs"
    )
    assert "chance to reach 85.0% by step 20, learned from 36 past runs of the same problem" in told.reason


def test_what_is_not_known_stops_nothing(made):
    assert not stopping.should_stop()
    assert "no run is open" in str(assay.should_stop())
    with assay.experiment("EXP-2", quiet=True, sync=False) as run:
        assert advisor.rules_of(asked(made, run)) == (None, "EXP-2 has no locked criteria yet")
        assert advisor.rules_of({**asked(made, run), "home": None})[0] is None
    with assay.experiment("EXP-1", arm="baseline", quiet=True, sync=False) as run:
        run.log(train_loss=float("nan"), step=1)
        run.flush()

        told = watched(made, run).look(now=datetime.now(UTC))
    assert told.stop is None
    assert "it is a baseline" in told.reason


def test_child_process_asks_no_rules(made):
    with assay.experiment("EXP-1", quiet=True, sync=False) as run:
        child = os.fork()
        if child == 0:
            os._exit(0 if run.should_stop() is stopping.WORKER else 1)
        assert os.waitpid(child, 0)[1] == 0
