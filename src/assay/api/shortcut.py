"""The way that a move of a card takes: the same answer as its route gives, without asking fifty routes whose it is.

Moving is what people wait for with the mouse in the hand, and what many do at once; finding the route costs more than moving.
"""

from __future__ import annotations

import re

from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from assay.api.permissions import actor_of
from assay.api.preconditions import expected_version, replay_response
from assay.api.problems import problem_from_validation, problem_response
from assay.errors import AssayError
from assay.workflows.actor import Permission
from assay.workflows.idempotency import Replayed

_MOVE = re.compile(r"/api/v1/projects/([^/]+)/tickets/([^/]+)/moves")
JSON = "application/json"


class MoveShortcut:
    """ASGI middleware that answers moves and passes everything else on."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = (
            _MOVE.fullmatch(scope["path"]) if scope["type"] == "http" and scope["method"] == "POST" else None
        )
        if found is None or scope["query_string"]:
            await self.app(scope, receive, send)
            return
        request = Request(scope, receive)
        response = await _answer(request, found[1], found[2])
        await response(scope, receive, send)


async def _answer(request: Request, slug: str, key: str) -> Response:
    # A server is ready before somebody moves a card.
    from assay.api.routers.board import moved
    from assay.api.schemas.tickets import MoveBody

    try:
        actor_of(request).require(Permission.MOVE_CARDS)
        sent = await request.body()
        body = MoveBody.model_validate_json(sent or b"null")
        return await moved(request, slug, key, body, await expected_version(request), sent)
    except ValidationError as error:
        faults = [{**fault, "loc": ("body", *fault["loc"])} for fault in error.errors(include_url=False)]
        return problem_response(problem_from_validation(RequestValidationError(faults)))
    except Replayed as again:
        return replay_response(again.answer)
    except AssayError as error:
        return problem_response(error)
