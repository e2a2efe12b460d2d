"""Durable ticket moves over HTTP with 32 connections: ours against a plain FastAPI app, in turn, in one run.

The peer is what a team would write in an afternoon: `pip install fastapi uvicorn`, one SQLite transaction a request at WAL and
synchronous=FULL, an UPDATE of the ticket and one hash-chained journal row. Ours does the whole move: rules of the board, column
counts, canonical journal entry in a hash chain and a Merkle frontier. Each serves from a process of its own, wrk asks from
another. Beside the peer stands the same peer on our event loop and parser, for whoever asks how much of it those are.

    python benchmarks/api_moves.py [--seconds 5] [--rounds 5] [--connections 32]
"""

import argparse
import contextlib
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TICKETS = 640
COLUMNS = ("backlog", "hypothesis")

LUA = """
local n = 0
request = function()
  n = n + 1
  local ticket = n %% %(tickets)d + 1
  local column = (math.floor(n / %(tickets)d) %% 2 == 0) and "%(second)s" or "%(first)s"
  return wrk.format("POST", string.format("%(path)s", ticket), {["content-type"] = "application/json", ["if-match"] = "*"},
                    '{"to": "' .. column .. '"}')
end
local bad, shown = 0, ""
response = function(status, headers, body)
  if status ~= 200 then bad = bad + 1; shown = body end
end
done = function(summary, latency, requests)
  io.write(string.format("RESULT %%d %%d %%f %%f %%d %%d\\n", summary.requests, summary.duration,
           latency:percentile(50), latency:percentile(99), summary.errors.status + summary.errors.connect + summary.errors.read
           + summary.errors.write, summary.errors.timeout))
end
"""


def serve_peer(path: Path, port: int, *, loop: str = "asyncio", http: str = "h11") -> None:
    """A plain FastAPI app: one commit a request."""
    import hashlib
    import sqlite3
    import threading

    import uvicorn
    from fastapi import FastAPI
    from pydantic import BaseModel

    app, local = FastAPI(), threading.local()

    def connection():
        if not hasattr(local, "db"):
            local.db = sqlite3.connect(path, isolation_level=None, timeout=30)
            local.db.execute("PRAGMA synchronous=FULL")
        return local.db

    first = sqlite3.connect(path, isolation_level=None)
    first.execute("PRAGMA journal_mode=WAL")
    first.executescript(
        "CREATE TABLE tickets (id INTEGER PRIMARY KEY, title TEXT, stage TEXT, version INT);"
        "CREATE TABLE journal (seq INTEGER PRIMARY KEY, body TEXT, hash BLOB)"
    )
    first.executemany(
        "INSERT INTO tickets VALUES (?,?,?,1)",
        [(i, f"Ticket {i}", COLUMNS[0]) for i in range(1, TICKETS + 1)],
    )
    first.close()

    class Move(BaseModel):
        to: str

    @app.post("/tickets/{number}/move")
    def move(number: int, body: Move):
        db = connection()
        db.execute("BEGIN IMMEDIATE")
        (before,) = db.execute("SELECT stage FROM tickets WHERE id=?", (number,)).fetchone()
        db.execute("UPDATE tickets SET stage=?, version=version+1 WHERE id=?", (body.to, number))
        last = db.execute("SELECT hash FROM journal ORDER BY seq DESC LIMIT 1").fetchone()
        text = json.dumps({"ticket": number, "before": before, "after": body.to, "at": time.time()})
        digest = hashlib.sha256((last[0] if last else b"") + text.encode()).digest()
        db.execute("INSERT INTO journal (body, hash) VALUES (?,?)", (text, digest))
        db.execute("COMMIT")
        return {"id": number, "stage": body.to}

    uvicorn.run(app, port=port, log_level="error", access_log=False, loop=loop, http=http)


def serve_tuned_peer(path: Path, port: int) -> None:
    """The same on the event loop and parser that ours has."""
    serve_peer(path, port, loop="auto", http="auto")


