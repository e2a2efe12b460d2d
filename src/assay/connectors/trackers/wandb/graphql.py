"""A W&B server's GraphQL interface: only queries, with limits on time, size and waiting."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from typing import Any, Self
from urllib.parse import urlsplit

import httpx2
import orjson

from assay.connectors.tracked.asking import MAX_ANSWER_BYTES, Answer, Unanswered, answer_to, asking
from assay.connectors.tracked.told import kept_text
from assay.connectors.tracked.wire import Malformed
from assay.connectors.trackers.wandb.address import WandbProject
from assay.errors import Invalid, Unavailable

MAX_EXPORT_BYTES = 256 * 2**20
MAX_WAIT_S = 60.0
"""How long one sync waits, all in all, for a server that limits how often it is asked."""
_SHORTEST_WAIT_S = 1.0
_REFUSED = (httpx2.codes.UNAUTHORIZED, httpx2.codes.FORBIDDEN)
_MESSAGE_CHARACTERS = 200
_UNKNOWN_FIELD = re.compile(r"Cannot query field|Unknown argument")


class TooMuch(Unavailable):
    """An answer is larger than is read; asking for less of it helps."""


class UnknownField(Unavailable):
    """The server is of a version that does not know what was asked for."""


class GraphqlClient:
    """Asks one server about one project.

    Args:
        project: which one.
        key: the API key, or None to ask without.
        wait: what is called to wait for a number of seconds.
    """

    def __init__(
        self, project: WandbProject, key: str | None, *, wait: Callable[[float], None] = time.sleep
    ) -> None:
        self.project = project
        self._key = key
        self._wait = wait
        self._waited_s = 0.0
        self._http = asking(project.shown, auth=None if key is None else ("api", key))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._http.close()

    def project_told(self, query: str, **variables: object) -> dict[str, Any]:
        """What the server tells about the project, for a query whose root is `project`.

        Raises:
            Unavailable: naming the project and what is wrong.
        """
        sent = {"entity": self.project.entity, "project": self.project.project, **variables}
        answer = self._answer({"query": query, "variables": sent})
        told = self._object(answer)
        if errors := told.get("errors"):
            raise self._failed(self._told_of(errors))
        data = told.get("data")
        found = data.get("project") if isinstance(data, dict) else None
        if not isinstance(found, dict):
            raise self._no_project()
        return found

    def export(self, url: object) -> bytes:
        """A file that the server names. From the server itself with the key, from any other host without.

        Raises:
            Malformed: it is larger than is read, or none that can be fetched.
        """
        if not isinstance(url, str) or not url.lower().startswith(("http://", "https://")):
            raise Malformed("an export of its history without an address")
        is_own = urlsplit(url)[:2] == urlsplit(self.project.base)[:2]
        with nullcontext(self._http) if is_own else asking(self.project.shown) as http:
            try:
                answer = answer_to(http, "GET", url, most=MAX_EXPORT_BYTES)
            except (Unanswered, Invalid) as error:  # Invalid: an address that is never asked
                raise Malformed(f"an export of its history cannot be fetched: {error}") from error
        if answer.status != httpx2.codes.OK or answer.is_cut:
            fact = f"answered {answer.status}" if answer.status != httpx2.codes.OK else "is too large"
            raise Malformed(f"an export of its history {fact}")
        return answer.content

    def _answer(self, body: Mapping[str, object]) -> Answer:
        while True:
            try:
                url = f"{self.project.base}/graphql"
                answer = answer_to(self._http, "POST", url, most=MAX_ANSWER_BYTES, json=dict(body))
            except Unanswered as error:
                raise self.unavailable(str(error)) from error
            if answer.status != httpx2.codes.TOO_MANY_REQUESTS:
                return answer
            self._wait_as_told(answer)

    def _wait_as_told(self, answer: Answer) -> None:
        """Wait for as long as a server that is asked too often says, unless that is too long."""
        told = answer.headers.get("retry-after") or answer.headers.get("ratelimit-reset") or ""
        seconds = max(float(told), _SHORTEST_WAIT_S) if re.fullmatch(r"[0-9]{1,6}(\.[0-9]+)?", told) else None
        if seconds is None or self._waited_s + seconds > MAX_WAIT_S:
            asked = "" if seconds is None else f" and wants {seconds:.0f} s of silence"
            raise self.unavailable(
                f"it limits how often it is asked (429){asked}; what was read is kept",
                hint="go on later, or read fewer runs with --experiment GROUP: assay sync",
            )
        self._waited_s += seconds
        self._wait(seconds)

    def _object(self, answer: Answer) -> dict[str, Any]:
        """The JSON object that was answered."""
        told = None if answer.is_cut else _json_of(answer.content)
        if answer.status in _REFUSED:
            raise self._refused(answer.status)
        if answer.status != httpx2.codes.OK:
            message = self._told_of(told.get("errors") or [told]) if isinstance(told, dict) else ""
            raise self._failed(message, self._status_fact(answer.status))
        if answer.is_cut:
            raise self.unavailable(f"it answered more than {MAX_ANSWER_BYTES / 2**20:.0f} MB", kind=TooMuch)
        if not isinstance(told, dict):
            kind = "something else than JSON" if told is None else f"a {type(told).__name__}"
            raise self.unavailable(f"it answered {kind} (expected the object of a GraphQL server)")
        return told

    def _status_fact(self, status: int) -> str:
        if httpx2.codes.is_redirect(status):
            return (
                f"it answered {status}, a redirect, which is not followed (expected the server's own address)"
            )
        return f"{self.project.base}/graphql answered {status}"

    def _told_of(self, errors: object) -> str:
        """The first message of the server, without the key should it repeat it."""
        first = errors[0] if isinstance(errors, list) and errors else None
        message = first.get("message") if isinstance(first, dict) else None
        if not isinstance(message, str):
            return ""
        plain = " ".join(kept_text(message).split())
        return (plain.replace(self._key, "***") if self._key else plain)[:_MESSAGE_CHARACTERS]

    def _failed(self, message: str, status: str = "") -> Unavailable:
        """The error for what the server itself calls one."""
        fact = ": ".join(filter(None, (status, message))) or "it answered an error without a message"
        kind = UnknownField if _UNKNOWN_FIELD.match(message) else Unavailable
        return self.unavailable(fact, kind=kind)

    def _refused(self, status: int) -> Unavailable:
        had = "no API key was found for it" if self._key is None else "the API key is not accepted"
        return self.unavailable(f"it answered {status}: {had}", hint=self._key_hint())

    def _no_project(self) -> Unavailable:
        who = "without an API key" if self._key is None else "with this API key"
        return self.unavailable(f"no such project is to be seen {who}", hint=self._key_hint())

    def _key_hint(self) -> str:
        own = "" if self.project.host == "api.wandb.ai" else f" WANDB_BASE_URL={self.project.base}"
        return (
            f"check the address (a folder is written ./wandb); where Assay runs, say: wandb login --host {self.project.base}, "
            f"or set WANDB_API_KEY{' and' if own else ''}{own}"
        )

    def unavailable(
        self, fact: str, *, hint: str | None = None, kind: type[Unavailable] = Unavailable
    ) -> Unavailable:
        """The error for a server that cannot be read now."""
        return kind(
            f"cannot read W&B project '{self.project.shown}': {fact}",
            code="tracker-unavailable",
            hint=hint or "check the address, and that the server runs, then: assay sync",
        )


def _json_of(content: bytes) -> object:
    """None where it is no JSON."""
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        pass
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None
