"""An experiment from the first draft to the decision, over the real store."""

import json
import math
import threading

import pytest
from sqlalchemy import create_engine, text

from assay.domain.board.board import Board
from assay.domain.experiments.criteria.text import parse_criterion
from assay.domain.experiments.experiment import DecisionKind
from assay.domain.experiments.prediction import Prediction
from assay.domain.gates.settings import VerdictSettings
from assay.domain.kernel.findings import Outcome, Role
from assay.domain.kernel.verdicts import Recommendation
from assay.errors import Conflict, Invalid, NotFound, Refused, StaleVersion
from assay.workflows.board import Moved, MoveRefused, board, move_card, preview_move
from assay.workflows.confirmations import attest
from assay.workflows.decisions import decide
from assay.workflows.evidence import attach_run, connect_source, disconnect_source, list_sources, sync_source
from assay.workflows.journal import journal_page, make_checkpoint, verify_journal
from assay.workflows.projects import get_project, save_settings
from assay.workflows.replays import replay_verdict
from assay.workflows.search import search, tried_before
from assay.workflows.ticket_page import ticket_page
from assay.workflows.tickets import create_ticket, edit_ticket, follow_up, get_ticket
from assay.workflows.verdicts import get_verdict, recompute_verdict
from tests.unit.workflows.conftest import ADA, CATALOG, content, run

SLUG = "chatbot"
GOOD = (0.871, 0.866, 0.874, 0.869, 0.872)


def start(ws, **changes):
    """A ticket in Experiment, locked."""
    ticket = create_ticket(ws, ADA, SLUG, content(**changes))
    for item in ("agreed", "dataset_ready"):
        ticket = attest(ws, ADA, SLUG, ticket.key, item=item, expected_version=ticket.version)
    for stage in ("hypothesis", "experiment"):
        moved = move_card(ws, ADA, SLUG, ticket.key, to=stage, expected_version=ticket.version)
        assert isinstance(moved, Moved), moved
        ticket = moved.ticket
    return ticket


def with_runs(ws, tracker, clock, values=GOOD, **changes):
    """A started ticket whose runs are synced."""
    ticket = start(ws, **changes)
    connect_source(ws, ADA, SLUG, kind="listed", uri="memory", name="listed")
    tracker.put(*(run(ticket.key, seed, 0.7, value, begun=clock()) for seed, value in enumerate(values)))
    sync_source(ws, ADA, SLUG, "listed")
    return get_ticket(ws, ADA, SLUG, ticket.key)


def decide_it(ws, ticket, kind, **changes):
    known = {"learnings": "Fine-tuning on our own tickets is worth it.", "expected_version": ticket.version}
    return decide(ws, ADA, SLUG, ticket.key, kind=kind, **(known | changes))


def test_clear_win_is_promoted_and_its_card_goes_to_production(ws, tracker, clock):
    ticket = with_runs(ws, tracker, clock)
    record = get_verdict(ws, ADA, SLUG, ticket.key)
    assert record.verdict.recommendation is Recommendation.PROMOTE
    moved = move_card(ws, ADA, SLUG, ticket.key, to="evaluation", expected_version=ticket.version)
    assert isinstance(moved, Moved)
    result = decide_it(ws, moved.ticket, DecisionKind.PROMOTE)
    assert result.moved_to == "production"
    assert result.ticket.stage == "production"
    assert verify_journal(ws, ADA).ok


def test_decision_that_no_column_stands_for_says_why_the_card_stays(ws, tracker, clock):
    ticket = with_runs(ws, tracker, clock)
    project = get_project(ws, ADA, SLUG)
    stages = tuple(one for one in project.settings.board.stages if one.key != "iteration")
    keys = {one.key for one in stages}
    moves = tuple(one for one in project.settings.board.transitions if {one.source, one.target} <= keys)
    board = Board(stages=stages, transitions=moves)
    save_settings(ws, ADA, SLUG, expected_version=project.version, board=board)
    done = decide_it(ws, ticket, DecisionKind.ITERATE, reason="German regressed.")
    assert done.moved_to is None
    assert done.not_moved_because == (
        "No column of this board stands for the decision to iterate: the card stays where it is."
    )


