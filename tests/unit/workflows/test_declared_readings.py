"""A metric that is declared to be read at a step, from its declaration to every place that shows the value of a run."""

from dataclasses import replace

import numpy as np
import pytest

from assay.domain.experiments.criteria.text import parse_criterion
from assay.domain.experiments.evidence import Curve
from assay.domain.experiments.experiment import DecisionKind
from assay.domain.kernel.findings import Outcome, Role
from assay.domain.kernel.readings import reading_of
from assay.domain.kernel.verdicts import Recommendation
from assay.workflows.backtest import back_test_rules
from assay.workflows.canvas import edit_canvas, get_canvas
from assay.workflows.comparison import compare
from assay.workflows.comparison_asked import comparison_asked
from assay.workflows.evidence import connect_source, list_runs, sync_source
from assay.workflows.journal import verify_journal
from assay.workflows.overview import overview
from assay.workflows.projects import declare_metric, get_metrics
from assay.workflows.replays import replay_verdict
from assay.workflows.state import project_state
from assay.workflows.state_views import best_text
from assay.workflows.ticket_page import ticket_page
from assay.workflows.tickets import get_ticket
from assay.workflows.verdict_basis import verdict_basis
from assay.workflows.verdicts import get_verdict
from tests.support.past_runs import learning_curves
from tests.unit.workflows.conftest import ACCURACY, ADA, CATALOG, run
from tests.unit.workflows.test_life_of_an_experiment import GOOD, SLUG, decide_it, start

AT_STEP = ACCURACY.model_copy(update={"reading": reading_of("step 1000")})
LAST = (0.611, 0.606, 0.614, 0.609, 0.612)


def trained(key, clock, at_step, last=LAST, **changes):
    """Seeds that were at a value at step 1,000, and somewhere else at the end."""
    steps = np.array([500, 1000, 2000])
    begun = [clock() for _ in at_step]
    runs = [run(key, seed, 0.5, begun=at, ended_at=at, **changes) for seed, at in enumerate(begun)]
    curves = [
        Curve(steps, np.array([0.5, now, end]), steps * 1000) for now, end in zip(at_step, last, strict=True)
    ]
    return [
        replace(one, curves={"accuracy": told}, digest=f"{one.digest}{told.values.tolist()}")
        for one, told in zip(runs, curves, strict=True)
    ]


def two_tickets(ws):
    """The first is locked before another value is declared to count, the second after."""
    connect_source(ws, ADA, SLUG, kind="listed", uri="memory", name="listed")
    before = start(ws).key
    declare_metric(ws, ADA, SLUG, AT_STEP)
    return before, start(ws).key


@pytest.fixture
def both(ws, tracker, clock):
    """Two tickets with equal curves, the first with a lock that is older than the declaration."""
    before, after = two_tickets(ws)
    tracker.put(*trained(before, clock, GOOD), *trained(after, clock, GOOD))
    sync_source(ws, ADA, SLUG, "listed")
    return before, after


def primary(ws, key):
    return get_verdict(ws, ADA, SLUG, key).verdict.findings[0]


def test_value_at_the_declared_step_decides_and_a_lock_keeps_what_was_declared_before_it(ws, both):
    before, after = both
    assert get_metrics(ws, ADA, SLUG).require("accuracy").reading == reading_of("step 1000")
    assert [primary(ws, key).outcome for key in both] == [Outcome.NOT_MET, Outcome.MET]
    assert get_verdict(ws, ADA, SLUG, after).verdict.recommendation is Recommendation.PROMOTE
    declare_metric(ws, ADA, SLUG, ACCURACY.model_copy(update={"reading": reading_of("best")}))
    view = project_state(ws, ADA, SLUG)
    assert (view.headline, view.measured_otherwise, overview(ws, ADA, SLUG).measured_otherwise) == (
        None,
        2,
        2,
    )
    declare_metric(ws, ADA, SLUG, ACCURACY)
    assert get_ticket(ws, ADA, SLUG, after).lock.registration.metrics == (AT_STEP,)
    for key, shown in ((before, "0.611"), (after, "0.871")):
        assert replay_verdict(ws, ADA, SLUG, key).same
        assert ticket_page(ws, ADA, SLUG, key).runs[0].metrics == {"accuracy": shown}
    assert verify_journal(ws, ADA).ok


def test_lists_comparison_card_and_best_so_far_show_the_value_that_counts(ws, tracker, clock, both):
    after = both[1]
    assert get_ticket(ws, ADA, SLUG, after).card["current_text"] == "87.0% at step 1,000"
    seen = overview(ws, ADA, SLUG)
    assert ([one.key for one in seen.best], seen.measured_otherwise) == ([after], 1)
    assert seen.best[-1].value == pytest.approx(np.mean(GOOD))
    assert best_text(project_state(ws, ADA, SLUG).headline) == "accuracy: 87.0% at step 1,000, by EXP-2"
    short = run(after, 9, 0.5, 0.6, begun=clock())
    tracker.put(short)
    sync_source(ws, ADA, SLUG, "listed")
    rows = {
        row.run_id: row.metrics["accuracy"] for row in list_runs(ws, ADA, SLUG).rows if row.ticket == after
    }
    assert sorted(rows.values()) == ["0.866", "0.869", "0.871", "0.872", "0.874", "unknown"]
    view = compare(ws, ADA, SLUG, comparison_asked({"ticket": [after]}))
    assert (view.read.text, view.groups[0].mean) == ("step 1000", None)
    whole = [one.run.run_id for one in view.taken if one.run.run_id != short.run_id]
    by = {
        read: compare(ws, ADA, SLUG, comparison_asked({"run": whole, "read": [read]})).groups[0].mean
        for read in ("", "last")
    }
    assert by == {"": pytest.approx(np.mean(GOOD)), "last": pytest.approx(np.mean(LAST))}
    found = primary(ws, after)
    assert (found.outcome, found.estimate) == (Outcome.INVALID, None)
    assert "accuracy counts as the value at step 1,000, which is not known in 1 run" in found.reason
    assert "ends at step 1" in found.reason


