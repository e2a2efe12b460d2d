"""The guard at the door: which hosts, which origins, which bodies get in, and what every answer must say.

Local mode has no login, so a web page of a stranger, opened in the same browser, is the attacker: it may send requests to
loopback. It cannot send our Host after a DNS rebinding, cannot read our token, and cannot leave out its Origin.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Mapping
from secrets import token_urlsafe
from urllib.parse import urlsplit

from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assay.errors import AssayError, Forbidden, Invalid
from assay.server.strict_input import check_nul, check_query, check_text, read_form, read_json
from assay.statuses import http_status
from assay.workflows.actor import Actor

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
API_PREFIX = "/api/"
_COMPARISONS = ("/comparison", "/comparison/curves")
_LISTS = frozenset({"run", "config", "metric"})
"""Of a comparison of runs: several runs, parameters and metrics may be named."""
CSRF_COOKIE = "assay_csrf"
CSRF_HEADER = "x-csrf-token"
CSRF_FIELD = "csrf_token"
MAX_BODY_BYTES = 1_048_576
MAX_UPLOAD_BYTES = 67_108_864
"""Forms that carry files: evaluation results, attachments, the history of another board."""
TAKES_FILES = re.compile(
    r"/p/[^/]+/gates(/[^/]+(/runs)?)?|/api/v1/projects/[^/]+/gates/[^/]+/runs"
    r"|/p/[^/]+/history|/p/[^/]+/t/[^/]+/files|/api/v1/projects/[^/]+/tickets/[^/]+/attachments"
)
UPLOAD = "multipart/form-data"
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'"
)
HEADERS = (
    ("content-security-policy", CSP),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "same-origin"),
    ("x-frame-options", "DENY"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
)


Headers = Mapping[str, str]
"""By lower-case name; of a header that was sent twice, the first."""


class BodyTooLarge(Invalid):
    """The body is larger than this server reads."""

    code = "body-too-large"


class Guard:
    """ASGI middleware around everything: host, origin, token, body limits, response headers."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        hosts: frozenset[str],
        actor: Actor,
        refuse: Callable[[Scope, AssayError, int], ASGIApp],
    ) -> None:
        self.app = app
        self.hosts = hosts
        self.actor = actor
        self.refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = _read_headers(scope)
        token = _cookie_token(headers)
        # A fresh token is for pages: drawing one from the system's randomness costs more than a whole move.
        is_page = scope["method"] in SAFE_METHODS and not scope["path"].startswith(API_PREFIX)
        fresh = token or (token_urlsafe(24) if is_page else "")
        scope.setdefault("state", {}).update(csrf_token=fresh, actor=self.actor)
        answer = _with_headers(send, new_token=fresh if is_page and not token else None)
        try:
            self._check_host(headers)
            _check_target(scope)
            if scope["method"] not in SAFE_METHODS:
                files = _content_type(headers) == UPLOAD and TAKES_FILES.fullmatch(scope["path"]) is not None
                body = await _read_body(headers, receive, most=MAX_UPLOAD_BYTES if files else MAX_BODY_BYTES)
                _check_origin(headers)
                if not files:
                    _check_body(headers, body)
                _check_token(headers, token, body)
                receive = _replay(body, receive)
        except AssayError as error:
            status = http_status(error)
            await self.refuse(scope, error, status)(scope, receive, answer)
            return
        await self.app(scope, receive, answer)

    def _check_host(self, headers: Headers) -> None:
        host = headers.get("host", "")
        name = host[: host.rfind("]") + 1] if host.startswith("[") else host.partition(":")[0]
        if name.lower() not in self.hosts:
            raise Forbidden(
                f"cannot answer for host {host[:80]!r}: not one of this server's names "
                f"(expected {', '.join(sorted(self.hosts))})",
                hint="add it to allowed_hosts in assay.toml if it is yours",
                code="host-unknown",
            )


def _read_headers(scope: Scope) -> Headers:
    """Read once: a look at each name in turn would go through all of them every time."""
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in reversed(scope["headers"])}


def _check_target(scope: Scope) -> None:
    query = scope.get("query_string", b"")
    check_nul(scope.get("raw_path") or scope["path"].encode("utf-8", "surrogatepass"), query)
    check_text(scope["path"], "path")
    if query and scope["path"].startswith(API_PREFIX):
        compares = scope["path"].rstrip("/").endswith(_COMPARISONS)
        check_query(query, lists=_LISTS if compares else frozenset())


