"""Charts as data: what is drawn, and that nothing broken is dropped silently."""

import json
import math
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pytest

from assay.bootstrap import open_workspace
from assay.domain.forecasting.best_ahead import Tried, best_ahead
from assay.domain.kernel.metrics import Direction, Metric, MetricCatalog, Unit
from assay.domain.kernel.readings import reading_of
from assay.settings import Settings
from assay.web.charts import best_over_time, curves, describe, metric_over_steps
from assay.web.charts import flow as flow_charts
from assay.web.charts.axis import Axis, beyond, readable_axis
from assay.workflows.flow import flow
from assay.workflows.flow_tickets import flow_tickets
from assay.workflows.overview import overview
from assay.workflows.overview_views import BestPoint
from assay.workflows.projects import get_metrics
from assay.workflows.state_views import Headline, ahead_text
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


def test_day_of_the_cumulative_flow_opens_the_cards_of_its_column_on_that_day(told):
    view = flow(told.ws, story.ADA, story.SLUG, days=200)
    drawn = flow_charts.days_specification(view, story.SLUG)
    places = drawn["datasets"]["places"]
    assert len({place["day"] for place in places}) <= flow_charts.MOST_OPENED
    assert places[-1]["day"] == view.last_day.isoformat()
    for place in places:
        asked = parse_qs(urlsplit(place["href"]).query)
        assert asked["at"] == [place["day"]]
    [last] = [
        place for place in places if place["day"] == places[-1]["day"] and place["column"] == "Experiment"
    ]
    listed = flow_tickets(told.ws, story.ADA, story.SLUG, column="experiment").rows
    assert last["cards"] == len(listed) > 0


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


HEALTHY = [[1.2, 0.5, 0.3, 0.28]] * 3


def test_axis_is_left_alone_where_every_value_can_be_read():
    assert readable_axis(HEALTHY, [0.25]) is None
    assert readable_axis([[8.0, 0.4, 0.3, 0.28, 0.27, 0.26, 0.25, 0.25]], [0.2]) is None
    assert readable_axis([[0.5, 0.5]], []) is None
    assert readable_axis([[None, None]], [0.5]) is None


def test_run_that_broke_off_does_not_set_the_scale_of_the_others():
    wild = [1.2, 40.0, 9.3e163, None]
    axis = readable_axis([*HEALTHY, wild], [0.25])
    assert (axis.low, axis.high) == (pytest.approx(0.212), pytest.approx(1.238))
    assert [(one.step, one.value, one.above) for one in beyond([curve(HEALTHY[0]), curve(wild)], axis)] == [
        (1, 40.0, True),
        (2, 9.3e163, True),
    ]


def test_broken_run_near_the_others_stays_on_the_axis():
    assert readable_axis([*HEALTHY, [1.2, 1.9, None]], [0.25]) is None


def test_finite_value_that_would_flatten_all_others_stands_beyond_the_axis():
    axis = readable_axis([*HEALTHY, [1.2, -1e6, 0.3, 0.28]], [0.25])
    assert axis.high < 1.3
    assert axis.low > 0.2


def test_axis_holds_target_and_baseline_however_far_they_are():
    axis = readable_axis([*HEALTHY, [1.0, 1e30, None]], [0.25, 1000.0])
    assert axis.holds(1000.0)


@pytest.mark.parametrize("references", [[], [0.02]])
def test_where_every_run_broke_the_axis_is_that_of_their_beginning(references):
    runs = [[0.1, 0.09, 3.0, 1e10, 1e164, None]] * 3
    axis = readable_axis(runs, references)
    assert axis.holds(0.1)
    assert axis.high < 50.0


def test_values_at_the_end_of_what_a_number_holds_tear_nothing():
    runs = [[1e308, 1e308, 1e308], [-1e308, 1e308, 1e308]]
    assert readable_axis(runs, []) is None
    assert [band.mean for band in curves.bands("a", [curve(values) for values in runs])] == [
        0.0,
        1e308,
        1e308,
    ]


def test_line_to_a_value_beyond_the_axis_ends_where_a_browser_can_draw():
    assert Axis(0.0, 2.0).drawn(1e164) == 102.0
    assert Axis(0.0, 2.0).drawn(-1e164) == -100.0
    assert Axis(0.0, 2.0).drawn(0.3) == 0.3