def test_canvas_shows_the_ticket_that_is_best_by_the_value_that_counts(ws, tracker, clock):
    before, after = two_tickets(ws)
    at_step, at_end = (0.301, 0.296, 0.304, 0.299, 0.302), (0.991, 0.986, 0.994, 0.989, 0.992)
    tracker.put(*trained(before, clock, at_step, at_end), *trained(after, clock, GOOD))
    sync_source(ws, ADA, SLUG, "listed")
    edit_canvas(ws, ADA, SLUG, {"success": [{"metric": "accuracy >= 85%"}]}, expected_version=0)
    found = get_canvas(ws, ADA, SLUG).reading("success[0]")
    assert (found.ticket, found.tickets) == (after, 2)
    assert found.finding.estimate == pytest.approx(np.mean(GOOD))


def test_lists_keep_every_digit_of_the_value_that_counts_and_say_what_is_no_number(ws, tracker, clock, both):
    steps = np.array([1000, 2000])
    for seed, value in ((50, 1234567.125), (51, float("nan"))):
        told = Curve(steps, np.array([value, 1.0]), steps)
        tracker.put(replace(run(both[1], seed, 0.5, begun=clock()), curves={"accuracy": told}))
    sync_source(ws, ADA, SLUG, "listed")
    shown = {row.seed: row.metrics["accuracy"] for row in list_runs(ws, ADA, SLUG).rows}
    assert (shown[50], shown[51]) == ("1234567.125", "NaN")


def test_value_logged_over_the_one_that_counts_is_seen_though_the_last_one_stands(ws, tracker, clock, both):
    before, after = both
    stored = get_verdict(ws, ADA, SLUG, before)
    for key in both:
        good = [one for one in tracker.runs.values() if one.ticket == key]
        tracker.put(*(_with_step(one, 0.95) for one in good[:2]))
    sync_source(ws, ADA, SLUG, "listed")
    found = primary(ws, after)
    assert found.outcome is Outcome.INVALID
    assert "measured 87.1% and says 95.0% now" in found.reason
    assert get_verdict(ws, ADA, SLUG, before).verdict == stored.verdict  # about last values, which stand
    assert replay_verdict(ws, ADA, SLUG, after).same
    ticket = get_ticket(ws, ADA, SLUG, after)
    decide_it(ws, ticket, DecisionKind.ITERATE, reason="run again")
    decided = get_ticket(ws, ADA, SLUG, after).decision.verdict_digest
    for one in [one for one in tracker.runs.values() if one.ticket == after][:2]:
        tracker.put(_with_step(one, 0.2))
    sync_source(ws, ADA, SLUG, "listed")
    assert "measured 87.1% and says 20.0% now" in primary(ws, after).reason
    assert replay_verdict(ws, ADA, SLUG, after, digest=decided).same
    assert replay_verdict(ws, ADA, SLUG, after).same


def test_past_runs_are_winners_by_the_value_that_counts_and_left_out_where_they_end_before_it(
    ws, tracker, clock
):
    connect_source(ws, ADA, SLUG, kind="listed", uri="memory", name="listed")
    declare_metric(ws, ADA, SLUG, ACCURACY.model_copy(update={"reading": reading_of("step 8")}))
    criteria = tuple(
        parse_criterion(text, metrics=CATALOG, role=role)
        for text, role in (("accuracy >= 78%", Role.PRIMARY), ("accuracy < 10%", Role.KILL))
    )
    keys = [start(ws, criteria=criteria).key for _ in range(3)]
    told = {}
    for number, values in enumerate(learning_curves()):
        for key in keys:
            one = run(key, number, *values, begun=clock())
            told[one.run_id] = values
            tracker.put(one)
    tracker.put(*(run(key, 90, *learning_curves()[0][:7], begun=clock()) for key in keys))
    sync_source(ws, ADA, SLUG, "listed")
    at_step = {name for name, values in told.items() if values[8] >= 0.78}
    assert 0 < len(at_step) < len({name for name, values in told.items() if max(values) >= 0.78})
    found = back_test_rules(ws, ADA, SLUG, chance=lambda: np.random.default_rng(1))
    assert (found.runs, found.winners, found.problems) == (30, len(at_step), ("accuracy at step 8",))
    assert [(one.runs, "before the value that counts" in one.why) for one in found.left_out] == [(3, True)]
    basis = verdict_basis(ws, ADA, SLUG, keys[0])
    assert list(basis.past.learned.problems) == ["accuracy at step 8"]


def _with_step(one, value):
    told = one.curves["accuracy"]
    values = told.values.copy()
    values[1] = value
    curve = Curve(told.steps, values, told.times_ms)
    return replace(one, curves={"accuracy": curve}, digest=f"{one.digest}|{value}")
