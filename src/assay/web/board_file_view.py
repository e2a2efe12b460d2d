"""The board as a file on the settings page: what it says, and what a changed one would change."""

from __future__ import annotations

from assay.domain.board.board_data import board_to_data
from assay.domain.board.templates import TEMPLATES, BoardTemplate
from assay.domain.kernel.canonical import digest
from assay.errors import AssayError
from assay.web.contexts.settings import BoardSection
from assay.web.contexts.ticket_form import Choice
from assay.workflows.board_file import BoardChange, board_to_text
from assay.workflows.records import Project


def board_section(
    project: Project,
    *,
    text: str | None = None,
    template: BoardTemplate | None = None,
    change: BoardChange | None = None,
    problem: AssayError | None = None,
) -> BoardSection:
    """What the section prints: the text that was typed, else the board to begin with, else the project's own."""
    href = f"/p/{project.slug}/settings"
    board = project.settings.board if template is None else TEMPLATES[template]
    names = {"": "the board as it stands", **{one.value: f"the {one.value} board" for one in BoardTemplate}}
    chosen = None if text is not None else template or ""
    return BoardSection(
        action=f"{href}/board",
        history_href=f"/p/{project.slug}/history",
        text=board_to_text(board) if text is None else text,
        begin_with=tuple(
            Choice(f"{href}?board={value}#board-file", label, chosen=value == chosen)
            for value, label in names.items()
        ),
        checked=change is not None,
        changes=change.changes if change is not None else (),
        seen=change_digest(change) if change is not None else "",
        problem=problem.message if problem is not None else "",
        problem_hint=problem.hint if problem is not None else "",
        opened=text is not None or template is not None,
    )


def change_digest(change: BoardChange) -> str:
    """Which change was told: from which board to which."""
    return digest([board_to_data(change.project.settings.board), board_to_data(change.board)])
