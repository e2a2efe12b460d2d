"""What becomes of runs in the tracker after their results are known, followed through the real store."""

from dataclasses import replace

import numpy as np
import pytest

from assay.domain.experiments.criteria.text import parse_criterion
from assay.domain.experiments.evidence import Curve, RunStatus
from assay.domain.experiments.experiment import Baseline, DecisionKind
from assay.domain.kernel.findings import Outcome, Role
from assay.domain.kernel.verdicts import Recommendation
from assay.workflows.board import move_card
from assay.workflows.evidence import attach_run, connect_source, sync_source
from assay.workflows.replays import replay_verdict
from assay.workflows.tickets import create_ticket
from assay.workflows.verdicts import get_verdict
from tests.unit.workflows.conftest import ADA, CATALOG, content, run
from tests.unit.workflows.test_life_of_an_experiment import GOOD, SLUG, decide_it, get_ticket, start

BAD = (0.60, 0.62)
IMPROVES = (
    parse_criterion("accuracy improves by >= 3%", metrics=CATALOG, role=Role.PRIMARY),
    parse_criterion("accuracy < 50%", metrics=CATALOG, role=Role.KILL),
)


@pytest.fixture
def ticket(ws):
    connect_source(ws, ADA, SLUG, kind="listed", uri="memory", name="listed")
    return start(ws)


@pytest.fixture
def sync(ws, tracker):
    def put(*runs):
        tracker.put(*runs)
        return sync_source(ws, ADA, SLUG, "listed")

    return put


@pytest.fixture
def judged(ws, ticket):
    def verdict(key=None):
        return get_verdict(ws, ADA, SLUG, key or ticket.key).verdict

    return verdict


def seeds(key, clock, values, first=0, **changes):
    return [run(key, seed, 0.5, value, begun=clock(), **changes) for seed, value in enumerate(values, first)]


def changed(one, **changes):
    """As the tracker tells it after a change."""
    told = replace(one, **changes)
    return replace(told, digest=f"{told.digest}|{sorted(changes)}|{changes}")


def logged(one, *values):
    count = len(values)
    steps = np.arange(count, dtype=np.int64)
    return changed(one, curves={"accuracy": Curve(steps, np.array(values), np.zeros(count, np.int64))})


WAYS = {
    "tagged for another ticket": {"ticket": "EXP-99"},
    "tagged for no ticket": {"ticket": None},
    "another arm": {"arm": "old"},
    "the arm of the baseline": {"arm": "baseline"},
    "marked as failed": {"status": RunStatus.FAILED},
    "running again": {"status": RunStatus.RUNNING},
    "deleted": {"deleted": True},
}


@pytest.mark.parametrize("change", WAYS.values(), ids=WAYS)
def test_bad_seeds_that_leave_in_the_tracker_keep_the_good_ones_from_promoting(
    clock, ticket, sync, judged, change
):
    bad = seeds(ticket.key, clock, BAD, first=5)
    sync(*seeds(ticket.key, clock, GOOD), *bad)
    sync(*(changed(one, **change) for one in bad))
    assert judged().findings[0].outcome is Outcome.INVALID
    assert "exp-1-seed5 (seed 5), exp-1-seed6 (seed 6)" in judged().findings[0].reason
    sync(*(changed(changed(one, **change), **{n: getattr(one, n) for n in change}) for one in bad))
    assert judged().findings[0].outcome is Outcome.UNCLEAR
    sync(*seeds(ticket.key, clock, [0.87], first=7))
    assert judged().recommendation is not Recommendation.PROMOTE


def test_runs_attached_by_hand_and_detached_again_are_missed(ws, clock, ticket, sync, judged):
    runs = seeds("EXP-9", clock, [*GOOD, *BAD], ticket=None)
    sync(*runs)
    for one in runs:
        attach_run(ws, ADA, SLUG, one.run_id, ticket.key)
    for one in runs[-2:]:
        attach_run(ws, ADA, SLUG, one.run_id, None)
    assert judged().findings[0].outcome is Outcome.INVALID
    assert "detached from the ticket" in judged().findings[0].reason
    for one in runs[-2:]:
        attach_run(ws, ADA, SLUG, one.run_id, ticket.key)
    assert judged().findings[0].outcome is Outcome.UNCLEAR


def test_run_that_had_shown_nothing_yet_may_still_find_its_ticket_and_arm(clock, ticket, sync, judged):
    begun = [
        run(ticket.key, seed, begun=clock(), status=RunStatus.RUNNING, config={"rank": "8"})
        for seed in range(3)
    ]
    sync(*begun)
    sync(*(changed(one, arm="baseline", config={"rank": "16"}) for one in begun))
    sync(*seeds(ticket.key, clock, GOOD, first=3))
    assert judged().recommendation is Recommendation.PROMOTE
    assert judged().notes == ()


