"""Does a stored verdict come out again, byte for byte, from the same evidence?"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from assay.domain.experiments.evidence import Evidence
from assay.domain.experiments.experiment import Lock
from assay.domain.gates.futility_seen import FutilitySeen
from assay.domain.gates.libraries import library_versions
from assay.domain.gates.settings import VerdictSettings
from assay.domain.gates.verdict import TimeInputs, verdict_at, verdict_bytes
from assay.domain.kernel.verdicts import VerdictRecord
from assay.errors import Invalid

_MOST_DIFFERENCES = 20


@dataclass(frozen=True, slots=True)
class Replay:
    """What a recomputation gave.

    Attributes:
        same: the bytes are equal.
        differences: "path: stored X, now Y", at most 20.
        record: the record as it comes out now.
        other_versions: libraries whose version is not the one beside the stored record.
    """

    same: bool
    differences: tuple[str, ...]
    record: VerdictRecord
    other_versions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Compared:
    """Stored bytes beside those that come out now.

    Attributes:
        same: the bytes are equal.
        differences: "path: stored X, now Y", at most 20.
        other_versions: libraries whose version is not the one beside the stored record.
    """

    same: bool
    differences: tuple[str, ...]
    other_versions: tuple[str, ...]


def compared(stored: bytes, again: bytes, *, was: Mapping[str, str], now: Mapping[str, str]) -> Compared:
    """In what do these bytes differ, and which libraries (`was` beside the stored ones, `now` here) are others?"""
    found = () if again == stored else _differences(json.loads(stored), json.loads(again), "")
    differences = tuple(line for _, line in zip(range(_MOST_DIFFERENCES), found, strict=False))
    if again != stored and not differences:
        differences = ("bytes: the stored form is not canonical",)
    changed = tuple(
        f"{name} {old} is now {now.get(name, 'not there')}"
        for name, old in sorted(was.items())
        if now.get(name) != old
    )
    return Compared(again == stored, differences, changed)


def replay(
    stored: bytes, lock: Lock, evidence: Evidence, *, stored_versions: Mapping[str, str] | None = None
) -> Replay:
    """Does this stored verdict come out again? Settings and time are taken from the stored bytes.

    Raises:
        Invalid: the bytes are not a stored verdict.
    """
    body = _read(stored)
    settings = VerdictSettings.model_validate(body["settings"])
    inputs = body.get("inputs") or {}
    time = TimeInputs(inputs.get("elapsed_days"), bool(inputs.get("time_box_over")))
    told = inputs.get("futility")
    seen = None if told is None else FutilitySeen.model_validate(told)
    record = verdict_at(lock, evidence, settings=settings, time=time, seen=seen)
    found = compared(stored, verdict_bytes(record), was=stored_versions or {}, now=library_versions())
    return Replay(found.same, found.differences, record, found.other_versions)


def _read(stored: bytes) -> dict[str, Any]:
    try:
        body = json.loads(stored)
        VerdictSettings.model_validate(body["settings"])
    except (ValueError, KeyError, TypeError) as error:
        raise Invalid(
            "cannot replay verdict: the bytes are not a stored verdict (expected canonical JSON with settings)",
            hint="assay audit verify",
            code="verdict-unreadable",
        ) from error
    return dict(body)


def _differences(stored: Any, now: Any, path: str) -> Iterator[str]:
    if isinstance(stored, dict) and isinstance(now, dict):
        for key in sorted({*stored, *now}):
            yield from _differences(stored.get(key), now.get(key), f"{path}.{key}" if path else key)
    elif isinstance(stored, list) and isinstance(now, list) and len(stored) == len(now):
        for index, (old, new) in enumerate(zip(stored, now, strict=True)):
            yield from _differences(old, new, f"{path}[{index}]")
    elif stored != now:
        yield f"{path}: stored {_short(stored)}, now {_short(now)}"


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:79]}…"
