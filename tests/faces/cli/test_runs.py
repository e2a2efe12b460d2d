"""What the command line says of runs that do not count."""

import json

import pytest

from assay.cli.evidence import _report
from assay.storage import open_store
from assay.testing.storage_samples import run


@pytest.fixture
def tracked(made):
    """The installation with runs as a tracker told them."""

    def put(*runs):
        store = open_store(f"sqlite:///{made.folder}/.assay/assay.db")
        try:
            with store.read() as tx:
                project = tx.project("vision")
                sources = tx.sources(project.id)
            source = (
                sources[0]
                if sources
                else store.write(
                    lambda tx: tx.add_source(
                        project.id, name="lab", kind="mlflow", uri="sqlite:///lab.db", experiment_filter=()
                    )
                )
            )
            store.write(lambda tx: tx.put_runs(source, runs, seq=tx.head()[0] + 1))
        finally:
            store.close()

    made.put = put
    return made


def line_of(text, word):
    (found,) = (line for line in text.splitlines() if word in line)
    return found


def test_deleted_run_is_marked_wherever_runs_are_shown(tracked):
    tracked.put(run(1), run(2, deleted=True))
    page = tracked("ticket", "show", "EXP-1").out
    assert ("finished" in line_of(page, "lab:0001"), "deleted" in line_of(page, "lab:0001")) == (True, False)
    assert ("finished" in line_of(page, "lab:0002"), "deleted" in line_of(page, "lab:0002")) == (False, True)
    assert "deleted in the tracker" in line_of(tracked("run", "show", "lab:0002").out, "status")
    assert "finished" in line_of(tracked("run", "show", "lab:0001").out, "status")
    listed = json.loads(tracked("ticket", "show", "EXP-1", "--json").out)["runs"]
    assert {row["run_id"]: row["deleted"] for row in listed} == {"lab:0001": False, "lab:0002": True}
    assert json.loads(tracked("run", "show", "lab:0002", "--json").out)["deleted"] is True


def test_run_that_names_no_ticket_says_so_with_the_way_out(tracked):
    tracked.put(run(1), run(2, ticket="EXP-99"))
    listed = tracked("run", "list").out
    assert "none (EXP-99?)" in line_of(listed, "lab:0002")
    assert "EXP-1" in line_of(listed, "lab:0001")
    shown = tracked("run", "show", "lab:0002").out
    assert "names EXP-99, which is no ticket of this project" in shown
    assert "assay run attach lab:0002 KEY" in shown
    assert "lab:0002" in tracked("run", "list", "--ticket", "none").out
    found = json.loads(tracked("run", "show", "lab:0002", "--json").out)
    assert (found["ticket"], found["unknown_ticket"]) == (None, "EXP-99")
    tracked("run", "attach", "lab:0002", "EXP-1")
    assert "no ticket" not in tracked("run", "show", "lab:0002").out


def test_sync_says_which_tickets_its_runs_name_that_are_not_there(capsys):
    report = {
        "source": "lab",
        "changed": 1,
        "gone": 0,
        "tickets": [],
        "unknown": ["EXP-99", "rank sweep"],
        "jobs": None,
    }
    _report([report])
    said = capsys.readouterr().out
    assert said.startswith("lab: 1 run new or changed, 0 gone\n")
    assert "no ticket of this project: EXP-99, rank sweep" in said
    assert "assay run attach RUN KEY" in said
