"""Charts as data: what is drawn, and that nothing broken is dropped silently."""

import json
import math
from types import SimpleNamespace

import pytest

from assay.bootstrap import open_workspace
from assay.settings import Settings
from assay.web.charts import best_over_time, curves, describe, metric_over_steps
from assay.workflows.overview import overview
from assay.workflows.projects import get_metrics
from assay.workflows.ticket_page import ticket_page
from assay.workflows.views import CurvePoints
from tests.faces.web import story


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    with open_workspace(Settings(home=tmp_path_factory.mktemp("home"), sync_interval_s=0)) as ws:
        yield SimpleNamespace(ws=ws, keys=story.tell(ws))


def view_of(told, name, **more):
    return ticket_page(told.ws, story.ADA, story.SLUG, told.keys[name], **more)


def curve(values, *, seed=1, steps=None, group="a"):
    steps = tuple(steps if steps is not None else range(len(values)))
    return CurvePoints(
        run_id=f"r{seed}", name=f"run {seed}", arm="candidate", group=group, seed=seed, exploratory=False,
        steps=steps, values=tuple(values),
    )  # fmt: skip


def texts(value):
    """Every text anywhere in a specification."""
    if isinstance(value, dict):
        return [text for inner in value.values() for text in texts(inner)]
    if isinstance(value, list):
        return [text for inner in value for text in texts(inner)]
    return [value] if isinstance(value, str) else []


def test_band_is_mean_and_range_over_the_seeds():
    (only,) = curves.bands("a", [curve([0.8], seed=1), curve([0.9], seed=2)])
    assert (only.mean, only.low, only.high, only.seeds) == (pytest.approx(0.85), 0.8, 0.9, 2)


def test_band_leaves_out_steps_that_not_every_seed_reached_with_a_number():
    members = [curve([0.7, None, 0.9], seed=1), curve([0.6, 0.7], seed=2)]
    assert [band.step for band in curves.bands("a", members)] == [0]


def test_gap_names_run_and_step_of_every_value_that_is_no_number():
    assert [(g.run, g.step) for g in curves.gaps("a", [curve([0.7, None, None])])] == [
        ("run 1", 1),
        ("run 1", 2),
    ]


def test_chart_with_a_broken_run_says_where_it_broke(told):
    specification = metric_over_steps.specification(view_of(told, "broken"))
    said = texts(specification)
    assert "not a number" in said
    assert any("run-2: not a number at step 3500" in text for text in said)


def test_chart_draws_every_run_of_a_broken_group_one_by_one(told):
    said = texts(metric_over_steps.specification(view_of(told, "broken")))
    assert {"run-1", "run-2", "run-3"} <= set(said)


def test_chart_shows_target_and_baseline(told):
    said = texts(metric_over_steps.specification(view_of(told, "clear")))
    assert {"target 85.0%", "baseline 72.0%"} <= set(said)


def test_chart_of_a_metric_logged_once_draws_a_point_a_run(told):
    specification = metric_over_steps.specification(view_of(told, "clear", metric="toxicity"))
    rows = next(iter(specification["datasets"].values()))
    assert [row["seed"] for row in rows] == [f"seed {n}" for n in range(1, 6)]


def test_chart_carries_no_colours_and_no_addresses(told):
    text = json.dumps(metric_over_steps.specification(view_of(told, "clear")), allow_nan=False)
    assert "#" not in text.replace("#/definitions", "")
    assert [part for part in text.split('"') if part.startswith("http")] == [
        "https://vega.github.io/schema/vega-lite/v6.4.1.json"
    ] or "http" not in text


def test_summary_in_words_holds_the_end_of_every_group_and_its_breaks(told):
    view = view_of(told, "broken")
    said = describe.summary(view, view.metrics.get("accuracy"))
    assert "3 runs ending at 84.5% on average, from 84.0% to 85.0%." in said
    assert "logged 11 values that are not a number." in said


def test_table_beside_the_chart_names_the_steps_that_are_no_numbers(told):
    box = describe.metric_chart(view_of(told, "broken"))
    row = dict(zip(box.columns, box.rows[1], strict=True))
    assert row["Last"] == "not a number"
    assert row["Not a number"].startswith("step 3500, step 3750")


def test_best_over_time_is_json_without_nan(told):
    view = overview(told.ws, story.ADA, story.SLUG)
    metric = get_metrics(told.ws, story.ADA, story.SLUG).get(view.best_metric)
    text = json.dumps(best_over_time.specification(view, metric), allow_nan=False)
    assert math.isfinite(view.best[-1].value)
    assert view.best[-1].key in text
