"""Runs side by side: page, pictures, what is said where not everything is shown, and what new points change."""

import json
import math
import re
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from assay.domain.experiments.evidence import Curve, Run, RunStatus
from assay.domain.experiments.experiment import TicketContent
from assay.web.charts import compared_runs, parameters
from assay.web.comparison_view import comparison_page
from assay.workflows import comparison
from assay.workflows.comparison import compare, compare_curves
from assay.workflows.comparison_asked import comparison_asked
from assay.workflows.tickets import create_ticket
from tests.faces.web import story
from tests.faces.web.test_routes import Browser
from tests.support.axe import violations

STEPS = np.arange(1, 1001)
BEGUN = datetime(2026, 5, 12, 9, tzinfo=UTC)


def swept(number, *, points=1000, status=RunStatus.FINISHED, broken=False, **changes):
    """One of a sweep over lr (3), depth (2), three seeds each."""
    lr, depth = (0.0001, 0.001, 0.01)[number // 3 % 3], (4, 8)[number // 9 % 2]
    steps = STEPS[:points]
    noise = np.random.default_rng(number).normal(0, 0.01, points)
    accuracy = 0.9 - 0.02 * (depth == 4) - 0.05 * (lr == 0.01) - 0.6 * np.exp(-steps / 200) + noise
    loss = 3 * np.exp(-steps / 200) + 0.4
    if broken:
        accuracy[points // 2 :] = np.nan
    times = 1_790_000_000_000 + steps * 3000
    facts = {
        "run_id": f"sweep:{number:04d}", "source": "sweep", "external_id": f"{number:04d}", "name": f"sweep-{number}",
        "status": status, "config": {"lr": f"{lr:g}", "depth": str(depth), "optimizer": "adam"}, "seed": number % 3 + 1,
        "curves": {"accuracy": Curve(steps, accuracy, times), "train_loss": Curve(steps, loss, times)},
        "dataset": "support-eval@3", "started_at": BEGUN + timedelta(hours=number), "digest": f"s{number}-{points}",
    }  # fmt: skip
    return Run(**{**facts, **changes})


def tell(ws):
    told = story.Story(ws)
    source = ws.store.write(
        lambda tx: tx.add_source(
            told.project.id, name="sweep", kind="mlflow", uri="sqlite:///sweep.db", experiment_filter=()
        )
    )
    runs = [
        *(swept(number) for number in range(17)),
        swept(17, broken=True),
        swept(18, points=100, status=RunStatus.RUNNING, config={"lr": "1"}, seed=1),
    ]
    ws.store.write(lambda tx: tx.put_runs(source, runs, seq=tx.head()[0] + 1))
    return {"source": source}


@pytest.fixture(scope="module")
def swept_site(open_site):
    return open_site(tell)


def asked(**given):
    return comparison_asked(
        {name: [value] if isinstance(value, str) else value for name, value in given.items()}
    )


def drawn(site, metric="accuracy", **given):
    view, curves = compare_curves(site.ws, story.ADA, site.slug, asked(**given), only=metric)
    return compared_runs.specification(view, curves[0])


def test_groups_stand_in_the_order_of_their_means_and_a_broken_one_says_why(swept_site):
    page = comparison_page(compare(swept_site.ws, story.ADA, swept_site.slug, asked()))
    first, *_, worst = page.part.groups
    assert (first.name, first.seeds, first.best) == ("depth=8, lr=0.0001, optimizer=adam", "3", True)
    assert first.interval.endswith("%")
    assert page.part.best.startswith(first.name)
    assert "Best of 5: chosen after looking" in page.part.best_note
    unknown = {group.name: group.note for group in page.part.groups if not group.mean}
    assert unknown == {
        "lr=1": "no run has finished yet",
        "depth=8, lr=0.01, optimizer=adam": "accuracy is not a finite number in sweep-17 (seed 3)",
    }
    assert [run.text for run in first.runs] == ["1", "2", "3"]
    assert page.part.grouping == (
        "Runs are one group when ticket, arm, evaluation set and every parameter agree but the seed."
    )
    assert worst.mean == ""


def test_every_extreme_of_every_curve_is_in_the_picture(swept_site):
    rows = drawn(swept_site, source="sweep")["datasets"]["runs"]
    assert len(rows) == 19
    for row in rows:
        number = int(row["run"].removeprefix("sweep:"))
        logged = (
            swept(18, points=100, config={"lr": "1"}) if number == 18 else swept(number, broken=number == 17)
        ).curves["accuracy"]
        values = logged.values[np.isfinite(logged.values)]
        shown = [value for value in row["y"] if value is not None]
        assert (min(shown), max(shown)) == (
            pytest.approx(values.min(), rel=1e-5),
            pytest.approx(values.max(), rel=1e-5),
        )
        assert (row["x"][0], row["x"][-1]) == (1, logged.steps[-1])
        assert row["href"] == f"/p/{swept_site.slug}/runs/{row['run']}"
        assert len(row["y"]) <= comparison.MOST_POINTS


def test_break_of_a_curve_is_drawn_as_a_gap_and_told(swept_site):
    found = drawn(swept_site, run="sweep:0017")
    assert None in found["datasets"]["runs"][0]["y"]
    assert found["usermeta"]["warnings"] == [
        "500 values of 1 run: no finite number, so the line breaks there."
    ]


def test_smoothed_curve_stands_before_the_values_that_were_logged(swept_site):
    sets = drawn(swept_site, run="sweep:0001", smooth="0.9")["datasets"]
    assert max(sets["raw"][0]["y"]) > max(sets["runs"][0]["y"])
    page = comparison_page(compare(swept_site.ws, story.ADA, swept_site.slug, asked(smooth="0.9")))
    assert page.panels[0].note.startswith("running mean of weight 0.9, logged values behind it")


def test_wall_time_is_counted_from_the_first_point_of_each_run(swept_site):
    found = drawn(swept_site, run="sweep:0001", across="time")
    assert found["datasets"]["runs"][0]["x"][0] == 0
    assert found["datasets"]["runs"][0]["x"][-1] == pytest.approx(999 * 3 / 60, rel=1e-4)
    assert '"minutes since its first point"' in json.dumps(found)


def test_points_that_a_logarithmic_axis_cannot_show_are_told(open_site):
    def falling(ws):
        told = story.Story(ws)
        curve = Curve(STEPS - 1, np.linspace(1.0, -1.0, 1000), STEPS)
        runs = [swept(number, curves={"accuracy": curve}, source="mlflow") for number in (1, 2)]
        ws.store.write(lambda tx: tx.put_runs(told.source, [*runs, swept(3, curves={})], seq=1))

    found = drawn(open_site(falling), log=["values", "across"])
    assert found["usermeta"]["warnings"] == [
        "1,002 points at or below 0: not on a logarithmic axis.",
        "1 of the 3 runs drawn never logged accuracy.",
    ]


def test_logarithmic_axes_are_those_asked_for(swept_site):
    found = drawn(swept_site, run="sweep:0001", log=["values", "across"])
    assert {"log"} == {layer["encoding"][axis]["scale"]["type"] for layer in found["layer"] for axis in "xy"}


def test_more_groups_than_colours_share_one_that_says_so(swept_site):
    view = compare(swept_site.ws, story.ADA, swept_site.slug, asked(colour="seed"))
    assert compared_runs.colour_names(view) == ["seed 1", "seed 2", "seed 3"]
    everything = compare(swept_site.ws, story.ADA, swept_site.slug, asked(colour="group"))
    assert len(compared_runs.colour_names(everything)) == 7


def test_value_that_counts_is_the_one_asked_for_and_named(swept_site):
    view = compare(swept_site.ws, story.ADA, swept_site.slug, asked(run="sweep:0000", read="step 100"))
    logged = swept(0).curves["accuracy"].values
    assert view.groups[0].mean == logged[99]
    assert comparison_page(view).part.read == "the value at step 100"
    best = compare(swept_site.ws, story.ADA, swept_site.slug, asked(run="sweep:0000", read="best"))
    assert best.groups[0].mean == logged.max()


def test_runs_are_filtered_by_their_model_and_the_choice_stays(open_site):
    def several(ws):
        told = story.Story(ws)
        source = ws.store.write(
            lambda tx: tx.add_source(
                told.project.id, name="sweep", kind="mlflow", uri="sqlite:///s.db", experiment_filter=()
            )
        )
        runs = [
            swept(n, config={"model": model, "lr": "0.1"}) for n, model in enumerate(("bert", "bert", "t5"))
        ]
        ws.store.write(lambda tx: tx.put_runs(source, runs, seq=tx.head()[0] + 1))
        return {}

    site = open_site(several)
    page = comparison_page(compare(site.ws, story.ADA, site.slug, asked()))
    assert [one.label for one in page.models] == ["Any model", "bert", "t5"]
    chosen = comparison_page(compare(site.ws, story.ADA, site.slug, asked(config=page.models[1].value)))
    assert [one.label for one in chosen.models if one.chosen] == ["bert"]
    assert (len(chosen.part.values), chosen.config) == (2, ("", ""))  # told once, by its own field


def test_page_without_runs_says_how_they_come_and_waits_for_them(open_site):
    site = open_site(lambda ws: story.Story(ws) and {})
    _, text = Browser(site.url).text(f"/p/{site.slug}/compare")
    assert f'href="/p/{site.slug}/settings#sources">Connect a tracker</a>' in text
    assert 'id="live-empty" data-live-part' in text
    assert '<form class="filters"' not in text


def test_no_group_is_best_by_a_metric_that_nobody_declared(open_site, swept_site):
    view = compare(swept_site.ws, story.ADA, swept_site.slug, asked(metric="speed"))
    page = comparison_page(view)
    assert page.part.best == ""
    assert page.part.best_note == "Which way speed is better is not declared, so no group is called best."


def test_what_is_not_drawn_is_said_with_the_way_to_it(swept_site, monkeypatch):
    monkeypatch.setattr(comparison, "MOST_DRAWN", 4)
    monkeypatch.setattr(comparison, "MOST_TAKEN", 10)
    part = comparison_page(compare(swept_site.ws, story.ADA, swept_site.slug, asked(begin="4"))).part
    assert part.said == (
        "5 to 8 of 19 runs drawn, newest first.",
        "Groups are made of 10 of 19 runs; seeds among the others are not in them.",
    )
    [*_, (_, beyond)] = part.pages
    query = dict(pair.split("=") for pair in beyond.partition("?")[2].split("&"))
    rest = compare(swept_site.ws, story.ADA, swept_site.slug, asked(cursor=query["cursor"]))
    assert (len(rest.taken), rest.next_cursor, rest.total) == (9, None, 19)


def test_parameters_that_differ_have_an_axis_and_the_metric_is_the_last(swept_site):
    view = compare(swept_site.ws, story.ADA, swept_site.slug, asked(q="sweep", status="finished"))
    found = parameters.specification(view)["datasets"]
    assert [row["axis"] for row in found["axes"]] == ["depth", "lr", "accuracy (mean)"]
    lr = {row["text"]: row["at"] for row in found["marks"] if row["axis"] == "lr"}
    assert list(lr) == ["0.0001", "0.001", "0.01"]
    assert lr["0.001"] == pytest.approx(0.5)
    assert all(math.isfinite(row["at"]) for row in found["groups"])


def test_group_without_a_parameter_stands_below_its_axis_and_what_is_not_drawn_is_counted(
    open_site, monkeypatch
):
    def sweep(ws):
        told = story.Story(ws)
        source = ws.store.write(
            lambda tx: tx.add_source(
                told.project.id, name="sweep", kind="mlflow", uri="sqlite:///s.db", experiment_filter=()
            )
        )
        configs = [{"lr": "0.1", "depth": "4"}, {"lr": "0.2"}, {"lr": "0.3", "depth": "8"}]
        runs = [swept(place, config=config, seed=1) for place, config in enumerate(configs)]
        broken = swept(3, config={"lr": "0.4", "extra": "1"}, seed=1, broken=True)
        ws.store.write(lambda tx: tx.put_runs(source, [*runs, broken], seq=tx.head()[0] + 1))
        return {}

    site = open_site(sweep)
    view = compare(site.ws, story.ADA, site.slug, asked())
    found = parameters.specification(view)["datasets"]
    [missing] = [row for row in found["marks"] if row["text"] == "not set"]
    depth = [row["at"] for row in found["groups"] if row["axis"] == "depth"]
    assert (missing["axis"], depth.count(missing["at"]), min(depth)) == ("depth", 1, missing["at"])
    monkeypatch.setattr(parameters, "MOST_GROUPS", 2)
    note = comparison_page(view).parameters.note
    assert "1 more group not drawn, these are the first by their means" in note
    assert "1 parameter the same in all of them" in note


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("seed=x", "seed"), ("status=gone", "status"), ("config=lr", "config"), ("since=12.5.2026", "since"),
        ("smooth=1", "smooth"), ("read=first", "read"), ("begin=-1", "begin"), ("log=both", "log"), ("across=epoch", "across"),
        ("cursor=x", "cursor"), ("source=nowhere", "source"),
    ],
)  # fmt: skip
def test_question_that_cannot_be_read_names_its_field(swept_site, query, field):
    status, text = Browser(swept_site.url).text(f"/api/v1/projects/{swept_site.slug}/comparison?{query}")
    assert (status, json.loads(text)["field"]) == (422, field)
    status, text = Browser(swept_site.url).text(f"/p/{swept_site.slug}/compare?{query}")
    assert status == 422


