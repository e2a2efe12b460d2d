"""The application: API and pages over one workspace."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Scope

import assay
from assay.api.openapi import complete
from assay.api.preconditions import replay_response
from assay.api.problems import problem_from_http, problem_from_validation, problem_response
from assay.api.routes import API_TABLE
from assay.api.shortcut import MoveShortcut
from assay.errors import AssayError
from assay.routing import RoutesOnDemand
from assay.server.methods import HeadAsGet, allowed_methods
from assay.server.security import Guard
from assay.settings import Settings
from assay.statuses import http_status
from assay.workflows.actor import Actor
from assay.workflows.idempotency import Replayed
from assay.workflows.ports import Workspace

API_PREFIX = "/api/"


def create_app(ws: Workspace, settings: Settings, *, pages: bool = True) -> FastAPI:
    """API and pages over this workspace, behind the guard.

    Args:
        ws: what it works on.
        settings: of this installation.
        pages: without them, for a command that shows none, nothing of theirs is imported.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        from assay.server.outbox import Outbox
        from assay.server.upkeep import Upkeep

        upkeep = Upkeep(ws, interval_s=settings.sync_interval_s)
        outbox = Outbox(ws)
        upkeep.start()
        outbox.start()
        try:
            yield
        finally:
            outbox.stop()
            upkeep.stop()

    app = FastAPI(
        title="Assay",
        version=assay.__version__,
        summary="The decision layer for AI teams.",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        separate_input_output_schemas=False,
        # Nobody is told about requests, so nobody is asked at each of them whether somebody wants to be.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    app.state.workspace = ws
    app.state.settings = settings
    _register_errors(app)
    app.openapi = complete(app.openapi, app.router.routes)  # type: ignore[method-assign]
    app.add_middleware(GZipMiddleware, minimum_size=1000, compresslevel=4)
    tables = [API_TABLE]
    if pages:
        from assay.web.routes import PAGE_TABLE

        tables.insert(0, PAGE_TABLE)
    app.add_middleware(RoutesOnDemand, routes=app.router.routes, tables=tables)
    if pages:
        app.add_middleware(MoveShortcut)
    app.add_middleware(HeadAsGet)
    hosts = frozenset(name.strip().lower() for name in settings.allowed_hosts.split(",") if name.strip())
    app.add_middleware(Guard, hosts=hosts, actor=Actor(name=settings.actor_name), refuse=_refusal)
    return app


def close_feed(app: FastAPI) -> None:
    """End the streams of open pages, so that a stopping server does not wait for them."""
    changes = getattr(app.state, "changes", None)
    if changes is not None:
        changes.close()


def _refusal(scope: Scope, error: AssayError, status: int) -> ASGIApp:
    return _answer(Request(scope), error, status)


def _answer(request: Request, error: AssayError, status: int) -> Response:
    if request.url.path.startswith(API_PREFIX):
        return problem_response(error, status)
    from assay.web.errors import error_page

    return error_page(request, error, status)


def _register_errors(app: FastAPI) -> None:
    @app.exception_handler(AssayError)
    async def on_assay_error(request: Request, error: AssayError) -> Response:
        return _answer(request, error, http_status(error))

    @app.exception_handler(Exception)
    async def on_defect(request: Request, _: Exception) -> Response:
        # The server logs the traceback; the answer keeps it to itself.
        defect = AssayError(
            "cannot answer: this is a defect of Assay, and nothing was changed by it",
            hint="look into the server's log, and report what stands there",
            code="defect",
        )
        return _answer(request, defect, 500)

    @app.exception_handler(Replayed)
    async def on_replay(_: Request, again: Replayed) -> Response:
        return replay_response(again.answer)

    @app.exception_handler(RequestValidationError)
    async def on_validation(request: Request, error: RequestValidationError) -> Response:
        return _answer(request, problem_from_validation(error), 422)

    @app.exception_handler(HTTPException)
    async def on_http(request: Request, error: HTTPException) -> Response:
        path = request.url.path
        allowed = allowed_methods(app.router.routes, path) if error.status_code == 405 else ""
        response = _answer(request, problem_from_http(error, path, allowed=allowed), error.status_code)
        if allowed:
            response.headers["Allow"] = allowed
        return response
