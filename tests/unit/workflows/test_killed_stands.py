"""What a killed experiment shows is what stood when it was killed, on both databases; what comes later is told apart."""

from dataclasses import replace

import numpy as np
import pytest

from assay.domain.board.saved_compute import SavedCompute
from assay.domain.experiments.evidence import RunStatus
from assay.domain.experiments.experiment import DecisionKind
from assay.web.charts.curves import groups
from assay.web.charts.describe import metric_chart
from assay.web.findings_view import since_kill_text
from assay.workflows.evidence import sync_source
from assay.workflows.journal import verify_journal
from assay.workflows.overview import list_experiments, overview
from assay.workflows.replays import replay_verdict
from assay.workflows.ticket_page import ticket_page
from assay.workflows.tickets import follow_up, get_ticket
from assay.workflows.verdicts import (
    get_verdict,
    refresh_open_verdicts,
    refresh_verdict,
    verdict_history,
)
from tests.unit.workflows.conftest import ADA, run
from tests.unit.workflows.test_life_of_an_experiment import GOOD, SLUG, decide_it, with_runs

LOSES = (0.61, 0.60, 0.62, 0.61, 0.605)
SPENT = frozenset({"runs", "finished", "running", "compute_text", "compute_share"})


@pytest.fixture
def killed(ws, tracker, clock):
    ticket = with_runs(ws, tracker, clock, values=LOSES)
    decide_it(ws, ticket, DecisionKind.KILL, learnings="Rank 16 underfits billing questions.")
    return ticket.key


def late_runs(ws, tracker, clock, key, values=GOOD, **changes):
    late = [
        replace(
            run(key, seed, 0.7, value, begun=clock(), **changes),
            config={"rank": "64"},
            gpu_hours=2.0,
        )
        for seed, value in enumerate(values, 20)
    ]
    tracker.put(*late)
    sync_source(ws, ADA, SLUG, "listed")


def shown(ws, key):
    """What a person sees of the ticket's evidence: card, list, page, overview."""
    card, page = get_ticket(ws, ADA, SLUG, key).card, ticket_page(ws, ADA, SLUG, key)
    [row] = list_experiments(ws, ADA, SLUG).rows
    return (
        {name: value for name, value in card.items() if name not in SPENT},
        (row.recommendation, row.chip, row.current_text),
        (page.verdict, page.verdict_digest),
        get_verdict(ws, ADA, SLUG, key),
        overview(ws, ADA, SLUG).best,
    )


def test_runs_that_come_after_a_kill_change_nothing_that_it_shows_and_are_told(ws, tracker, clock, killed):
    before = shown(ws, killed)
    assert ticket_page(ws, ADA, SLUG, killed).since_kill is None
    late_runs(ws, tracker, clock, killed)
    assert shown(ws, killed) == before
    assert before[0]["current_text"].startswith("60.")
    since = ticket_page(ws, ADA, SLUG, killed).since_kill
    latest = verdict_history(ws, ADA, SLUG, killed)[-1]
    assert (since.runs, since.digest, since.recommendation) == (5, latest.digest, "promote")
    assert since_kill_text(since) == (
        "5 runs came after the kill and are left out here; with them the evidence would say: "
        f"{latest.headline}."
    )
    assert overview(ws, ADA, SLUG).gpu_hours == 10
    assert get_ticket(ws, ADA, SLUG, killed).card["runs"] == 10
    refresh_verdict(ws, SLUG, killed)
    assert shown(ws, killed) == before


def test_chart_draws_what_came_after_a_kill_apart_and_says_so(ws, tracker, clock, killed):
    assert not any(curve.late for curve in ticket_page(ws, ADA, SLUG, killed).curves)
    late_runs(ws, tracker, clock, killed)
    page = ticket_page(ws, ADA, SLUG, killed)
    assert [curve.late for curve in page.curves] == [False] * 5 + [True] * 5
    [counted, came] = groups(page.curves)
    assert (counted, came) == ("candidate (one configuration)", "candidate (after the kill)")
    assert metric_chart(page).note.endswith("; 5 runs after the kill, drawn apart")


