"""An orchestrator's HTTP interface: only reading, with limits on time and size for one answer and for a whole sync."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Self

import httpx2
import orjson

from assay.connectors.pipelines.address import Orchestrator, login_hint, login_of, token_of
from assay.connectors.pipelines.told_jobs import uuid_in
from assay.connectors.tracked.asking import Answer, Unanswered, answer_to, asking
from assay.connectors.tracked.told import kept_text
from assay.domain.kernel.plain_text import without_control
from assay.errors import Unavailable

MOST_ANSWER_BYTES = 16 * 2**20
LONGEST_SYNC_S = 180.0
MOST_OFF = timedelta(days=1)
_MESSAGE_CHARACTERS = 200
_SHOWN = 80
_REFUSED = (httpx2.codes.UNAUTHORIZED, httpx2.codes.FORBIDDEN)


class Gone(Unavailable):
    """There is no such thing on the server."""


class ApiClient:
    """Asks one orchestrator.

    Args:
        where: which one.
        title: how it is called in sentences.
        api: where its API is, when that is not below the address of its pages.
        bearer: the header that carries a token, and what stands before it there.
    """

    def __init__(
        self,
        where: Orchestrator,
        title: str,
        *,
        api: str | None = None,
        bearer: tuple[str, str] = ("Authorization", "Bearer "),
    ) -> None:
        self.where = where
        self.title = title
        self.token = token_of(where, os.environ)
        self.login = None if self.token else login_of(where, os.environ)
        self._base = api or where.base
        self._bearer = bearer
        self._http = asking(where.base, auth=self.login)
        if self.token:
            self.use_token(self.token)
        self._until = time.monotonic() + LONGEST_SYNC_S
        self._clock: datetime | None = None
        self._answered = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._http.close()

    def use_token(self, token: str) -> None:
        """Ask with this token from now on."""
        name, before = self._bearer
        try:
            self._http.headers[name] = before + token
        except UnicodeEncodeError:
            raise self.unavailable(
                "its token holds characters that no header may", hint="set it again"
            ) from None
        self._http.auth = httpx2.Auth()  # none

    @property
    def has_answered(self) -> bool:
        """It was asked before."""
        return self._answered

    @property
    def now(self) -> datetime:
        """The server's own time, as its last answer said; ours where it says none, or one that is a day off."""
        ours = now_here()
        return ours if self._clock is None or abs(self._clock - ours) > MOST_OFF else self._clock

    def get(self, path: str, **params: object) -> dict[str, Any]:
        """The object that a path answers; parameters that are None are left out."""
        asked = {name: value for name, value in params.items() if value is not None}
        return self._object(self._answer("GET", path, params=asked), path)

    def post(self, path: str, body: Mapping[str, object]) -> Any:
        """What a path answers to a question that is too long for an address: an object or a list."""
        return self._told(self._answer("POST", path, json=dict(body)), path)

    def post_for_object(self, path: str, body: Mapping[str, object]) -> dict[str, Any]:
        """As `post`, where an object is expected."""
        return self._object(self._answer("POST", path, json=dict(body)), path)

    def run_id(self, value: object) -> str:
        """The UUID of a run. Raises Unavailable where none stands here."""
        found = uuid_in(value)
        if found is None:
            said = ascii(kept_text(value))[:_SHOWN]
            raise self.unavailable(f"it told of a run with the id {said} (expected a UUID)")
        return found

    def status_of(self, path: str) -> int:
        """Only the status that a path answers."""
        return self._answer("GET", path).status

    def _answer(self, method: str, path: str, **sent: Any) -> Answer:
        if time.monotonic() > self._until:
            raise self.unavailable(
                f"to read it takes longer than {LONGEST_SYNC_S:.0f} s; what was read is kept",
                hint="it goes on there next time: assay sync",
            )
        try:
            answer = answer_to(self._http, method, self._base + path, most=MOST_ANSWER_BYTES, **sent)
        except Unanswered as error:
            raise self.unavailable(self._unsaid(str(error))) from error
        self._answered = True
        self._clock = _date(answer.headers.get("date")) or self._clock
        return answer

    def _object(self, answer: Answer, path: str) -> dict[str, Any]:
        told = self._told(answer, path)
        if not isinstance(told, dict):
            raise self.unavailable(f"{path} answered a {type(told).__name__} (expected an object)")
        return told

    def _told(self, answer: Answer, path: str) -> Any:
        self._check(answer, path)
        try:
            return _json_of(answer.content)
        except (ValueError, RecursionError):
            raise self.unavailable(
                f"{path} answered something else than JSON (expected the API of {self.title})"
            ) from None

    def _check(self, answer: Answer, path: str) -> None:
        if answer.status in _REFUSED:
            had = "its token" if self.token else "the login in the netrc file" if self.login else None
            fact = "no token was found for it" if had is None else f"{had} is not accepted"
            raise self.unavailable(f"it answered {answer.status}: {fact}", hint=login_hint(self.where))
        if answer.status == httpx2.codes.TOO_MANY_REQUESTS:
            raise self.unavailable(
                "it limits how often it is asked (429); what was read is kept", hint="go on later: assay sync"
            )
        if httpx2.codes.is_redirect(answer.status):
            raise self.unavailable(
                f"{path} answered {answer.status}, a redirect, which is not followed (expected the server's own address)"
            )
        if answer.status not in (httpx2.codes.OK, httpx2.codes.CREATED):
            kind = Gone if answer.status == httpx2.codes.NOT_FOUND else Unavailable
            raise self.unavailable(f"{path} answered {answer.status}{self._message(answer)}", kind=kind)
        if answer.is_cut:
            raise self.unavailable(f"{path} answered more than {MOST_ANSWER_BYTES / 2**20:.0f} MB")

    def _message(self, answer: Answer) -> str:
        try:
            told = _json_of(answer.content)
        except (ValueError, RecursionError):
            return ""
        said = (
            told.get("detail") or told.get("message") or told.get("title") if isinstance(told, dict) else None
        )
        return f": {self._unsaid(said)}" if isinstance(said, str) and said.strip() else ""

    def _unsaid(self, text: str) -> str:
        """What a server says, without a secret that it repeats."""
        plain = without_control(" ".join(kept_text(text).split()))
        for secret in (self.token, self.login and self.login[1]):
            plain = plain.replace(secret, "***") if secret else plain
        return plain[:_MESSAGE_CHARACTERS]

    def unavailable(
        self, fact: str, *, hint: str | None = None, kind: type[Unavailable] = Unavailable
    ) -> Unavailable:
        """The error for a server that cannot be read now."""
        return kind(
            f"cannot read {self.title} '{self.where.base}': {fact}",
            code="tracker-unavailable",
            hint=hint or "check the address, and that the server runs, then: assay sync",
        )


def now_here() -> datetime:
    """The time of this machine."""
    return datetime.now(UTC)


def _date(text: str | None) -> datetime | None:
    try:
        found = None if text is None else parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return found if found is not None and found.tzinfo is not None else None


def _json_of(content: bytes) -> Any:
    """As the standard says, else as Python writes it."""
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        return json.loads(content)
