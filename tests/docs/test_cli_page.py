"""The page of the command line and the command tree know the same commands, options and exit codes."""

import re
from typing import Any

import typer

from assay.cli.tree import whole_tree
from assay.domain.gates.decide import EXIT_CODE, RECOMMENDATION, Row
from assay.statuses import EXIT_BY_KIND
from tests.docs.pages import page

SHARED = {"project", "json", "help"}


def _commands(path: str, command: Any) -> list[tuple[str, Any]]:
    if hasattr(command, "commands"):
        alone = [(path, command)] if command.invoke_without_command else []
        return alone + [
            found for name, inner in command.commands.items() for found in _commands(f"{path} {name}", inner)
        ]
    return [(path, command)]


def tree() -> list[tuple[str, Any]]:
    return _commands("assay", typer.main.get_command(whole_tree()))


def test_page_describes_every_command_and_no_other():
    described = re.findall(r"^### `(assay [a-z -]+)`$", page("cli.md"), re.MULTILINE)
    assert sorted(described) == sorted(path for path, _ in tree())


def test_page_names_every_option_of_every_command():
    sections = dict(
        re.findall(r"^### `(assay [a-z -]+)`\n(.*?)(?=^##|\Z)", page("cli.md"), re.MULTILINE | re.DOTALL)
    )
    missing = [
        (path, option)
        for path, command in tree()
        for parameter in command.params
        if parameter.param_type_name == "option" and parameter.name not in SHARED
        for option in parameter.opts
        if option not in sections[path]
    ]
    assert missing == []


PRINTS_NO_RESULT = {
    "assay up": "serves until it is stopped",
    "assay demo up": "serves until it is stopped",
    "assay completion": "prints a script for a shell",
    "assay gate new": "prints a file to begin with",
    "assay gate schema": "prints a file that is JSON already",
    "assay board schema": "prints a file that is JSON already",
    "assay audit checkpoint": "prints a signed file that is JSON already",
    "assay audit prove": "prints a proof that is JSON already",
    "assay audit export": "prints a file whose exact bytes the hashes cover",
    "assay audit verifier": "prints a program",
}


def test_every_command_that_prints_a_result_prints_it_as_json():
    without = {
        path
        for path, command in tree()
        if not any("--json" in parameter.opts for parameter in command.params)
    }
    assert without == set(PRINTS_NO_RESULT)


def test_help_of_every_command_shows_an_example_that_begins_with_it():
    without = [
        path
        for path, command in tree()
        if f"Example: {path}" not in " ".join((command.callback.__doc__ or "").split())
    ]
    assert without == []


def test_table_of_verdicts_has_the_exit_codes_of_the_program_in_their_order():
    table = re.findall(r"^\| .+ \| ([a-z]+)[^|]* \| (\d) \|$", page("verdicts.md"), re.MULTILINE)
    assert table == [(RECOMMENDATION[row].value, str(EXIT_CODE[row])) for row in Row]


def test_page_lists_every_exit_code():
    listed = {int(code) for code in re.findall(r"^\| (\d+) \|", page("cli.md"), re.MULTILINE)}
    assert set(EXIT_BY_KIND.values()) | set(EXIT_CODE.values()) | {130} == listed
