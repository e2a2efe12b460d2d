"""Questions of a real evaluation, planted in training data: word for word, in disguise, and with a word changed."""

import json
import random

import orjson
import pytest

from assay.cli.main import main
from assay.connectors.evals.leak_search import search_leaks
from assay.connectors.evals.read import read_evaluation
from assay.domain.gates.leakage import find_overlap
from assay.domain.gates.needs import needs_of
from assay.domain.gates.shingles import SHINGLE_WORDS, normalised
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


def conversations(wild_data):
    """What customers and agents wrote to each other: many look alike, for they follow the same rules."""
    runs = orjson.loads((wild_data / "trajectories/tau-bench/gpt-4o-airline.even-tasks.json").read_bytes())
    texts = (message.get("content") for run in runs for message in run["traj"])
    return list(dict.fromkeys(text for text in texts if isinstance(text, str) and len(text) > 60))[:1200]


def edited(chance, text):
    words = text.split()
    at = chance.randrange(len(words))
    if chance.random() < 0.5:
        words[at] = "elsewhere"
    else:
        del words[at : at + chance.randint(1, 3)]
    return " ".join(words)


def runs_of_words(text):
    words = normalised(text).split()
    return {tuple(words[at : at + SHINGLE_WORDS]) for at in range(max(1, len(words) - SHINGLE_WORDS + 1))}


@pytest.mark.parametrize("near", [0.5, 0.8])
def test_every_near_duplicate_of_real_messages_is_found_with_the_similarity_counted_by_hand(wild_data, near):
    chance = random.Random(1)
    texts = conversations(wild_data)
    ours, theirs = texts[::3], [one for at, one in enumerate(texts) if at % 3]
    theirs += [edited(chance, one) for one in ours[::2]]
    found = find_overlap(
        [(f"{n}", one) for n, one in enumerate(ours)],
        [[(f"{n}", one) for n, one in enumerate(theirs)]],
        near=near,
    )
    examples, rows = [runs_of_words(one) for one in ours], [runs_of_words(one) for one in theirs]
    copied = {int(name) for name, _ in found.same_text}
    expected = {}
    for number, one in enumerate(examples):
        similar = max(len(one & other) / len(one | other) for other in rows)
        if similar >= near and number not in copied:
            expected[number] = similar
    named = {int(name): (int(row), similarity) for name, row, similarity in found.near_text}
    assert len(expected) > 100
    assert set(named) == set(expected)
    assert found.notes == ()
    for number, (row, similarity) in named.items():
        one, other = examples[number], rows[row]
        assert similarity == len(one & other) / len(one | other)
        assert similarity == expected[number]
