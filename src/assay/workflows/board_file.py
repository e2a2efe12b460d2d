"""The board of a project as a file: read it, say what a changed one changes, save it."""

from __future__ import annotations

import re
from dataclasses import dataclass

import yaml

from assay.domain.board.board import Board
from assay.domain.board.board_changes import board_changes
from assay.domain.board.board_data import board_from_data, board_to_data
from assay.errors import Invalid
from assay.workflows.actor import Actor, Permission
from assay.workflows.lookup import required_project
from assay.workflows.ports import Workspace
from assay.workflows.projects import check_board, save_settings
from assay.workflows.records import Project
from assay.workflows.ticket_file import dump_ticket_text, load_ticket_text

_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


@dataclass(frozen=True, slots=True)
class BoardChange:
    """What a board file does to the board of a project."""

    project: Project
    """As it stands: changed when the file was saved."""
    board: Board
    """The board of the file."""
    changes: tuple[str, ...]
    """In plain sentences; none where the file is the board that is there."""


def board_from_text(text: str, *, name: str = "board.yaml") -> Board:
    """Which board does this YAML (or JSON) text hold?

    Raises:
        Invalid: as `load_ticket_text` and `board_from_data`; `details` holds the line of the field at fault.

    >>> board_from_text(board_to_text(Board.default())) == Board.default()
    True
    """
    try:
        return board_from_data(load_ticket_text(text, name=name))
    except Invalid as error:
        if error.code in ("file-invalid", "file-too-large"):
            error.hint = "assay board export writes the board as it stands; change that"
        else:
            _tell_line(error, text)
        raise


def board_to_text(board: Board) -> str:
    """How is a board written as a file, so that reading it gives the same board?"""
    return dump_ticket_text(board_to_data(board))


def _tell_line(error: Invalid, text: str) -> None:
    line = _line_of(text, error.field or "")
    error.message = error.message.replace("cannot read ticket:", "cannot read board:", 1)
    if line:
        error.details["line"] = line
        error.message = error.message.replace(": ", f" in line {line}: ", 1)


def _line_of(text: str, path: str) -> int:
    """The line where a field begins, or the last one before it that is there; the text has been read, so it is small and plain."""
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    line = 0 if node is None else node.start_mark.line + 1
    for name, place in _STEP.findall(path):
        if place and isinstance(node, yaml.SequenceNode) and int(place) < len(node.value):
            node = node.value[int(place)]
            line = node.start_mark.line + 1
        elif name and isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == name), None)
            if found is None:
                return line
            line, node = found[0].start_mark.line + 1, found[1]
        else:
            return line
    return line


def preview_board(ws: Workspace, actor: Actor, slug: str, *, text: str) -> BoardChange:
    """What would this board file change? Nothing is stored.

    Raises:
        Invalid, Refused: what saving it would raise.
    """
    actor.require(Permission.READ)
    board = board_from_text(text)
    with ws.store.read() as tx:
        project = required_project(tx, slug)
        check_board(tx, project, board)
    return BoardChange(project, board, board_changes(project.settings.board, board))


def save_board(
    ws: Workspace, actor: Actor, slug: str, *, text: str, expected_version: int | None
) -> BoardChange:
    """Give the project this board. The board that is there already changes nothing, whoever saved meanwhile.

    Raises:
        Invalid: the file is malformed, or a column names a gate that the project does not have.
        Refused: a column that still holds cards would go.
        StaleVersion: somebody changed the settings meanwhile.
    """
    actor.require(Permission.CONFIGURE)
    change = preview_board(ws, actor, slug, text=text)
    if change.board == change.project.settings.board:
        return change
    expected = change.project.version if expected_version is None else expected_version
    saved = save_settings(ws, actor, slug, expected_version=expected, board=change.board)
    return BoardChange(saved, change.board, change.changes)
