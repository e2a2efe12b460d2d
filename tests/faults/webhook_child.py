"""Processes that write events and deliver them until they are killed, one after the other.

Each line on stdin, `DATABASE KEY CYCLE`, starts one, forked before anything is open here, so that all of them share the second that
imports take. It tells its id on stdout, then a line for each entry that is durable; its end is told by the process that outlives it.
"""

import os
import sys
import threading
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
    Outbox(ws, look_every_s=0.02).start()
    number = 0
    while True:
        number += 1
        key = f"EXP-{number % TICKETS + 1}"
        event = Event.of("ticket.moved", project=SLUG, subject=key, before="a", after=f"{cycle}-{number}")
        at = ws.clock()
        seq = ws.store.write(lambda tx, event=event, at=at: tx.append(event, actor=Actor("ada"), at=at))
        os.write(1, f"{key} {seq}\n".encode())
        threading.Event().wait(0.015)


def main():
    while line := sys.stdin.readline():
        child = os.fork()
        if child == 0:
            deliver(*line.split())
        _, status = os.waitpid(child, 0)
        os.write(1, f"ended {os.waitstatus_to_exitcode(status)}\n".encode())


if __name__ == "__main__":
    main()
