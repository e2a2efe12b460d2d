"""Eight threads that write until they are killed. Each line on stdout is an acknowledgement: the write was durable.

Waits for a line on stdin that names the database, so that the interpreter is ready before it is needed.
"""

import os
import sys
import threading
from contextlib import suppress

from assay.storage import open_store
from tests.faults.promises import create, move, refused

WRITERS = 8


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
    url, cycle = sys.stdin.readline().split()
    store = open_store(url)
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
