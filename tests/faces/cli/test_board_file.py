"""The board as a file on the command line."""

import json

import yaml


def test_board_goes_out_is_changed_checked_and_comes_in(made):
    exported = made("board", "export")
    file = made.folder / "board.yaml"
    file.write_text(exported.out.replace("limit: 5", "limit: 7"), encoding="utf-8")
    checked = made("board", "import", "board.yaml", "--check")
    assert checked.out.splitlines()[0] == "Hypothesis: at most 7 cards (was 5)."
    assert made("board", "export").out == exported.out
    assert made("board", "import", "board.yaml").out.splitlines()[-1] == "Saved."
    assert made("board", "import", "board.yaml").out == "Nothing changes: this is the board that is there.\n"
    assert made("board", "export").out == file.read_text(encoding="utf-8")
    assert "Hypothesis: 0 of 7" in made("board").out


def test_slip_in_a_board_file_ends_with_2_and_names_the_line(made):
    (made.folder / "board.yaml").write_text("columns:\n- {key: a, title: A, limit: 0}\n", encoding="utf-8")
    ran = made("board", "import", "board.yaml")
    assert ran.code == 2
    assert "cannot read field 'columns[0].limit' in line 2: found the number 0" in ran.err
    assert made("board", "export", "--template", "waterfall").code == 2
    assert made("board", "import", "none.yaml").code == 4


def test_template_and_schema_are_printed_and_a_project_begins_with_a_template(made):
    feature = made("board", "export", "--template", "feature").out
    titles = [column["title"] for column in yaml.safe_load(feature)["columns"]]
    assert titles == ["Backlog", "Data", "Model", "Code", "Test", "Deploy", "Live", "Killed"]
    assert json.loads(made("board", "schema").out)["title"] == "Assay board"
    assert made("project", "new", "ranking", "--board", "feature").code == 0
    assert made("board", "export", "--project", "ranking").out == feature
    assert made("project", "new", "other", "--board", "waterfall").code == 2