def test_api_tells_groups_and_curves(swept_site):
    browser, where = Browser(swept_site.url), f"/api/v1/projects/{swept_site.slug}/comparison"
    _, text = browser.text(f"{where}?config=lr%3D0.01&config=depth%3D4")
    found = json.loads(text)
    [group] = found["groups"]
    assert (found["total"], group["n"], group["interval"]["confidence"]) == (3, 3, 0.9)
    assert group["mean"] == pytest.approx(np.mean([run["value"] for run in found["runs"]]))
    _, text = browser.text(f"{where}/curves?run=sweep:0017")
    curves = json.loads(text)
    assert [picture["metric"] for picture in curves["pictures"]] == ["accuracy", "train_loss"]
    [curve] = curves["pictures"][0]["curves"]
    assert "NaN" in curve["values"]
    assert curve["points"] == 1000


def test_runs_list_sends_the_chosen_ones_to_the_comparison(swept_site):
    browser, where = Browser(swept_site.url), f"/p/{swept_site.slug}"
    _, listed = browser.text(f"{where}/runs")
    assert f'action="{where}/compare"' in listed
    assert 'name="run" value="sweep:0018"' in listed
    _, page = browser.text(f"{where}/compare?run=sweep:0018&run=sweep:0001")
    assert "2 of 2 runs drawn." in page
    assert "2 runs were picked one by one." in page