def test_two_seeds_are_not_enough_and_the_verdict_says_what_would_settle_it(ws, tracker, clock):
    ticket = with_runs(ws, tracker, clock, values=GOOD[:2])
    verdict = get_verdict(ws, ADA, SLUG, ticket.key).verdict
    assert verdict.recommendation is Recommendation.UNDECIDED
    primary = next(f for f in verdict.findings if f.role is Role.PRIMARY)
    assert primary.outcome is Outcome.UNCLEAR
    assert primary.settle.amount >= 1


def test_broken_run_never_promotes(ws, tracker, clock):
    ticket = with_runs(ws, tracker, clock, values=(*GOOD[:4], math.nan))
    verdict = get_verdict(ws, ADA, SLUG, ticket.key).verdict
    assert verdict.recommendation is Recommendation.UNDECIDED
    assert any(f.outcome is Outcome.INVALID for f in verdict.findings)


def test_loser_is_killed_by_its_own_criterion(ws, tracker, clock):
    ticket = with_runs(ws, tracker, clock, values=(0.61, 0.60, 0.62, 0.61, 0.605))
    assert get_verdict(ws, ADA, SLUG, ticket.key).verdict.recommendation is Recommendation.KILL
    result = decide_it(ws, ticket, DecisionKind.KILL, learnings="Rank 16 underfits billing questions.")
    assert result.moved_to == "killed"
    again = follow_up(ws, ADA, SLUG, ticket.key)
    assert again.stage == "backlog"
    assert again.lock is None


def test_moving_to_experiment_locks_what_was_promised(ws):
    ticket = start(ws)
    assert ticket.lock is not None
    assert ticket.lock.digest == ticket.lock.original_digest
    changed = content(hypothesis="Something easier is true, too.")
    with pytest.raises(Refused, match="locked since"):
        edit_ticket(ws, ADA, SLUG, ticket.key, changed, expected_version=ticket.version)


def test_loosening_after_results_is_written_on_the_verdict_and_on_the_card(ws, tracker, clock):
    ticket = with_runs(ws, tracker, clock, values=(0.83, 0.84, 0.835, 0.838, 0.832))
    easier = (
        parse_criterion("accuracy >= 80%", metrics=CATALOG, role=Role.PRIMARY),
        parse_criterion("accuracy < 70%", metrics=CATALOG, role=Role.KILL),
    )
    edit_ticket(
        ws, ADA, SLUG, ticket.key, content(criteria=easier), expected_version=ticket.version,
        amendment_reason="product accepts 80%",
    )  # fmt: skip
    fresh = get_ticket(ws, ADA, SLUG, ticket.key)
    (amendment,) = fresh.lock.amendments
    assert amendment.loosens
    assert amendment.after_results
    assert fresh.card["amended_after_results"]
    verdict = get_verdict(ws, ADA, SLUG, ticket.key).verdict
    assert verdict.recommendation is Recommendation.PROMOTE
    assert any("loosen" in note for note in verdict.notes), verdict.notes


def test_title_can_be_mended_after_the_lock_without_an_amendment(ws):
    ticket = start(ws)
    fresh = edit_ticket(
        ws, ADA, SLUG, ticket.key, content(title="Fine-tune on our tickets"), expected_version=ticket.version
    )
    assert fresh.content.title == "Fine-tune on our tickets"
    assert fresh.lock.amendments == ()


def test_decision_against_the_verdict_needs_a_reason_and_learnings(ws, tracker, clock):
    ticket = with_runs(ws, tracker, clock)
    with pytest.raises(Invalid, match="no reason is given"):
        decide_it(ws, ticket, DecisionKind.KILL)
    for nothing in ("", "n/a", "  ", "none", "-", "tbd"):
        with pytest.raises(Invalid):
            decide_it(ws, ticket, DecisionKind.PROMOTE, learnings=nothing)
    result = decide_it(ws, ticket, DecisionKind.KILL, reason="the product was cancelled")
    assert result.decision.reason == "the product was cancelled"
    assert result.decision.verdict == "promote"


def test_refused_move_changes_nothing_and_lists_what_is_missing(ws):
    ticket = create_ticket(ws, ADA, SLUG, content())
    before = ws.store.last_seq()
    answer = move_card(ws, ADA, SLUG, ticket.key, to="hypothesis", expected_version=ticket.version)
    assert isinstance(answer, MoveRefused)
    assert answer.assessment.unmet
    assert ws.store.last_seq() == before
    skipping = move_card(ws, ADA, SLUG, ticket.key, to="production", expected_version=ticket.version)
    assert skipping.assessment.refusal == "illegal"
    assert skipping.assessment.legal == ("hypothesis",)


