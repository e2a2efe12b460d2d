"""Which value of a run counts, as it is declared and shown on the command line, in the API and in the form of the settings."""

import json

import pytest
from starlette.datastructures import FormData

from assay.domain.kernel.metrics import Metric
from assay.errors import Invalid
from assay.storage import open_store
from assay.testing.storage_samples import curve, run
from assay.web.metric_form import metric_from_form


def sent(made, *runs):
    store = open_store(f"sqlite:///{made.folder}/.assay/assay.db")
    try:
        with store.read() as tx:
            project = tx.project("vision")
        facts = {"name": "lab", "kind": "mlflow", "uri": "sqlite:///lab.db", "experiment_filter": ()}
        source = store.write(lambda tx: tx.add_source(project.id, **facts))
        store.write(lambda tx: tx.put_runs(source, runs, seq=tx.head()[0] + 1))
    finally:
        store.close()


def test_declared_reading_stands_beside_every_value(made):
    sent(made, run(1, curves={"accuracy": curve(0.5, 0.875, 0.75)}), run(2))
    plain = json.loads(made("metric", "list", "--json").out)["rows"]
    assert all("reading" not in one for one in plain)
    assert "accuracy 75.0%\n" in made("run", "list").out.replace(" \n", "\n")
    done = made(
        "metric", "add", "accuracy", "--direction", "higher", "--unit", "fraction", "--reading", "step 2"
    )
    assert done.out == "accuracy: higher is better, in fraction. The value of a run is the value at step 2.\n"
    made("metric", "add", "accuracy", "--direction", "higher", "--unit", "fraction", "--reading", "best")
    assert "best" in made("metric", "list").out
    listed = made("run", "list").out
    assert "accuracy 87.5% at its best step" in listed
    assert "87.5% at its best step" in made("run", "show", "lab:0001").out
    made("metric", "add", "accuracy", "--direction", "higher", "--unit", "fraction", "--reading", "step 2")
    assert [row["metrics"] for row in json.loads(made("run", "list", "--json").out)["rows"]] == [
        {"accuracy": "unknown"},
        {"accuracy": "0.75"},
    ]
    assert "unknown at step 2" in made("run", "show", "lab:0002").out
    page = json.loads(made("ticket", "show", "EXP-1", "--json").out)
    assert {row["run_id"]: row["metrics"] for row in page["runs"]}["lab:0002"] == {"accuracy": "unknown"}


@pytest.mark.parametrize(
    "text", ["first", "step -1", "step 1e3", f"step {10**16}", "mean of last 0", "st€p 1"]
)
def test_what_is_no_reading_is_refused_with_the_way_out(made, text):
    told = made("metric", "add", "accuracy", "--direction", "higher", "--reading", text)
    assert told.code == 2
    assert "(expected last, best, step N or mean of last N)" in told.err
    assert "such as step 1000" in told.err
    assert "Traceback" not in told.err
    form = FormData({"metric_name": "accuracy", "metric_direction": "higher", "metric_reading": text})
    with pytest.raises(Invalid, match="expected last, best, step N or mean of last N") as refused:
        metric_from_form(form)
    assert refused.value.field == "metric_reading"


def test_empty_field_of_the_form_is_the_last_value():
    form = {"metric_name": "accuracy", "metric_direction": "higher", "metric_reading": ""}
    assert metric_from_form(FormData(form)) == Metric(name="accuracy", direction="higher")
    named = metric_from_form(FormData(form | {"metric_reading": "Step  1000"}))
    assert named.reading.words == "the value at step 1,000"
