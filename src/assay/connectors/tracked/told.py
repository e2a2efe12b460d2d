"""From what a tracker tells about a run to evidence: which ticket, which seed, which arm, what it cost.

Every tracker that keeps its runs in files is read by these rules (docs/trackers.md); places are looked at in this order:

- ticket: tag `assay.ticket`, then a parameter of that name, else an experiment name that begins with a ticket key.
- seed: tag or parameter `assay.seed`, else parameter or tag `seed`, `random_state`, `random_seed`.
- arm, evaluation set: `assay.arm` (else `candidate`), `assay.dataset`.
- GPU-hours: `assay.gpu_hours`, else `assay.devices` times wall time, else devices the tracker saw times wall time, else unknown.
- cost: `assay.cost_usd`, else unknown.

Parameters whose name begins with `assay.` are tags: whoever has no tags to write has parameters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from assay.connectors.tracked.digest import run_digest
from assay.connectors.tracked.meaning import (
    SEED_NAMES,
    amount,
    gpu_hours,
    moment,
    seed_of,
    ticket_of,
    wall_hours,
)
from assay.domain.experiments.evidence import Curve, FloatArray, IntArray, Run, RunStatus
from assay.domain.experiments.prices import SEEN_DEVICE_TAG


@dataclass(slots=True)
class ToldRun:
    """One run as its tracker tells it. Times are milliseconds since 1970."""

    external_id: str
    name: str
    status: RunStatus
    experiment: str = ""
    """What `--experiment` chooses by."""
    group: str = ""
    """A name within the experiment, which may name the ticket too."""
    started_ms: int | None = None
    ended_ms: int | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    curves: Mapping[str, Curve] = field(default_factory=dict)
    devices_seen: int | None = None
    """How many GPUs the tracker itself saw at work."""
    device_seen: str = ""
    """What they are by their own word, where they are alike."""
    deleted: bool = False
    url: str | None = None
    paused_ms: int = 0
    """For how long it stood still between start and end, because it was stopped and resumed."""

    @property
    def points(self) -> int:
        """Logged values of all its metrics."""
        return sum(curve.points for curve in self.curves.values())


def evidence_of(told: ToldRun, *, source: str) -> Run:
    """Which evidence is this run? See the module for the places looked at."""
    said = {key: value for key, value in told.params.items() if key.startswith("assay.")}
    tags = {**{key: value for key, value in said.items() if value != "null"}, **told.tags}
    if told.device_seen:
        tags.setdefault(SEEN_DEVICE_TAG, told.device_seen[:60])
    wall = wall_hours(told.started_ms, told.ended_ms, told.curves, paused_ms=told.paused_ms)
    hours, hours_source = gpu_hours(tags, wall, told.devices_seen)
    run = Run(
        run_id=f"{source}:{told.external_id}",
        source=source,
        external_id=told.external_id,
        name=told.name,
        status=told.status,
        config={k: v for k, v in told.params.items() if k not in SEED_NAMES and k not in said},
        seed=seed_of(told.params, tags),
        curves=told.curves,
        ticket=ticket_of(tags, told.group) or ticket_of({}, told.experiment),
        arm=tags.get("assay.arm", "").strip()[:60] or "candidate",
        dataset=tags.get("assay.dataset", "").strip() or None,
        started_at=moment(told.started_ms),
        ended_at=moment(told.ended_ms),
        gpu_hours=hours,
        gpu_hours_source=hours_source,
        cost_usd=amount(tags.get("assay.cost_usd")),
        deleted=told.deleted,
        url=told.url,
        tags=tags,
    )
    run.digest = run_digest(run)  # type: ignore[misc]  # made here, and frozen from here on
    return run


def kept_text(value: object) -> str:
    r"""How is a text of the tracker kept: as Unicode without NUL, which PostgreSQL cannot hold.

    >>> kept_text("a\x00b"), kept_text(b"caf\xc3\xa9 \xff"), kept_text("\ud800")
    ('a\ufffdb', 'café \ufffd', '?')
    """
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    if text.isascii():
        return text.replace("\x00", "\ufffd") if "\x00" in text else text
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def curve_in_logged_order(steps: IntArray, values: FloatArray, times_ms: IntArray) -> Curve:
    """The curve of these points in the order step, then time; points of one step and time keep the order they were logged in."""
    rises = steps[1:] > steps[:-1]
    if not rises.all():
        order = np.lexsort((times_ms, steps))
        steps, values, times_ms = steps[order], values[order], times_ms[order]
    return Curve(steps=steps, values=values, times_ms=times_ms)


def flattened(value: object, prefix: str = "", depth: int = 0) -> dict[str, str]:
    """A nested configuration as one text a leaf, the keys joined by dots; lists stay whole.

    >>> flattened({"optimizer": {"lr": 0.1, "nesterov": True}, "layers": [64, 32]})
    {'optimizer.lr': '0.1', 'optimizer.nesterov': 'true', 'layers': '[64,32]'}
    """
    found: dict[str, str] = {}
    if isinstance(value, Mapping) and depth < _MAX_DEPTH and value:
        for key, inner in value.items():
            name = kept_text(key)
            found |= flattened(inner, f"{prefix}.{name}" if prefix else name, depth + 1)
    elif prefix:
        found[prefix] = _leaf(value)
    return found


_MAX_DEPTH = 12
MAX_LEAF_CHARACTERS = 8_000


def _leaf(value: object) -> str:
    if isinstance(value, str):
        return kept_text(value[:MAX_LEAF_CHARACTERS])
    if isinstance(value, float):
        return repr(value)
    import orjson

    try:
        return orjson.dumps(value, default=str).decode()[:MAX_LEAF_CHARACTERS]
    except orjson.JSONEncodeError:  # nested too deeply, a whole number beyond 64 bits, a lone surrogate
        return kept_text(str(value)[:MAX_LEAF_CHARACTERS])