def serve_ours(home: Path, port: int) -> None:
    """The product as `assay up` serves it, with a board on which every move is legal."""
    from assay.bootstrap import open_workspace
    from assay.domain.board.board import Board, Stage, Transition
    from assay.domain.experiments.experiment import TicketContent
    from assay.server.run import serve
    from assay.settings import Settings
    from assay.workflows.actor import SYSTEM
    from assay.workflows.projects import create_project, save_settings
    from assay.workflows.tickets import create_ticket

    settings = Settings(home=home, port=port, sync_interval_s=0)
    with open_workspace(settings) as ws:
        create_project(ws, SYSTEM, slug="vision")
        board = Board(
            stages=tuple(Stage(key=key, title=key.title()) for key in COLUMNS),
            transitions=(
                Transition(source=COLUMNS[0], target=COLUMNS[1]),
                Transition(source=COLUMNS[1], target=COLUMNS[0]),
            ),
        )
        save_settings(ws, SYSTEM, "vision", expected_version=1, board=board)
        for number in range(1, TICKETS + 1):
            create_ticket(ws, SYSTEM, "vision", TicketContent(title=f"Ticket {number}"))
    serve(settings, on_ready=lambda url: None)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def child(what: str, where: Path):
    port = free_port()
    process = subprocess.Popen([sys.executable, __file__, "--serve", what, str(where), str(port)])
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            if process.poll() is not None:
                raise SystemExit(f"{what} ended with {process.returncode}")
            time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=30)


def load(port: int, path: str, script: Path, *, seconds: int, connections: int) -> dict:
    script.write_text(LUA % {"tickets": TICKETS, "path": path, "first": COLUMNS[0], "second": COLUMNS[1]})
    command = [
        "wrk",
        "-t1",
        f"-c{connections}",
        f"-d{seconds}s",
        "--timeout",
        "10s",
        "-s",
        str(script),
        f"http://127.0.0.1:{port}",
    ]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=seconds + 60).stdout
    found = re.search(r"RESULT (\d+) (\d+) ([\d.]+) ([\d.]+) (\d+) (\d+)", said)
    requests, micros, p50, p99, errors, timeouts = (float(text) for text in found.groups())
    return {
        "rate": requests / (micros / 1e6),
        "p50_ms": p50 / 1e3,
        "p99_ms": p99 / 1e3,
        "errors": int(errors),
        "timeouts": int(timeouts),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--serve", nargs=3, metavar=("WHAT", "WHERE", "PORT"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        what, where, port = given.serve
        serve = {"ours": serve_ours, "peer": serve_peer, "tuned peer": serve_tuned_peer}[what]
        serve(Path(where), int(port))
        return
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is not installed (apt-get install wrk)")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        with (
            child("ours", root / "home") as ours,
            child("peer", root / "peer.db") as peer,
            child("tuned peer", root / "tuned.db") as tuned,
        ):
            sides = {
                "ours": (ours, "/api/v1/projects/vision/tickets/EXP-%d/moves"),
                "peer": (peer, "/tickets/%d/move"),
                "tuned peer": (tuned, "/tickets/%d/move"),
            }
            options = {"connections": given.connections}
            for name, (port, path) in sides.items():
                load(port, path, root / f"{name}.lua", seconds=1, **options)
            rounds = [
                {
                    name: load(port, path, root / f"{name}.lua", seconds=given.seconds, **options)
                    for name, (port, path) in sides.items()
                }
                for _ in range(given.rounds)
            ]
    for one in rounds:
        print(
            "  ".join(
                f"{name}: {v['rate']:7.0f}/s p50 {v['p50_ms']:6.1f} ms p99 {v['p99_ms']:7.1f} ms errors {v['errors']}+{v['timeouts']}"
                for name, v in one.items()
            )
        )
    ratio = statistics.median(one["ours"]["rate"] / one["peer"]["rate"] for one in rounds)
    tuned = statistics.median(one["ours"]["rate"] / one["tuned peer"]["rate"] for one in rounds)
    p99 = statistics.median(one["ours"]["p99_ms"] for one in rounds)
    errors = sum(one["ours"]["errors"] + one["ours"]["timeouts"] for one in rounds)
    print(
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; {given.connections} connections, {given.rounds} rounds of {given.seconds} s"
    )
    print(
        f"ours / peer, moves a second: {ratio:.2f} (at least 2.5; tuned peer {tuned:.2f})    p99 of ours: {p99:.0f} ms (at most 250)    errors: {errors}"
    )


if __name__ == "__main__":
    main()
