"""How a run log is laid out: what the writer (`assay.sdk`) and the reader agree on. Imports nothing: a training loop loads it.

A run is a file `ID.jsonl` that only ever grows, with `ID.PART.jsonl` beside it for each further process that logged to it,
and `ID.live`, locked by its process for as long as that lives. Every line is a JSON object and ends with a newline; what
follows the last newline is still being written. The first line is the head:

    {"assay_run": 1, "id": ID, "started_ms": 1780000000000, "name": "", "params": {...}, "tags": {...}}

and the others are numbered from 1, so that a lost or repeated line is seen:

    {"n": 1, "points": {"accuracy": [[steps], [values], [times_ms]]}}
    {"n": 2, "tags": {"assay.arm": "baseline", "note": null}}
    {"n": 3, "lost": 12}
    {"n": 4, "end": {"ended_ms": 1780000060000, "status": "finished"}}

Values that are no numbers stand as the texts nan, inf and -inf. A tag of null is removed.
"""

from __future__ import annotations

import re

KIND = "assay"
"""What `assay connect` calls it."""
VERSION = 1
HEAD = "assay_run"
LOG_SUFFIX = ".jsonl"
LIVE_SUFFIX = ".live"
TRASH = ".trash"
"""Runs moved into this folder count as deleted."""
RUN_ID = re.compile(r"[0-9]{8}-[0-9]{6}-[0-9a-f]{8}\Z", re.ASCII)
NOT_FINITE = {"nan": float("nan"), "inf": float("inf"), "-inf": float("-inf")}
STATUSES = ("finished", "failed", "stopped")
MAX_NAME_CHARACTERS = 250
MAX_LINE_BYTES = 16 * 2**20
SILENT_S = 900.0
"""A process of another machine that has not touched its `.live` file for so long is held to be dead."""
