"""Where does Python code ask, and where does a command? A server that runs, else the same application in this process: one path, the same JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from assay.errors import (
    AssayError,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    Refused,
    StaleVersion,
    Unavailable,
)
from assay.sdk.loading import loading
from assay.settings import Settings, load_settings

if TYPE_CHECKING:
    import asyncio

    import httpx2

TIMEOUT_S = 60.0
SYNC_TIMEOUT_S = 3600.0
LOCAL = "http://127.0.0.1"
KINDS: Mapping[str, type[AssayError]] = {
    "invalid": Invalid,
    "not-found": NotFound,
    "refused": Refused,
    "forbidden": Forbidden,
    "conflict": Conflict,
    "unavailable": Unavailable,
    "defect": AssayError,
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API said."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def data(self) -> Any:
        """The JSON of the body."""
        return json.loads(self.body)


class Connection:
    """The API of this installation.

    Args:
        settings: which installation.
        project: the project named on the command line, None for the one in use.
        remote: the client of a running server, or
        local: the client of the application in this process, with the loop it runs on.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        project: str | None = None,
        remote: httpx2.Client | None = None,
        local: tuple[httpx2.AsyncClient, asyncio.Runner] | None = None,
    ) -> None:
        self.settings = settings
        self._named = project
        self._remote = remote
        self._local = local

    @property
    def serves(self) -> bool:
        """Whether another process serves."""
        return self._remote is not None

    @property
    def project(self) -> str:
        """The project that is meant.

        Raises:
            NotFound: none was named and there is not exactly one.
        """
        named = self._named or self.settings.project
        if named:
            return named
        known = self.ask("GET", "/instance").data["projects"]
        if len(known) == 1:
            return str(known[0])
        raise NotFound(
            f"cannot tell which project is meant: there {'are ' + str(len(known)) if known else 'is none'} "
            f"(expected {'one of: ' + ', '.join(known[:10]) if known else 'a project'})",
            hint="assay project use NAME" if known else "assay project new NAME",
            code="project-unclear",
        )

    def ask(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        query: Mapping[str, Any] | None = None,
        version: int | str | None = None,
        headers: Mapping[str, str] | None = None,
        files: Sequence[tuple[str, tuple[str, bytes]]] = (),
        data: Mapping[str, str] | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> Answer:
        """One request, with a JSON body or a form of files and fields; a problem it answers is raised as the error it was.

        Raises:
            AssayError: as the server said, or Unavailable when it cannot be reached.
        """
        import httpx2

        sent = dict(headers or {})
        if version is not None:
            sent["if-match"] = "*" if version == "*" else f'"{version}"'
        content = None if body is None else json.dumps(body).encode()
        if content is not None:
            sent["content-type"] = "application/json"
        query = {name: value for name, value in (query or {}).items() if value is not None}
        arguments: dict[str, Any] = {"params": query, "headers": sent}
        arguments |= {"files": list(files), "data": dict(data or {})} if files else {"content": content}
        try:
            response = self._send(method, f"/api/v1{path}", arguments, timeout_s)
        except httpx2.HTTPError as error:
            raise Unavailable(
                f"cannot reach the server of this installation: {error} (expected an answer)",
                hint="assay doctor",
                code="server-unreachable",
            ) from error
        if response.status_code >= 400:
            raise error_of(response.content, response.status_code)
        return Answer(response.status_code, dict(response.headers), response.content)

    def _send(
        self, method: str, path: str, arguments: dict[str, Any], timeout_s: float = TIMEOUT_S
    ) -> httpx2.Response:
        if self._remote is not None:
            return self._remote.request(method, path, timeout=timeout_s, **arguments)
        assert self._local is not None
        client, runner = self._local
        return runner.run(client.request(method, path, **arguments))

    def in_project(self, method: str, path: str, **options: Any) -> Answer:
        """One request below the project that is meant."""
        return self.ask(method, f"/projects/{part(self.project)}{path}", **options)

    def events(self, path: str) -> Iterator[tuple[str, Any]]:
        """The events of a POST that tells its progress, below the project that is meant."""
        target = f"/api/v1/projects/{part(self.project)}{path}"
        headers = {"accept": "text/event-stream"}
        if self._remote is not None:
            with self._remote.stream("POST", target, headers=headers, timeout=SYNC_TIMEOUT_S) as response:
                if response.status_code >= 400:
                    raise error_of(response.read(), response.status_code)
                yield from _events(response.iter_lines())
            return
        answer = self._send("POST", target, {"headers": headers})
        if answer.status_code >= 400:
            raise error_of(answer.content, answer.status_code)
        yield from _events(iter(answer.text.splitlines()))


def part(text: str) -> str:
    """A name as one part of a path."""
    return quote(text, safe="")


def key_part(text: str) -> str:
    """A ticket key as one part of a path, in the case keys have."""
    return part(text.upper() if text.isascii() else text)


def _events(lines: Iterator[str]) -> Iterator[tuple[str, Any]]:
    kind = ""
    for line in lines:
        if line.startswith("event: "):
            kind = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield kind, json.loads(line.removeprefix("data: "))


def error_of(body: bytes, status: int) -> AssayError:
    """The error that a problem document tells of."""
    try:
        document = json.loads(body)
        kind = StaleVersion if document["code"] == "stale-version" else KINDS[document["kind"]]
        return kind(
            document["detail"],
            hint=document.get("hint", ""),
            code=document["code"],
            field=document.get("field"),
            details=document.get("details"),
        )
    except (ValueError, KeyError, TypeError):
        return Unavailable(
            f"cannot understand the server's answer {status}: it is no problem document",
            hint="is another program using this port? assay doctor",
            code="answer-unreadable",
        )


@contextmanager
def connected(project: str | None = None, settings: Settings | None = None) -> Iterator[Connection]:
    """The API of the installation that holds here.

    Raises:
        NotFound: there is none.
        Unavailable: another process that does not serve holds the store.
    """
    from assay.bootstrap import running_server

    settings = settings or load_settings()
    url = running_server(settings)
    with ExitStack() as stack:
        if url is not None:
            import httpx2

            client = httpx2.Client(base_url=url, trust_env=False, timeout=TIMEOUT_S)
            yield Connection(settings, project=project, remote=stack.enter_context(client))
        else:
            yield Connection(settings, project=project, local=_in_process(stack, settings))


def _in_process(stack: ExitStack, settings: Settings) -> tuple[httpx2.AsyncClient, asyncio.Runner]:
    with loading():
        import asyncio

        import httpx2

        import assay.sdk.numpy_alone  # noqa: F401  # before whatever else imports NumPy
        from assay.bootstrap import open_workspace
        from assay.server.app import create_app

        ws = stack.enter_context(open_workspace(settings))
    runner = stack.enter_context(asyncio.Runner())
    transport = httpx2.ASGITransport(app=create_app(ws, settings, pages=False))
    client = httpx2.AsyncClient(transport=transport, base_url=LOCAL, trust_env=False, timeout=None)
    stack.callback(lambda: runner.run(client.aclose()))
    return client, runner