def test_override_is_recorded_with_its_reason(ws):
    ticket = create_ticket(ws, ADA, SLUG, content())
    answer = move_card(
        ws,
        ADA,
        SLUG,
        ticket.key,
        to="hypothesis",
        expected_version=ticket.version,
        override_reason="demo tomorrow",
    )
    assert isinstance(answer, Moved)
    (override,) = answer.ticket.overrides
    assert override.reason == "demo tomorrow"
    assert override.unmet


def test_two_people_moving_one_card_have_one_winner_and_one_fresh_state(ws):
    ticket = create_ticket(ws, ADA, SLUG, content())
    ticket = attest(ws, ADA, SLUG, ticket.key, item="agreed", expected_version=ticket.version)
    outcomes = []
    barrier = threading.Barrier(8)

    def move():
        barrier.wait()
        try:
            outcomes.append(
                move_card(ws, ADA, SLUG, ticket.key, to="hypothesis", expected_version=ticket.version)
            )
        except StaleVersion as error:
            outcomes.append(error)

    people = [threading.Thread(target=move) for _ in range(8)]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert sum(isinstance(outcome, Moved) for outcome in outcomes) == 1
    losers = [outcome for outcome in outcomes if isinstance(outcome, StaleVersion)]
    assert len(losers) == 7
    assert all(loser.details["stage"] == "hypothesis" for loser in losers)


def test_experiments_run_on_as_many_gpus_as_there_are(ws):
    big, prompt, small = start(ws, gpus=2), start(ws, gpus=0), start(ws)
    assert [one.stage for one in (big, prompt, small)] == ["experiment"] * 3
    taken = {column.key: (column.count, column.taken) for column in board(ws, ADA, SLUG).columns}
    assert taken["experiment"] == (3, 3)
    fourth = create_ticket(ws, ADA, SLUG, content(gpus=1))
    fourth = attest(ws, ADA, SLUG, fourth.key, item="agreed", expected_version=fourth.version)
    fourth = attest(ws, ADA, SLUG, fourth.key, item="dataset_ready", expected_version=fourth.version)
    there = move_card(ws, ADA, SLUG, fourth.key, to="hypothesis", expected_version=fourth.version).ticket
    refused = move_card(ws, ADA, SLUG, fourth.key, to="experiment", expected_version=there.version)
    assert isinstance(refused, MoveRefused)
    assert refused.assessment.explanation.startswith("Experiment has no room for 1 GPU: 3 / 3 GPUs are taken")


def with_gpus(ws, key, gpus, reason=None):
    now = get_ticket(ws, ADA, SLUG, key)
    content = now.content.model_copy(update={"gpus": gpus})
    return edit_ticket(ws, ADA, SLUG, key, content, expected_version=None, amendment_reason=reason)


def test_card_that_lies_in_a_full_column_gets_more_gpus_only_for_a_reason(ws):
    big, small = start(ws, gpus=2), start(ws, gpus=0)
    assert with_gpus(ws, big.key, 3).overrides == ()
    with pytest.raises(Refused, match="Experiment has no room for 1 more, 3 / 3 GPUs are taken") as caught:
        with_gpus(ws, small.key, None)  # nobody said, which is not none
    assert (caught.value.code, caught.value.field) == ("column-full", "amendment_reason")
    with pytest.raises(Refused):
        with_gpus(ws, small.key, 1, "  ")
    before = ws.store.last_seq()
    passed = with_gpus(ws, small.key, 2, "two were lent until Friday")
    [said] = passed.overrides
    assert (said.from_stage, said.to_stage, said.reason, said.unmet, said.by, said.seq) == (
        "experiment", "experiment", "two were lent until Friday", ("column limit 5 / 3 GPUs",), "ada", before + 1,
    )  # fmt: skip
    [column] = [one for one in board(ws, ADA, SLUG).columns if one.key == "experiment"]
    assert column.taken == 5
    assert {card.key: card.overridden for card in column.cards} == {big.key: False, small.key: True}
    assert with_gpus(ws, big.key, 1).content.gpus == 1  # less is always taken, though it is still full
    assert with_gpus(ws, small.key, 2) == get_ticket(ws, ADA, SLUG, small.key)
    with pytest.raises(Refused):
        with_gpus(ws, big.key, 2)
    assert verify_journal(ws, ADA).ok


