"""Begins and ends the process that sends a run on to MLflow."""

from __future__ import annotations

import json
import subprocess

from assay.sdk.beside import started
from assay.sdk.run_folder import Place

PATIENCE_S = 45.0


def begin_sending(place: Place, run_id: str) -> subprocess.Popen[bytes] | None:
    """The process that sends this run; None where the run log is what is read, or it cannot be started: the next run sends it."""
    if not place.tracker:
        return None
    try:
        process = started("assay.sdk.to_mlflow")
        assert process.stdin is not None
        process.stdin.write(json.dumps({"folder": str(place.folder), "run_id": run_id}).encode() + b"\n")
        process.stdin.flush()
    except OSError:
        return None
    return process


def sent_to_the_end(process: subprocess.Popen[bytes]) -> str:
    """Wait until everything is sent; else why it is not."""
    try:
        said, _ = process.communicate(timeout=PATIENCE_S)
        answer = json.loads(said)
    except subprocess.TimeoutExpired:
        return "MLflow is slow"
    except ValueError:
        return "the process that sends has ended"
    return "" if answer["sent"] else str(answer["why"])
