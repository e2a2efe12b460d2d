"""Gates of a project: versions that never change, answers that come out again, and the exit gate of a column."""

from __future__ import annotations

import pytest

from assay.domain.gates.gate_record import GateResult
from assay.errors import Conflict, Invalid, NotFound, StaleVersion
from assay.workflows.gate_runs import (
    gate_run_inputs,
    get_gate_run,
    judge_upload,
    list_gate_runs,
    replay_gate_run,
)
from assay.workflows.gate_views import Upload
from assay.workflows.gates import add_gate, change_gate, gate_versions, get_gate, list_gates, preview_gate
from tests.unit.workflows.conftest import ADA

ANSWERS = "gate: answers\ncriteria: [accuracy >= 85%]\n"
EASIER = "gate: answers\ncriteria: [accuracy >= 80%]\n"
HARDER = "gate: answers\ncriteria: [accuracy >= 90%]\n"
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


def test_uses_count_the_candidates_that_were_judged_on_one_evaluation_set(ws):
    add_gate(ws, ADA, "chatbot", text=ANSWERS)
    uses = [judged(ws, right).uses for right in (300, 310, 310, 320)]
    assert uses == [1, 2, 2, 3]
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
