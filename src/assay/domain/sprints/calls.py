"""What was expected and what came of it: chances against outcomes, and whether those ranked first paid.

A call is an experiment that was decided, to kill or to promote, for the first time. It came true when every primary criterion was met
by then. The prediction that counts is the one that stood at the lock; both are as the journal told them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from assay.domain.experiments.display import format_difference
from assay.domain.experiments.experiment import DecisionKind, Registration
from assay.domain.experiments.prediction import Effect, Prediction
from assay.domain.gates.wording import count, hours, listed
from assay.domain.kernel.findings import Outcome
from assay.domain.sprints.ranking import Candidate, Per, Scale, candidate_from, ranked, worth_on
from assay.domain.sprints.worth import Basis, belief_of, goal_of, said_chance
from assay.stats.elicited_chances import BrierScore, TrackRecord, brier_score, track_record

FEWEST_TO_COMPARE = 4
"""With fewer ranked experiments there is no top half to speak of."""
FEWEST_TO_TELL = 10
"""With fewer the comparison is told, and that it says little."""
MOST_REGISTRATIONS = 1024
_TENTH = 1.2815515655446004
"""So many standard deviations from the mean of a normal distribution one in ten lies on either side."""


@lru_cache(maxsize=MOST_REGISTRATIONS)
def _registration(text: bytes) -> Registration:
    """What was locked never changes: of hundreds that a page looks back on, most were read by the page before."""
    return Registration.model_validate_json(text)


class LockedAt(NamedTuple):
    """An experiment was locked, with what was expected of it."""

    at: datetime
    item: str
    expected: Mapping[str, Any] | None
    """The prediction, and below the registration as JSON, as the journal holds them: read when somebody needs them."""
    registration: bytes


class DecidedAs(NamedTuple):
    """An experiment was decided, with what the evidence showed by then."""

    at: datetime
    item: str
    kind: DecisionKind
    primary: Outcome | None
    """None: the entry is from before this was journaled."""
    gain: float | None


CallEvent = LockedAt | DecidedAs


@dataclass(frozen=True, slots=True)
class Call:
    """One decided experiment."""

    item: str
    locked_at: datetime
    decided_at: datetime
    said: float | None
    """The chance that was given, or follows from the effect that was."""
    hit: bool
    shipped: bool
    gain: float | None
    """Measured improvement over the baseline, in the metric's own unit; None: not known."""
    lock: LockedAt

    @property
    def prediction(self) -> Prediction | None:
        """What stood at the lock."""
        said = self.lock.expected
        return None if said is None else Prediction.model_validate(dict(said))

    @property
    def registration(self) -> Registration:
        """What was locked."""
        return _registration(self.lock.registration)


def calls(events: Iterable[CallEvent], *, until: datetime | None = None) -> tuple[Call, ...]:
    """Which experiments were decided up to a moment, by the first decision to kill or to promote, in order?"""
    locked: dict[str, LockedAt] = {}
    found: dict[str, Call] = {}
    for event in events:
        if until is not None and event.at > until:
            continue
        if isinstance(event, LockedAt):
            locked.setdefault(event.item, event)
        elif event.item in locked and event.item not in found and event.kind is not DecisionKind.ITERATE:
            found[event.item] = _call(locked[event.item], event)
    return tuple(found.values())


def _call(lock: LockedAt, decided: DecidedAs) -> Call:
    promoted = decided.kind is DecisionKind.PROMOTE
    return Call(
        item=lock.item,
        locked_at=lock.at,
        decided_at=decided.at,
        said=_said(lock),
        hit=promoted if decided.primary is None else decided.primary is Outcome.MET,
        shipped=promoted,
        gain=decided.gain,
        lock=lock,
    )


def _said(lock: LockedAt) -> float | None:
    if lock.expected is None:
        return None
    if (
        "chance" in lock.expected
    ):  # asked of every decided experiment on every page: nothing more is read for it
        return float(lock.expected["chance"])
    prediction = Prediction.model_validate(dict(lock.expected))
    if prediction.effect is None:
        return None
    return said_chance(prediction, goal_of(_registration(lock.registration)))


def record_of(found: Iterable[Call]) -> TrackRecord:
    """What does the record of these experiments say about the next chance?"""
    known = tuple(found)
    scored = [(call.said, call.hit) for call in known if call.said is not None]
    return track_record(
        sum(call.hit for call in known), len(known), [said for said, _ in scored], [hit for _, hit in scored]
    )


def score_of(found: Iterable[Call]) -> BrierScore | None:
    """How good were the chances given for these experiments? None where none was given."""
    scored = [(call.said, call.hit) for call in found if call.said is not None]
    return brier_score([said for said, _ in scored], [hit for _, hit in scored]) if scored else None


def effects_inside(found: Iterable[Call]) -> tuple[int, int]:
    """Of how many experiments was the measured effect inside the range said to hold 8 in 10, and of how many is that known?

    >>> effects_inside([])
    (0, 0)
    """
    known = []
    for call in found:
        if call.gain is None or not call.lock.expected or "effect" not in call.lock.expected:
            continue
        effect = None if call.prediction is None else call.prediction.effect
        if effect is not None:
            low, high = _eight_in_ten(effect)
            known.append(low <= call.gain <= high)
    return sum(known), len(known)