def test_card_stored_by_a_version_without_money_is_refreshed_though_its_ticket_is_closed(ws, killed):
    ticket = get_ticket(ws, ADA, SLUG, killed)
    old = {name: value for name, value in ticket.card.items() if not name.startswith("money_")}
    ws.store.write(lambda tx: tx.put_card(ticket.id, old))
    refresh_open_verdicts(ws, SLUG)
    assert get_ticket(ws, ADA, SLUG, killed).card == ticket.card


def test_what_it_was_killed_on_and_what_it_would_say_now_are_both_replayed(ws, tracker, clock, killed):
    then = ticket_page(ws, ADA, SLUG, killed).verdict_digest
    late_runs(ws, tracker, clock, killed)
    since = ticket_page(ws, ADA, SLUG, killed).since_kill
    assert replay_verdict(ws, ADA, SLUG, killed, digest=then).same
    assert replay_verdict(ws, ADA, SLUG, killed, digest=since.digest).same
    assert verify_journal(ws, ADA).ok
    assert follow_up(ws, ADA, SLUG, killed).stage == "backlog"


def test_evidence_that_is_broken_or_gone_after_a_kill_takes_nothing_from_it(ws, tracker, clock, killed):
    before = shown(ws, killed)
    tracker.remove(next(iter(tracker.runs)))
    sync_source(ws, ADA, SLUG, "listed")
    assert shown(ws, killed) == before
    since = ticket_page(ws, ADA, SLUG, killed).since_kill
    assert (since.runs, since_kill_text(since)[:40]) == (0, "Its evidence was changed after the kill;")
    late_runs(ws, tracker, clock, killed, values=(np.nan,), status=RunStatus.FAILED)
    assert shown(ws, killed) == before
    assert ticket_page(ws, ADA, SLUG, killed).since_kill.runs == 1


@pytest.mark.parametrize("kind", [DecisionKind.ITERATE, DecisionKind.PROMOTE])
def test_experiment_that_is_not_killed_goes_on_showing_its_newest_evidence(ws, tracker, clock, kind):
    ticket = with_runs(ws, tracker, clock, values=LOSES)
    decide_it(ws, ticket, kind, reason="We think otherwise.")
    before = shown(ws, ticket.key)
    late_runs(ws, tracker, clock, ticket.key)
    assert shown(ws, ticket.key) != before
    assert ticket_page(ws, ADA, SLUG, ticket.key).since_kill is None


def test_overview_counts_what_a_kill_left_of_the_budget_by_runs_that_had_begun_by_then(ws, tracker, clock):
    ticket = with_runs(ws, tracker, clock, values=LOSES)
    used = [
        replace(run(ticket.key, seed, 0.7, value, begun=clock()), gpu_hours=1.5)
        for seed, value in enumerate(LOSES)
    ]
    tracker.put(*(replace(one, digest=f"{one.digest} measured") for one in used))
    sync_source(ws, ADA, SLUG, "listed")
    assert overview(ws, ADA, SLUG).saved == SavedCompute(None, early=0, used_up=0, unknown=0, not_begun=0)
    decide_it(ws, get_ticket(ws, ADA, SLUG, ticket.key), DecisionKind.KILL)
    saved = SavedCompute(24 - 1.5 * len(LOSES), early=1, used_up=0, unknown=0, not_begun=0)
    assert overview(ws, ADA, SLUG).saved == saved
    late_runs(ws, tracker, clock, ticket.key)
    assert overview(ws, ADA, SLUG).saved == saved


def test_kill_of_an_experiment_with_a_run_of_unknown_compute_saves_nothing_that_is_known(ws, killed):
    assert overview(ws, ADA, SLUG).saved == SavedCompute(None, early=0, used_up=0, unknown=1, not_begun=0)
