"""Eight threads that write until they are killed. Each line on stdout is an acknowledgement: the write was durable.

Waits for a line on stdin that names the database, so that the interpreter is ready before it is needed.
"""

import os
import sys
import threading
from contextlib import suppress
from datetime import UTC, datetime

from assay.domain.experiments.experiment import TicketContent
from assay.domain.kernel.events import Event
from assay.storage import open_store
from assay.workflows.actor import Actor
from assay.workflows.records import StoredAnswer

AT = datetime(2026, 5, 12, tzinfo=UTC)
ADA = Actor("ada")
WRITERS = 8


def create(tx, project, token):
    ticket = tx.add_ticket(project, TicketContent(title=token), stage="backlog", rank=1.0, by="ada", at=AT)
    event = Event.of("ticket.created", project="vision", subject=ticket.key, token=token)
    seq = tx.append(event, actor=ADA, at=AT)
    tx.put_answer("faults", token, StoredAnswer(token, 201, ticket.key.encode(), {}), at=AT)
    return ticket, seq


def move(tx, ticket):
    moved = tx.place_ticket(ticket, stage="hypothesis", rank=2.0, at=AT)
    tx.add_note(ticket.id, text="moved", by="ada", at=AT)
    return moved, tx.append(Event.of("ticket.moved", project="vision", subject=ticket.key), actor=ADA, at=AT)


def refused(tx, project):
    tx.add_ticket(project, TicketContent(title="never"), stage="backlog", rank=1.0, by="ada", at=AT)
    tx.append(Event.of("ticket.created", project="vision", subject="never", token="never"), actor=ADA, at=AT)
    raise KeyError("refused")


def write_for_ever(store, project, name):
    number = 0
    while True:
        number += 1
        token = f"{name}-{number}"
        ticket, seq = store.write(lambda tx, token=token: create(tx, project, token))
        os.write(1, f"created {seq} {ticket.key} {token}\n".encode())
        moved, seq = store.write(lambda tx, ticket=ticket: move(tx, ticket))
        os.write(1, f"moved {seq} {moved.key} {token}\n".encode())
        if number % 5 == 0:
            with suppress(KeyError):
                store.write(lambda tx: refused(tx, project))


def main():
    os.write(1, b"ready\n")
    path, cycle = sys.stdin.readline().split()
    store = open_store(f"sqlite:///{path}")
    with store.read() as tx:
        project = tx.project("vision")
    threads = [
        threading.Thread(target=write_for_ever, args=(store, project, f"c{cycle}w{writer}"))
        for writer in range(WRITERS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
