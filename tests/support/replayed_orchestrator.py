"""An orchestrator for tests: the answers that real servers gave, told again over real HTTP.

The answers were recorded on 22 November 2026 from Airflow 3.1.8 and 2.10.5, Dagster 1.13.27 and Prefect 3.8.8, each with a pipeline that
succeeded, one that failed and one that was running; fields that nobody reads are left out (`recorded_orchestrators.json`).
Kubeflow Pipelines cannot run here: what stands there for it is made after the API that it publishes.

A question is known by method, path and what is asked, whatever times stand in it. What was not recorded is answered with 404.
"""

import contextlib
import copy
import http.server
import json
import re
import threading
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

RECORDED = json.loads((Path(__file__).parent / "recorded_orchestrators.json").read_text())
AT = datetime(2026, 11, 22, 13, 25, tzinfo=UTC)
"""A moment just after they were recorded."""
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ][0-9:.]+(?:Z|[+-]\d\d:\d\d)|\b\d{10}(?:\.\d+)?\b")


def shape(asked):
    """What is asked, without its times; of a query only the name."""
    said = _TIME.sub("TIME", json.dumps(asked, sort_keys=True))
    return re.sub(r'"query": "(?:\\n)*query (\w+)[^"]*"', r'"query": "\1"', said)


class Replayed:
    """One orchestrator: its answers, which a test may change, and what it was asked."""

    def __init__(self, kind):
        self.answers = copy.deepcopy(RECORDED[kind])
        self.asked = []
        self.heads = []
        self.instead = None
        """From method and path to status, headers and bytes that are answered instead; None from it answers as recorded."""

    def told(self, path, *, asked=""):
        """What is answered to the first question with this in its path and in what it asks."""
        return next(
            one["told"] for one in self.answers if path in one["path"] and asked in shape(one["asked"])
        )

    def answer(self, method, path, asked):
        """Status and content."""
        self.asked.append((method, path, shape(asked)))
        found = [one for one in self.answers if (one["method"], one["path"]) == (method, path)]
        same = [one for one in found if shape(one["asked"]) == shape(asked)]
        if not same and path.endswith("/filter"):
            return 200, []  # as Prefect answers where nothing is found
        if not same:
            return 404, {"detail": f"not recorded: {path}"}
        return same[0]["status"], same[0]["told"]


@contextlib.contextmanager
def running(kind, *, below=""):
    """The address of an orchestrator, and the `Replayed` behind it; `below` is a path that its API lies under."""
    replayed = Replayed(kind)

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_GET(self):
            url = urlsplit(self.path)
            self._answer("GET", url.path, dict(parse_qsl(url.query)))

        def do_POST(self):
            sent = self.rfile.read(int(self.headers["content-length"]))
            self._answer("POST", urlsplit(self.path).path, json.loads(sent))

        def _answer(self, method, path, asked):
            replayed.heads.append(dict(self.headers))
            path = path.removeprefix(below)
            instead = replayed.instead and replayed.instead(method, path)
            if instead is None:
                status, told = replayed.answer(method, path, asked)
                instead = status, {}, json.dumps(told).encode()
            status, headers, content = instead
            self.send_response_only(status)
            for name, value in {"date": AT.strftime("%a, %d %b %Y %H:%M:%S GMT"), **headers}.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            with contextlib.suppress(OSError):
                self.wfile.write(content)

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", replayed
    finally:
        server.shutdown()
        server.server_close()
