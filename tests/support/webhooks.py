"""Real receivers of webhooks on this machine, which fail, hang and are killed as a test asks; and what tells them."""

import http.server
import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count

from assay.connectors.notifications.addresses import NamedHosts
from assay.connectors.notifications.post import WebhookPost
from assay.connectors.signing.sealed import Seals
from assay.domain.notifications.retries import Schedule
from assay.workflows.webhook_ports import WebhookTools

LINKS = "https://assay.example.org"
AT_ONCE = Schedule(
    first=timedelta(microseconds=1),
    longest=timedelta(microseconds=2),
    longest_pause=timedelta(microseconds=2),
)
"""Whatever fails is tried again without a wait."""


def webhook_tools(signer, *, schedule=None, deadline_s=5.0, hosts="127.0.0.1", alone=False):
    """Tools that reach this machine; secrets are numbered, and chance is always in the middle."""
    numbers = count(1)
    return WebhookTools(
        sender=WebhookPost(NamedHosts.of(hosts), deadline_s=deadline_s),
        seals=Seals(signer),
        new_secret=lambda: f"assay_whsec_canary-{next(numbers)}",
        chance=lambda: 0.5,
        link_base=LINKS,
        alone=alone,
        schedule=schedule or Schedule(),
    )


@dataclass
class Message:
    """What a receiver got."""

    path: str
    headers: dict
    body: bytes

    @property
    def id(self):
        return self.headers["Assay-Delivery"]

    @property
    def data(self):
        return json.loads(self.body)


@dataclass
class Receiver:
    """A server; `answers` gives the number of the answer to a message, or does something else with it."""

    url: str
    answers: object = 204
    got: list = field(default_factory=list)

    def answer(self, message):
        self.got.append(message)
        return self.answers(message) if callable(self.answers) else self.answers


@contextmanager
def receiver(answers=204, *, port=0, headers=None, tls=None):
    """A receiver that runs until the block is left."""

    class Takes(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = made.answer(Message(self.path, dict(self.headers), body))
            if status is None:
                return
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", port), Takes) as server:
        server.daemon_threads = True
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
            server.handle_error = lambda *_: None  # who does not believe it goes away
        made = Receiver(f"http://127.0.0.1:{server.server_port}/hooks/canary-path?key=canary-key", answers)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield made
        server.shutdown()
