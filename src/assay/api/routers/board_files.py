"""The board of a project as a file."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request
from pydantic import Field
from starlette.responses import Response
from typing_extensions import TypedDict

from assay.api.answers import gives
from assay.api.documents import answer
from assay.api.permissions import actor_of, requires, workspace_of
from assay.api.preconditions import ExpectedVersion, etag
from assay.api.schemas.tickets import Body
from assay.api.versioned import v1_router
from assay.domain.board.templates import TEMPLATES, BoardTemplate
from assay.workflows.actor import Permission
from assay.workflows.board_file import BoardChange, board_to_text, preview_board, save_board
from assay.workflows.projects import get_project

router = v1_router("projects")


class BoardFileBody(Body):
    """A board file."""

    text: Annotated[
        str,
        Field(
            max_length=1_000_000,
            description="A board file (YAML); its JSON Schema: `assay board schema`.",
            examples=[
                "columns:\n- {key: todo, title: To do}\n- {key: done, title: Done, terminal: true}\nmoves:\n- {from: todo, to: done}\n"
            ],
        ),
    ]


class BoardFileDocument(TypedDict):
    """A board as a file, and what it changes."""

    version: int
    text: str
    changes: list[str]


def _shown(change: BoardChange) -> Response:
    document = BoardFileDocument(
        version=change.project.version, text=board_to_text(change.board), changes=list(change.changes)
    )
    return answer(document, headers={"etag": etag(change.project.version)})


@router.get(
    "/projects/{slug}/board-file", dependencies=[requires(Permission.READ)], **gives(BoardFileDocument)
)
def show_board_file(
    request: Request,
    slug: str,
    template: Annotated[
        BoardTemplate | None, Query(description="A board to begin with, in place of the project's own.")
    ] = None,
) -> Response:
    """The board of a project as a file: columns, limits, exit gates, moves. Putting it back changes nothing."""
    project = get_project(workspace_of(request), actor_of(request), slug)
    board = project.settings.board if template is None else TEMPLATES[template]
    return _shown(BoardChange(project, board, ()))


@router.put(
    "/projects/{slug}/board-file", dependencies=[requires(Permission.CONFIGURE)], **gives(BoardFileDocument)
)
def put_board_file(request: Request, slug: str, body: BoardFileBody, version: ExpectedVersion) -> Response:
    """Give a project this board. Needs If-Match; a column that holds cards cannot go. The same board changes nothing."""
    return _shown(
        save_board(workspace_of(request), actor_of(request), slug, text=body.text, expected_version=version)
    )


@router.post(
    "/projects/{slug}/board-file/check", dependencies=[requires(Permission.READ)], **gives(BoardFileDocument)
)
def check_board_file(request: Request, slug: str, body: BoardFileBody) -> Response:
    """What would this board file change, in plain sentences? Nothing is stored."""
    return _shown(preview_board(workspace_of(request), actor_of(request), slug, text=body.text))
