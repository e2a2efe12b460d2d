"""Which experiments first: ranked by value of information for their cost, each with a sentence that says why.

A place that a person gave, with a reason, wins over the computed one; both are shown. Weighted shortest job first (cost of delay over
job size) is the second view, for those who estimate that way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from statistics import median

from assay.domain.experiments.display import format_difference
from assay.domain.experiments.experiment import Place, Registration, TicketContent
from assay.domain.experiments.prediction import CostOfDelay, Prediction
from assay.domain.experiments.preregistration import registration_of
from assay.domain.gates.wording import hours, listed
from assay.domain.kernel.metrics import Metric, MetricCatalog, Unit
from assay.domain.sprints.worth import Basis, Goal, Worth, goal_of, worth_of
from assay.stats.elicited_chances import TrackRecord


class Per(StrEnum):
    """Which cost is scarce."""

    GPU_HOUR = "gpu-hour"
    PERSON_DAY = "person-day"


class Scale(StrEnum):
    """What worth is counted in: the finest scale that every predicted candidate can be put on."""

    REWARD = "reward"
    """What one unit of its metric is worth was said for each."""
    METRIC = "metric"
    """All are about one metric: its own unit."""
    GOAL = "goal"
    """Different metrics: improvements as large as each criterion asks for, counted alike."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An experiment that could be run next."""

    key: str
    title: str
    goal: Goal | None
    worth: Worth
    gpu_hours: float | None
    """None: not known; 0: it needs no GPU."""
    person_days: float | None
    reward: float | None
    cost_of_delay: CostOfDelay
    place: Place | None

    def cost(self, per: Per) -> float | None:
        """What it costs of the scarce one; None: nobody said."""
        return self.gpu_hours if per is Per.GPU_HOUR else self.person_days


@dataclass(frozen=True, slots=True)
class Ranked:
    """A candidate at its place."""

    candidate: Candidate
    rank: int
    """1 is first."""
    computed_rank: int
    """Where it would stand without a word of a person."""
    worth: float | None
    """Expected gain on the scale of the ranking."""
    per_gpu_hour: float | None
    """None: not known, or it needs none of it."""
    per_person_day: float | None
    sentence: str
    """Why it stands where it stands."""
    missing: tuple[str, ...]
    """What nobody said, each a thing that can be written on the ticket."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """Candidates in order."""

    per: Per
    scale: Scale
    scale_text: str
    """What worth is counted in, in words."""
    rows: tuple[Ranked, ...]


def candidate_of(key: str, content: TicketContent, metrics: MetricCatalog, record: TrackRecord) -> Candidate:
    """The ticket as a candidate, as it would be locked now."""
    registration = registration_of(content, metrics)
    return candidate_from(
        key, registration, content.prediction, record, title=content.title, place=content.place
    )


def candidate_from(
    key: str,
    registration: Registration,
    prediction: Prediction | None,
    record: TrackRecord,
    *,
    title: str = "",
    place: Place | None = None,
) -> Candidate:
    """The same from what was locked, for looking back."""
    goal, said = goal_of(registration), prediction or Prediction()
    return Candidate(
        key=key,
        title=title,
        goal=goal,
        worth=worth_of(prediction, goal, record),
        gpu_hours=_number(said.gpu_hours if said.gpu_hours is not None else registration.budget.gpu_hours),
        person_days=_number(said.person_days),
        reward=_number(said.reward),
        cost_of_delay=said.cost_of_delay or CostOfDelay(),
        place=place,
    )


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def ranked(candidates: Iterable[Candidate], record: TrackRecord, *, per: Per = Per.GPU_HOUR) -> Ranking:
    """In which order are these worth running?

    First those whose worth and cost are known, by worth for the cost (what needs none of it first); then those whose cost is not
    known, by worth; then those of which nothing is known. Equals stand by the number of their key.

    Args:
        candidates: in any order.
        record: what came true of earlier predictions, to be told of.
        per: the cost that is scarce.
    """
    known = _with_rewards(tuple(sorted(candidates, key=_number_of_key)))
    scale = _scale(known)
    computed = sorted(known, key=lambda one: _order(one, scale, per))
    words = _Words(scale, per, record, known)
    rows = [_ranked(one, number, words) for number, one in enumerate(computed, 1)]
    return Ranking(per, scale, words.scale_text, _with_places(rows))


def worth_on(candidate: Candidate, gain: float | None, scale: Scale) -> float | None:
    """How much is a gain in this candidate's metric on the scale of a ranking? None where it cannot be put on it."""
    if gain is None or scale is Scale.METRIC:
        return gain
    if scale is Scale.REWARD:
        return None if candidate.reward is None else gain * candidate.reward
    bar = None if candidate.goal is None else candidate.goal.bar
    return None if bar is None or bar <= 0.0 else gain / bar


