"""The history of a board that another tool kept: bring it in, look first, get a board for it."""

from __future__ import annotations

from typing import Annotated

from fastapi import Request
from pydantic import Field
from starlette.responses import Response
from typing_extensions import TypedDict

from assay.api.answers import gives
from assay.api.documents import answer
from assay.api.permissions import actor_of, requires, workspace_of
from assay.api.schemas.tickets import Body
from assay.api.versioned import v1_router
from assay.domain.board.flow import Outcome
from assay.workflows.actor import Permission
from assay.workflows.history import HistoryReport, board_for_history, import_history, preview_history
from assay.workflows.history_file import MOST_CHARACTERS
from assay.workflows.projects import get_project

router = v1_router("projects", prefix="/projects/{slug}/history")
Name = Annotated[
    str,
    Field(
        max_length=200, description="Name of the file, for messages and the journal.", examples=["moves.csv"]
    ),
]
Text = Annotated[
    str,
    Field(
        max_length=MOST_CHARACTERS,
        description="CSV or JSON Lines, a row for each move: ticket, from, to, at, and title, owner, type, bulk.",
        examples=[
            "ticket,from,to,at\nWEB-1,,Backlog,2026-03-02T09:00:00Z\nWEB-1,Backlog,Hypothesis,2026-03-04T10:00:00Z\n"
        ],
    ),
]
Status = Annotated[str, Field(min_length=1, max_length=60)]


class HistoryBody(Body):
    """The history of a board."""

    text: Text
    name: Name = "history.csv"
    source: Annotated[
        str,
        Field(
            max_length=60, description="Which tool it comes from, where items of several have the same names."
        ),
    ] = ""


class BoardForHistoryBody(Body):
    """A history, and what its statuses mean."""

    text: Text
    name: Name = "history.csv"
    ended: Annotated[
        dict[Status, Outcome],
        Field(
            default_factory=dict,
            max_length=30,
            description="Statuses at which work ends: `promoted`, `killed`, or `closed` for neither.",
            examples=[{"Done": "promoted", "Rejected": "killed"}],
        ),
    ]
    waiting: Status | None = None


class BoardText(TypedDict):
    """A board as a file."""

    text: str


@router.post("", dependencies=[requires(Permission.CONFIGURE)], **gives(HistoryReport))
def bring_in_history(request: Request, slug: str, body: HistoryBody) -> Response:
    """Bring in the history of a board: all of it, or nothing. The same file again changes nothing."""
    ws, actor = workspace_of(request), actor_of(request)
    return answer(import_history(ws, actor, slug, body.text, name=body.name, source=body.source))


@router.post("/check", dependencies=[requires(Permission.READ)], **gives(HistoryReport))
def check_history(request: Request, slug: str, body: HistoryBody) -> Response:
    """What would this history bring in? Nothing is stored."""
    ws, actor = workspace_of(request), actor_of(request)
    return answer(preview_history(ws, actor, slug, body.text, name=body.name, source=body.source))


@router.post("/board", dependencies=[requires(Permission.READ)], **gives(BoardText))
def draft_board(request: Request, slug: str, body: BoardForHistoryBody) -> Response:
    """A board file with a column for each status of a history and the moves that happened. Nothing is stored."""
    get_project(workspace_of(request), actor_of(request), slug)
    text = board_for_history(body.text, name=body.name, ended=body.ended, waiting=body.waiting)
    return answer(BoardText(text=text))
