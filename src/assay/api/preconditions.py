"""On which version was this edit based, and was this POST sent before?"""

from __future__ import annotations

import re
from collections.abc import Callable
from hashlib import sha256
from typing import Annotated

from fastapi import Depends, Request
from starlette.responses import Response

from assay.api.permissions import actor_of
from assay.errors import Invalid
from assay.workflows.idempotency import Remember
from assay.workflows.records import StoredAnswer

_ETAG = re.compile(r'(?:W/)?"([0-9]{1,18})"|([0-9]{1,18})', re.ASCII)
_KEY = re.compile(r"[\x21-\x7e]{1,200}", re.ASCII)
REPLAYED = "idempotency-replayed"


def etag(version: int) -> str:
    """The ETag of a version."""
    return f'"{version}"'


async def expected_version(request: Request) -> int | None:
    """The version in If-Match; None for `*`, which accepts any.

    Raises:
        Invalid: the header is missing (428) or malformed.
    """
    given = request.headers.get("if-match")
    if given is None:
        raise Invalid(
            "cannot change this: the header If-Match is missing (expected the ETag of the version you saw)",
            hint='read it first and send its ETag, such as If-Match: "3"; If-Match: * takes any version',
            code="if-match-missing",
            field="If-Match",
        )
    text = given.strip()
    if text == "*":
        return None
    found = _ETAG.fullmatch(text)
    if found is None:
        raise Invalid(
            f'cannot read header If-Match: found {ascii(text)[:60]} (expected an ETag such as "3", or *)',
            hint="send the ETag that the last answer carried",
            code="if-match-malformed",
            field="If-Match",
        )
    return int(found[1] or found[2])


ExpectedVersion = Annotated[int | None, Depends(expected_version)]


def remembered(request: Request, body: bytes, render: Callable[[object], Response]) -> Remember | None:
    """How this POST's answer is kept; None where no Idempotency-Key came with it.

    Raises:
        Invalid: the key is malformed.
    """
    key = request.headers.get("idempotency-key")
    if key is None:
        return None
    if _KEY.fullmatch(key) is None:
        raise Invalid(
            f"cannot read header Idempotency-Key: found {ascii(key)[:60]} (expected 1 to 200 visible ASCII characters)",
            hint="send a random identifier, such as a UUID",
            code="idempotency-key-malformed",
            field="Idempotency-Key",
        )
    asked = b"\n".join((request.url.path.encode(), request.headers.get("if-match", "").encode(), body))

    def kept(result: object) -> tuple[int, bytes, dict[str, str]]:
        response = render(result)
        carried = {name: value for name, value in response.headers.items() if name in ("etag", "location")}
        media_type = response.headers.get("content-type", "application/json")
        return response.status_code, bytes(response.body), {"content-type": media_type, **carried}

    return Remember(
        scope=f"{actor_of(request).name} {request.method}",
        key=key,
        request_digest=sha256(asked).hexdigest(),
        render=kept,
    )


async def sent_body(request: Request) -> bytes:
    """The bytes of the body."""
    return await request.body()


SentBody = Annotated[bytes, Depends(sent_body)]


def replay_response(answer: StoredAnswer) -> Response:
    """The answer that was given before."""
    return Response(answer.body, status_code=answer.status, headers={**answer.headers, REPLAYED: "true"})