def test_gpus_of_cards_elsewhere_and_where_cards_are_counted_are_free(ws):
    waiting = create_ticket(ws, ADA, SLUG, content(gpus=1))
    assert with_gpus(ws, waiting.key, 64).content.gpus == 64
    attest(ws, ADA, SLUG, waiting.key, item="agreed", expected_version=None)
    move_card(ws, ADA, SLUG, waiting.key, to="hypothesis", expected_version=None)
    assert with_gpus(ws, waiting.key, 128).content.gpus == 128


def test_two_cards_that_take_the_last_gpu_at_once_do_not_both_get_it(ws):
    one, other = start(ws, gpus=1), start(ws, gpus=1)
    outcomes = []

    def ask(ticket):
        try:
            outcomes.append(with_gpus(ws, ticket.key, 2).key)
        except Refused as refused:
            outcomes.append(refused.code)

    people = [threading.Thread(target=ask, args=(ticket,)) for ticket in (one, other)]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert sorted(outcomes) in (sorted([one.key, "column-full"]), sorted([other.key, "column-full"]))


def test_column_limit_holds_under_racing_moves(ws):
    tickets = []
    for _ in range(8):
        ticket = create_ticket(ws, ADA, SLUG, content())
        tickets.append(attest(ws, ADA, SLUG, ticket.key, item="agreed", expected_version=ticket.version))
    outcomes = []

    def move(ticket):
        outcomes.append(
            move_card(ws, ADA, SLUG, ticket.key, to="hypothesis", expected_version=ticket.version)
        )

    people = [threading.Thread(target=move, args=(ticket,)) for ticket in tickets]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert sum(isinstance(outcome, Moved) for outcome in outcomes) == 5
    assert all(o.assessment.refusal == "wip" for o in outcomes if isinstance(o, MoveRefused))
    columns = {column.key: column for column in board(ws, ADA, SLUG).columns}
    assert columns["hypothesis"].count == 5


def test_card_dropped_between_two_others_stays_there_however_often(ws):
    keys = [create_ticket(ws, ADA, SLUG, content(title=f"card {n}")).key for n in range(3)]
    for _ in range(80):
        last = keys[-1]
        version = get_ticket(ws, ADA, SLUG, last).version
        move_card(ws, ADA, SLUG, last, to="backlog", before_key=keys[1], expected_version=version)
        keys = [keys[0], last, keys[1]]
        shown = [card.key for card in board(ws, ADA, SLUG).columns[0].cards]
        assert shown == keys


def test_sync_of_an_unchanged_tracker_writes_nothing(ws, tracker, clock):
    with_runs(ws, tracker, clock)
    before = ws.store.last_seq()
    report = sync_source(ws, ADA, SLUG, "listed")
    assert (report.changed, report.tickets) == (0, ())
    assert ws.store.last_seq() == before


def test_deleted_run_is_marked_and_no_longer_counts(ws, tracker, clock):
    ticket = with_runs(ws, tracker, clock)
    tracker.remove(f"{ticket.key.lower()}-seed4")
    sync_source(ws, ADA, SLUG, "listed")
    view = ticket_page(ws, ADA, SLUG, ticket.key)
    assert [row.deleted for row in view.runs].count(True) == 1
    counted = [i for group in view.verdict.verdict.groups for i in group.run_ids]
    assert not any(i.endswith("seed4") for i in counted)


def test_run_attached_by_hand_stays_there_after_the_next_sync(ws, tracker, clock):
    ticket = with_runs(ws, tracker, clock, values=GOOD[:2])
    tracker.put(run(ticket.key, 7, 0.87, begun=clock(), ticket=None, external_id="stray"))
    sync_source(ws, ADA, SLUG, "listed")
    attach_run(ws, ADA, SLUG, "listed:stray", ticket.key)
    tracker.put(run(ticket.key, 7, 0.88, begun=clock(), ticket=None, external_id="stray"))
    sync_source(ws, ADA, SLUG, "listed")
    assert "listed:stray" in {row.run_id for row in ticket_page(ws, ADA, SLUG, ticket.key).runs}
    with pytest.raises(NotFound, match="no such run"):
        attach_run(ws, ADA, SLUG, "listed:none", ticket.key)


