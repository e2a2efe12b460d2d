"""How fast is the journal verified from the file, against a plain scan of the same rows?

python benchmarks/journal_verify.py [--events 200000] [--rounds 5]
"""

import argparse
import json
import os
import sqlite3
import statistics
import tempfile
import time
from contextlib import closing
from datetime import UTC, datetime

from assay.domain.governance.verification import verify_chain
from assay.domain.kernel.events import Event
from assay.storage import open_store
from assay.workflows.actor import Actor

AT = datetime(2026, 1, 1, tzinfo=UTC)
ADA = Actor("ada")
NOTE = "moved because the evaluation of the adapter is complete and its results are logged"


def fill(store, events):
    def some(tx, first, end):
        for number in range(first, end):
            tx.append(
                Event.of(
                    "ticket.moved",
                    project="vision",
                    subject=f"EXP-{number % 500}",
                    after="evaluation",
                    note=NOTE,
                ),
                actor=ADA,
                at=AT,
            )

    for first in range(0, events, 5000):
        store.write(lambda tx, first=first: some(tx, first, min(first + 5000, events)))


def timed_s(work):
    start, cpu = time.perf_counter(), time.process_time()
    result = work()
    return time.perf_counter() - start, time.process_time() - cpu, result


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--events", type=int, default=200_000)
    options.add_argument("--rounds", type=int, default=5)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/assay.db"
        with open_store(f"sqlite:///{path}") as store:
            fill(store, given.events)

            def verify():
                with store.read() as tx:
                    return verify_chain(tx.raw_entries())

            def scan():
                with closing(sqlite3.connect(path)) as database:
                    return sum(
                        1 for _ in database.execute("SELECT seq, body, hash FROM journal ORDER BY seq")
                    )

            rates, cpu_rates, ratios = [], [], []
            for done in range(given.rounds + 1):
                scan_s, _, rows = timed_s(scan)
                verify_s, verify_cpu_s, report = timed_s(verify)
                assert report.ok
                assert rows == report.head.size == given.events
                if done:
                    rates.append(given.events / verify_s)
                    cpu_rates.append(given.events / verify_cpu_s)
                    ratios.append(verify_s / scan_s)
        with closing(sqlite3.connect(path)) as database:
            database.execute("DROP TRIGGER journal_refuses_update")
            database.execute(
                "UPDATE journal SET body = CAST(replace(body, 'ada', 'eve') AS BLOB) WHERE seq = ?",
                (given.events // 2,),
            )
            database.commit()
        with open_store(f"sqlite:///{path}") as store, store.read() as tx:
            fault = verify_chain(tx.raw_entries()).fault
            assert fault is not None
            assert fault.first_bad_seq == given.events // 2
    result = {
        "events": given.events,
        "events_per_s": round(statistics.median(rates)),
        "events_per_cpu_s": round(statistics.median(cpu_rates)),
        "goal_events_per_s": 300_000,
        "ratio_to_scan": round(statistics.median(ratios), 2),
        "flipped_entry_found_at": fault.first_bad_seq,
        "load": os.getloadavg(),
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
