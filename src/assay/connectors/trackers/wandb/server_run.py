"""A run as a W&B server tells it, read as evidence by the same rules as its log."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from assay.connectors.tracked.told import ToldRun, flattened, kept_text
from assay.connectors.tracked.wire import Malformed
from assay.connectors.trackers.wandb.about import MAX_CONFIG_ENTRIES
from assay.connectors.trackers.wandb.address import WandbProject
from assay.connectors.trackers.wandb.paged_history import PagedHistory
from assay.connectors.trackers.wandb.tags import tags_of
from assay.domain.experiments.evidence import UNFINISHED, RunStatus

_GPU = re.compile(r"(?:system[./])?gpu\.([0-9]{1,4})\.", re.ASCII)
_STATUS = {
    "pending": RunStatus.SCHEDULED,
    "running": RunStatus.RUNNING,
    "preempting": RunStatus.RUNNING,
    "finished": RunStatus.FINISHED,
    "failed": RunStatus.FAILED,
    "crashed": RunStatus.FAILED,
    "killed": RunStatus.STOPPED,
    "preempted": RunStatus.STOPPED,
}
GOES_ON = ("running", "preempting")
_SAYS_HOW_LONG = ("finished", "failed")
"""The client itself told the end of these; of the others only the last sign of life is known."""
# A word that no W&B of today writes says that the run is over and did not end well.
_ENDED_SOMEHOW = RunStatus.FAILED
_INTERNAL = ("_wandb", "wandb_version")
_TEXTS = {"group": "group", "jobType": "job_type", "sweepName": "sweep", "notes": "notes"}


def mark_of(node: Mapping[str, Any]) -> bytes:
    """What tells whether a run changed: all that the list says of it. While it goes on, a heartbeat alone is no change."""
    told = dict(node)
    if node.get("state") in GOES_ON:
        told.pop("heartbeatAt", None)
    return json.dumps(told, sort_keys=True).encode()


def told_run(
    project: WandbProject, node: Mapping[str, Any], detail: Mapping[str, Any], history: PagedHistory
) -> ToldRun:
    """A run of the list, with its detail and history.

    Raises:
        Malformed: its configuration is none, or larger than is read.
    """
    run = kept_text(node["name"])
    texts = {ours: _text(node.get(theirs)) for theirs, ours in _TEXTS.items()}
    texts |= {"entity": project.entity, "project": project.project, "host": _text(detail.get("host"))}
    labels = node.get("tags")
    labels = [_text(label) for label in labels if isinstance(label, str)] if isinstance(labels, list) else []
    status = _STATUS.get(str(node.get("state")), _ENDED_SOMEHOW)
    started_ms = milliseconds(node.get("createdAt"))
    return ToldRun(
        external_id=run,
        name=_text(node.get("displayName")),
        status=status,
        experiment=project.project,
        group=texts["group"],
        started_ms=started_ms,
        ended_ms=None if status in UNFINISHED else _ended_ms(node, detail, started_ms, history.last_ms),
        params=_params(node.get("config")),
        tags=tags_of(texts, labels, _text(node.get("commit"))),
        curves=history.curves(),
        devices_seen=_devices(detail),
        device_seen=_device(detail),
        url=f"{project.shown}/runs/{run}",
    )


def _params(config: object) -> dict[str, str]:
    """The configuration as one text a leaf; W&B wraps each entry with a description."""
    told = object_of(config)
    if told is None:
        raise Malformed("a configuration that is no JSON object")
    if len(told) > MAX_CONFIG_ENTRIES:
        raise Malformed(f"more than {MAX_CONFIG_ENTRIES} entries of its configuration")
    plain = {}
    for name, entry in told.items():
        if name not in _INTERNAL:
            plain[name] = entry["value"] if isinstance(entry, dict) and "value" in entry else entry
    return flattened(plain)


def _ended_ms(
    node: Mapping[str, Any], detail: Mapping[str, Any], started_ms: int | None, last_ms: int | None
) -> int | None:
    """When a run that is over ended: after the time it ran, where it said so itself; else with its last sign of life."""
    summary = (object_of(detail.get("summaryMetrics")) or {}).get("_wandb")
    ran_s = _seconds(summary.get("runtime")) if isinstance(summary, dict) else None
    signs = [milliseconds(node.get("heartbeatAt")), last_ms, started_ms]
    if node.get("state") in _SAYS_HOW_LONG and started_ms is not None and ran_s is not None:
        signs = [started_ms + int(ran_s * 1000), last_ms]
    return max((sign for sign in signs if sign is not None), default=None)


def _seconds(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if 0 < value < 2**38 else None


def _devices(detail: Mapping[str, Any]) -> int | None:
    """How many GPUs its machine told of, at work or, where nothing was measured, there."""
    measured = object_of(detail.get("systemMetrics")) or {}
    seen = {found.group(1) for found in map(_GPU.match, measured) if found}
    info = detail.get("runInfo")
    count = info.get("gpuCount") if isinstance(info, dict) else None
    return len(seen) or (count if type(count) is int and 0 < count < 100_000 else None)


def _device(detail: Mapping[str, Any]) -> str:
    """What its GPUs are by their own word; empty where it does not say."""
    info = detail.get("runInfo")
    return _text(info.get("gpu")).strip() if isinstance(info, dict) else ""


def object_of(value: object) -> dict[str, Any] | None:
    """The object that a JSON text of the server holds; nothing told is an empty one, and None is none.

    >>> object_of('{"a": 1}'), object_of(None), object_of("[1]"), object_of("{")
    ({'a': 1}, {}, None, None)
    """
    if value is None:
        return {}
    told = _json_of(value) if isinstance(value, str) else value
    return told if isinstance(told, dict) else None


def _json_of(text: str) -> object:
    try:
        return orjson.loads(text)
    except (orjson.JSONDecodeError, UnicodeEncodeError):
        pass
    try:
        return json.loads(text)  # as Python writes it, where NaN and infinities are words
    except (ValueError, RecursionError):
        return None


def milliseconds(moment: object) -> int | None:
    """A time of the server as milliseconds since 1970; None when it says none.

    >>> milliseconds("2022-04-29T20:19:36"), milliseconds("2022-04-29T20:19:36.5Z"), milliseconds("soon")
    (1651263576000, 1651263576500, None)
    """
    try:
        told = datetime.fromisoformat(moment) if isinstance(moment, str) else None
    except ValueError:
        return None
    if told is None:
        return None
    return int((told if told.tzinfo else told.replace(tzinfo=UTC)).timestamp() * 1000)


def _text(value: object) -> str:
    return kept_text(value) if isinstance(value, str) else ""