def test_verdict_replays_to_the_same_bytes(ws, tracker, clock):
    ticket = with_runs(ws, tracker, clock)
    report = replay_verdict(ws, ADA, SLUG, ticket.key)
    assert report.same, report.differences


def test_search_answers_did_we_try_this_already(ws, tracker, clock):
    ticket = with_runs(ws, tracker, clock, values=(0.61, 0.60, 0.62, 0.61, 0.605))
    decide_it(ws, ticket, DecisionKind.KILL, learnings="Rank sixteen underfits billing questions.")
    (hit,) = search(ws, ADA, SLUG, "underfits billing")
    assert (hit.key, hit.decision) == (ticket.key, "kill")
    assert ticket.key in {hit.key for hit in tried_before(ws, ADA, SLUG, "Fine-tuning for billing questions")}


def test_journal_verifies_after_all_of_it_and_a_checkpoint_covers_it(ws, tracker, clock):
    ticket = with_runs(ws, tracker, clock)
    decide_it(ws, ticket, DecisionKind.PROMOTE, move=False)
    signed = make_checkpoint(ws, ADA)
    report = verify_journal(ws, ADA, held=[signed])
    assert report.ok
    assert report.covered == report.entries == signed.checkpoint.size


def test_preview_says_what_the_move_will_meet(ws):
    ticket = create_ticket(ws, ADA, SLUG, content())
    preview = preview_move(ws, ADA, SLUG, ticket.key, to="hypothesis")
    assert not preview.allowed
    assert preview.wip.limit == 5


def test_run_tagged_for_another_ticket_takes_its_evidence_along(ws, tracker, clock):
    first = with_runs(ws, tracker, clock)
    second = start(ws)
    tracker.put(*(run(second.key, s, 0.7, v, begun=clock(), external_id=f"{first.key.lower()}-seed{s}")
                  for s, v in enumerate(GOOD)))  # fmt: skip
    report = sync_source(ws, ADA, SLUG, "listed")
    assert set(report.tickets) == {first.key, second.key}
    left = get_verdict(ws, ADA, SLUG, first.key).verdict
    assert left.recommendation is not Recommendation.PROMOTE
    assert replay_verdict(ws, ADA, SLUG, first.key).same


def test_run_attached_by_hand_refreshes_its_ticket_at_the_next_sync(ws, tracker, clock):
    ticket = start(ws)
    connect_source(ws, ADA, SLUG, kind="listed", uri="memory", name="listed")
    tracker.put(
        *(run("EXP-9", s, v, begun=clock(), ticket=None, external_id=f"r{s}") for s, v in enumerate(GOOD))
    )
    sync_source(ws, ADA, SLUG, "listed")
    for seed in range(5):
        attach_run(ws, ADA, SLUG, f"listed:r{seed}", ticket.key)
    assert get_verdict(ws, ADA, SLUG, ticket.key).verdict.recommendation is Recommendation.PROMOTE
    tracker.put(*(run("EXP-9", s, 0.6, begun=clock(), ticket=None, external_id=f"r{s}") for s in range(5)))
    sync_source(ws, ADA, SLUG, "listed")
    assert get_verdict(ws, ADA, SLUG, ticket.key).verdict.recommendation is not Recommendation.PROMOTE


def test_verdict_left_behind_by_an_interrupted_sync_is_computed_by_the_next_one(
    ws, tracker, clock, monkeypatch
):
    ticket = start(ws)
    connect_source(ws, ADA, SLUG, kind="listed", uri="memory", name="listed")
    tracker.put(*(run(ticket.key, s, v, begun=clock()) for s, v in enumerate(GOOD)))
    monkeypatch.setattr("assay.workflows.evidence.refresh_due_verdicts", lambda *_: ())
    sync_source(ws, ADA, SLUG, "listed")
    monkeypatch.undo()
    assert get_verdict(ws, ADA, SLUG, ticket.key).verdict.recommendation is not Recommendation.PROMOTE
    assert sync_source(ws, ADA, SLUG, "listed").changed == 0
    assert get_verdict(ws, ADA, SLUG, ticket.key).verdict.recommendation is Recommendation.PROMOTE