async def _read_body(headers: Headers, receive: Receive, *, most: int) -> bytes:
    declared = headers.get("content-length", "0")
    if not (declared.isascii() and declared.isdigit()) or int(declared[:20]) > most:
        raise _too_large(most)
    parts, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        part = message.get("body", b"")
        size += len(part)
        if size > most:
            raise _too_large(most)
        parts.append(part)
        if not message.get("more_body", False):
            break
    return b"".join(parts)


def _too_large(most: int) -> BodyTooLarge:
    return BodyTooLarge(
        f"cannot read request: its body is too large (expected at most {most} bytes)",
        hint="send less at a time",
    )


def _check_origin(headers: Headers) -> None:
    site = headers.get("sec-fetch-site", "none")
    if site not in ("same-origin", "none"):
        raise _foreign(f"a request from another site ({site})")
    origin = headers.get("origin")
    if origin is not None and urlsplit(origin).netloc.lower() != headers.get("host", "").lower():
        raise _foreign(f"a request from {origin[:80]!r}")


def _foreign(found: str) -> Forbidden:
    return Forbidden(
        f"cannot accept {found}: (expected one from this server's own pages)",
        hint="open the page here and try again",
        code="origin-foreign",
    )


def _check_token(headers: Headers, token: str | None, body: bytes) -> None:
    """Programs send JSON or files and neither Origin nor cookies; browsers always send an Origin with such a request."""
    kind = _content_type(headers)
    browser = "origin" in headers or "sec-fetch-site" in headers or "cookie" in headers
    if not browser and (kind in (JSON, UPLOAD) or not body):
        return
    given = headers.get(CSRF_HEADER)
    if given is None and kind == FORM:
        given = read_form(body).get(CSRF_FIELD)
    if given is None and kind == UPLOAD:
        given = _first_field(body, CSRF_FIELD)
    if token is None or given is None or not hmac.compare_digest(token.encode(), given.encode()):
        raise Forbidden(
            "cannot accept this form: its security token is missing or of another session (expected the token of "
            "a page opened here)",
            hint="reload the page and send it again; what you typed is kept by the browser's Back button",
            code="csrf-token-missing",
        )


def _first_field(body: bytes, name: str) -> str | None:
    """The value of a multipart form's first field, if it has this name: nothing behind it is looked at before it is right."""
    head, _, rest = body[:4096].partition(b"\r\n\r\n")
    boundary, _, told = head.partition(b"\r\n")
    if told.strip().lower() != f'content-disposition: form-data; name="{name}"'.encode():
        return None
    value, ends, _ = rest.partition(b"\r\n" + boundary)
    return value.decode("latin-1") if ends and boundary.startswith(b"--") else None


def _content_type(headers: Headers) -> str:
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def _check_body(headers: Headers, body: bytes) -> None:
    if not body:
        return
    if "content-encoding" in headers:
        raise _unsupported(f"content-encoding {headers['content-encoding'][:40]!r}", "a plain body")
    kind = _content_type(headers)
    if kind == JSON:
        read_json(body)
    elif kind == FORM:
        read_form(body)
    else:
        raise _unsupported(f"content-type {kind[:60]!r}", f"{JSON} or {FORM}")


def _unsupported(found: str, expected: str) -> Invalid:
    return Invalid(
        f"cannot read request: found {found} (expected {expected})",
        hint="send it as docs/api.md shows",
        code="content-type-unsupported",
    )


def _replay(body: bytes, receive: Receive) -> Receive:
    sent = False

    async def again() -> Message:
        nonlocal sent
        if sent:
            return await receive()
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def _cookie_token(headers: Headers) -> str | None:
    token = cookie_parser(headers.get("cookie", "")).get(CSRF_COOKIE)
    return token if token and 20 <= len(token) <= 100 and token.isascii() else None


def _with_headers(send: Send, *, new_token: str | None) -> Send:
    async def add(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = [*message.get("headers", ())]
            present = {name for name, _ in headers}
            headers.extend(pair for pair in _ENCODED if pair[0] not in present)
            if new_token is not None and _is_html(headers):
                cookie = f"{CSRF_COOKIE}={new_token}; Path=/; HttpOnly; SameSite=Strict"
                headers.append((b"set-cookie", cookie.encode()))
            message["headers"] = headers
        await send(message)

    return add


_ENCODED = tuple((name.encode(), value.encode()) for name, value in (*HEADERS, ("cache-control", "no-store")))


def _is_html(headers: list[tuple[bytes, bytes]]) -> bool:
    return any(name == b"content-type" and value.startswith(b"text/html") for name, value in headers)
