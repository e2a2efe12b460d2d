"""Does an experiment fit into a sprint: data there on which day, training and evaluation how long, and what would make it fit?

Days are working days of the sprint, Monday to Friday, counted from 1. Data that comes on a day can be trained on from the next.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from assay.domain.experiments.experiment import DataNeed
from assay.domain.experiments.prediction import Prediction
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


def feasibility(needs: tuple[DataNeed, ...], prediction: Prediction | None, window: Window) -> Feasibility:
    """Can this be run and evaluated inside the sprint?

    Args:
        needs: the data it cannot start without.
        prediction: says how long training and evaluation take.
        window: the days there are.

    >>> labels = DataNeed(dataset="labels-v2", needed_by="2026-06-04T00:00:00Z")
    >>> found = feasibility((labels,), Prediction(training_days=3, evaluation_days=2), Window(date(2026, 5, 25), date(2026, 6, 5)))
    >>> found.fit.value, found.text
    ('does not fit', 'labels-v2 comes on day 9 of 10, training needs 3 days, evaluation 2: 4 days too many')
    >>> found.remedies[0]
    'have labels-v2 4 days earlier, by day 5'
    """
    unknown = _unknown(needs, prediction)
    work = _work(prediction)
    waiting = [need for need in needs if not need.ready]
    if unknown and (work is None or any(need.needed_by is None for need in waiting)):
        return Feasibility(Fit.UNKNOWN, _facts(needs, prediction, window), unknown)
    assert work is not None
    last = max(waiting, key=lambda need: window.day_of(_day(need)), default=None)
    comes = 0 if last is None else window.day_of(_day(last))
    begin = max(comes, window.gone)
    spare = window.days - begin - work
    text = _facts(needs, prediction, window)
    if spare < 0:
        return Feasibility(
            Fit.DOES_NOT,
            f"{text}: {_days(-spare)} too many",
            _remedies(last, comes, work, -spare, window),
            spare,
        )
    left = "no day left over" if spare == 0 else f"{_days(spare)} left over"
    return Feasibility(
        Fit.TIGHT if spare < TIGHT_DAYS or (spare == TIGHT_DAYS and comes > 0) else Fit.FITS,
        f"{text}: {left}",
        (),
        spare,
    )


def _day(need: DataNeed) -> date:
    assert need.needed_by is not None
    return need.needed_by.date()


def _work(prediction: Prediction | None) -> float | None:
    if prediction is None or prediction.training_days is None or prediction.evaluation_days is None:
        return None
    return float(prediction.training_days + prediction.evaluation_days)


def _unknown(needs: tuple[DataNeed, ...], prediction: Prediction | None) -> tuple[str, ...]:
    said = prediction or Prediction()
    found = [
        f"write by when {need.dataset} is there"
        for need in needs
        if not need.ready and need.needed_by is None
    ]
    if said.training_days is None:
        found.append("write how many days training takes (0 where nothing is trained)")
    if said.evaluation_days is None:
        found.append("write how many days evaluation takes")
    return tuple(found)


def _facts(needs: tuple[DataNeed, ...], prediction: Prediction | None, window: Window) -> str:
    said, parts = prediction or Prediction(), []
    waiting = [need for need in needs if not need.ready]
    late = sorted((need for need in waiting if need.needed_by is not None), key=_day)
    if late:
        place = window.day_of(_day(late[-1]))
        where = f"on day {place} of {window.days}" if place <= window.days else "after the sprint"
        parts.append(f"{late[-1].dataset} comes {where if place else 'before it begins'}")
    undated = [need.dataset for need in waiting if need.needed_by is None]
    if undated:
        parts.append(f"nobody said when {listed(undated)} will be there")
    if not waiting:
        parts.append("data is there" if needs else "no data need is listed")
    if window.gone:
        parts.append(
            f"{count(window.gone, 'day')} of {window.days} {'is' if window.gone == 1 else 'are'} over"
        )
    if said.training_days is None and said.evaluation_days is None:
        parts.append("nobody said how long training and evaluation take")
        return ", ".join(parts)
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
    return ", ".join(parts)


def _remedies(last: DataNeed | None, comes: int, work: float, over: float, window: Window) -> tuple[str, ...]:
    found = []
    earlier = math.ceil(over)
    if last is not None and comes - earlier >= window.gone:
        by = comes - earlier
        until = f", by day {by}" if by else ", before the sprint begins"
        found.append(f"have {last.dataset} {count(earlier, 'day')} earlier{until}")
    if work > over:
        found.append(f"take {_days(over)} off training and evaluation")
    if work <= window.days:
        found.append("take it next sprint")
    else:
        found.append("let it span sprints, or cut it into smaller questions")
    return tuple(found)


def _days(amount: float) -> str:
    return f"{hours(amount)} day{'' if amount == 1 else 's'}"