def test_disconnected_tracker_leaves_its_runs_and_can_come_back(ws, tracker, clock):
    ticket = with_runs(ws, tracker, clock)
    disconnect_source(ws, ADA, SLUG, "listed")
    assert list_sources(ws, ADA, SLUG) == ()
    assert len(ticket_page(ws, ADA, SLUG, ticket.key).runs) == 5
    assert replay_verdict(ws, ADA, SLUG, ticket.key).same
    connect_source(ws, ADA, SLUG, kind="listed", uri="memory", name="listed")
    assert sync_source(ws, ADA, SLUG, "listed").changed == 0


def test_one_tracker_is_not_read_under_two_names(ws, tracker, clock):
    with_runs(ws, tracker, clock)
    with pytest.raises(Conflict, match="reads 'memory' already, as 'listed'"):
        connect_source(ws, ADA, SLUG, kind="listed", uri="memory", name="again")


def test_amendment_after_results_is_marked_though_the_runs_were_detached_first(ws, tracker, clock):
    ticket = with_runs(ws, tracker, clock, values=(0.83, 0.84, 0.835))
    for row in ticket_page(ws, ADA, SLUG, ticket.key).runs:
        attach_run(ws, ADA, SLUG, row.run_id, None)
    _loosen(ws, ticket)
    assert get_ticket(ws, ADA, SLUG, ticket.key).lock.amendments[0].after_results


def test_amendment_made_before_the_sync_but_after_the_runs_is_marked_by_the_sync(ws, tracker, clock):
    ticket = start(ws)
    connect_source(ws, ADA, SLUG, kind="listed", uri="memory", name="listed")
    tracker.put(*(run(ticket.key, s, v, begun=clock()) for s, v in enumerate((0.83, 0.84, 0.835))))
    _loosen(ws, ticket)
    assert not get_ticket(ws, ADA, SLUG, ticket.key).lock.amendments[0].after_results
    sync_source(ws, ADA, SLUG, "listed")
    assert get_ticket(ws, ADA, SLUG, ticket.key).lock.amendments[0].after_results


def _loosen(ws, ticket):
    easier = (
        parse_criterion("accuracy >= 80%", metrics=CATALOG, role=Role.PRIMARY),
        parse_criterion("accuracy < 70%", metrics=CATALOG, role=Role.KILL),
    )
    version = get_ticket(ws, ADA, SLUG, ticket.key).version
    edit_ticket(
        ws,
        ADA,
        SLUG,
        ticket.key,
        content(criteria=easier),
        expected_version=version,
        amendment_reason="product agreed",
    )


def test_level_of_the_project_changed_after_the_lock_changes_no_verdict(ws, tracker, clock):
    ticket = with_runs(ws, tracker, clock, values=(0.84, 0.86, 0.858, 0.852, 0.853))
    before = get_verdict(ws, ADA, SLUG, ticket.key).verdict.recommendation
    project = get_project(ws, ADA, SLUG)
    lax = VerdictSettings(alpha=0.3, strictness="point")
    save_settings(ws, ADA, SLUG, expected_version=project.version, verdicts=lax)
    assert recompute_verdict(ws, ADA, SLUG, ticket.key).verdict.recommendation is before


@pytest.mark.parametrize("change", ["lock", "verdict"])
def test_lock_or_verdict_changed_in_the_database_is_found(ws, tracker, clock, store_url, change):
    ticket = with_runs(ws, tracker, clock, values=(0.83, 0.84, 0.835))
    statement = {
        "lock": "UPDATE ticket_documents SET lock = replace(lock, '0.85', '0.80')",
        "verdict": "UPDATE verdicts SET digest = replace(digest, 'sha256:', 'sha256:0')",
    }[change]
    engine = create_engine(store_url)
    with engine.begin() as connection:
        assert connection.execute(text(statement)).rowcount
    engine.dispose()
    report = verify_journal(ws, ADA)
    assert not report.ok
    assert {fault.ticket for fault in report.record_faults} == {ticket.key}
    if change == "lock":
        with pytest.raises(Refused, match="it no longer has the digest it was locked with"):
            recompute_verdict(ws, ADA, SLUG, ticket.key)


def test_nothing_reaches_production_or_live_without_a_decision(ws, tracker, clock):
    ticket = with_runs(ws, tracker, clock)
    ticket = move_card(ws, ADA, SLUG, ticket.key, to="evaluation", expected_version=ticket.version).ticket
    answer = move_card(
        ws,
        ADA,
        SLUG,
        ticket.key,
        to="production",
        expected_version=ticket.version,
        override_reason="in a hurry",
    )
    assert isinstance(answer, MoveRefused)
    assert not answer.assessment.overridable


