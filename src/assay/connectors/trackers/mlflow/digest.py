"""The digest of a run: what a verdict says it looked at."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import Any

import orjson

from assay.domain.experiments.evidence import Curve, Run

_PLAIN = (
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
_LARGEST = 2**63 - 1
_plain_of = itemgetter(*_PLAIN)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def run_digest(run: Run) -> str:
    """Which digest covers everything of this run that a verdict can depend on?

    SHA-256, in hexadecimal, over a JSON header in a fixed order and, metric by metric in name order, the little-endian bytes of
    steps, values and times. When it was first seen and what it is called here are no part of it, so the same run read
    twice, from tables or over REST, has one digest.
    """
    fields = {name: getattr(run, name) for name in (*_PLAIN, "config", "tags", "curves")}
    return digest_of(fields, _milliseconds(run.started_at), _milliseconds(run.ended_at))


def digest_of(fields: Mapping[str, Any], started_ms: int | None, ended_ms: int | None) -> str:
    """The digest of a run given as the fields it will be made of (see `run_digest`)."""
    curves: Mapping[str, Curve] = fields["curves"]
    names = sorted(curves)
    if abs(fields["seed"] or 0) > _LARGEST:
        fields = {**fields, "seed": str(fields["seed"])}
    header = [
        _plain_of(fields),
        fields["config"],
        fields["tags"],
        started_ms,
        ended_ms,
        [(name, len(curves[name].steps)) for name in names],
    ]
    parts = [orjson.dumps(header, option=orjson.OPT_SORT_KEYS)]
    parts += [curves[name].to_bytes() for name in names]
    return hashlib.sha256(b"".join(parts)).hexdigest()


def _milliseconds(moment: datetime | None) -> int | None:
    return None if moment is None else (moment - _EPOCH) // _MILLISECOND
