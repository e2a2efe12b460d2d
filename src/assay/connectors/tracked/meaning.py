"""What does a run mean: which ticket, which seed, what it cost, whichever tracker tells of it? One rule for tables and files.

Thousands of runs go through here in a sync, so what most of them have is looked at first.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from assay.domain.experiments.evidence import Curve
from assay.domain.kernel.ids import TICKET_TAG, ticket_key_in

SEED_NAMES = ("seed", "random_state", "random_seed")
_SEED_PLACES = (
    (True, "assay.seed"),
    (False, "assay.seed"),
    *((is_tag, name) for name in SEED_NAMES for is_tag in (False, True)),
)
_INTEGER = re.compile(r"[+-]?[0-9]{1,80}\Z", re.ASCII)  # libraries draw seeds of up to 256 bits
_LEADING_KEY = re.compile(r"(?:EXP|SPK|DATA|ENG|FEAT|INC)-[1-9][0-9]{0,8}(?![0-9A-Za-z])", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_YEAR_10000_MS = 253_402_300_800_000
_EXACT_MS = 2**32 * 1000
"""Up to here, the year 2106, seconds as a float are exact to less than a microsecond; they are the faster way."""


def ticket_of(tags: Mapping[str, str], experiment: str) -> str | None:
    """Which ticket does a run belong to, by its tag or by its experiment's name?

    >>> ticket_of({"assay.ticket": " exp-7 "}, "EXP-42 depth sweep"), ticket_of({}, "EXP-42 depth sweep")
    ('EXP-7', 'EXP-42')
    >>> ticket_of({"assay.ticket": "search/EXP-7"}, ""), ticket_of({}, "EXP-42b"), ticket_of({}, "exp-42")
    ('search/EXP-7', None, None)
    """
    project, slash, name = tags.get(TICKET_TAG, "").rpartition("/")
    if key := ticket_key_in(name):
        return f"{project.strip()}{slash}{key}"  # SLUG/EXP-7 names the project too: whose it is, the project says
    found = _LEADING_KEY.match(experiment)
    return found.group() if found else None


def seed_of(params: Mapping[str, str], tags: Mapping[str, str]) -> int | None:
    """Which seed did a run use? None when nothing that reads as an integer says it.

    >>> seed_of({"random_state": "3"}, {}), seed_of({"seed": "None"}, {}), seed_of({"seed": "1"}, {"assay.seed": "2"})
    (3, None, 2)
    """
    for is_tag, name in _SEED_PLACES:
        text = (tags if is_tag else params).get(name)
        if text is not None and _INTEGER.match(text.strip()):
            return int(text)
    return None


def gpu_hours(
    tags: Mapping[str, str], wall_hours: float | None, devices_seen: int | None
) -> tuple[float | None, str | None]:
    """How many device-hours did a run take, and who says so? (None, None) when unknown.

    Args:
        tags: where `assay.gpu_hours` or `assay.devices` may stand.
        wall_hours: from start to end.
        devices_seen: how many GPUs the tracker itself saw; None or 0 where it saw none. They are those of the whole machine,
            so what the run says of its own devices wins.

    >>> gpu_hours({"assay.devices": "1"}, 2.0, 8), gpu_hours({}, 2.0, 4), gpu_hours({}, 2.0, None)
    ((2.0, 'wall time x devices'), (8.0, 'metric'), (None, None))
    """
    tag = amount(tags.get("assay.gpu_hours"))
    if tag is not None:
        return tag, "tag"
    if wall_hours is None:
        return None, None
    devices = amount(tags.get("assay.devices"))
    if devices is not None:
        return devices * wall_hours, "wall time x devices"
    return (devices_seen * wall_hours, "metric") if devices_seen else (None, None)


def wall_hours(
    started_ms: int | None, ended_ms: int | None, curves: Mapping[str, Curve], *, paused_ms: int = 0
) -> float | None:
    """Hours from start to end, or to the last logged point of a run that has no end yet, without pauses. None when unknown."""
    if ended_ms is None:
        ended_ms = max((int(curve.times_ms.max()) for curve in curves.values() if curve.points), default=None)
    if started_ms is None or ended_ms is None or ended_ms < started_ms:
        return None
    return max(ended_ms - started_ms - paused_ms, 0) / 3_600_000


def amount(text: str | None) -> float | None:
    """A finite number of at least zero, or None.

    >>> amount("2.5"), amount("-1"), amount("nan"), amount(None)
    (2.5, None, None, None)
    """
    if text is None:
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None


def moment(milliseconds: int | None) -> datetime | None:
    """The time these milliseconds since 1970 stand for; None outside of the years 1970 to 9999."""
    if milliseconds is None or not 0 <= milliseconds < _YEAR_10000_MS:
        return None
    if milliseconds < _EXACT_MS:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    return _EPOCH + timedelta(0, 0, 0, milliseconds)
