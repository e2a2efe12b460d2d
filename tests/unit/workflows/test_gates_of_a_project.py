"""Gates of a project: versions that never change, answers that come out again, and the exit gate of a column."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import create_engine, text

from assay.domain.experiments.experiment import DecisionKind
from assay.domain.gates.gate_record import GateResult
from assay.domain.gates.judge import judge
from assay.domain.kernel.findings import Outcome
from assay.errors import Conflict, Invalid, NotFound, Refused, StaleVersion
from assay.workflows.board import Moved, MoveRefused, move_card, preview_move
from assay.workflows.board_gates import ticket_gate
from assay.workflows.evidence import attach_run, sync_source
from assay.workflows.gate_runs import (
    gate_run_inputs,
    get_gate_run,
    judge_ticket,
    judge_upload,
    list_gate_runs,
    replay_gate_run,
)
from assay.workflows.gate_views import Upload
from assay.workflows.gates import add_gate, change_gate, gate_versions, get_gate, list_gates, preview_gate
from assay.workflows.journal import verify_journal
from assay.workflows.projects import get_project, save_settings
from assay.workflows.tickets import create_ticket, get_ticket
from tests.unit.workflows.conftest import ADA, START, content, run
from tests.unit.workflows.test_life_of_an_experiment import GOOD, decide_it, with_runs

ANSWERS = "gate: answers\ncriteria: [accuracy >= 85%]\n"
EASIER = "gate: answers\ncriteria: [accuracy >= 80%]\n"
HARDER = "gate: answers\ncriteria: [accuracy >= 90%]\n"
OVER_SEEDS = "gate: answers\ncriteria: [accuracy >= 85%]\nsettings: {looks: [3, 5, 8]}\n"
COMPARING = """
gate: answers
metrics: {accuracy: {direction: higher, unit: fraction}}
criteria: [accuracy no worse than baseline by 2%]
"""


def results(right: int, of: int, seed: int = 1) -> bytes:
    rows = [f"q{number},{seed},accuracy,{int(number < right)}" for number in range(of)]
    return "\n".join(["sample_id,seed,metric,value", *rows]).encode() + b"\n"


def judged(ws, right, of=400, **more):
    upload = Upload({"scores.csv": results(right, of)})
    return judge_upload(ws, ADA, "chatbot", "answers", candidate=upload, **more)


def test_a_gate_gets_its_next_version_and_the_one_before_stays(ws):
    first = add_gate(ws, ADA, "chatbot", text=ANSWERS)
    second = change_gate(ws, ADA, "chatbot", "answers", text=HARDER, expected_version=1)
    assert (first.version, second.version, second.loosens) == (1, 2, False)
    assert [one.version for one in gate_versions(ws, ADA, "chatbot", "answers")] == [2, 1]
    assert get_gate(ws, ADA, "chatbot", "answers", version=1).text == ANSWERS
    assert get_gate(ws, ADA, "chatbot", "answers") == second


def test_the_same_gate_sent_again_is_no_new_version(ws):
    first = add_gate(ws, ADA, "chatbot", text=ANSWERS)
    spelled_out = "gate: answers\ncriteria: ['accuracy  >=  0.85']\nsettings: {alpha: 0.05}\nmetrics: {accuracy: {direction: higher, unit: fraction}}\n"
    assert change_gate(ws, ADA, "chatbot", "answers", text=ANSWERS, expected_version=None) == first
    assert preview_gate(ws, ADA, "chatbot", text=spelled_out).gate.version >= 1


def test_a_gate_that_becomes_easier_needs_a_reason_which_is_kept_with_the_changes(ws):
    add_gate(ws, ADA, "chatbot", text=ANSWERS)
    draft = preview_gate(ws, ADA, "chatbot", text=EASIER)
    assert draft.loosens
    with pytest.raises(Invalid, match="easier to pass") as refused:
        change_gate(ws, ADA, "chatbot", "answers", text=EASIER, expected_version=1)
    assert refused.value.details["changes"] == ["loosened primary: accuracy >= 85% is now accuracy >= 80%"]
    kept = change_gate(
        ws, ADA, "chatbot", "answers", text=EASIER, expected_version=1, reason="labels are noisy"
    )
    assert (kept.version, kept.loosens, kept.reason) == (2, True, "labels are noisy")
    assert kept.changes == draft.changes


def test_names_are_taken_once_and_versions_are_changed_from_the_newest(ws):
    add_gate(ws, ADA, "chatbot", text=ANSWERS)
    with pytest.raises(Conflict, match="has one of this name"):
        add_gate(ws, ADA, "chatbot", text=HARDER)
    change_gate(ws, ADA, "chatbot", "answers", text=HARDER, expected_version=1)
    with pytest.raises(StaleVersion, match="is now version 2"):
        change_gate(ws, ADA, "chatbot", "answers", text=ANSWERS, expected_version=1, reason="back again")
    with pytest.raises(NotFound, match="expected one of: answers"):
        get_gate(ws, ADA, "chatbot", "other")
    with pytest.raises(NotFound, match="expected one of: 2, 1"):
        get_gate(ws, ADA, "chatbot", "answers", version=7)


def test_golden_examples_come_along_as_a_file(ws):
    text = "gate: golden\nchecks: [golden: {file: golden.csv, metric: accuracy}]\n"
    with pytest.raises(Invalid, match="was not sent"):
        add_gate(ws, ADA, "chatbot", text=text)
    assert preview_gate(ws, ADA, "chatbot", text=text).missing_files == ("golden.csv",)
    kept = add_gate(ws, ADA, "chatbot", text=text, files={"golden.csv": b"q1\nq2\n"})
    assert get_gate(ws, ADA, "chatbot", "golden").gate.checks[0].examples == ("q1", "q2")
    with ws.store.read() as tx:
        assert tx.blob(kept.files["golden.csv"]) == b"q1\nq2\n"


def test_an_answer_is_kept_with_its_files_and_comes_out_again(ws):
    add_gate(ws, ADA, "chatbot", text=ANSWERS)
    run = judged(ws, 380)
    assert (run.number, run.result, run.record.candidate.examples) == (1, GateResult.PASS, 400)
    assert get_gate_run(ws, ADA, "chatbot", 1) == run
    assert (run.figure.metric, run.figure.estimate, run.figure.threshold) == ("accuracy", 0.95, 0.85)
    assert 0.9 < run.figure.low < 0.95
    inputs = gate_run_inputs(ws, ADA, "chatbot", 1)
    assert len(inputs.candidate.runs[0].scores["accuracy"].values) == 400
    assert replay_gate_run(ws, ADA, "chatbot", 1).same
    assert list_gates(ws, ADA, "chatbot")[0].last.number == 1


def test_an_earlier_run_is_the_baseline_of_a_later_one(ws):
    add_gate(ws, ADA, "chatbot", text=COMPARING)
    first = judged(ws, 340)
    second = judged(ws, 380, baseline=first.number)
    assert (first.result, second.result) == (GateResult.INCONCLUSIVE, GateResult.PASS)
    assert second.baseline.run == 1
    assert replay_gate_run(ws, ADA, "chatbot", 2).same
    assert (
        gate_run_inputs(ws, ADA, "chatbot", 2).baseline.digest
        == gate_run_inputs(ws, ADA, "chatbot", 1).candidate.digest
    )


LEAKS = "gate: answers\ncriteria: [accuracy >= 85%]\nchecks: [leakage: {against: data/train.csv}]\n"


def test_training_data_is_looked_through_and_kept_with_the_answer(ws):
    add_gate(ws, ADA, "chatbot", text=LEAKS)
    assert judged(ws, 380).result is GateResult.INCONCLUSIVE
    clean = judged(ws, 380, training={"data/train.csv": b"id,text\nt1,hello\n"})
    leaked = judged(ws, 380, training={"data/train.csv": b"id,text\nt1,hello\nq7,seen\n"})
    assert (clean.result, leaked.result) == (GateResult.PASS, GateResult.FAIL)
    assert "q7" in leaked.record.answers[1].finding.reason
    assert replay_gate_run(ws, ADA, "chatbot", leaked.number).same
    assert gate_run_inputs(ws, ADA, "chatbot", leaked.number).overlaps[0].same_id == ("q7",)
    with pytest.raises(Invalid, match=r"'other\.csv' was sent"):
        judged(ws, 380, training={"other.csv": b"id\n1\n"})
    with pytest.raises(Invalid, match="expected every file that the gate names"):
        judged(ws, 380, training={"data/train.csv": b"id\n1\n", "other.csv": b"id\n1\n"})


SHOWN = """
gate: answers
criteria: [accuracy >= 85%]
checks: [items: {card: {file: docs/card.md, says: Limitations}, tests: {tests: junit.xml}}]
"""
REPORT = '<testsuite name="unit"><testcase classname="a" name="one"/><testcase classname="a" name="two">{}</testcase></testsuite>'


def test_items_are_shown_by_the_files_that_were_sent_and_come_out_again(ws):
    add_gate(ws, ADA, "chatbot", text=SHOWN)
    green, red = REPORT.format("").encode(), REPORT.format("<failure/>").encode()
    unknown = judged(ws, 380)
    assert (unknown.result, unknown.record.answers[1].finding.outcome) == (
        GateResult.INCONCLUSIVE,
        Outcome.NO_EVIDENCE,
    )
    shown = judged(ws, 380, training={"card.md": b"# Limitations", "junit.xml": green})
    failed = judged(ws, 380, training={"docs/card.md": b"# Limitations", "junit.xml": red})
    empty = judged(ws, 380, training={"docs/card.md": b"# Uses", "junit.xml": green})
    assert [one.result.value for one in (shown, failed, empty)] == ["pass", "fail", "fail"]
    assert "1 test of 2 has failed: a::two" in failed.record.answers[1].finding.reason
    assert "docs/card.md does not say 'Limitations'" in empty.record.answers[1].finding.reason
    assert (
        shown.record.gate_digest
        == unknown.record.gate_digest
        == get_gate(ws, ADA, "chatbot", "answers").digest
    )
    assert all(replay_gate_run(ws, ADA, "chatbot", one.number).same for one in (unknown, shown, failed))
    with pytest.raises(Invalid, match=r"expected every file that the gate names: docs/card\.md, junit\.xml"):
        judged(ws, 380, training={"other.md": b"x"})


def test_a_gate_of_items_is_judged_before_the_lock_and_asks_for_no_results(ws):
    ticket = create_ticket(ws, ADA, "chatbot", content())
    add_gate(ws, ADA, "chatbot", text="gate: ready\nchecks: [items: {lock: {file: env.lock}, data: yes}]")
    sent = {"env.lock": b"numpy==2.4"}
    early = judge_ticket(ws, ADA, "chatbot", ticket.key, gate="ready")
    ready = judge_ticket(ws, ADA, "chatbot", ticket.key, gate="ready", training=sent)
    assert (early.result, ready.result, ready.ticket) == (
        GateResult.INCONCLUSIVE,
        GateResult.PASS,
        ticket.key,
    )
    assert replay_gate_run(ws, ADA, "chatbot", ready.number).same
    add_gate(ws, ADA, "chatbot", text=ANSWERS)
    with pytest.raises(Invalid, match="asks for figures, and no results were sent"):
        judge_upload(ws, ADA, "chatbot", "answers", candidate=Upload({}))


def test_examples_of_a_tickets_own_runs_are_looked_for_in_training_data_that_is_sent(ws, tracker, clock):
    ticket = guarded(ws, tracker, clock)
    leaks = OVER_SEEDS.replace("criteria: [", "checks: [leakage: {against: train.csv}]\ncriteria: [")
    change_gate(ws, ADA, "chatbot", "answers", text=leaks, expected_version=1)
    unsent = judge_ticket(ws, ADA, "chatbot", ticket.key)
    assert "train.csv did not come along" in unsent.record.answers[1].finding.reason
    sent = judge_upload(
        ws, ADA, "chatbot", "answers", candidate=Upload({}), ticket=ticket.key,
        training={"train.csv": b"id\nq1\n"},
    )  # fmt: skip
    assert (sent.candidate.kind, [file.name for file in sent.candidate.training]) == ("ticket", ["train.csv"])
    assert (
        "nothing to compare" in sent.record.answers[1].finding.reason
    )  # these runs logged no scores by example
    assert replay_gate_run(ws, ADA, "chatbot", sent.number).same
    texts = leaks.replace("train.csv", "train.csv, text: input")
    change_gate(ws, ADA, "chatbot", "answers", text=texts, expected_version=2)
    with pytest.raises(Invalid, match="runs of a ticket hold scores and ids, no 'input'"):
        judge_ticket(ws, ADA, "chatbot", ticket.key, training={"train.csv": b"id,input\nq1,hello\n"})


def test_uses_count_the_candidates_that_were_judged_on_one_evaluation_set(ws):
    add_gate(ws, ADA, "chatbot", text=ANSWERS)
    uses = [judged(ws, right).uses for right in (300, 310, 310, 320)]
    assert uses == [1, 2, 2, 3]
    assert [get_gate_run(ws, ADA, "chatbot", number).record.uses for number in (1, 2, 3, 4)] == [0, 1, 1, 2]
    assert judged(ws, 90, of=100).uses == 1


def test_answers_are_listed_newest_first_over_all_versions(ws):
    add_gate(ws, ADA, "chatbot", text=ANSWERS)
    judged(ws, 380)
    change_gate(ws, ADA, "chatbot", "answers", text=HARDER, expected_version=1)
    for right in (381, 382):
        judged(ws, right)
    judged(ws, 383, version=1)
    first = list_gate_runs(ws, ADA, "chatbot", gate="answers", limit=3)
    assert [(row.number, row.version) for row in first.rows] == [(4, 1), (3, 2), (2, 2)]
    rest = list_gate_runs(ws, ADA, "chatbot", gate="answers", before=first.next_before)
    assert [row.number for row in rest.rows] == [1]
    assert rest.next_before is None


def guarded(ws, tracker, clock, values=GOOD):
    """A ticket in Evaluation, decided on, whose column names the gate `answers`."""
    add_gate(ws, ADA, "chatbot", text=OVER_SEEDS)
    project = get_project(ws, ADA, "chatbot")
    board = project.settings.board
    stages = tuple(
        stage.model_copy(update={"gate": "answers"}) if stage.key == "evaluation" else stage
        for stage in board.stages
    )
    save_settings(
        ws,
        ADA,
        "chatbot",
        expected_version=project.version,
        board=board.model_copy(update={"stages": stages}),
    )
    ticket = with_runs(ws, tracker, clock, values)
    moved = move_card(ws, ADA, "chatbot", ticket.key, to="evaluation", expected_version=ticket.version)
    return decide_it(ws, moved.ticket, DecisionKind.PROMOTE, move=False, reason="as agreed").ticket


def exit_item(ws, key, to="production"):
    found = preview_move(ws, ADA, "chatbot", key, to=to).findings
    return next((finding for finding in found if "answers" in finding.check), None)


def test_a_card_leaves_the_column_when_its_gate_was_passed_on_the_evidence_there_is(ws, tracker, clock):
    ticket = guarded(ws, tracker, clock)
    nothing = exit_item(ws, ticket.key)
    assert (nothing.outcome, nothing.reason) == (Outcome.NO_EVIDENCE, "no gate run is about this ticket")
    refused = move_card(ws, ADA, "chatbot", ticket.key, to="production", expected_version=None)
    assert isinstance(refused, MoveRefused)
    assert refused.assessment.overridable
    run = judge_ticket(ws, ADA, "chatbot", ticket.key)
    assert (run.result, run.record.candidate.seeds) == (GateResult.PASS, (0, 1, 2, 3, 4))
    assert exit_item(ws, ticket.key).outcome is Outcome.MET
    assert ticket_gate(ws, ADA, "chatbot", ticket.key).latest.number == run.number
    moved = move_card(ws, ADA, "chatbot", ticket.key, to="production", expected_version=None)
    assert isinstance(moved, Moved)
    assert replay_gate_run(ws, ADA, "chatbot", run.number).same


def test_evidence_that_comes_after_a_gate_run_makes_it_count_no_more(ws, tracker, clock):
    ticket = guarded(ws, tracker, clock)
    run_before = judge_ticket(ws, ADA, "chatbot", ticket.key)
    tracker.put(run(ticket.key, 5, 0.7, 0.4, begun=clock()))
    sync_source(ws, ADA, "chatbot", "listed")
    item = exit_item(ws, ticket.key)
    assert (item.outcome, item.reason) == (
        Outcome.NO_EVIDENCE,
        f"gate run {run_before.number} no longer counts: evidence came after it",
    )
    assert judge_ticket(ws, ADA, "chatbot", ticket.key).result is not GateResult.PASS
    assert exit_item(ws, ticket.key).outcome is not Outcome.MET
    assert replay_gate_run(ws, ADA, "chatbot", run_before.number).same


def test_a_new_version_of_the_gate_asks_for_a_new_run(ws, tracker, clock):
    ticket = guarded(ws, tracker, clock)
    judge_ticket(ws, ADA, "chatbot", ticket.key)
    change_gate(ws, ADA, "chatbot", "answers", text=OVER_SEEDS.replace("85%", "86%"), expected_version=1)
    assert "the gate is version 2 now" in exit_item(ws, ticket.key).reason


def test_a_failed_gate_holds_the_card_and_a_person_may_override_it_with_a_reason(ws, tracker, clock):
    ticket = guarded(ws, tracker, clock, values=(0.80, 0.81, 0.80, 0.79, 0.80))
    judge_ticket(ws, ADA, "chatbot", ticket.key)
    assert exit_item(ws, ticket.key).outcome is Outcome.NOT_MET
    assert exit_item(ws, ticket.key, to="iteration") is None
    assert exit_item(ws, ticket.key, to="killed") is None
    held = move_card(ws, ADA, "chatbot", ticket.key, to="production", expected_version=None)
    assert isinstance(held, MoveRefused)
    moved = move_card(
        ws, ADA, "chatbot", ticket.key, to="production", expected_version=None, override_reason="demo only"
    )
    assert isinstance(moved, Moved)
    assert get_ticket(ws, ADA, "chatbot", ticket.key).overrides[-1].unmet == ("Gate answers is passed",)


def test_files_that_are_about_a_ticket_count_for_its_column(ws, tracker, clock):
    ticket = guarded(ws, tracker, clock)
    change_gate(ws, ADA, "chatbot", "answers", text=EASIER, expected_version=1, reason="judged by examples")
    judged(ws, 380, ticket=ticket.key)
    item = exit_item(ws, ticket.key)
    assert item.outcome is Outcome.MET
    assert item.reason.endswith("on files that ada sent: Pass: 1 check met")
    judged(ws, 100, ticket=ticket.key)
    assert exit_item(ws, ticket.key).outcome is Outcome.NOT_MET


def test_a_column_names_only_gates_that_the_project_has(ws):
    project = get_project(ws, ADA, "chatbot")
    board = project.settings.board
    stages = (*board.stages[:-1], board.stages[-1].model_copy(update={"gate": "missing"}))
    with pytest.raises(Invalid, match="names gate 'missing'"):
        save_settings(
            ws, ADA, "chatbot", expected_version=project.version,
            board=board.model_copy(update={"stages": stages}),
        )  # fmt: skip


def test_nothing_is_judged_before_the_lock_or_without_a_gate(ws):
    ticket = create_ticket(ws, ADA, "chatbot", content())
    with pytest.raises(Refused, match="no column of the board names a gate"):
        judge_ticket(ws, ADA, "chatbot", ticket.key)
    add_gate(ws, ADA, "chatbot", text=OVER_SEEDS)
    with pytest.raises(Refused, match="not locked"):
        judge_ticket(ws, ADA, "chatbot", ticket.key, gate="answers")
    assert ticket_gate(ws, ADA, "chatbot", ticket.key) is None


@pytest.mark.parametrize(
    ("statement", "what", "told"),
    [
        ("UPDATE gates SET reason = 'nothing'", "gate answers version 1", "it differs in reason"),
        ("UPDATE gates SET text = 'criteria: [accuracy >= 1%]'", "gate answers version 1", "text_digest"),
        ("UPDATE gates SET body = replace(body, '0.85', '0.15')", "gate answers version 1", "its digest"),
        ("DELETE FROM gate_runs", "gate run 1", "it is gone"),
        ("UPDATE gate_runs SET result = 'pass'", "gate run 1", "it differs in result"),
        ("UPDATE gate_runs SET ticket = 'EXP-9'", "gate run 1", "it differs in ticket"),
        ("UPDATE gate_runs SET figure = replace(figure, '0.75', '0.95')", "gate run 1", "leading number"),
        ("UPDATE gate_runs SET seen_seq = 99999", "gate run 1", "it differs in seen_seq"),
        (
            "UPDATE gate_runs SET candidate = replace(candidate, 'scores', 'others')",
            "gate run 1",
            "candidate",
        ),
        ("DELETE FROM blobs", "gate run 1", "its file 'scores.csv' is gone"),
    ],
)
def test_what_is_changed_behind_the_journals_back_is_found_field_by_field(
    ws, store_url, statement, what, told
):
    add_gate(ws, ADA, "chatbot", text=ANSWERS)
    judged(ws, 300)
    assert verify_journal(ws, ADA).ok
    changing = create_engine(store_url)
    with changing.begin() as connection:
        connection.execute(text(statement))
    changing.dispose()
    report = verify_journal(ws, ADA)
    assert not report.ok
    assert {fault.ticket for fault in report.record_faults} == {what}
    assert told in " ".join(fault.reason for fault in report.record_faults)


@pytest.mark.parametrize("name", ["../scores.csv", "/etc/passwd", "a//b.csv", "", "a\nb.csv", "x" * 300])
def test_a_file_name_that_could_lead_elsewhere_is_refused(ws, name):
    add_gate(ws, ADA, "chatbot", text=ANSWERS)
    with pytest.raises(Invalid, match="a file is called"):
        judge_upload(ws, ADA, "chatbot", "answers", candidate=Upload({name: results(9, 10)}))


def test_a_run_that_is_taken_away_after_the_lock_is_no_way_to_pass(ws, tracker, clock):
    ticket = guarded(ws, tracker, clock, values=(*GOOD, 0.2))
    with_all = judge_ticket(ws, ADA, "chatbot", ticket.key)
    assert with_all.result is not GateResult.PASS
    attach_run(ws, ADA, "chatbot", f"listed:{ticket.key.lower()}-seed5", None)
    without = judge_ticket(ws, ADA, "chatbot", ticket.key)
    assert without.result is GateResult.INVALID
    assert any("detached from the ticket" in note for note in without.record.notes)
    assert replay_gate_run(ws, ADA, "chatbot", without.number).same


def test_runs_from_before_the_lock_are_no_evidence_and_the_answer_says_so(ws, tracker, clock):
    ticket = guarded(ws, tracker, clock, values=GOOD[:4])
    early = run(ticket.key, 9, 0.7, 0.99, begun=START)
    tracker.put(early)
    sync_source(ws, ADA, "chatbot", "listed")
    judged_now = judge_ticket(ws, ADA, "chatbot", ticket.key)
    assert judged_now.record.candidate.seeds == (0, 1, 2, 3)
    assert any("not known to have begun after the lock" in note for note in judged_now.record.notes)


def test_the_best_of_several_configurations_is_judged_and_the_answer_says_from_how_many(ws, tracker, clock):
    ticket = guarded(ws, tracker, clock, values=GOOD)
    weaker = [
        run(ticket.key, seed, 0.7, 0.6, begun=clock(), config={"rank": "8"}, external_id=f"weak-{seed}")
        for seed in range(5)
    ]
    tracker.put(*weaker)
    sync_source(ws, ADA, "chatbot", "listed")
    best = judge_ticket(ws, ADA, "chatbot", ticket.key)
    assert any("best of 2 groups" in note for note in best.record.notes)
    assert best.record.candidate.run_digests.keys() > {f"listed:weak-{seed}" for seed in range(5)}


def test_evidence_that_arrives_while_a_gate_judges_makes_its_answer_count_no_more(
    ws, tracker, clock, monkeypatch
):
    ticket = guarded(ws, tracker, clock)

    def meanwhile(*arguments, **options):
        tracker.put(run(ticket.key, 6, 0.7, 0.3, begun=clock()))
        sync_source(ws, ADA, "chatbot", "listed")
        return judge(*arguments, **options)

    monkeypatch.setattr("assay.workflows.gate_runs.judge", meanwhile)
    assert judge_ticket(ws, ADA, "chatbot", ticket.key).result is GateResult.PASS
    assert "evidence came after it" in exit_item(ws, ticket.key).reason


def test_gates_and_answers_that_come_at_once_get_numbers_of_their_own(ws):
    add_gate(ws, ADA, "chatbot", text=ANSWERS)
    with ThreadPoolExecutor(8) as pool:
        runs = list(pool.map(lambda right: judged(ws, right, of=40), range(20, 36)))
    assert sorted(one.number for one in runs) == list(range(1, 17))

    def next_version(percent):
        text = ANSWERS.replace("85", str(percent))
        try:
            return change_gate(ws, ADA, "chatbot", "answers", text=text, expected_version=1).version
        except StaleVersion:
            return None

    with ThreadPoolExecutor(8) as pool:
        versions = list(pool.map(next_version, range(86, 94)))
    assert [version for version in versions if version is not None] == [2]
    assert verify_journal(ws, ADA).ok


def test_a_card_in_the_column_shows_what_its_gate_says_as_things_change(ws, tracker, clock):
    ticket = guarded(ws, tracker, clock)

    def shown():
        card = get_ticket(ws, ADA, "chatbot", ticket.key).card
        return card["gate"] if card["gate_stage"] == "evaluation" else None

    assert shown() == "Gate answers: not run yet"
    before = get_ticket(ws, ADA, "chatbot", ticket.key).card_version
    judge_ticket(ws, ADA, "chatbot", ticket.key)
    assert shown() == "Gate answers: Pass: 1 check met"
    assert get_ticket(ws, ADA, "chatbot", ticket.key).card_version > before
    tracker.put(run(ticket.key, 7, 0.7, 0.87, begun=clock()))
    sync_source(ws, ADA, "chatbot", "listed")
    assert shown() == "Gate answers: run it again, evidence came after it"
    judge_ticket(ws, ADA, "chatbot", ticket.key)
    change_gate(ws, ADA, "chatbot", "answers", text=OVER_SEEDS.replace("85%", "86%"), expected_version=1)
    assert "the gate is version 2 now" in shown()
    project = get_project(ws, ADA, "chatbot")
    board = project.settings.board
    bare = tuple(stage.model_copy(update={"gate": None}) for stage in board.stages)
    save_settings(
        ws, ADA, "chatbot", expected_version=project.version, board=board.model_copy(update={"stages": bare})
    )
    assert shown() is None
