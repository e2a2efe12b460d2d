"""One tracking server's REST interface: only the addresses that read, with limits on time, size and pages."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from typing import Any, Self, TypeVar
from urllib.parse import quote, urlsplit, urlunsplit

import httpx2

from assay.connectors.tracked.asking import MAX_ANSWER_BYTES, Unanswered, answer_to, asking
from assay.connectors.tracked.logins import belongs, login_in_netrc
from assay.connectors.trackers.mlflow.artifacts import MAX_SCORES_BYTES, RUN_ID, too_large
from assay.errors import Invalid, Unavailable

MAX_RUN_PAGES = 4_000
"""Of 500 runs: two million."""
MAX_EXPERIMENTS = 100_000
MAX_FILE_PAGES = 100
MAX_CURVE_POINTS = 5_000_000
"""Of one metric of one run."""
HISTORY_PAGE_POINTS = 25_000
MAX_HISTORY_PAGES = 20_000
"""A server may give smaller pages than were asked for."""
MAX_PAGE_BYTES = 32 * 2**20
"""Of an answer that holds at most 25,000 points, or 1,000 experiments."""
_LOGIN = ("USERNAME", "PASSWORD", "TOKEN")
_UNKNOWN_LOGIN = (401, 403)
_API = "/api/2.0/mlflow"
_Error = TypeVar("_Error", bound=Unavailable)


class Refused(Unavailable):
    """The server answers, and not with what was asked for."""

    status = 0
    """What it answered, of HTTP."""


class TooMuchTold(Unavailable):
    """A run holds more than is read."""


class RestClient:
    """Asks one server. Never follows a redirect, never uses a proxy, nor a login that belongs to another server.

    Raises:
        Invalid: the address is none of a server, or (when first asked) one that is never connected to.
    """

    def __init__(self, uri: str) -> None:
        self.shown = without_password(uri)
        parts = urlsplit(uri)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise Invalid(
                f"cannot read tracker '{self.shown}': not the address of a server (expected http://HOST:PORT)",
                hint="assay connect mlflow http://127.0.0.1:5000",
                code="tracker-uri-unknown",
                field="uri",
            )
        self.base = urlunsplit(
            (parts.scheme, parts.netloc.rpartition("@")[2], parts.path.rstrip("/"), "", "")
        )
        said = (parts.username, parts.password or "") if parts.username else None
        login, token = (said, "") if said else login_for(self.base, os.environ)
        self._knows_login = bool(login or token)
        self._http = asking(self.shown, auth=login)
        if token:
            self._http.headers["Authorization"] = f"Bearer {token}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._http.close()

    def version(self) -> str:
        """Which MLflow answers? Raises Unavailable when none does."""
        text = self._ask("GET", "/version", None)[:40].decode("utf-8", "replace").strip()
        return text or "of unknown version"

    def experiments(self) -> Iterator[dict[str, Any]]:
        """All experiments, deleted ones included."""
        asked = {"max_results": 1000, "view_type": "ALL"}
        told = 0
        for page in self._answers(
            "POST", "experiments/search", asked, pages=MAX_EXPERIMENTS, limit=MAX_PAGE_BYTES
        ):
            found = _dicts(page.get("experiments"))
            told += len(found)
            if told > MAX_EXPERIMENTS:
                raise self.unavailable(f"it has more than {MAX_EXPERIMENTS} experiments")
            yield from found

    def run_pages(self, experiment_ids: list[str], page_size: int) -> Iterator[list[dict[str, Any]]]:
        """All runs of these experiments, deleted ones included, oldest first, page by page."""
        body = {
            "experiment_ids": experiment_ids,
            "run_view_type": "ALL",
            "max_results": page_size,
            "order_by": ["attributes.start_time ASC"],
        }
        for page in self._answers("POST", "runs/search", body, pages=MAX_RUN_PAGES):
            yield _dicts(page.get("runs"))

    def has_run(self, run_id: str) -> bool:
        """Is there such a run, deleted or not?"""
        if not RUN_ID.match(run_id):
            return False
        content = self._ask("GET", f"{_API}/runs/get", {"run_id": run_id}, missing=b"{}")
        return content != b"{}"

    def history(self, run_id: str, metric: str) -> Iterator[list[dict[str, Any]]]:
        """Every logged point of one metric of one run, page by page.

        Raises:
            TooMuchTold: there are more than are read.
        """
        asked = {"run_id": run_id, "metric_key": metric, "max_results": HISTORY_PAGE_POINTS}
        told = 0
        for page in self._answers(
            "GET", "metrics/get-history", asked, pages=MAX_HISTORY_PAGES, limit=MAX_PAGE_BYTES
        ):
            found = _dicts(page.get("metrics"))
            told += len(found)
            if told > MAX_CURVE_POINTS:
                raise TooMuchTold(
                    f"more than {MAX_CURVE_POINTS:,} points of the metric {metric[:60]!r}",
                    code="tracker-unavailable",
                )
            yield found

    def files(self, run_id: str, folder: str) -> dict[str, int]:
        """Files directly below a folder of a run's artifacts, with their size in bytes."""
        found: dict[str, int] = {}
        asked = {"run_id": run_id, "path": folder}
        pages = self._answers("GET", "artifacts/list", asked, pages=MAX_FILE_PAGES, limit=MAX_PAGE_BYTES)
        for entry in (entry for page in pages for entry in _dicts(page.get("files"))):
            if not entry.get("is_dir") and isinstance(entry.get("path"), str):
                found[entry["path"]] = as_integer(entry.get("file_size")) or 0
        return found

    def artifact(self, run_id: str, path: str) -> bytes:
        """One artifact through the server: the path is ours, the id is checked, so nothing else can be named."""
        if not RUN_ID.match(run_id):
            raise Invalid(
                f"cannot read scores '{path}': run id {run_id[:64]!r} is none of MLflow's (expected letters and digits)",
                hint="look at the address of the source: assay source list",
            )
        where = f"/get-artifact?path={quote(path, safe='')}&run_uuid={quote(run_id, safe='')}"
        content = self._ask("GET", where, None, limit=MAX_SCORES_BYTES + 1, cut=True)
        if len(content) > MAX_SCORES_BYTES:
            raise too_large(path)
        return content

    def _answers(
        self, method: str, path: str, asked: Mapping[str, Any], *, pages: int, limit: int | None = None
    ) -> Iterator[dict[str, Any]]:
        token: str | None = None
        seen: set[int] = set()
        for _ in range(pages):
            body = {**asked, **({"page_token": token} if token else {})}
            answer = self._json(method, f"{_API}/{path}", body, limit=limit)
            yield answer
            token = answer.get("next_page_token") or None
            if token is None:
                return
            if not isinstance(token, str) or hash(token) in seen:
                raise self.unavailable(f"'{path}' repeats a page (expected each once)")
            seen.add(hash(token))  # a token may be a megabyte
        raise self.unavailable(f"'{path}' has more than {pages} pages")

    def _json(
        self, method: str, path: str, asked: Mapping[str, Any], *, limit: int | None = None
    ) -> dict[str, Any]:
        try:
            answer = json.loads(self._ask(method, path, asked, limit=limit))
        except (ValueError, RecursionError) as error:
            raise self.unavailable(f"'{path}' answered something else than JSON") from error
        if not isinstance(answer, dict):
            raise self.unavailable(f"'{path}' answered a {type(answer).__name__} (expected an object)")
        return answer

    def _ask(
        self,
        method: str,
        path: str,
        asked: Mapping[str, Any] | None,
        *,
        limit: int | None = None,
        cut: bool = False,
        missing: bytes | None = None,
    ) -> bytes:
        """The body of one answer, or where `cut` its beginning; `missing` where there is nothing under that name."""
        most = limit if limit is not None and (cut or limit < MAX_ANSWER_BYTES) else MAX_ANSWER_BYTES
        sent = {} if asked is None else {"params" if method == "GET" else "json": dict(asked)}
        try:
            answer = answer_to(self._http, method, self.base + path, most=most, **sent)
        except Unanswered as error:
            raise self.unavailable(str(error)) from error
        if answer.status == httpx2.codes.NOT_FOUND and missing is not None:
            return missing
        if answer.status != httpx2.codes.OK:
            refused = self._error(Refused, _refusal(answer.status, answer.content))
            refused.status = answer.status
            if answer.status in _UNKNOWN_LOGIN:
                refused.hint = self._login_hint()
            raise refused
        if answer.is_cut and not cut:
            raise self.unavailable(f"'{path}' answered more than {most / 2**20:.0f} MB")
        return answer.content

    def unavailable(self, fact: str) -> Unavailable:
        """The error for a server that cannot be read now."""
        return self._error(Unavailable, fact)

    def _login_hint(self) -> str:
        if self._knows_login:
            return "look whether the login that was sent may read there"
        host = urlsplit(self.base).netloc
        return (
            f"where Assay runs, set MLFLOW_TRACKING_URI={self.base} with MLFLOW_TRACKING_USERNAME and "
            f"MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN; or give ~/.netrc an entry for {host}"
        )

    def _error(self, kind: type[_Error], fact: str) -> _Error:
        return kind(
            f"cannot read MLflow server '{self.shown}': {fact}",
            code="tracker-unavailable",
            hint="check the address, and that the server runs: mlflow server --port 5000",
        )


