"""Servers as child processes, for benchmarks that ask over HTTP."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

READY_S = 180


def free_port() -> int:
    """A port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def child(
    command: list[str], port: int, *, environment: dict[str, str] | None = None
) -> Iterator[subprocess.Popen]:
    """A process that listens on this port, ended with the block."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(
        command, env={**os.environ, **(environment or {})}, start_new_session=True, **quiet
    )
    try:
        deadline = time.monotonic() + READY_S
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"{command[0]} did not come up ({process.returncode})")
            time.sleep(0.02)
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, 15)
        process.wait(timeout=30)


@contextlib.contextmanager
def assay_up(home: Path) -> Iterator[tuple[subprocess.Popen, str]]:
    """`assay up` on this home: the process and its address."""
    port = free_port()
    command = [sys.executable, "-m", "assay.cli.main", "up", "--port", str(port)]
    settings = {"ASSAY_HOME": str(home), "ASSAY_SYNC_INTERVAL_S": "0"}
    with child(command, port, environment=settings) as process:
        yield process, f"http://127.0.0.1:{port}"
