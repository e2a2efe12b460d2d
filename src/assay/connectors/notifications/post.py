"""One message to one receiver: sent once, to a checked address, within a deadline, and nothing of the answer is kept but its number."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from time import monotonic
from typing import Any

import httpx2

from assay.connectors.notifications.addresses import NamedHosts, known_reason, refused_address
from assay.connectors.outbound import CheckedTransport
from assay.domain.notifications.webhooks import shown_address
from assay.errors import Invalid
from assay.workflows.webhook_ports import Answer

CONNECT_S = 5.0
DEADLINE_S = 10.0
"""For the whole of it, so that a receiver that lets its answer drip holds nobody up."""
LONGEST_RETRY_AFTER_S = 86_400


class WebhookPost:
    """Posts messages to receivers (port `MessageSender`).

    Args:
        hosts: what the installation allows although it is not public.
        deadline_s: for one message, from the connection to the head of the answer.
    """

    def __init__(self, hosts: NamedHosts, *, deadline_s: float = DEADLINE_S) -> None:
        self._hosts = hosts
        self._deadline_s = deadline_s

    def send(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Post it, follow nothing, read nothing. What goes wrong is an answer without a number."""
        begun = monotonic()
        try:
            status, wait_s = self._post(url, body, headers)
        except Invalid as error:
            return Answer(None, error.message, refused=True, took_s=monotonic() - begun)
        except (httpx2.TransportError, OSError, ValueError) as error:
            over = monotonic() - begun >= self._deadline_s
            said = f"no answer within {self._deadline_s:g} s" if over else _fact(error)
            return Answer(None, said, took_s=monotonic() - begun)
        return Answer(status, _said(status), took_s=monotonic() - begun, wait_s=wait_s)

    def check(self, url: str) -> None:
        """Refused where this address may not be asked as it stands; a name that nobody knows yet may be.

        Raises:
            Invalid: it may not.
        """
        asked = _parsed(url)
        with suppress(OSError):
            self._look_up(asked, asked.raw_host.decode("ascii"))

    def _look_up(self, url: httpx2.URL, host: str) -> tuple[str, ...]:
        return self._hosts.look_up(host, shown=shown_address(str(url)), scheme=url.scheme)

    def _post(self, url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, float | None]:
        asked, watch = _parsed(url), _Watch(self._deadline_s)
        times = {
            "connect": min(CONNECT_S, self._deadline_s),
            **dict.fromkeys(("read", "write", "pool"), self._deadline_s),
        }
        transport = CheckedTransport(
            shown_address(url), lambda host: self._look_up(asked, host), tls=_believed()
        )
        # Not through a client, which would write the whole address, where secrets stand, to its log.
        request = httpx2.Request(
            "POST",
            asked,
            content=body,
            headers={**headers, "Connection": "close"},
            extensions={"timeout": times, "trace": watch.saw},
        )
        with watch:
            try:
                response = transport.handle_request(request)
                try:
                    return response.status_code, _asked_wait_s(response.headers)
                finally:
                    response.close()
            finally:
                transport.close()


@cache
def _believed() -> ssl.SSLContext:
    """Whose certificates are believed: read once a process."""
    return httpx2.create_ssl_context(trust_env=False)


def _parsed(url: str) -> httpx2.URL:
    """The address as the client reads it, whose host is therefore the one that is looked at."""
    try:
        return httpx2.URL(url)
    except httpx2.InvalidURL as error:
        raise refused_address(shown_address(url), "it is no address") from error


class _Watch:
    """Ends a connection whose time is over: the time-outs of the client begin anew with every byte that comes."""

    def __init__(self, deadline_s: float) -> None:
        self._timer = threading.Timer(deadline_s, self._end)
        self._timer.daemon = True
        self._sockets: list[Any] = []
        self._is_over = False

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def saw(self, event: str, info: Mapping[str, Any]) -> None:
        """What the client tells of its connections."""
        if event == "connection.connect_tcp.complete":
            self._sockets.append(info["return_value"].get_extra_info("socket"))
            if self._is_over:
                self._end()

    def _end(self) -> None:
        self._is_over = True
        for one in self._sockets:
            with suppress(OSError):
                socket.socket.shutdown(one, socket.SHUT_RDWR)


def _asked_wait_s(headers: httpx2.Headers) -> float | None:
    """Seconds in Retry-After; its other form, a date, says nothing that our own schedule does not."""
    text = headers.get("retry-after", "")
    if text.isascii() and text.isdigit() and len(text) < 7:
        return float(min(int(text), LONGEST_RETRY_AFTER_S))
    return None


def _said(status: int) -> str:
    if 200 <= status < 300:
        return ""
    if 300 <= status < 400:
        return f"it answers {status}, a redirect, which is not followed"
    return f"it answers {status}"


def _fact(error: Exception) -> str:
    if isinstance(error, httpx2.ConnectTimeout):
        return f"no connection within {CONNECT_S:g} s"
    if isinstance(error, httpx2.TimeoutException):
        return "it takes too long to answer"
    if isinstance(error, httpx2.ConnectError):
        return f"no connection: {_plain(error)}"
    if isinstance(error, httpx2.TransportError):
        return f"the connection broke: {_plain(error)}"
    return known_reason(error) if isinstance(error, OSError) else f"it cannot be sent: {_plain(error)}"


def _plain(error: Exception) -> str:
    """What a system says, without its number."""
    return str(error).partition("] ")[2][:200] or str(error)[:200] or type(error).__name__
