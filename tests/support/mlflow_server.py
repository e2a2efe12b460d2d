"""A real tracking server for tests and benchmarks, where one is installed: `MLFLOW_SERVER_COMMAND` names its command."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from pathlib import Path


def server_command() -> str | None:
    """The full `mlflow` with its server: the client alone, which is installed here, has none."""
    named = os.environ.get("MLFLOW_SERVER_COMMAND")
    return shutil.which(named) if named else None


@contextlib.contextmanager
def running_server(command: str, folder: Path, *, store_uri: str | None = None):
    """Start a server on a free port; its address, until the block ends."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    store = store_uri or f"sqlite:///{folder}/mlflow.db"
    arguments = [
        command,
        "server",
        "--backend-store-uri",
        store,
        "--artifacts-destination",
        str(folder / "artifacts"),
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--workers",
        "1",
    ]
    environment = {
        **os.environ,
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            arguments, stdout=log, stderr=log, cwd=folder, env=environment, start_new_session=True
        )
    try:
        address = f"http://127.0.0.1:{port}"
        _await(address, process, folder / "server.log")
        yield address
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _await(address: str, process: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if process.poll() is not None:
            message = f"mlflow server ended with {process.returncode}: {log.read_text()[-2000:]}"
            raise RuntimeError(message)
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{address}/health", timeout=2) as answer:
            if answer.status == 200:
                return
        time.sleep(0.2)
    message = f"mlflow server was not ready in 120 s: {log.read_text()[-2000:]}"
    raise RuntimeError(message)
