"""Processes that deliver, and processes that receive, until they are killed.

Each line on stdin starts one, forked before anything is open here, so that all of them share the second that imports take:
`deliver DATABASE KEY CYCLE` writes entries and delivers them, `receive PORT LOG SEED` takes them, now and then badly. Its id is
told on stdout, then what it has to say; its end is told by the process that outlives it.
"""

import http.server
import json
import os
import random
import sys
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from assay.connectors.signing.ed25519 import SigningKey
from assay.domain.kernel.events import Event
from assay.domain.notifications.retries import Schedule
from assay.server.outbox import Outbox
from assay.storage import open_store
from assay.workflows.actor import Actor
from assay.workflows.ports import Workspace
from tests.support.webhooks import webhook_tools

SLUG = "vision"
TICKETS = 4
DEADLINE_S = 0.1
MS = timedelta(milliseconds=1)
PATIENT = Schedule(first=2 * MS, longest=8 * MS, longest_pause=8 * MS, most_tries=10**6, most_own_tries=10**6)


def workspace(url, key):
    """What delivers from this database."""
    store = open_store(url)
    signer = SigningKey.load_or_create(Path(key))
    tools = webhook_tools(signer, schedule=PATIENT, deadline_s=DEADLINE_S, alone=True)
    return Workspace(
        store=store, clock=lambda: datetime.now(UTC), sources={}, read_scores=dict, read_upload=None, read_ids=None, search_leaks=None,
        list_artifacts=None, signer=signer, instance_id=store.instance_id(), webhooks=tools,
    )  # fmt: skip


def deliver(url, key, cycle):
    """Write entries for ever and deliver them; an entry is told on stdout after it is durable."""
    os.write(1, f"{os.getpid()}\n".encode())
    ws = workspace(url, key)
    Outbox(ws, look_every_s=0.005).start()
    number = 0
    while True:
        number += 1
        key = f"EXP-{number % TICKETS + 1}"
        event = Event.of("ticket.moved", project=SLUG, subject=key, before="a", after=f"{cycle}-{number}")
        at = ws.clock()
        seq = ws.store.write(lambda tx, event=event, at=at: tx.append(event, actor=Actor("ada"), at=at))
        os.write(1, f"{key} {seq}\n".encode())
        threading.Event().wait(0.01)


class Takes(http.server.BaseHTTPRequestHandler):
    """Notes what it took before it says so, as a receiver should."""

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        dice = self.server.chance.random()
        if dice < 0.1:
            threading.Event().wait(2 * DEADLINE_S)
            return
        if dice < 0.2:
            return
        status = 500 if dice < 0.35 else 404 if dice < 0.4 else 204
        if status == 204:
            line = f"{body['ticket']} {body['seq']} {body['id']} {self.headers['Assay-Delivery']}\n"
            os.write(self.server.log, line.encode())
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def receive(port, log, seed):
    """Take messages until killed."""
    with http.server.HTTPServer(("127.0.0.1", int(port)), Takes) as server:
        server.log = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        server.chance = random.Random(int(seed))
        os.write(1, f"{os.getpid()}\n".encode())
        server.serve_forever()


def main():
    roles = {"deliver": deliver, "receive": receive}
    while line := sys.stdin.readline():
        role, *words = line.split()
        child = os.fork()
        if child == 0:
            with suppress(BrokenPipeError):
                roles[role](*words)
            os._exit(1)
        _, status = os.waitpid(child, 0)
        os.write(1, f"ended {os.waitstatus_to_exitcode(status)}\n".encode())


if __name__ == "__main__":
    main()
