"""Ask an application directly, byte for byte as a connection would: no client that mends what we break."""

import asyncio
import threading
import time
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

    def __call__(self, method, target, *, body=b"", headers=(), kind="application/json", host=b"127.0.0.1"):
        raw = [(b"host", host)]
        if body or method in ("POST", "PUT", "PATCH"):
            raw += [(b"content-type", kind.encode()), (b"content-length", str(len(body)).encode())]
        raw += [(name.lower().encode(), value) for name, value in headers]
        raw_path, _, query = target.encode("ascii", "surrogateescape").partition(b"?")
        scope = {
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
        began = time.perf_counter()
        answer = asyncio.run_coroutine_threadsafe(self._ask(scope, body), self.loop)
        status, given, content = answer.result(timeout=30)
        return Said(status, given, content, time.perf_counter() - began)

    async def _ask(self, scope, body):
        messages, answered = iter([{"type": "http.request", "body": body, "more_body": False}]), []

        async def receive():
            return next(messages, {"type": "http.disconnect"})

        async def send(message):
            answered.append(message)

        try:
            await self.app(scope, receive, send)
        except Exception as error:  # noqa: BLE001  # the outermost layer answers 500 and raises again
            return 500, {}, repr(error).encode()
        start = next(m for m in answered if m["type"] == "http.response.start")
        content = b"".join(m.get("body", b"") for m in answered if m["type"] == "http.response.body")
        return start["status"], {n.decode(): v.decode("latin-1") for n, v in start["headers"]}, content