def test_result_that_was_deleted_and_run_again_until_it_was_good_is_invalid(clock, ticket, sync, judged):
    runs = seeds(ticket.key, clock, [*BAD, *GOOD[2:]])
    sync(*runs)
    sync(*(changed(one, deleted=True) for one in runs[:2]))
    again = [
        run(ticket.key, seed, 0.5, value, begun=clock(), external_id=f"again{seed}")
        for seed, value in enumerate(GOOD[:2])
    ]
    sync(*again)
    assert judged().findings[0].outcome is Outcome.INVALID
    assert "give every re-run a seed of its own" in judged().findings[0].settle.text


def test_value_that_is_logged_over_a_finished_one_is_invalid_until_the_first_one_is_back(
    ws, clock, ticket, sync, judged
):
    bad = seeds(ticket.key, clock, BAD)
    sync(*bad, *seeds(ticket.key, clock, GOOD[2:], first=2))
    better = [logged(one, 0.5, value, 0.87) for one, value in zip(bad, BAD, strict=True)]
    sync(*better)
    assert judged().findings[0].outcome is Outcome.INVALID
    assert "exp-1-seed0 (seed 0) measured 60.0% and says 87.0% now" in judged().findings[0].reason
    assert replay_verdict(ws, ADA, SLUG, ticket.key).same
    sync(*(logged(one, 0.5, v, 0.87, v) for one, v in zip(bad, BAD, strict=True)))
    assert judged().findings[0].outcome is not Outcome.INVALID


@pytest.mark.parametrize("change", [{"ticket": "EXP-99"}, {"deleted": True}])
def test_baseline_of_another_ticket_misses_what_left_it_after_the_lock(ws, clock, sync, ticket, change):
    good = seeds(ticket.key, clock, (0.86, 0.87, 0.80, 0.801, 0.802))
    sync(*good)
    measured = (Baseline(metric="accuracy", ticket=ticket.key),)
    ours = create_ticket(ws, ADA, SLUG, content(baseline=measured, criteria=IMPROVES))
    for stage in ("hypothesis", "experiment"):
        move_card(ws, ADA, SLUG, ours.key, to=stage, expected_version=None, override_reason="a rehearsal")
    sync(*seeds(ours.key, clock, (0.85, 0.851, 0.852, 0.849, 0.85)))
    assert get_verdict(ws, ADA, SLUG, ours.key).verdict.findings[0].outcome is Outcome.UNCLEAR
    sync(*(changed(one, **change) for one in good[:2]))
    found = get_verdict(ws, ADA, SLUG, ours.key).verdict.findings[0]
    assert (found.outcome, found.reason.startswith("baseline: 2 runs finished")) == (Outcome.INVALID, True)


def test_decision_on_changed_evidence_replays_after_the_tracker_has_gone_on(ws, clock, ticket, sync, judged):
    bad = seeds(ticket.key, clock, BAD, first=5)
    sync(*seeds(ticket.key, clock, GOOD), *bad)
    sync(*(changed(one, arm="old") for one in bad))
    stored = judged()
    decide_it(ws, get_ticket(ws, ADA, SLUG, ticket.key), DecisionKind.ITERATE, reason="two seeds were moved")
    digest = replay_verdict(ws, ADA, SLUG, ticket.key).stored_digest
    sync(*seeds(ticket.key, clock, [0.9], first=8))
    assert judged() != stored
    assert replay_verdict(ws, ADA, SLUG, ticket.key, digest=digest).same


@pytest.mark.parametrize("seen_open", [True, False])
def test_candidate_tag_counts_only_where_a_run_was_seen_before_its_end(
    clock, ticket, sync, judged, seen_open
):
    runs = [
        changed(one, tags={"assay.candidate": "mine"} if rank == "8" else {}, config={"rank": rank})
        for rank in ("4", "8")
        for one in (
            run(ticket.key, seed, 0.5, value, begun=clock(), external_id=f"{rank}-{seed}")
            for seed, value in enumerate(GOOD)
        )
    ]
    if seen_open:
        sync(*(changed(one, status=RunStatus.RUNNING) for one in runs))
    sync(*runs)
    late = any("tagged before its runs had ended" in note for note in judged().notes)
    assert ("declared candidate: mine" in judged().notes, late) == (seen_open, not seen_open)
