"""Lists in the documentation name all that there is: settings, kinds of entries, MLflow releases, columns, keys."""

import ast
from dataclasses import MISSING, fields

import pytest

from assay.connectors.trackers.mlflow import TESTED_REVISIONS
from assay.domain.board.board import DEFAULT_BOARD, LimitBy
from assay.domain.board.exit_policies import ATTESTABLE
from assay.settings import Settings
from assay.stats.stages import DEFAULT_PLAN
from assay.web.routes.start import KEYS
from tests.docs.pages import ROOT, all_pages, code, page, tables

SOURCE = ROOT / "src" / "assay"


def _kinds_appended() -> set[str]:
    """First arguments of every `Event.of(...)` of the product; a name stands for every text it is given in that file."""
    kinds = set()
    for path in SOURCE.rglob("*.py"):
        if "testing" in path.parts:
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "Event.of" and node.args:
                found = _texts(node.args[0], tree)
                assert found, f"{path.name}:{node.lineno}: the kind cannot be told"
                kinds |= found
    return kinds


def _texts(value: ast.expr, tree: ast.Module) -> set[str]:
    if isinstance(value, ast.Constant):
        return {value.value}
    given = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == ast.unparse(value)
    ]
    kinds = [part for one in given for part in ast.walk(one) if isinstance(part, ast.Constant)]
    return {part.value for part in kinds if isinstance(part.value, str)}


def test_journal_page_lists_exactly_the_kinds_of_entries_that_are_written():
    listed = [code(row[0]) for row in tables(page("journal.md"), "kind", "what happened")]
    assert len(listed) == len(set(listed))
    assert set(listed) == _kinds_appended()


@pytest.mark.parametrize(
    "setting", [field for field in fields(Settings) if field.name != "home"], ids=lambda f: f.name
)
def test_setting_is_documented_with_its_default(setting):
    rows = {code(row[0]): row for row in tables(page("operations.md"), "setting", "environment", "default")}
    assert setting.name in rows, f"docs/operations.md does not list {setting.name}"
    _, environment, default, *_ = rows[setting.name]
    assert code(environment) == f"ASSAY_{setting.name.upper()}"
    assert setting.default is not MISSING
    assert code(default) == str(setting.default)


def test_settings_table_has_nothing_that_is_no_setting():
    rows = tables(page("operations.md"), "setting", "environment", "default")
    assert {code(row[0]) for row in rows} == {field.name for field in fields(Settings)} - {"home"}


def test_mlflow_page_lists_the_tested_revisions():
    rows = tables(page("mlflow.md"), "MLflow", "schema revision")
    assert {code(revision): release for release, revision in rows} == TESTED_REVISIONS


def test_board_page_lists_columns_limits_and_moves():
    text = page("board.md")
    limits = {row[0]: row[1] for row in tables(text, "column", "limit")}
    by = {LimitBy.CARDS: "", LimitBy.GPUS: " (by GPU)"}
    assert limits == {
        stage.title: f"{stage.wip_limit}{by[stage.limit_by]}" if stage.wip_limit else ""
        for stage in DEFAULT_BOARD.stages
    }
    moves = {
        row[0]: {part.strip() for part in row[1].replace("back to ", "").split(",")}
        for row in tables(text, "from", "to")
    }
    titles = {stage.key: stage.title for stage in DEFAULT_BOARD.stages}
    for stage in DEFAULT_BOARD.stages:
        legal = {titles[key] for key in DEFAULT_BOARD.legal_targets(stage.key)} - {"Backlog"}
        assert moves.get(stage.title, set()) == legal, stage.title


def test_board_page_names_every_item_that_a_person_confirms():
    text = page("board.md")
    assert [item.value for item in ATTESTABLE if f"`{item.value}`" not in text] == []


def test_pages_of_board_and_sprints_list_every_key():
    shown = page("board.md") + page("sprints.md")
    listed = {tuple(row) for row in tables(shown, "key", "what it does")}
    on_ticket = {
        (key, f"On a ticket: {what[:1].lower()}{what[1:]}")
        for group, keys in KEYS
        if group == "On a ticket"
        for key, what in keys
    }
    known = {pair for group, keys in KEYS if group != "On a ticket" for pair in keys}
    assert {pair for pair in known if pair[0] != "?"} | on_ticket <= listed
    assert len(listed) == len(known | on_ticket)


def test_verdicts_page_shows_the_registered_looks_and_their_levels():
    text = page("verdicts.md")
    assert f"| look at seeds per arm | {' | '.join(map(str, DEFAULT_PLAN.stages))} |" in text
    assert (
        f"| level | {' | '.join(f'{alpha:g}'.removeprefix('0') for alpha in DEFAULT_PLAN.alphas)} |" in text
    )


@pytest.mark.parametrize("path", all_pages(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_page_is_written_without_exclamation(path):
    prose = [
        line for line in path.read_text(encoding="utf-8").splitlines() if "`" not in line and "![" not in line
    ]
    assert [line for line in prose if "!" in line.replace("<!--", "").replace("!=", "")] == []


def test_glossary_is_in_order():
    words = [row[0] for row in tables(page("glossary.md"), "word", "meaning")]
    assert words == sorted(words, key=str.lower)
