"""Everything a verdict looked at, as bytes that can be kept beside a decision and read again years later.

Runs change in the tracker and are read again; what was decided on must not. A dossier holds the lock and every run with
its curves as they stood. Per-example scores are named by digest: such files never change.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import fields
from datetime import datetime
from typing import Any

import numpy as np

from assay.domain.experiments.evidence import Curve, Evidence, LastValue, Past, Provenance, Run, RunStatus
from assay.domain.experiments.experiment import Lock
from assay.domain.kernel.readings import LAST
from assay.errors import Invalid

FORMAT = "assay/dossier@1"
_MOMENTS = ("started_at", "ended_at")
_OMITTED = frozenset({"scores", "curves", "past"})


def dossier_bytes(lock: Lock, evidence: Evidence) -> bytes:
    """Which bytes keep this lock and this evidence? Equal for equal evidence, whatever the order of its runs."""
    named = lock.registration.metrics
    read = frozenset(name for metric in named if metric.reading != LAST for name in metric.names)
    data = {
        "format": FORMAT,
        "lock": lock.model_dump(mode="json"),
        "runs": _packed_runs(evidence.runs, read),
        "baseline_runs": _packed_runs(evidence.baseline_runs, read),
        "detached": _packed_runs(evidence.detached, read),
        "baseline_detached": _packed_runs(evidence.baseline_detached, read),
        "ticket": evidence.ticket,
    }
    return zlib.compress(json.dumps(data, sort_keys=True, separators=(",", ":")).encode(), level=6)


def dossier_from_bytes(content: bytes) -> tuple[Lock, Evidence]:
    """Which lock and evidence do these bytes keep? Scores are still to be read from their files.

    Raises:
        Invalid: the bytes are no dossier.
    """
    try:
        data = json.loads(zlib.decompress(content))
        if data["format"] != FORMAT:
            raise _unreadable(f"format {str(data['format'])[:40]!r}")
        evidence = Evidence(
            runs=_unpacked_runs(data["runs"]),
            baseline_runs=_unpacked_runs(data["baseline_runs"]),
            detached=_unpacked_runs(data["detached"]),
            baseline_detached=_unpacked_runs(data.get("baseline_detached", ())),
            ticket=data.get("ticket"),
        )
        return Lock.model_validate(data["lock"]), evidence
    except (zlib.error, ValueError, KeyError, TypeError) as error:
        raise _unreadable(type(error).__name__) from error


def _unreadable(found: str) -> Invalid:
    return Invalid(
        f"cannot read dossier: {found} (expected {FORMAT})",
        hint="assay audit verify",
        code="dossier-unreadable",
    )


def _packed_runs(runs: Sequence[Run], read: AbstractSet[str]) -> list[dict[str, Any]]:
    return [_packed(run, read) for run in sorted(runs, key=lambda run: run.run_id)]


def _packed(run: Run, read: AbstractSet[str]) -> dict[str, Any]:
    data = {field.name: getattr(run, field.name) for field in fields(Run) if field.name not in _OMITTED}
    for name in _MOMENTS:
        data[name] = data[name].isoformat() if data[name] is not None else None
    data["config"], data["tags"] = dict(run.config), dict(run.tags)
    data["curves"] = {metric: _packed_curve(curve) for metric, curve in run.curves.items()}
    data["past"] = [_packed_past(past, read) for past in run.past]
    return data


def _packed_past(past: Past, read: AbstractSet[str]) -> dict[str, Any]:
    """What a run was, with its curves where another value than the last one counts."""
    data = {field.name: getattr(past, field.name) for field in fields(Past) if field.name not in _OMITTED}
    if read and past.curves is not None:
        data["curves"] = {n: _packed_curve(curve) for n, curve in past.curves.items() if n in read}
    return data | {"config": dict(past.config), "values": dict(past.values)}


def _unpacked_past(data: Mapping[str, Any]) -> Past:
    packed, curves = data.get("curves"), None
    if packed is not None:
        curves = {name: LastValue.of(value) for name, value in data["values"].items()}
        curves |= {name: _unpacked_curve(curve) for name, curve in packed.items()}
    return Past(**{**data, "status": RunStatus(data["status"]), "curves": curves})


def _unpacked_runs(packed: Sequence[Mapping[str, Any]]) -> tuple[Run, ...]:
    return tuple(_unpacked(data) for data in packed)


def _unpacked(data: Mapping[str, Any]) -> Run:
    moments = {
        name: datetime.fromisoformat(data[name]) if data[name] is not None else None for name in _MOMENTS
    }
    return Run(
        **{
            **data,
            **moments,
            "status": RunStatus(data["status"]),
            "provenance": Provenance(data["provenance"]),
            "curves": {metric: _unpacked_curve(curve) for metric, curve in data["curves"].items()},
            "past": tuple(_unpacked_past(past) for past in data.get("past", ())),
        }
    )


def _packed_curve(curve: Curve) -> list[str]:
    columns = (curve.steps.astype("<i8"), curve.values.astype("<f8"), curve.times_ms.astype("<i8"))
    return [base64.b64encode(column.tobytes()).decode("ascii") for column in columns]


def _unpacked_curve(packed: Sequence[str]) -> Curve:
    steps, values, times = (base64.b64decode(column, validate=True) for column in packed)
    return Curve(
        steps=np.frombuffer(steps, "<i8").astype(np.int64),
        values=np.frombuffer(values, "<f8").astype(np.float64),
        times_ms=np.frombuffer(times, "<i8").astype(np.int64),
    )
