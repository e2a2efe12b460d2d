"""The history of another board on the command line."""


def test_board_of_another_tool_is_drafted_and_its_history_comes_in(made):
    rows = ["ticket,from,to,at", "WEB-1,,To do,2026-03-02", "WEB-1,Doing,Rejected,2026-03-12"]
    (made.folder / "moves.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    board = made("board", "draft", "moves.csv", "--killed", "Rejected").out
    (made.folder / "board.yaml").write_text(board, encoding="utf-8")
    assert made("board", "import", "board.yaml").out.splitlines()[-1] == "Saved."
    checked = made("board", "import-history", "moves.csv", "--check").out.splitlines()
    assert checked[:2] == [
        "1 new tickets, 0 that went on, 0 without anything new",
        "2 moves from 2026-03-02 to 2026-03-12",
    ]
    assert checked[2] == "a gap in line 3: WEB-1 leaves Doing, line 2 took it to To do"
    assert made("board", "import-history", "moves.csv").code == 0
    again = made("board", "import-history", "moves.csv")
    assert again.out.splitlines()[0] == "0 new tickets, 0 that went on, 1 without anything new"
    assert "1 of 1 (100%" in made("flow", "--at", "2026-03-15").out
    assert made("flow", "--by-sprint").out == "No sprint was started yet: assay sprint new\n"