def login_for(base: str, environment: Mapping[str, str]) -> tuple[tuple[str, str] | None, str]:
    """The login or else the token that belongs to this server, taken as MLflow's own client takes them.

    >>> lab = {"MLFLOW_TRACKING_URI": "https://lab.example", "MLFLOW_TRACKING_TOKEN": "t", "NETRC": "/none"}
    >>> login_for("https://lab.example", lab), login_for("https://other.example", lab), login_for("http://lab.example", lab)
    ((None, 't'), (None, ''), (None, ''))
    """
    if belongs(environment.get("MLFLOW_TRACKING_URI", "").strip(), base):
        name, password, token = (environment.get(f"MLFLOW_TRACKING_{what}", "").strip() for what in _LOGIN)
        if name and password:
            return (name, password), ""
        if token.isascii() and token.isprintable() and token:
            return None, token
    return login_in_netrc(urlsplit(base).netloc.lower(), environment), ""


def without_password(uri: str) -> str:
    """An address as it may be shown and logged.

    >>> without_password("https://ada:secret@mlflow.example:5000/x")
    'https://ada:***@mlflow.example:5000/x'
    """
    scheme, separator, rest = uri.partition("://")
    authority, slash, path = rest.partition("/")
    login, _, host = authority.rpartition("@")
    name, colon, _ = login.partition(":")
    return f"{scheme}{separator}{name}:***@{host}{slash}{path}" if colon else uri


def as_integer(value: object) -> int | None:
    """A whole number from protobuf's JSON, where 64-bit numbers may be texts."""
    if isinstance(value, bool):
        return None
    try:
        number = int(value) if isinstance(value, int | str) else None
    except ValueError:
        return None
    return number if number is not None and -(2**63) <= number < 2**63 else None


def as_float(value: object) -> float:
    """A number from protobuf's JSON, where NaN and infinities are texts; whatever is no number becomes NaN."""
    try:
        return float(value) if isinstance(value, int | float | str) else float("nan")
    except (ValueError, OverflowError):
        return float("nan")


def _dicts(values: object) -> list[dict[str, Any]]:
    return [value for value in values if isinstance(value, dict)] if isinstance(values, list) else []


def _refusal(status: int, content: bytes) -> str:
    if httpx2.codes.is_redirect(status):
        return f"it answered {status}, a redirect, which is not followed (expected the server's own address)"
    try:
        told = json.loads(content[:10_000])
        message = str(told.get("message", "")) if isinstance(told, dict) else ""
    except (ValueError, RecursionError):
        message = ""
    return f"it answered {status}" + (f": {message[:200]}" if message else "")
