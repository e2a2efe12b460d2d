"""The digest of a run: what a verdict says it looked at."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from assay.domain.experiments.evidence import Curve, Run

_TEXTS = (
    "run_id", "external_id", "name", "status", "seed", "scores_digest", "scores_error", "ticket", "arm", "dataset",
    "gpu_hours", "gpu_hours_source", "cost_usd", "deleted", "provenance", "url",
)


def run_digest(run: Run) -> str:
    """Which digest covers everything of this run that a verdict can depend on?

    SHA-256, in hexadecimal, over a sorted JSON header and, metric by metric in name order, the little-endian bytes of
    steps, values and times. When it was first seen and what it is called here are no part of it, so the same run read
    twice, from tables or over REST, has one digest.
    """
    return digest_of({name: getattr(run, name) for name in (*_TEXTS, "config", "tags", "started_at", "ended_at", "curves")})


def digest_of(fields: Mapping[str, Any]) -> str:
    """The digest of a run given as the fields it will be made of (see `run_digest`)."""
    curves: Mapping[str, Curve] = fields["curves"]
    names = sorted(curves)
    header = {
        **{name: fields[name] for name in _TEXTS},
        "config": dict(fields["config"]),
        "tags": dict(fields["tags"]),
        "started_at": _milliseconds(fields["started_at"]),
        "ended_at": _milliseconds(fields["ended_at"]),
        "curves": [[name, len(curves[name].steps)] for name in names],
    }
    digest = hashlib.sha256(orjson.dumps(header, option=orjson.OPT_SORT_KEYS))
    for name in names:
        curve = curves[name]
        digest.update(curve.steps.astype("<i8", copy=False).tobytes())
        digest.update(curve.values.astype("<f8", copy=False).tobytes())
        digest.update(curve.times_ms.astype("<i8", copy=False).tobytes())
    return digest.hexdigest()


def _milliseconds(moment: datetime | None) -> int | None:
    return None if moment is None else round(moment.timestamp() * 1000)