@pytest.mark.browser
def test_stretch_of_an_axis_picks_its_runs_by_mouse_and_by_keys(swept_site, visit):
    page = visit(swept_site.at("/compare?source=sweep&metric=accuracy"), bypass_csp=True)
    box = page.locator("[data-chart*='parameters.json'][data-drawn=yes]")
    box.scroll_into_view_if_needed()
    said, go = page.locator(".picking [role=status]"), page.locator(".picking a")
    page.locator(".picking summary").press("Enter")
    page.locator("#pick-0-from").press("4")
    assert page.locator("fieldset.pick").first.inner_text().startswith("depth")
    page.locator("#pick-0-from").press("Tab")
    page.locator("#pick-0-to").fill("4")
    page.locator("#pick-0-to").press("Tab")
    assert said.inner_text() == "3 groups of 5 picked, 9 runs."
    x, low, high = box.evaluate(
        """(box) => { const edge = box.querySelector("svg").getBoundingClientRect(), [x, y] = box.view.origin(), room = box.view.padding();
        const at = (place) => edge.top + y + room.top + box.view.scale("y")(place);
        return [edge.left + x + room.left + box.view.scale("x")("lr"), at(-0.05), at(0.6)]; }"""
    )
    page.mouse.move(x, low)
    page.mouse.down()
    page.mouse.move(x, high, steps=3)
    page.mouse.up()
    assert said.inner_text() == "2 groups of 5 picked, 6 runs."
    assert page.url.endswith("metric=accuracy")
    go.click()
    page.wait_for_url(re.compile(r"/compare\?.*\brun="))
    assert "6 of 6 runs drawn." in page.locator("main").inner_text()


