"""A process beside a training: it has the installation read a run's log, and asks for the verdict so far.

On its own, for the training's process shall neither import a database nor wait for its lock: `python -m assay.sdk.after_run`
takes a request as JSON on its standard input, and answers as JSON.
"""

from __future__ import annotations

import json
import os
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from assay.connectors.trackers.run_log.form import KIND
from assay.errors import AssayError, Unavailable
from assay.sdk.connection import Connection, connected, key_part, part
from assay.settings import load_settings

IN_USE_S = 20.0
"""So long it waits for another process to let go of the store."""


def settled(asked: dict[str, Any]) -> dict[str, Any]:
    """What the installation says after it has read the runs in a folder.

    Args:
        asked: `home`, `project`, `folder`, `ticket`, and `tracker` where the runs went to an MLflow.

    Returns:
        `report` of the sync, `verdict` as the API tells it or None, and `problem` (message, hint, code) or None.
    """
    answer: dict[str, Any] = {"report": None, "verdict": None, "problem": None}
    try:
        with ExitStack() as stack:
            api = patiently_connected(asked, stack)
            tracker = asked.get("tracker")
            source = _source_of(api, *(("mlflow", tracker) if tracker else (KIND, asked["folder"])))
            answer["report"] = api.in_project("POST", f"/sources/{part(source)}/syncs").data["reports"][0]
            key = asked["ticket"].rpartition("/")[2]
            answer["verdict"] = api.in_project("GET", f"/tickets/{key_part(key)}/verdict").data
    except AssayError as error:
        answer["problem"] = {"message": error.message, "hint": error.hint, "code": error.code}
    return answer


def patiently_connected(asked: dict[str, Any], stack: ExitStack) -> Connection:
    """The API of an installation; another process that has its store open is waited for.

    Raises:
        AssayError: there is no such installation, or it cannot be opened.
    """
    settings = load_settings(home=Path(asked["home"]))
    until = time.monotonic() + IN_USE_S
    while True:
        try:
            return stack.enter_context(connected(asked["project"], settings))
        except Unavailable as error:
            if error.code != "database-in-use" or time.monotonic() > until:
                raise
            time.sleep(0.2)


def _source_of(api: Connection, kind: str, place: str) -> str:
    """The name under which the project reads this folder or this MLflow; it is connected where it does not yet."""
    rows = api.in_project("GET", "/sources").data["rows"]
    for row in rows:
        if row["kind"] == kind and _same(row["uri"], place):
            return str(row["name"])
    taken = {row["name"] for row in rows}
    name = next(name for name in (kind, *(f"{kind}-{n}" for n in range(2, 1000))) if name not in taken)
    body = {"kind": kind, "uri": place, "name": name, "experiments": [], "qualified": False}
    return str(api.in_project("POST", "/sources", body=body).data["name"])


def _same(one: str, other: str) -> bool:
    """Two spellings of one address."""
    paths = [uri.removeprefix("sqlite:///").removeprefix("file://").rstrip("/") for uri in (one, other)]
    return paths[0] == paths[1] or os.path.realpath(paths[0]) == os.path.realpath(paths[1])


def main() -> None:
    """Answer one request."""
    answer = settled(json.loads(sys.stdin.buffer.read()))
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