def test_chart_with_a_diverged_run_stays_readable_and_says_what_lies_beyond(told):
    view = view_of(told, "diverged", metric="train_loss")
    specification = metric_over_steps.specification(view)
    numbers = [
        row[name]
        for rows in specification["datasets"].values()
        for row in rows
        for name in ("value", "mean", "low", "high")
        if isinstance(row.get(name), float)
    ]
    assert max(numbers) < 100.0
    assert any("run-2: 9.300e+163 at step 2, beyond the axis" in text for text in texts(specification))
    box = describe.metric_chart(view)
    assert box.warnings == (
        "Beyond the axis: 1 value of 1 run, up to 9.300e+163.",
        "Not a number: 1 run, from step 3.",
    )
    assert "9.300e+163" in dict(zip(box.columns, box.rows[1], strict=True))["Highest"]


def test_chart_without_broken_values_warns_of_nothing(told):
    assert describe.metric_chart(view_of(told, "clear")).warnings == ()


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


def read_at_step(view, values, curves=None):
    """The view, were the metric read at step 5 and these the values that count, by run id."""
    metric = view.metrics.require("accuracy").model_copy(update={"reading": reading_of("step 5")})
    rows = [replace(view.runs[0], run_id=run, metrics={"accuracy": text}) for run, text in values.items()]
    return replace(
        view, metrics=MetricCatalog.of([metric]), runs=tuple(rows), curves=tuple(curves or view.curves)
    )


def test_summary_in_words_is_about_the_value_that_counts(told):
    view = view_of(told, "clear")
    values = {curve.run_id: "0.25" for curve in view.curves} | {view.curves[0].run_id: "unknown"}
    read = read_at_step(view, values)
    said = describe.summary(read, read.metrics.get("accuracy"))
    assert "with 25.0% at step 5 on average, from 25.0% to 25.0%." in said
    assert "ending at" not in said
    assert describe.metric_chart(read).note.endswith("; what counts is the value at step 5")


def test_where_not_all_groups_can_be_named_those_are_that_are_best_by_the_value_that_counts(told):
    groups = [curve((n / 20, n / 20), seed=n, group=f"lr={n}") for n in range(10)]
    view = read_at_step(view_of(told, "clear"), {f"r{n}": str(0.9 - n / 20) for n in range(10)}, groups)
    named = [one for one in texts(metric_over_steps.specification(view)) if one.startswith("candidate (lr=")]
    assert named[0] == "candidate (lr=0)"


def test_table_beside_the_chart_names_the_steps_that_are_no_numbers(told):
    box = describe.metric_chart(view_of(told, "broken"))
    row = dict(zip(box.columns, box.rows[1], strict=True))
    assert row["Last"] == "not a number"
    assert row["Not a number"].startswith("step 3500, step 3750")


def test_best_over_time_is_json_without_nan(told):
    view = overview(told.ws, story.ADA, story.SLUG)
    metric = get_metrics(told.ws, story.ADA, story.SLUG).get(view.best_metric)
    text = json.dumps(best_over_time.specification(view.best, metric), allow_nan=False)
    assert math.isfinite(view.best[-1].value)
    assert view.best[-1].key in text


def test_weeks_to_come_are_drawn_from_now_on_and_told_in_words():
    now = datetime(2026, 5, 25, tzinfo=UTC)
    values = [0.71, 0.74, 0.78, 0.69, 0.80, 0.77, 0.75, 0.81, 0.79, 0.76]
    tried = [Tried(now - timedelta(days=60 - 6 * place), value) for place, value in enumerate(values)]
    accuracy = Metric(name="accuracy", direction=Direction.HIGHER, unit=Unit.FRACTION)
    steps = tuple(
        BestPoint(at=tried[place].at, value=values[place], key=f"EXP-{place}") for place in (0, 1, 2, 4, 7)
    )
    one = Headline(accuracy, steps, None, None, best_ahead(tried, accuracy, now))
    drawn = best_over_time.specification(one.steps, one.metric, one.ahead)
    json.dumps(drawn, allow_nan=False)
    cone = drawn["datasets"]["cone"]
    assert (len(cone), cone[0]["at"], cone[0]["low"], cone[0]["high"]) == (
        9,
        "2026-05-25T00:00:00Z",
        0.81,
        0.81,
    )
    assert drawn["datasets"]["best"][-1]["at"] == cone[0]["at"]
    said = ahead_text(one)
    assert said.startswith("By 20 Jul 2026, with experiments like the 10 so far and 1.1 a week: ")
    assert re.search(
        r"[0-9]+% that one beats 81.0%, 9 chances in 10 that it stays at or below 8[0-9]\.[0-9]%\.$", said
    )
    box = best_over_time.state_box(one, "chatbot")
    assert (len(box.rows), len(box.links), box.rows[-1][1]) == (13, 13, "9 chances in 10")