@pytest.mark.browser
def test_page_is_drawn_and_follows_along_while_a_run_trains(swept_site, visit):
    page = visit(swept_site.at("/compare?source=sweep"), bypass_csp=True)
    page.wait_for_function("document.querySelectorAll('[data-drawn=yes]').length === 3")
    assert violations(page) == []
    picture = page.locator("[data-chart*='picture=accuracy']")
    assert picture.locator("g.mark-line path").count() == 19
    picture.hover()
    page.keyboard.down("Control")
    page.mouse.wheel(0, -400)
    page.keyboard.up("Control")
    zoomed = "document.querySelector('[data-chart*=\"picture=accuracy\"]').view.scale('x').domain()"
    page.locator("a.link.num").first.focus()
    focused = page.evaluate("document.activeElement.href")
    page.wait_for_function(f"{zoomed}[0] > 1")
    before = page.evaluate(zoomed)

    grown = swept(18, points=600, status=RunStatus.FINISHED, config={"lr": "1"}, seed=1)
    swept_site.ws.store.write(
        lambda tx: tx.put_runs(swept_site.keys["source"], [grown], seq=tx.head()[0] + 1)
    )
    create_ticket(swept_site.ws, story.ADA, swept_site.slug, TicketContent(title="Makes the journal grow"))
    page.wait_for_function("document.querySelector('[data-follow]').dataset.looked >= '1'")
    row = page.locator("tr", has_text="lr=1").first
    assert "1" in row.locator("td").nth(1).inner_text()
    points = "document.querySelector('[data-chart*=\"picture=accuracy\"]').specification.datasets.runs.find((r) => r.run === 'sweep:0018').x"
    assert page.evaluate(points)[-1] == 600
    assert page.evaluate(zoomed) == before
    assert page.evaluate("document.activeElement.href") == focused