def _eight_in_ten(effect: Effect) -> tuple[float, float]:
    if effect.low is not None and effect.high is not None:
        return float(effect.low), float(effect.high)
    belief = belief_of(effect)
    reach = _TENTH * belief.sd
    return belief.mean - reach, belief.mean + reach


def score_text(score: BrierScore | None) -> str:
    """The score in a sentence for a planning or a retro page."""
    if score is None:
        return "No decided experiment had a chance given before its lock."
    told = f"Chances were given as {score.mean_chance:.0%} on average, {score.base_rate:.0%} came true"
    of = f"{count(score.n, 'experiment')}, Brier {score.score:.2f}"
    if not score.is_enough:
        return f"{told} ({of}: too few to say how good they are)."
    against = f"always saying {score.base_rate:.0%} would have scored {score.reference:.2f}"
    if score.interval is None:
        return f"{told} ({of}; {against})."
    return f"{told} ({of}, {score.interval.low:.2f} to {score.interval.high:.2f} at 95%; {against})."


def call_text(call: Call) -> str:
    """One experiment against what was expected of it, in a sentence."""
    said = "no chance was given" if call.said is None else f"{call.said:.0%} was said"
    came = "its criteria were met" if call.hit else "its criteria were not met"
    if call.gain is None:
        return f"{said}, {came}"
    goal, prediction = goal_of(call.registration), call.prediction
    metric = None if goal is None else goal.metric
    measured = f"{format_difference(metric, call.gain)} measured"
    effect = None if prediction is None else prediction.effect
    if effect is None:
        return f"{said}, {came}: {measured}"
    return f"{said}, {came}: {measured}, {format_difference(metric, belief_of(effect).mean)} expected"


@dataclass(frozen=True, slots=True)
class Half:
    """What came of the experiments that were ranked high, or of the others."""

    items: tuple[str, ...]
    shipped: int
    gain: float
    """Gain shipped, on the scale of the ranking; what was shipped with an unknown gain counts nothing and is told."""
    cost: float
    """As planned, in the unit of the ranking."""
    unknown: int
    """Shipped ones whose gain is not known."""

    @property
    def per_cost(self) -> float | None:
        """Gain shipped for the cost; None where nothing was spent."""
        return None if self.cost == 0.0 else self.gain / self.cost


@dataclass(frozen=True, slots=True)
class Paid:
    """Did it pay to run first what was ranked first?"""

    per: Per
    scale: Scale
    high: Half
    """The better half as ranked by what was known when the window began."""
    rest: Half
    text: str
    is_enough: bool


def ranking_paid(found: Iterable[Call], record: TrackRecord, *, per: Per = Per.GPU_HOUR) -> Paid | None:
    """Did those ranked high ship more than the others, for what they cost?

    Args:
        found: decided experiments; those without a prediction, or of which the cost was not said, take no part.
        record: what was known of the team's chances before the window.
        per: the cost that the ranking is by.

    Returns:
        None where fewer than `FEWEST_TO_COMPARE` can be ranked.
    """
    by_key = {call.item: call for call in found if call.lock.expected is not None}
    candidates = [
        candidate_from(call.item, call.registration, call.prediction, record) for call in by_key.values()
    ]
    known = [one for one in candidates if one.worth.basis is not Basis.HIT_RATE and one.cost(per) is not None]
    ranking = ranked(known, record, per=per)
    rows = [row.candidate for row in ranking.rows if row.worth is not None]
    if len(rows) < FEWEST_TO_COMPARE:
        return None
    middle = (len(rows) + 1) // 2
    high, rest = (_half(part, by_key, ranking.scale, per) for part in (rows[:middle], rows[middle:]))
    enough = len(rows) >= FEWEST_TO_TELL
    return Paid(per, ranking.scale, high, rest, _paid_text(high, rest, per, enough=enough), enough)


def _half(part: list[Candidate], by_key: Mapping[str, Call], scale: Scale, per: Per) -> Half:
    shipped = [one for one in part if by_key[one.key].shipped]
    gains = [worth_on(one, by_key[one.key].gain, scale) for one in shipped]
    return Half(
        items=tuple(one.key for one in part),
        shipped=len(shipped),
        gain=sum(gain for gain in gains if gain is not None),
        cost=sum(one.cost(per) or 0.0 for one in part),
        unknown=sum(gain is None for gain in gains),
    )


def _paid_text(high: Half, rest: Half, per: Per, *, enough: bool) -> str:
    noun = "GPU-hour" if per is Per.GPU_HOUR else "person-day"

    def told(half: Half, who: str) -> str:
        rate = "" if half.per_cost is None else f", {_signed(half.per_cost)} a {noun}"
        unknown = f", {half.unknown} with unknown gain" if half.unknown else ""
        return (
            f"{who} {len(half.items)} shipped {half.shipped}{unknown}: gain {_signed(half.gain)} in all{rate}"
        )

    little = "" if enough else f" So few ({listed(high.items + rest.items, 3)}) say little."
    return f"{told(high, 'Ranked high,')}; {told(rest, 'the other')}.{little}"


def _signed(value: float) -> str:
    return f"{'-' if value < 0 else ''}{hours(abs(value))}"