def test_verdict_that_was_decided_on_is_recomputed_though_the_runs_changed(ws, tracker, clock):
    ticket = with_runs(ws, tracker, clock, values=(*GOOD[:4], 0.868))
    with ws.store.read() as tx:
        decided = tx.verdict(ticket.id).digest
    decide_it(ws, ticket, DecisionKind.PROMOTE, move=False)
    tracker.put(*(run(ticket.key, seed, 0.7, 0.6, begun=clock()) for seed in range(5)))
    sync_source(ws, ADA, SLUG, "listed")
    assert get_verdict(ws, ADA, SLUG, ticket.key).verdict.recommendation is not Recommendation.PROMOTE
    report = replay_verdict(ws, ADA, SLUG, ticket.key, digest=decided)
    assert report.same, report.differences
    assert report.stored_digest == decided
    with pytest.raises(NotFound, match="no verdict with this digest"):
        replay_verdict(ws, ADA, SLUG, ticket.key, digest="sha256:0")


def test_superseded_verdict_nobody_decided_on_says_that_it_cannot_be_recomputed(ws, tracker, clock):
    ticket = with_runs(ws, tracker, clock)
    with ws.store.read() as tx:
        first = tx.verdict(ticket.id).digest
    tracker.put(run(ticket.key, 4, 0.7, 0.86, begun=clock()))
    sync_source(ws, ADA, SLUG, "listed")
    with pytest.raises(Refused, match="nobody decided on it"):
        replay_verdict(ws, ADA, SLUG, ticket.key, digest=first)


def test_bad_seeds_detached_by_hand_do_not_make_a_promotion(ws, tracker, clock):
    ticket = with_runs(ws, tracker, clock, values=(*GOOD, 0.80, 0.79, 0.81))
    assert get_verdict(ws, ADA, SLUG, ticket.key).verdict.recommendation is not Recommendation.PROMOTE
    for seed in (5, 6, 7):
        attach_run(ws, ADA, SLUG, f"listed:{ticket.key.lower()}-seed{seed}", None)
    verdict = get_verdict(ws, ADA, SLUG, ticket.key).verdict
    assert verdict.recommendation is not Recommendation.PROMOTE
    assert any("detached" in text for text in (*verdict.notes, *(f.reason for f in verdict.findings)))


@pytest.mark.parametrize("uri", ["postgresql://ml:secret@db/mlflow", "https://ml:secret@tracker.test"])
def test_password_in_a_tracker_address_is_refused_and_stored_nowhere(ws, uri):
    before = ws.store.last_seq()
    with pytest.raises(Invalid, match="holds a password") as caught:
        connect_source(ws, ADA, SLUG, kind="listed", uri=uri, name="listed")
    assert "secret" not in caught.value.message + caught.value.hint
    assert ws.store.last_seq() == before


def test_going_back_ends_the_confirmations_of_the_gates_ahead(ws, tracker, clock):
    ticket = with_runs(ws, tracker, clock)
    ticket = move_card(ws, ADA, SLUG, ticket.key, to="evaluation", expected_version=ticket.version).ticket
    ticket = decide_it(ws, ticket, DecisionKind.PROMOTE).ticket
    for item in ("serving", "monitored", "rollback_tested", "signed_off"):
        ticket = attest(ws, ADA, SLUG, ticket.key, item=item, expected_version=ticket.version)
    for stage in ("live", "evaluation"):
        reason = "it regressed"
        moved = move_card(ws, ADA, SLUG, ticket.key, to=stage, expected_version=ticket.version, reason=reason)
        assert isinstance(moved, Moved), moved
        ticket = moved.ticket
    assert [said.item for said in ticket.attestations] == ["agreed", "dataset_ready"]
    (last,) = journal_page(ws, ADA, limit=1).rows
    assert last.payload["confirmations_ended"] == ["monitored", "rollback_tested", "serving", "signed_off"]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ticket_documents SET lock = replace(lock, '\"alpha\":0.05', '\"alpha\":0.4')",
        'UPDATE ticket_documents SET lock = replace(lock, \'"strictness":"bound"\', \'"strictness":"point"\')',
        'UPDATE ticket_documents SET lock = replace(lock, \'"locked_by":"ada"\', \'"locked_by":"eve"\')',
        "UPDATE ticket_documents SET lock = NULL",
        "DELETE FROM verdicts",
        "UPDATE ticket_documents SET decision = replace(decision, 'worth it', 'not worth it')",
    ],
)
def test_record_changed_beside_the_journal_is_found(ws, tracker, clock, store_url, statement):
    ticket = with_runs(ws, tracker, clock)
    ticket = move_card(ws, ADA, SLUG, ticket.key, to="evaluation", expected_version=ticket.version).ticket
    decide_it(ws, ticket, DecisionKind.PROMOTE)
    assert verify_journal(ws, ADA).ok
    engine = create_engine(store_url)
    with engine.begin() as connection:
        assert connection.exec_driver_sql(statement).rowcount
    engine.dispose()
    report = verify_journal(ws, ADA)
    assert not report.ok
    assert {fault.ticket for fault in report.record_faults} == {ticket.key}


