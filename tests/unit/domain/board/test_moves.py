"""What the board lets a card do."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from assay.domain.board.board import Board, ExitItem, LimitBy, Stage, Transition
from assay.domain.board.exit_policies import TITLES, ExitFacts, GateSaid, check_item
from assay.domain.board.moves import assess_move
from assay.domain.board.roles import column_roles
from assay.domain.board.wip import WipState
from assay.domain.experiments.criteria.rules import Problem
from assay.domain.experiments.experiment import Baseline, DataNeed, Decision, DecisionKind, TicketContent
from assay.domain.kernel.findings import Outcome

BOARD = Board.default()
ENTERED = datetime(2026, 5, 12, 9, tzinfo=UTC)
ROOM = WipState(stage="any", count=0, limit=None)


def facts(target, **changes):
    known = {
        "content": TicketContent(title="Fine-tune on tickets"),
        "target": target,
        "entered_stage_at": ENTERED,
    }
    return ExitFacts(**(known | changes))


def decided(kind, *, after=timedelta(hours=1), learnings="Labels limit us, not the model."):
    return Decision(
        kind=kind, verdict="undecided", verdict_digest=None, learnings=learnings, by="ada", at=ENTERED + after
    )


def assess(source, target, *, wip=ROOM, reason="", **changes):
    return assess_move(BOARD, source=source, facts=facts(target, **changes), wip=wip, reason=reason)


LEGAL = {
    ("backlog", "hypothesis"), ("hypothesis", "experiment"), ("experiment", "evaluation"), ("experiment", "killed"),
    ("evaluation", "killed"), ("evaluation", "iteration"), ("evaluation", "production"), ("iteration", "evaluation"),
    ("iteration", "killed"), ("production", "live"), ("production", "evaluation"), ("live", "evaluation"),
    *((stage, "backlog") for stage in ("hypothesis", "experiment", "evaluation", "iteration", "production", "live")),
}  # fmt: skip


@pytest.mark.parametrize("source", [stage.key for stage in BOARD.stages])
@pytest.mark.parametrize("target", [stage.key for stage in BOARD.stages])
def test_move_off_the_list_is_refused_with_the_legal_moves(source, target):
    if source == target:
        assert assess(source, target).allowed
        return
    answer = assess(source, target)
    assert (answer.refusal == "illegal") == ((source, target) not in LEGAL)
    assert set(answer.legal) == {to for start, to in LEGAL if start == source}


def test_killed_card_goes_nowhere_and_the_answer_names_the_follow_up():
    answer = assess("killed", "backlog")
    assert answer.legal == ()
    assert "follow-up ticket" in answer.explanation


def test_backlog_exit_waits_for_the_teams_agreement():
    answer = assess("backlog", "hypothesis")
    assert answer.refusal == "gate"
    assert [f.outcome for f in answer.unmet] == [Outcome.NO_EVIDENCE]
    assert "Confirm" in answer.unmet[0].settle.text
    assert assess("backlog", "hypothesis", confirmed={"agreed": "ada, 12 May 2026"}).allowed


def test_experiment_needs_criteria_and_nobody_can_override_that():
    problems = (
        Problem(
            code="primary-missing",
            text="no primary criterion",
            fix="Write accuracy >= 85%.",
            field="criteria",
        ),
    )
    answer = assess("hypothesis", "experiment", problems=problems)
    assert answer.refusal == "gate"
    assert not answer.overridable
    assert "no primary criterion" in answer.explanation


def test_experiment_without_ready_data_can_be_overridden():
    answer = assess("hypothesis", "experiment")
    assert {f.check for f in answer.unmet} == {
        TITLES[ExitItem.DATASET_READY],
        TITLES[ExitItem.BASELINE_MEASURED],
    }
    assert answer.overridable
    assert answer.locks


def test_baseline_number_on_the_ticket_counts_and_says_that_it_is_only_stated():
    content = TicketContent(
        title="t", baseline=(Baseline(metric="accuracy", value=Decimal("0.72"), source="v1"),)
    )
    finding = check_item(ExitItem.BASELINE_MEASURED, facts("experiment", content=content))
    assert finding.outcome is Outcome.MET
    assert finding.method == "stated on the ticket"


def test_data_need_that_is_not_ready_is_not_met_even_when_somebody_confirmed():
    content = TicketContent(title="t", data_needs=(DataNeed(dataset="adversarial-1k"),))
    finding = check_item(
        ExitItem.DATASET_READY, facts("experiment", content=content, confirmed={"dataset_ready": "ada"})
    )
    assert finding.outcome is Outcome.NOT_MET
    assert "adversarial-1k" in finding.reason


@pytest.mark.parametrize(
    ("running", "finished", "outcome"),
    [(0, 0, Outcome.NO_EVIDENCE), (1, 4, Outcome.NOT_MET), (1, 0, Outcome.NOT_MET), (0, 5, Outcome.MET)],
)
def test_training_is_complete_only_when_runs_finished_and_none_runs(running, finished, outcome):
    finding = check_item(ExitItem.TRAINING_COMPLETE, facts("evaluation", running=running, finished=finished))
    assert finding.outcome is outcome


@pytest.mark.parametrize(
    ("target", "kind"),
    [
        ("killed", DecisionKind.KILL),
        ("production", DecisionKind.PROMOTE),
        ("iteration", DecisionKind.ITERATE),
    ],
)
def test_evaluation_exit_follows_the_decision(target, kind):
    assert assess("evaluation", target, decision=decided(kind)).allowed
    for other in set(DecisionKind) - {kind}:
        assert assess("evaluation", target, decision=decided(other)).refusal == "gate"


def test_evaluation_exit_asks_for_a_new_decision_each_time_round():
    old = decided(DecisionKind.PROMOTE, after=timedelta(hours=-1))
    assert assess("evaluation", "production", decision=old).refusal == "gate"


def test_killing_early_skips_the_exit_gate_but_never_the_learnings():
    assert assess("experiment", "killed").refusal == "gate"
    assert not assess("experiment", "killed").overridable
    assert assess("experiment", "killed", decision=decided(DecisionKind.KILL)).allowed


@pytest.mark.parametrize("recommendation", [None, "undecided", "iterate", "kill"])
def test_iteration_ends_only_with_criteria_met(recommendation):
    assert assess("iteration", "evaluation", recommendation=recommendation).refusal == "gate"
    assert assess("iteration", "evaluation", recommendation="promote").allowed


def test_full_column_is_refused_and_can_be_overridden():
    full = WipState(stage="experiment", count=3, limit=3)
    ready = {"confirmed": {"dataset_ready": "ada"}, "baseline_runs": 5}
    answer = assess("hypothesis", "experiment", wip=full, **ready)
    assert answer.refusal == "wip"
    assert answer.overridable
    assert "3 / 3" in answer.explanation
    assert assess(
        "hypothesis", "experiment", wip=WipState(stage="experiment", count=2, limit=3), **ready
    ).allowed


def test_column_limited_by_gpus_has_room_for_a_card_that_needs_none_and_says_what_another_asks_for():
    ready = {"confirmed": {"dataset_ready": "ada"}, "baseline_runs": 5}
    taken = {"stage": "experiment", "count": 2, "limit": 3, "by": LimitBy.GPUS}
    refused = assess("hypothesis", "experiment", wip=WipState(asks=2, **taken), **ready)
    assert (refused.refusal, refused.overridable) == ("wip", True)
    assert refused.explanation == (
        "Experiment has no room for 2 GPUs: 2 / 3 GPUs are taken. Finish one there first."
    )
    for asks in (0, 1):
        assert assess("hypothesis", "experiment", wip=WipState(asks=asks, **taken), **ready).allowed


def test_card_that_asks_for_more_gpus_than_its_column_ever_has_is_not_told_to_wait_for_others():
    empty = WipState(stage="experiment", count=0, limit=3, by=LimitBy.GPUS, asks=4)
    refused = assess(
        "hypothesis", "experiment", wip=empty, confirmed={"dataset_ready": "ada"}, baseline_runs=5
    )
    assert refused.explanation == (
        "Experiment has no room for 4 GPUs, even empty: its limit is 3. Let it run on fewer, or raise the limit."
    )


def test_going_back_needs_a_reason():
    assert assess("evaluation", "backlog").refusal == "reason"
    assert assess("evaluation", "backlog", reason="  ").refusal == "reason"
    assert assess("evaluation", "backlog", reason="evaluation set was wrong").allowed


def test_every_exit_item_answers_without_any_facts_and_never_with_met():
    for item in ExitItem:
        finding = check_item(item, facts("production"))
        if item is ExitItem.REGISTRABLE:
            continue
        assert finding.outcome is not Outcome.MET, item
        assert finding.settle is not None
        assert finding.settle.text


def test_board_that_names_an_unknown_column_is_refused():
    with pytest.raises(ValueError, match="unknown stage 'nowhere'"):
        Board(stages=(Stage(key="a", title="A"),), transitions=(Transition(source="a", target="nowhere"),))


GUARDED = Board(
    stages=tuple(
        stage.model_copy(update={"gate": "answers"}) if stage.key == "evaluation" else stage
        for stage in BOARD.stages
    ),
    transitions=BOARD.transitions,
)


def gate_items(target, said=None):
    known = facts(target, decision=decided(DecisionKind.PROMOTE), gate=said)
    found = assess_move(GUARDED, source="evaluation", facts=known, wip=ROOM, reason="why")
    return [(item.outcome, item.reason) for item in found.findings if item.method == "gate run"]


@pytest.mark.parametrize("outcome", list(Outcome))
def test_column_with_a_gate_asks_for_its_newest_run_on_the_way_to_production(outcome):
    said = GateSaid(number=7, outcome=outcome, headline="what it said")
    assert gate_items("production", said) == [(outcome, "gate run 7: what it said")]


def test_column_with_a_gate_takes_no_run_that_no_longer_counts_and_no_missing_one():
    outdated = GateSaid(number=7, outcome=Outcome.MET, headline="Pass", outdated="evidence came after it")
    assert gate_items("production", outdated) == [
        (Outcome.NO_EVIDENCE, "gate run 7 no longer counts: evidence came after it")
    ]
    assert gate_items("production") == [(Outcome.NO_EVIDENCE, "no gate run is about this ticket")]


@pytest.mark.parametrize("target", ["killed", "iteration", "backlog"])
def test_gate_is_not_asked_of_a_card_that_is_killed_iterated_or_goes_back(target):
    assert gate_items(target) == []


def test_board_without_a_named_gate_asks_what_it_asked_before():
    known = facts("production", decision=decided(DecisionKind.PROMOTE))
    assert assess_move(BOARD, source="evaluation", facts=known, wip=ROOM).allowed


def test_columns_are_known_by_their_gates_and_not_by_what_a_team_calls_them():
    board = Board.default()
    names = {stage.key: f"{stage.key}-renamed" for stage in board.stages}
    renamed = Board(
        stages=tuple(one.model_copy(update={"key": names[one.key]}) for one in board.stages),
        transitions=tuple(
            one.model_copy(update={"source": names[one.source], "target": names[one.target]})
            for one in board.transitions
        ),
    )
    assert renamed.column_of(DecisionKind.ITERATE) == "iteration-renamed"
    assert renamed.column_of(DecisionKind.KILL) == "killed-renamed"
    assert [*column_roles(renamed).values()] == [*column_roles(board).values()]
