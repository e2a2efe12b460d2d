"""Boards as files: nothing is lost on the way, every slip is named with its line and its fix, changes are told in sentences."""

import json

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.domain.board.board import Board, ExitItem
from assay.domain.board.board_changes import board_changes
from assay.domain.board.board_data import BOARD_KEYS, COLUMN_KEYS, MOVE_KEYS, board_from_data, board_to_data
from assay.domain.board.flow import Outcome, flow_rules
from assay.domain.board.templates import TEMPLATES, BoardTemplate
from assay.domain.experiments.experiment import DecisionKind
from assay.errors import Invalid
from assay.workflows.board_file import board_from_text, board_to_text
from assay.workflows.ticket_file import load_ticket_text
from tools.board_schema import TARGET, text

SCHEMA = json.loads(TARGET.read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft7Validator(SCHEMA)
SMALL = """\
columns:
  - {key: todo, title: To do}
  - {key: doing, title: Doing, limit: 3}
  - {key: done, title: Done, terminal: true}
moves:
  - {from: todo, to: doing}
  - {from: doing, to: [done, todo], reason: true}
"""
LINE = st.text(
    st.characters(codec="utf-8", exclude_categories=["C", "Z"], include_characters=" "), max_size=30
)
ITEMS = st.lists(st.sampled_from(list(ExitItem)), max_size=4, unique=True)


@st.composite
def board_data(draw):
    """A board as somebody might write it: every field, in a ring of moves so that no column is left alone."""
    keys = draw(
        st.lists(st.from_regex(r"[a-z][a-z0-9_-]{0,6}", fullmatch=True), min_size=2, max_size=6, unique=True)
    )
    columns = [
        {
            "key": key,
            "title": draw(LINE.filter(str.strip)),
            "limit": draw(st.none() | st.integers(1, 10_000)),
            "exit_gate": [item.value for item in draw(ITEMS)],
            "entry_gate": [item.value for item in draw(ITEMS)],
            "gate": draw(st.none() | st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.\-]{0,9}", fullmatch=True)),
            "gate_text": draw(LINE),
            **{name: draw(st.booleans()) for name in ("locks", "terminal", "hidden")},
        }
        for key in keys
    ]  # fmt: skip
    ways = [(a, b) for a in keys for b in keys if a != b]
    ring = list(zip(keys, [*keys[1:], keys[0]], strict=True))
    chosen = dict.fromkeys([*ring, *draw(st.lists(st.sampled_from(ways), max_size=8))])
    moves = [
        {"from": a, "to": b, "reason": draw(st.booleans()), "skips_exit_gate": draw(st.booleans())}
        for a, b in draw(st.permutations(list(chosen)))
    ]
    return {"columns": columns, "moves": moves}


@given(board_data())
@settings(max_examples=60, deadline=None)
def test_board_goes_through_a_file_and_back_and_fits_the_schema(data):
    board = board_from_data(data)
    written = board_to_text(board)
    assert board_from_text(written) == board
    assert board_to_text(board_from_text(written)) == written
    assert board_from_text(json.dumps(board_to_data(board), ensure_ascii=False)) == board
    assert [error.message for error in VALIDATOR.iter_errors(load_ticket_text(written))] == []
    assert board_changes(board, board) == ()


@given(board_data(), board_data())
@settings(max_examples=40, deadline=None)
def test_no_difference_of_meaning_goes_unsaid(one, other):
    before, after = board_from_data(one), board_from_data(other)
    same = (before.stages, set(before.transitions)) == (after.stages, set(after.transitions))
    assert (board_changes(before, after) == ()) is same


def test_schema_file_is_what_the_generator_writes():
    assert TARGET.read_text(encoding="utf-8") == text(), "run: python tools/board_schema.py"


def test_schema_knows_the_fields_of_the_reader_and_describes_each():
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    columns, moves = (SCHEMA["properties"][name]["items"]["properties"] for name in BOARD_KEYS)
    assert (tuple(columns), tuple(moves)) == (COLUMN_KEYS, MOVE_KEYS)
    assert [
        name for fields in (columns, moves) for name, field in fields.items() if not field["description"]
    ] == []


@pytest.mark.parametrize(
    ("wrong", "field", "line", "fix"),
    [
        (SMALL.replace("limit: 3", "limit_by: gpu"), "columns[1].limit_by", 3, "gpus"),
        (SMALL.replace("limit: 3", "limit: 0"), "columns[1].limit", 3, "a whole number from 1 to 10000"),
        (SMALL.replace("limit: 3", "limt: 3"), "columns[1].limt", 3, "limit"),
        (SMALL.replace("limit: 3", "limit: yes"), "columns[1].limit", 3, "a whole number from 1 to 10000"),
        (SMALL.replace("to: doing}", "to: dooing}"), "moves[0].to", 6, "one of the columns: todo, doing, done"),
        (SMALL.replace("done, todo]", "done, gone]"), "moves[1].to[1]", 7, "one of the columns"),
        (SMALL.replace("done, todo]", "doing]"), "moves[1].to[0]", 7, "another column"),
        (SMALL.replace("done, todo]", "done, done]"), "moves[1].to", 7, "each move once"),
        (SMALL.replace("key: done", "key: todo"), "columns[2].key", 4, "each column once"),
        (SMALL.replace("key: done", "key: Done!"), "columns[2].key", 4, "a key of small letters"),
        (SMALL.replace(", terminal: true", ""), "columns[2]", 4, "a move from it, or terminal: true"),
        (SMALL.replace("  - {from: todo, to: doing}\n", ""), "columns[0]", 2, "a move from it"),
        (SMALL.replace("title: Doing", "title: '  '"), "columns[1].title", 3, "1 to 60 characters"),
        (SMALL.replace("title: Doing", 'title: "a\\u202eb"'), "columns[1].title", 3, "one line of text that prints"),
        (SMALL.replace("limit: 3", "exit_gate: [agred]"), "columns[1].exit_gate[0]", 3, "agreed"),
        (SMALL.replace("limit: 3", "gate: ../x"), "columns[1].gate", 3, "the name of a gate"),
        ("moves: []", "columns", 1, "at least one column"),
        ("[]", "", 1, "a mapping"),
    ],
)  # fmt: skip
def test_slip_is_named_with_its_line_its_field_and_what_is_expected(wrong, field, line, fix):
    with pytest.raises(Invalid) as caught:
        board_from_text(wrong)
    error = caught.value
    assert (error.field, error.details["line"]) == (field, line)
    assert fix in error.message
    assert f"in line {line}" in error.message
    assert error.message.startswith("cannot read ")
    assert error.hint


@pytest.mark.parametrize(
    "hostile",
    [
        "a: &a [x]\nb: [*a, *a]",
        "columns: []\ncolumns: []",
        "columns: !!python/object:os.system {}",
        "[" * 5000,
        "x: " + "y" * 2_000_000,
        "columns: [\x00]",
        "columns: {a: b",
    ],
)
def test_text_that_is_no_plain_yaml_is_refused_before_anything_is_made_of_it(hostile):
    with pytest.raises(Invalid) as caught:
        board_from_text(hostile)
    assert caught.value.code in ("file-invalid", "file-too-large")
    assert "assay board export" in caught.value.hint


@pytest.mark.parametrize("template", BoardTemplate)
def test_board_to_begin_with_goes_through_a_file_and_its_flow_and_decisions_are_known(template):
    board = TEMPLATES[template]
    assert board_from_text(board_to_text(board)) == board
    rules = flow_rules(board)
    assert rules.waiting == {"backlog"}
    assert set(rules.ended.values()) == {Outcome.KILLED, Outcome.PROMOTED}
    promoted, killed = board.column_of(DecisionKind.PROMOTE), board.column_of(DecisionKind.KILL)
    assert rules.ended[promoted] is Outcome.PROMOTED
    assert rules.ended[killed] is Outcome.KILLED
    assert (board.decision_of(promoted), board.decision_of(killed)) == (
        DecisionKind.PROMOTE,
        DecisionKind.KILL,
    )
    assert board.decision_of("backlog") is None


def test_changes_are_told_in_plain_sentences():
    after = board_from_text(
        SMALL.replace(
            "title: Doing, limit: 3", "title: At work, limit: 1, exit_gate: [agreed], gate: answers"
        )
        .replace("to: doing}", "to: doing, skips_exit_gate: true}")
        .replace("[done, todo]", "[done, shelf]")
        .replace("moves:", "  - {key: shelf, title: Shelf, hidden: true, terminal: true}\nmoves:")
    )
    assert board_changes(board_from_text(SMALL), after) == (
        "Column Doing is called At work.",
        "At work: at most 1 card (was 3).",
        "At work asks to leave it: the team agrees to run it this sprint.",
        "At work asks for a pass of gate answers.",
        "Column Shelf comes, after Done.",
        "Shelf closes what enters it.",
        "Shelf is off the board unless asked for.",
        "From To do to At work: the exit gate is not asked, no reason is asked (was: the exit gate holds, no reason is asked).",
        "Cards can no longer go from At work to To do.",
        "Cards can go from At work to Shelf: the exit gate holds, a reason is asked.",
    )


def test_board_without_such_columns_keeps_the_card_where_it_is():
    assert [board_from_text(SMALL).column_of(kind) for kind in DecisionKind] == [None, None, None]
    assert Board.default().locking_title == "Experiment"