LATER = "2026-06-12T09:00:00Z"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda lock: lock.update(alpha=0.4), "it differs in alpha"),
        (lambda lock: lock.update(strictness="point"), "it differs in strictness"),
        (lambda lock: lock.update(locked_at=LATER), "it differs in locked_at"),
        (lambda lock: lock["amendments"][0].update(after_results=False), "differs in after_results"),
        (lambda lock: lock.update(amendments=[]), "it has 0 amendments, the journal tells of 1"),
        (lambda lock: lock.update(prediction={"chance": "0.01"}), "it differs in prediction"),
        (lambda lock: lock["registration"].update(hypothesis="Other."), "no longer has the digest"),
    ],
)
def test_lock_changed_beside_the_journal_is_not_judged(ws, tracker, clock, store_url, change, said):
    ticket = with_runs(ws, tracker, clock)
    other = ticket.content.model_copy(update={"time_box_days": 20})
    reason = {"expected_version": ticket.version, "amendment_reason": "the queue was full for a week"}
    edit_ticket(ws, ADA, SLUG, ticket.key, other, **reason)
    recompute_verdict(ws, ADA, SLUG, ticket.key)
    engine = create_engine(store_url)
    with engine.begin() as connection:
        lock = json.loads(connection.execute(text("SELECT lock FROM ticket_documents")).scalar_one())
        change(lock)
        statement = text("UPDATE ticket_documents SET lock = :lock")
        connection.execute(statement, {"lock": json.dumps(lock)})
    engine.dispose()
    with pytest.raises(Refused, match=said) as told:
        recompute_verdict(ws, ADA, SLUG, ticket.key)
    assert (told.value.code, told.value.hint) == ("lock-altered", "assay audit verify, then restore a backup")


@pytest.mark.parametrize("column", ["actor", "at", "subject", "kind", "project"])
def test_column_of_an_entry_that_no_longer_repeats_the_hashed_bytes_is_found_and_never_shown(
    ws, tracker, clock, store_url, column
):
    ticket = with_runs(ws, tracker, clock)
    engine = create_engine(store_url)
    value = "2020-01-01T00:00:00.000000Z" if column == "at" else "mallory"
    with engine.begin() as connection:
        off = {
            "sqlite": "DROP TRIGGER journal_refuses_update",
            "postgresql": "DROP TRIGGER journal_refuses_change ON journal",
        }
        connection.execute(text(off[engine.name]))
        connection.execute(text(f"UPDATE journal SET {column} = '{value}' WHERE seq = 3"))
    engine.dispose()
    report = verify_journal(ws, ADA)
    assert (report.ok, report.fault.first_bad_seq, report.fault.reason) == (False, 3, "altered")
    (shown,) = journal_page(ws, ADA, before=4, limit=1).rows
    assert "mallory" not in (shown.actor, shown.subject, shown.kind, shown.project)
    assert shown.at.year != 2020
    assert ticket.key


def test_lock_keeps_the_prediction_that_stood_then_and_a_later_edit_does_not_change_it(ws):
    expected = Prediction(chance="0.4", person_days=3)
    ticket = start(ws, prediction=expected)
    assert ticket.lock.prediction == expected
    later = ticket.content.model_copy(update={"prediction": Prediction(chance="0.9")})
    edited = edit_ticket(ws, ADA, SLUG, ticket.key, later, expected_version=ticket.version)
    assert edited.content.prediction == Prediction(chance="0.9")
    assert edited.lock.prediction == expected
    assert not edited.lock.amendments
    assert verify_journal(ws, ADA).ok
