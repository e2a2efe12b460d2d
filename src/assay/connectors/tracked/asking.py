"""One request to a tracker's server: what it may take in time and size is ours to say, not the server's."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx2

from assay.connectors.outbound import CheckedTransport

CONNECT_S = 5.0
ANSWER_S = 60.0
MAX_ANSWER_BYTES = 64 * 2**20


class Unanswered(Exception):
    """No answer came, or not within its time; the message is the fact."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    content: bytes
    is_cut: bool
    """Was there more of it than was asked to be read?"""


def asking(shown: str, *, auth: tuple[str, str] | None = None) -> httpx2.Client:
    """A client that reads one server: no redirect is followed, no proxy or login of the environment is used.

    Args:
        shown: the server's address as people know it, for errors.
        auth: login and password, when there is one.
    """
    return httpx2.Client(
        auth=None if auth is None else httpx2.BasicAuth(*auth),
        timeout=httpx2.Timeout(ANSWER_S, connect=CONNECT_S),
        transport=CheckedTransport(shown),
        follow_redirects=False,
        trust_env=False,
        headers={"Accept": "application/json", "User-Agent": "assay"},
    )


def answer_to(http: httpx2.Client, method: str, url: str, *, most: int, **sent: Any) -> Answer:
    """The answer to one request, read up to `most` bytes.

    Args:
        http: made by `asking`.
        method: such as GET.
        url: the whole address.
        most: how many bytes are read; what comes behind them is not.
        sent: `params` or `json`.

    Raises:
        Unanswered: nothing came, or it takes longer than `ANSWER_S`.
    """
    deadline = time.monotonic() + ANSWER_S
    content = bytearray()
    try:
        with http.stream(method, url, **sent) as answer:
            for part in answer.iter_bytes(2**16):
                content += part
                if len(content) > most:
                    break
                if time.monotonic() > deadline:
                    raise Unanswered(f"its answer takes longer than {ANSWER_S:.0f} s")
            headers = {name.lower(): value for name, value in answer.headers.items()}
            return Answer(answer.status_code, headers, bytes(content), len(content) > most)
    except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, OSError, UnicodeError) as error:
        raise Unanswered(f"{type(error).__name__}: {str(error)[:160]}") from error
