"""Questions of a real evaluation, planted in training data: word for word, in disguise, and with a word changed."""

import json

import pytest

from assay.cli.main import main
from assay.connectors.evals.leak_search import search_leaks
from assay.connectors.evals.read import read_evaluation
from assay.domain.gates.needs import needs_of
from assay.workflows.gate_file import gate_from_text

pytestmark = pytest.mark.wild

LOG = "eval-logs/inspect/2025-02-11T15-18-04-05-00_popularity_mj7khqpMM4GBCfVQozKgzB.eval"
GATE = "checks:\n  - leakage: {against: train.jsonl, text: input, near: 0.6}\n"


@pytest.fixture
def planted(wild_data, tmp_path):
    gate = gate_from_text(GATE)
    evaluation = read_evaluation(wild_data / LOG, needs=needs_of(gate))
    texts = {one.sample_id: one.input for one in next(iter(evaluation.examples.values())).values()}
    (copied, copy), (disguised, disguise), (edited, edit), *_ = texts.items()
    words = edit.split()
    words[len(words) // 2] = "elsewhere"
    rows = [
        {"input": "Something that nobody asked."},
        {"input": copy},
        {"input": "  ".join(disguise.upper().split()) + " …"},
        {"input": " ".join(words)},
    ]
    (tmp_path / "train.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return gate, evaluation, tmp_path, (copied, disguised, edited)


def test_planted_questions_are_found_exactly_and_nearly_with_the_rows_that_hold_them(planted):
    gate, evaluation, folder, (copied, disguised, edited) = planted
    found = search_leaks(gate, evaluation, folder)[0]
    assert found.same_text == tuple(sorted([(copied, "train.jsonl row 2"), (disguised, "train.jsonl row 3")]))
    assert [(one, row) for one, row, _ in found.near_text] == [(edited, "train.jsonl row 4")]
    assert (found.examined, found.training) == (10, 4)


def test_command_fails_the_gate_and_names_the_examples(planted, wild_data, capsys):
    _, _, folder, (copied, disguised, _) = planted
    (folder / "gate.yaml").write_text(GATE, encoding="utf-8")
    code = main(["gate", "check", str(folder / "gate.yaml"), "--candidate", str(wild_data / LOG)])
    out = capsys.readouterr().out
    assert code == 1
    assert "2 examples of the evaluation set stand in the training data" in out
    assert copied in out
    assert disguised in out
