"""Has a run that never says its end come to it? Only silence can tell, and how much of it depends on how often it spoke.

A run that writes once in twenty minutes is not over after fifteen. So it has to be silent for three times its longest pause, for
fifteen minutes at least, and for an hour while it has said so little that no pause is known. How long it has been silent is
kept in steps, each twice the last, so that the answer changes with its files or with a step, and with nothing else.
"""

from __future__ import annotations

import time
from collections.abc import Iterable

import numpy as np

from assay.domain.experiments.evidence import Curve

SHORTEST_S = 15 * 60
_UNKNOWN_S = 60 * 60
_PAUSES = 3
_MOST_STEPS = 14


def steps_of_silence(changed_ns: int, *, now_s: float | None = None) -> int:
    """How many steps has nothing been written? Step k begins after 15 minutes times two to the power of k - 1.

    >>> [steps_of_silence(0, now_s=minutes * 60) for minutes in (0, 14, 15, 29, 30, 60)]
    [0, 0, 1, 1, 2, 3]
    """
    silent_s = (time.time() if now_s is None else now_s) - changed_ns / 1e9
    return min(int(max(silent_s, 0) / SHORTEST_S).bit_length(), _MOST_STEPS)


def is_over(
    steps: int, curves: Iterable[Curve], *, last_ms: int | None = None, now_s: float | None = None
) -> bool:
    """Is a run with these curves, whose files are silent for this many steps, over?

    Files that were copied are new, and what they say is not: the last moment that they tell counts as well.

    Args:
        steps: of silence of its files.
        curves: what it logged; a time of zero is none.
        last_ms: when it last said anything else, in milliseconds since 1970.
        now_s: the present, in seconds since 1970.

    >>> whole = np.arange(4)
    >>> hourly = Curve(whole, whole * 1.0, 1 + whole * 3_600_000)
    >>> is_over(0, [hourly], now_s=4 * 3600), is_over(0, [hourly], now_s=8 * 3600), is_over(5, [hourly], now_s=0)
    (False, True, True)
    """
    moments = np.unique(np.concatenate([np.zeros(0, np.int64), *(curve.times_ms for curve in curves)]))
    moments = moments[moments > 0]  # zero where the tracker keeps no time
    needed_s: float = _UNKNOWN_S
    if len(moments) > _PAUSES - 1:
        needed_s = max(SHORTEST_S, _PAUSES * float(np.diff(moments).max()) / 1000)
    told_ms = max([*moments[-1:].tolist(), *(() if last_ms is None else (last_ms,))], default=None)
    if told_ms is not None:
        steps = max(steps, steps_of_silence(told_ms * 1_000_000, now_s=now_s))
    return steps > 0 and SHORTEST_S * 2 ** (steps - 1) >= needed_s
