"""Methods of HTTP: HEAD wherever GET answers, and what an address takes instead of the method that was sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class HeadAsGet:
    """ASGI middleware that answers HEAD with the status and headers of GET, and without the body.

    What is still being sent when its headers are out, such as a stream of changes, is told by the server that nobody listens.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return
        ended = False

        async def headers_only(message: Message) -> None:
            nonlocal ended
            if message["type"] == "http.response.start":
                await send(message)
            elif not ended:
                ended = True
                await send({"type": "http.response.body", "body": b""})

        await self.app({**scope, "method": "GET"}, receive, headers_only)


def allowed_methods(routes: Iterable[BaseRoute], path: str) -> str:
    """Which methods does this address take? As the header Allow tells them; "" where nothing is at this address.

    >>> from starlette.routing import Route
    >>> allowed_methods([Route("/cards/{key}", print, methods=["POST"]), Route("/cards/{key}", print)], "/cards/EXP-1")
    'GET, HEAD, POST'
    """
    # A method that no route takes: every route at this address says that it matches but for the method.
    asked: Mapping[str, object] = {"type": "http", "method": "", "path": path}
    methods = set().union(*(_methods(route, asked) for route in routes))
    return ", ".join(sorted(methods | {"HEAD"} if "GET" in methods else methods))


def _methods(route: BaseRoute, asked: Mapping[str, object]) -> set[str]:
    match, _ = route.matches(dict(asked))
    return set(getattr(route, "methods", None) or ()) if match is not Match.NONE else set()
