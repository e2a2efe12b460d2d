"""Ask an application directly, byte for byte as a connection would: no client that mends what we break."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes


@dataclass
class Said:
    """An answer."""

    status: int
    headers: dict
    body: bytes
    seconds: float

    @property
    def kind(self):
        return self.headers.get("content-type", "").partition(";")[0]


class Asker:
    """One loop for many questions, as in a server: with a loop for each, threads would be started for each too."""

    def __init__(self, app):
        self.app = app
        self.loop, started = None, threading.Event()

        async def serve():
            self.loop, self.stopped = asyncio.get_running_loop(), asyncio.Event()
            started.set()
            await self.stopped.wait()

        self.thread = threading.Thread(target=asyncio.run, args=(serve(),), daemon=True)
        self.thread.start()
        started.wait()

    def close(self):
        self.loop.call_soon_threadsafe(self.stopped.set)
        self.thread.join()

    def __call__(self, method, target, **more):
        """The answer to one question; `more` as for `scope_of`."""
        return asyncio.run_coroutine_threadsafe(self._said(method, target, **more), self.loop).result()

    def faults(self, questions: Iterable, fault_of: Callable, most: int = 10) -> list[str]:
        """What is wrong with the answers to many questions; it stops after `most` faults.

        Asked one after the other without leaving the loop: to go back and forth for each would take as long as an answer.

        Args:
            questions: name, method, address, and a dictionary of what `scope_of` takes.
            fault_of: of an answer and the name of its question, None where nothing is wrong.
        """

        async def asked():
            found = []
            for name, method, target, more in questions:
                fault = fault_of(await self._said(method, target, **more), name)
                if fault is not None:
                    found.append(fault)
                if len(found) == most:
                    break
            return found

        return asyncio.run_coroutine_threadsafe(asked(), self.loop).result()

    async def _said(self, method, target, *, body=b"", **more):
        scope, began = scope_of(method, target, size=len(body), **more), time.perf_counter()
        async with asyncio.timeout(30):
            status, given, content = await self._ask(scope, body)
        return Said(status, given, content, time.perf_counter() - began)

    async def _ask(self, scope, body):
        messages, answered = iter([{"type": "http.request", "body": body, "more_body": False}]), []

        ended = asyncio.Event()

        async def receive():
            message = next(messages, None)
            if message is None:
                await ended.wait()
            return message or {"type": "http.disconnect"}

        async def send(message):
            answered.append(message)
            if message["type"] == "http.response.body" and not message.get("more_body"):
                ended.set()

        try:
            await self.app(scope, receive, send)
        except Exception as error:  # noqa: BLE001  # the outermost layer answers 500 and raises again
            return 500, {}, repr(error).encode()
        start = next(m for m in answered if m["type"] == "http.response.start")
        content = b"".join(m.get("body", b"") for m in answered if m["type"] == "http.response.body")
        return start["status"], {n.decode(): v.decode("latin-1") for n, v in start["headers"]}, content


def scope_of(method, target, *, size=0, headers=(), kind="application/json", host=b"127.0.0.1"):
    """A request as a server hands it on."""
    raw = [(b"host", host)]
    if size or method in ("POST", "PUT", "PATCH"):
        raw += [(b"content-type", kind.encode()), (b"content-length", str(size).encode())]
    raw += [(name.lower().encode(), value) for name, value in headers]
    raw_path, _, query = target.encode("ascii", "surrogateescape").partition(b"?")
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote_to_bytes(raw_path).decode("utf-8", "replace"),
        "raw_path": raw_path,
        "query_string": query,
        "root_path": "",
        "headers": raw,
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 8765),
    }
