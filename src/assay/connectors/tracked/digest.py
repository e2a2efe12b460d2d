"""The digest of a run: what a verdict says it looked at."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from assay.domain.experiments.evidence import POINT_BYTES, Curve, Run

PLAIN = (
    "run_id",
    "external_id",
    "name",
    "status",
    "seed",
    "scores_digest",
    "scores_error",
    "ticket",
    "arm",
    "dataset",
    "gpu_hours",
    "gpu_hours_source",
    "cost_usd",
    "deleted",
    "provenance",
    "url",
)
_SEED = PLAIN.index("seed")
_LARGEST = 2**63 - 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def run_digest(run: Run) -> str:
    """Which digest covers everything of this run that a verdict can depend on?

    SHA-256, in hexadecimal, over a JSON header in a fixed order and, metric by metric in name order, the little-endian bytes of
    steps, values and times. When it was first seen and what it is called here are no part of it, so the same run read
    twice, from tables or over REST, has one digest.
    """
    plain = tuple(getattr(run, name) for name in PLAIN)
    moments = _milliseconds(run.started_at), _milliseconds(run.ended_at)
    return digest_of(plain, run.config, run.tags, *moments, run.curves)


def digest_of(
    plain: tuple[Any, ...],
    config: Mapping[str, str],
    tags: Mapping[str, str],
    started_ms: int | None,
    ended_ms: int | None,
    curves: Mapping[str, Curve],
) -> str:
    """The digest of a run given as the values it will be made of: `plain` are those of `PLAIN` (see `run_digest`)."""
    seed = plain[_SEED]
    if seed is not None and abs(seed) > _LARGEST:
        plain = (*plain[:_SEED], str(seed), *plain[_SEED + 1 :])
    ordered = [(name, curve.to_bytes()) for name, curve in sorted(curves.items())]
    lengths = [(name, len(body) // POINT_BYTES) for name, body in ordered]
    header = orjson.dumps((plain, config, tags, started_ms, ended_ms, lengths), option=orjson.OPT_SORT_KEYS)
    content = b"".join([header, *[body for _, body in ordered]])
    return hashlib.sha256(content).hexdigest()


def _milliseconds(moment: datetime | None) -> int | None:
    return None if moment is None else (moment - _EPOCH) // _MILLISECOND
