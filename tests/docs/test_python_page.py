"""The page on gates from Python shows code that runs, one block after the other."""

import ast

from tests.docs.pages import blocks, page


def test_the_python_on_the_page_runs_and_prints_what_it_says(capsys):
    code = [block.text for block in blocks(page("python.md")) if block.language == "python"]
    names: dict = {}
    for text in code:
        ast.parse(text)
        exec(compile(text, "docs/python.md", "exec"), names)
    told = capsys.readouterr().out
    assert told.startswith("Pass: 2 checks met\n")
    assert told.count("Pass: ") == 2
    assert callable(names["test_answers_stay_good"])
