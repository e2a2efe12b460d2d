"""Processes of eight threads that write until they are killed, one after the other.

Each line on stdin names a database and lets a process be forked, before anything of the store is open here, so that all of them
share the second that imports take. It tells its id on stdout, then a line for each acknowledgement: the write was durable. Its
end is told by the process that outlives it.
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


def write_until_killed(url, cycle):
    os.write(1, f"{os.getpid()}\n".encode())
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


def main():
    while line := sys.stdin.readline():
        child = os.fork()
        if child == 0:
            write_until_killed(*line.split())
        _, status = os.waitpid(child, 0)
        os.write(1, f"ended {os.waitstatus_to_exitcode(status)}\n".encode())


if __name__ == "__main__":
    main()