def _with_rewards(candidates: tuple[Candidate, ...]) -> tuple[Candidate, ...]:
    """A point of one metric is worth the same whoever asks: where one ticket does not say, the others of its metric do."""
    said: dict[str, list[float]] = {}
    for one in candidates:
        if one.goal is not None and one.reward is not None:
            said.setdefault(one.goal.metric.name, []).append(one.reward)
    return tuple(
        replace(one, reward=median(said[one.goal.metric.name]))
        if one.reward is None and one.goal is not None and one.goal.metric.name in said
        else one
        for one in candidates
    )


def _scale(candidates: Sequence[Candidate]) -> Scale:
    valued = [one for one in candidates if one.worth.gain is not None]
    leading = [one for one in valued if one.worth.basis is not Basis.HIT_RATE] or valued
    if leading and all(one.reward is not None for one in leading):
        return Scale.REWARD
    return Scale.METRIC if len({_metric_name(one) for one in valued}) <= 1 else Scale.GOAL


def _metric_name(candidate: Candidate) -> str | None:
    return None if candidate.goal is None else candidate.goal.metric.name


def _number_of_key(candidate: Candidate) -> tuple[int, str]:
    number = candidate.key.rpartition("-")[2]
    return (int(number) if number.isdecimal() else 0, candidate.key)


def _order(candidate: Candidate, scale: Scale, per: Per) -> tuple[int, float]:
    worth, cost = worth_on(candidate, candidate.worth.gain, scale), candidate.cost(per)
    if worth is None:
        return (3, 0.0)
    if cost is None:
        return (2, -worth)
    return (1, -worth / cost) if cost > 0.0 or worth == 0.0 else (0, -worth)


def _rate(worth: float | None, cost: float | None) -> float | None:
    return None if worth is None or cost is None or cost == 0.0 else worth / cost


def _with_places(rows: list[Ranked]) -> tuple[Ranked, ...]:
    free = [row for row in rows if row.candidate.place is None]
    for row in sorted(
        (row for row in rows if row.candidate.place is not None), key=lambda row: _place(row.candidate)
    ):
        free.insert(_place(row.candidate) - 1, row)
    # Hundreds stand where they were computed to stand.
    return tuple(
        row if row.rank == number else replace(row, rank=number) for number, row in enumerate(free, 1)
    )


def _place(candidate: Candidate) -> int:
    assert candidate.place is not None
    return candidate.place.rank


def _ranked(candidate: Candidate, number: int, words: _Words) -> Ranked:
    worth = worth_on(candidate, candidate.worth.gain, words.scale)
    missing = [*candidate.worth.missing]
    if candidate.worth.gain is not None and worth is None:
        missing.append(_unplaced(candidate, words.scale))
    if candidate.cost(words.per) is None:
        missing.append("the GPU-hours" if words.per is Per.GPU_HOUR else "the person-days")
    return Ranked(
        candidate=candidate,
        rank=number,
        computed_rank=number,
        worth=worth,
        per_gpu_hour=_rate(worth, candidate.gpu_hours),
        per_person_day=_rate(worth, candidate.person_days),
        sentence=words.sentence(candidate, worth, missing),
        missing=tuple(missing),
    )


def _unplaced(candidate: Candidate, scale: Scale) -> str:
    """What would put a known gain on the scale of the ranking."""
    unit = "what one unit of its metric is worth"
    if scale is Scale.REWARD:
        return unit
    goal = candidate.goal
    assert goal is not None  # without one there is no gain
    return goal.unsized if goal.bar is None else f"{unit} ({goal.unsized})"


def brief_amount(metric: Metric, gain: float) -> str:
    """A gain in a metric's unit with two digits: rates of an estimate deserve no more.

    >>> from assay.domain.kernel.metrics import Direction
    >>> brief_amount(Metric(name="accuracy", direction=Direction.HIGHER, unit=Unit.FRACTION), 0.000187)
    '0.019 points'
    """
    if metric.unit is Unit.FRACTION:
        return f"{hours(100.0 * gain)} points"
    bare = metric.unit in (Unit.NUMBER, Unit.COUNT)
    return hours(gain) if bare else f"{hours(gain)} {metric.unit.value}"


