"""Which of a few values should a kill rule have, going by the team's own finished runs?

The one that would have saved the most compute among those that would have stopped at most the registered share of the winners. Without
such a value the rule is better off; with too few winners nothing is chosen. A choice is judged by the runs that it was made on, which is
too kind: `tried_elsewhere` says what the same way of choosing does to tickets that had no part in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from assay.domain.stopping.backtest import FALSE_KILL_LIMIT, Replay, compute_saved
from assay.domain.stopping.history import History
from assay.domain.stopping.rules import Rows
from assay.domain.stopping.tuning import LEAST_HITS


@dataclass(frozen=True, slots=True)
class Tally:
    """What one value of a rule would have done to some past runs.

    Attributes:
        hits: runs that reached their target, of those about which the rule could say something.
        hits_stopped: how many of them it would have stopped.
        saved: compute of the other runs that it would have saved, in the unit of their budgets.
        spent: compute of the other runs.
    """

    hits: int
    hits_stopped: int
    saved: float
    spent: float

    def within(self, limit: float) -> bool:
        """Does it stop at most this share of hits?"""
        return self.hits_stopped <= limit * self.hits

    def plus(self, other: Tally) -> Tally:
        """Both together."""
        return Tally(
            self.hits + other.hits,
            self.hits_stopped + other.hits_stopped,
            self.saved + other.saved,
            self.spent + other.spent,
        )


class Advice(StrEnum):
    """What to do about a rule."""

    USE = "use"
    OFF = "off"
    LEAVE = "leave"


@dataclass(frozen=True, slots=True)
class Chosen:
    """What past runs say about the values of a rule.

    Attributes:
        advice: use a value, switch the rule off, or leave it as it is.
        place: of the value to use; None unless there is one.
        why: as a sentence goes on.
    """

    advice: Advice
    place: int | None
    why: str


def tally(replay: Replay, past: History, rows: Rows | None = None) -> Tally:
    """What would this value have done to the runs in these rows (all where left out)?"""
    kept = np.zeros(len(past.runs), dtype=np.bool_)
    kept[slice(None) if rows is None else rows] = True
    hits, misses = past.runs.hit & kept, ~past.runs.hit & kept
    judged = hits & replay.answered
    return Tally(
        hits=int(judged.sum()),
        hits_stopped=int((judged & ~np.isnan(replay.stopped_at)).sum()),
        saved=float(compute_saved(replay, past.runs, past.budgets)[misses].sum()),
        spent=float((past.runs.end * past.budgets)[misses].sum()),
    )


def choose(
    tallies: Sequence[Tally], now: int | None, *, limit: float = FALSE_KILL_LIMIT, least: int = LEAST_HITS
) -> Chosen:
    """Which of these values should the rule have?

    Args:
        tallies: what each value would have done, the values rising.
        now: which of them the rule has; None where it is off.
        limit: registered share of hits that may be stopped.
        least: hits that must have been judged.

    >>> careful, bold, reckless = Tally(60, 0, 4.0, 10.0), Tally(60, 2, 5.0, 10.0), Tally(60, 20, 9.0, 10.0)
    >>> choose([careful, bold, reckless], 2).place
    1
    >>> choose([reckless], 0).why
    'it stops more than 5% of winners: 20 of 60'
    """
    judged = max(one.hits for one in tallies)
    if judged < least:
        return Chosen(
            Advice.LEAVE, None, f"{least} winners that it could judge are needed to choose by, {judged} seen"
        )
    allowed = [place for place, one in enumerate(tallies) if one.hits >= least and one.within(limit)]
    if not allowed:
        kindest = min(tallies, key=lambda one: one.hits_stopped / max(1, one.hits))
        every = "it stops" if len(tallies) == 1 else "every value stops"
        least_of = "" if len(tallies) == 1 else "at least "
        return Chosen(
            Advice.OFF,
            None,
            f"{every} more than {limit:.0%} of winners: {least_of}{kindest.hits_stopped} of {kindest.hits}",
        )
    best = max(
        allowed, key=lambda place: (tallies[place].saved, place == now, -tallies[place].hits_stopped, -place)
    )
    if tallies[best].saved > 0.0:
        among = (
            "" if len(tallies) == 1 else f", the most of the values that stop at most {limit:.0%} of winners"
        )
        return Chosen(
            Advice.USE, best, f"it saves {_share(tallies[best])} of the compute of doomed runs{among}"
        )
    if now is None or now in allowed:
        return Chosen(Advice.LEAVE, None, "it would have saved nothing, and cost nothing")
    return Chosen(Advice.OFF, None, "the values that spare winners would have saved nothing")


def _share(one: Tally) -> str:
    return f"{one.saved / one.spent:.0%}"


def tried_elsewhere(
    replays: Sequence[Replay], now: int | None, past: History, *, limit: float = FALSE_KILL_LIMIT
) -> Tally | None:
    """What does this way of choosing do to tickets that had no part in the choice?

    Each part of the tickets in turn is left out, the value is chosen by the others, and judged by that part. None where there is one
    part only.
    """
    parts = np.unique(past.runs.batch)
    if len(parts) < 2:
        return None
    total = Tally(0, 0, 0.0, 0.0)
    for part in parts:
        held = np.flatnonzero(past.runs.batch == part)
        others = np.flatnonzero(past.runs.batch != part)
        said = choose([tally(one, past, others) for one in replays], now, limit=limit)
        place = said.place if said.advice is not Advice.LEAVE else now
        done = tally(replays[now or 0] if place is None else replays[place], past, held)
        total = total.plus(done if place is not None else Tally(done.hits, 0, 0.0, done.spent))
    return total
