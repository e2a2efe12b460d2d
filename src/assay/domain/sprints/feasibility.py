"""Does an experiment fit into a sprint: data there on which day, training and evaluation how long, and what would make it fit?

Days are working days of the sprint, Monday to Friday, counted from 1. Data that arrives on a day can be trained on from the next;
where it may arrive on one of several days, the last one counts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from assay.domain.experiments.arrival import Arrival
from assay.domain.experiments.experiment import DataNeed
from assay.domain.experiments.prediction import Prediction
from assay.domain.experiments.supplies import LinkedData, Supply, supplies
from assay.domain.gates.wording import count, hours, listed

TIGHT_DAYS = 1.0
"""With so little left over, anything that goes wrong makes it late."""


class Fit(StrEnum):
    """How an experiment stands to the days of a sprint."""

    FITS = "fits"
    TIGHT = "tight"
    DOES_NOT = "does not fit"
    UNKNOWN = "not known"


@dataclass(frozen=True, slots=True)
class Window:
    """The days a sprint has."""

    starts_on: date
    ends_on: date
    """The last day of it."""
    today: date | None = None
    """What is left counts from here, where the sprint has begun."""

    @property
    def days(self) -> int:
        """Working days in all.

        >>> Window(date(2026, 5, 25), date(2026, 6, 5)).days
        10
        """
        return working_days(self.starts_on, self.ends_on)

    @property
    def gone(self) -> int:
        """Working days that are over."""
        if self.today is None or self.today <= self.starts_on:
            return 0
        return min(self.days, working_days(self.starts_on, self.today - timedelta(days=1)))

    def day_of(self, moment: date) -> int:
        """Which working day of the sprint is this (0: before it, more than `days`: after it)?"""
        return 0 if moment < self.starts_on else working_days(self.starts_on, moment)


def working_days(first: date, last: date) -> int:
    """How many days from Monday to Friday, both ends among them?

    >>> working_days(date(2026, 5, 29), date(2026, 6, 1))  # a Friday to a Monday
    2
    """
    if last < first:
        return 0
    whole, rest = divmod((last - first).days + 1, 7)
    return 5 * whole + sum((first + timedelta(days=number)).weekday() < 5 for number in range(rest))


@dataclass(frozen=True, slots=True)
class Feasibility:
    """Whether it fits, with the arithmetic."""

    fit: Fit
    text: str
    """One sentence: what is there when, what takes how long, and whether that fits."""
    remedies: tuple[str, ...] = ()
    """What would make it fit, or known, cheapest first."""
    spare_days: float | None = None
    """Working days left over; below 0: too many."""


def feasibility(
    needs: tuple[DataNeed, ...],
    prediction: Prediction | None,
    window: Window,
    linked: tuple[LinkedData, ...] = (),
) -> Feasibility:
    """Can this be run and evaluated inside the sprint?

    Args:
        needs: the data it cannot start without.
        prediction: says how long training and evaluation take.
        window: the days there are.
        linked: data tickets it needs, or is blocked by.

    >>> labels = DataNeed(dataset="labels-v2", arrives="2026-06-02 to 2026-06-05")
    >>> found = feasibility((labels,), Prediction(training_days=3, evaluation_days=2), Window(date(2026, 5, 25), date(2026, 6, 5)))
    >>> found.fit.value, found.text
    ('does not fit', 'labels-v2 arrives on day 7-10 of 10, training needs 3 days, evaluation 2: 2 to 5 days too many')
    >>> found.remedies[0]
    'have labels-v2 by day 5'
    """
    awaited = tuple(one for one in supplies(needs, linked) if not one.is_ready)
    data = _data_facts(awaited, window) if needs or linked else ["no data need is listed"]
    text = ", ".join((*data, *_gone(window), *_work_facts(prediction or Prediction())))
    work = _work(prediction)
    unknown = _unknown(awaited, prediction, window)
    if work is None or any(_arrival(one, window) is None for one in awaited):
        return Feasibility(Fit.UNKNOWN, text, unknown)
    waits = _Waits.of(awaited, window)
    spare = window.days - waits.begin - work
    best = window.days - waits.soonest - work
    if best < 0:
        over = _days(-spare) if best == spare else f"{hours(-best)} to {_days(-spare)}"
        return Feasibility(
            Fit.DOES_NOT, f"{text}: {over} too many", _remedies(waits, work, -spare, window), spare
        )
    if spare < 0:
        # Some of the days on which it may arrive are soon enough.
        until = _by_day(math.floor(window.days - work))
        return Feasibility(
            Fit.TIGHT,
            f"{text}: fits only if {waits.name} is there{until}",
            _remedies(waits, work, -spare, window),
            spare,
        )
    left = "no day left over" if spare == 0 else f"{_days(spare)} left over"
    tight = spare < TIGHT_DAYS or (spare == TIGHT_DAYS and waits.day > 0)
    return Feasibility(Fit.TIGHT if tight else Fit.FITS, f"{text}: {left}", (), spare)


@dataclass(frozen=True, slots=True)
class _Waits:
    """The data that comes last."""

    name: str
    """Empty where nothing is waited for."""
    day: int
    """Day of the sprint on which it is there at the latest."""
    first: int
    """And at the earliest."""
    begin: int
    """Days that are gone before training begins, at the latest."""
    soonest: int
    """And at the earliest."""

    @classmethod
    def of(cls, awaited: tuple[Supply, ...], window: Window) -> _Waits:
        days = [(window.day_of(one.arrival.last), one) for one in awaited if one.arrival is not None]
        if not days:
            return cls("", 0, 0, window.gone, window.gone)
        day, last = max(days, key=lambda found: found[0])
        first = max(window.day_of(one.arrival.first) for one in awaited if one.arrival is not None)
        return cls(last.name, day, first, max(day, window.gone), max(first, window.gone))


def _arrival(one: Supply, window: Window) -> Arrival | None:
    """When it is expected; None where nobody knows: also of what was expected on a day that is over, and is not there."""
    if one.is_stopped or one.arrival is None or _is_overdue(one, window):
        return None
    return one.arrival


def _is_overdue(one: Supply, window: Window) -> bool:
    return one.arrival is not None and window.today is not None and one.arrival.last < window.today


def _work(prediction: Prediction | None) -> float | None:
    if prediction is None or prediction.training_days is None or prediction.evaluation_days is None:
        return None
    return float(prediction.training_days + prediction.evaluation_days)


def _unknown(awaited: tuple[Supply, ...], prediction: Prediction | None, window: Window) -> tuple[str, ...]:
    said, work = prediction or Prediction(), _work(prediction)
    latest = None if work is None else math.floor(window.days - work)
    soon = f" ({_by_day(latest).strip()} it fits)" if latest is not None and latest >= 0 else ""
    found = [
        f"link other data than {one.name}" if one.is_stopped else f"write when {one.name} arrives{soon}"
        for one in awaited
        if _arrival(one, window) is None
    ]
    if said.training_days is None:
        found.append("write how many days training takes (0 where nothing is trained)")
    if said.evaluation_days is None:
        found.append("write how many days evaluation takes")
    return tuple(found)


def _gone(window: Window) -> tuple[str, ...]:
    if not window.gone:
        return ()
    return (f"{count(window.gone, 'day')} of {window.days} {'is' if window.gone == 1 else 'are'} over",)


def _data_facts(awaited: tuple[Supply, ...], window: Window) -> list[str]:
    if not awaited:
        return ["data is there"]
    dated = [one for one in awaited if _arrival(one, window) is not None]
    parts = []
    if dated:
        last = max(dated, key=lambda one: window.day_of(_expected(one).last))
        parts.append(f"{last.name} arrives {_when(_expected(last), window)}{_standing(last)}")
    for one in awaited:
        if one.is_stopped:
            parts.append(f"{one.name} was killed")
        elif _is_overdue(one, window):
            parts.append(
                f"{one.name} was to arrive by {_expected(one).last} and is not there{_standing(one)}"
            )
    undated = [one for one in awaited if one.arrival is None and not one.is_stopped]
    if undated:
        named = listed(f"{one.name}{_standing(one)}{_wanted(one, window)}" for one in undated)
        parts.append(f"nobody said when {named} will be there")
    return parts


def _expected(one: Supply) -> Arrival:
    assert one.arrival is not None
    return one.arrival


def _standing(one: Supply) -> str:
    return f" ({one.stands})" if one.stands else ""


def _wanted(one: Supply, window: Window) -> str:
    day = 0 if one.wanted_on is None else window.day_of(one.wanted_on)
    return f" (needed by day {day})" if 0 < day <= window.days else ""


def _when(arrival: Arrival, window: Window) -> str:
    first, last = window.day_of(arrival.first), window.day_of(arrival.last)
    if first > window.days:
        return "after the sprint"
    if last == 0:
        return "before it begins"
    if last > window.days:
        return f"between day {max(first, 1)} of {window.days} and after the sprint"
    return f"on day {last if first == last else f'{max(first, 1)}-{last}'} of {window.days}"


def _work_facts(said: Prediction) -> list[str]:
    if said.training_days is None and said.evaluation_days is None:
        return ["nobody said how long training and evaluation take"]
    parts = []
    if said.training_days is None:
        parts.append("nobody said how long training takes")
    elif said.training_days:
        parts.append(f"training needs {_days(float(said.training_days))}")
    else:
        parts.append("nothing to train")
    if said.evaluation_days is None:
        parts.append("nobody said how long evaluation takes")
    else:
        told = float(said.evaluation_days)
        parts.append(f"evaluation {hours(told) if said.training_days else 'needs ' + _days(told)}")
    return parts


def _remedies(waits: _Waits, work: float, over: float, window: Window) -> tuple[str, ...]:
    found = []
    earlier = math.ceil(over)
    if waits.name and waits.day - earlier >= window.gone:
        much = f" {count(earlier, 'day')} earlier," if waits.first == waits.day else ""
        found.append(f"have {waits.name}{much}{_by_day(waits.day - earlier)}")
    if work > over:
        found.append(f"take {_days(over)} off training and evaluation")
    if work <= window.days:
        found.append("take it next sprint")
    else:
        found.append("let it span sprints, or cut it into smaller questions")
    return tuple(found)


def _by_day(day: int) -> str:
    return f" by day {day}" if day > 0 else " before the sprint begins"


def _days(amount: float) -> str:
    return f"{hours(amount)} day{'' if amount == 1 else 's'}"