class _Words:
    """How a ranking is explained."""

    def __init__(self, scale: Scale, per: Per, record: TrackRecord, candidates: Sequence[Candidate]) -> None:
        self.scale, self.per, self._record = scale, per, record
        self._costs = sorted(cost for one in candidates if (cost := one.cost(per)) is not None and cost > 0.0)

    @property
    def scale_text(self) -> str:
        """What worth is counted in."""
        return {
            Scale.REWARD: "what the improvement is worth, by what was said of one unit of each metric",
            Scale.METRIC: "improvement in the metric's own unit",
            Scale.GOAL: "improvements as large as each criterion asks for: the metrics differ, and not every prediction says "
            "what one unit is worth",
        }[self.scale]

    def amount(self, candidate: Candidate, worth: float) -> str:
        """Worth with its unit."""
        if self.scale is Scale.METRIC and candidate.goal is not None:
            return brief_amount(candidate.goal.metric, worth)
        return hours(worth) + (" goals" if self.scale is Scale.GOAL else "")

    def sentence(self, candidate: Candidate, worth: float | None, missing: list[str]) -> str:
        """Why it stands where it stands."""
        known = candidate.worth
        if worth is None:
            return f"Not ranked by worth yet. It lacks {listed(missing)}."
        return f"{self._lead(candidate, worth)}: {self._why(candidate)}{self._cost_words(candidate)}{_decides(known)}."

    def _lead(self, candidate: Candidate, worth: float) -> str:
        cost = candidate.cost(self.per)
        about = {Basis.CHANCE: "at least ", Basis.HIT_RATE: "about "}.get(candidate.worth.basis, "")
        if cost is None or cost == 0.0:
            return f"Worth {about}{self.amount(candidate, worth)}"
        noun = "a GPU-hour" if self.per is Per.GPU_HOUR else "a person-day"
        return f"Worth {about}{self.amount(candidate, worth / cost)} {noun}"

    def _why(self, candidate: Candidate) -> str:
        known, goal = candidate.worth, candidate.goal
        assert known.chance is not None
        assert goal is not None
        if known.basis is Basis.HIT_RATE:
            record = self._record
            return (
                f"nothing was predicted, so the team's own hit rate stands for it "
                f"({record.hits} of {record.decided} met their criteria, {known.chance:.0%} expected of the next)"
            )
        shrunk = known.said is not None and f"{known.said:.0%}" != f"{known.chance:.0%}"
        told = f" ({known.said:.0%} was said)" if shrunk else ""
        gain = "" if known.if_met is None else f", {format_difference(goal.metric, known.if_met)} if so"
        return f"{known.chance:.0%} chance of {goal.text}{told}{gain}"

    def _cost_words(self, candidate: Candidate) -> str:
        cost, unit = candidate.cost(self.per), "GPU-h" if self.per is Per.GPU_HOUR else "person-days"
        if cost is None:
            return f"; {'GPU-hours' if self.per is Per.GPU_HOUR else 'person-days'} not said"
        if cost == 0.0:
            return f", needs no {'GPU' if self.per is Per.GPU_HOUR else 'person-days'}"
        third = len(self._costs) // 3
        word = ""
        if third and cost <= self._costs[third - 1]:
            word = "cheap at "
        elif third and cost >= self._costs[-third]:
            word = "expensive at "
        return f", {word}{hours(cost)} {unit}"


def _decides(worth: Worth) -> str:
    """Information counts by the decision it can change."""
    if worth.chance is None or worth.basis is Basis.HIT_RATE:
        return ""
    if worth.chance >= 0.5:
        return "; decides whether to hold back what looks good"
    return "; decides whether to ship what nobody would ship untested"


@dataclass(frozen=True, slots=True)
class Delayed:
    """A candidate by cost of delay."""

    candidate: Candidate
    rank: int
    cost_of_delay: int | None
    """Business value, time criticality and risk reduction together; None where one of them is not said."""
    score: float | None
    """Cost of delay over job size."""
    sentence: str
    missing: tuple[str, ...]


_PARTS = ("business_value", "time_criticality", "risk_reduction", "job_size")


def by_cost_of_delay(candidates: Iterable[Candidate]) -> tuple[Delayed, ...]:
    """In which order by weighted shortest job first? Those with a part that nobody estimated come last: open is not zero."""
    rows = [_delayed(one) for one in sorted(candidates, key=_number_of_key)]
    order: Callable[[Delayed], tuple[bool, float]] = lambda row: (row.score is None, -(row.score or 0.0))  # noqa: E731
    return tuple(replace(row, rank=number) for number, row in enumerate(sorted(rows, key=order), 1))


def _delayed(candidate: Candidate) -> Delayed:
    said = candidate.cost_of_delay
    values = {name: getattr(said, name) for name in _PARTS}
    missing = tuple(name.replace("_", " ") for name, value in values.items() if value is None)
    if missing:
        return Delayed(
            candidate, 0, None, None, f"Not ranked yet. It lacks {listed(missing)}.", missing=missing
        )
    *parts, size = values.values()
    delay = sum(parts)
    words = " + ".join(
        f"{name.replace('_', ' ')} {value}" for name, value in zip(_PARTS, parts, strict=False)
    )
    sentence = f"{delay / size:.2g}: cost of delay {delay} ({words}) over job size {size}."
    return Delayed(candidate, 0, delay, delay / size, sentence, ())
