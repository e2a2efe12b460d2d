"""In which cadence does a team work, and which one fits it?"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from assay.domain.kernel.ids import TicketType
from assay.domain.sprints.progress import ASKS_A_QUESTION


class Cadence(StrEnum):
    """The cadence of a project."""

    SCRUM = "scrum"
    """Sprints of fixed length, for everything."""
    KANBAN = "kanban"
    """Continuous flow: no sprints are asked for."""
    SCRUMBAN = "scrumban"
    """Sprints for product and infrastructure, flow for experiments."""

    @property
    def label(self) -> str:
        """As people write it."""
        return self.value.capitalize()

    @property
    def means(self) -> str:
        """What it comes to, in a sentence."""
        return _MEANS[self]

    @property
    def has_sprints(self) -> bool:
        """Whether sprints are asked for."""
        return self is not Cadence.KANBAN

    def flows(self, kind: TicketType) -> bool:
        """Does a ticket of this type flow over the board instead of being taken into a sprint?

        >>> [cadence.value for cadence in Cadence if cadence.flows(TicketType.EXPERIMENT)]
        ['scrumban']
        """
        return self is Cadence.SCRUMBAN and kind in ASKS_A_QUESTION


_MEANS = {
    Cadence.SCRUM: "Sprints of fixed length: the team commits to what it will run, and experiments may span sprints while their time box keeps running.",
    Cadence.KANBAN: "Continuous flow: column limits say when the next card may start, and no sprints are asked for.",
    Cadence.SCRUMBAN: "Sprints hold product and infrastructure work; experiments and spikes flow over the board within its limits.",
}


class MainWork(StrEnum):
    """What most of the next weeks' work is."""

    EXPERIMENTS = "experiments"
    MIXED = "mixed"
    PRODUCT = "product"


@dataclass(frozen=True, slots=True)
class Answers:
    """What a team says of its next weeks."""

    work: MainWork
    ships_soon: bool
    """Something of it is to reach users within the next two months."""
    outside_dates: bool
    """Others wait for dates: a release, a demo, another team."""


@dataclass(frozen=True, slots=True)
class Advice:
    """The cadence that fits, and why."""

    cadence: Cadence
    reasons: tuple[str, ...]


def advise(answers: Answers) -> Advice:
    """Which cadence fits, and why?

    Scrum where productisation is close, Kanban where experiments dominate, Scrumban where both go on at once. Mixed work that ships
    soon goes by whether somebody outside waits for dates.

    >>> advise(Answers(MainWork.EXPERIMENTS, ships_soon=False, outside_dates=False)).cadence.value
    'kanban'
    """
    work, soon, dates = answers.work, answers.ships_soon, answers.outside_dates
    if work is MainWork.PRODUCT:
        cadence = Cadence.SCRUM
    elif work is MainWork.EXPERIMENTS:
        cadence = Cadence.SCRUMBAN if soon else Cadence.KANBAN
    else:
        cadence = Cadence.SCRUM if soon and dates else Cadence.SCRUMBAN
    return Advice(cadence, (_WORK[work], _soon(cadence, soon=soon), _dates(cadence, dates=dates)))


_WORK = {
    MainWork.EXPERIMENTS: "Experiments dominate: when they end cannot be planned, only limited, so they are better pulled than committed.",
    MainWork.MIXED: "The work is mixed: product tasks can be planned for a date, experiments cannot.",
    MainWork.PRODUCT: "Most of it is product work, which can be estimated and committed to.",
}


def _soon(cadence: Cadence, *, soon: bool) -> str:
    if not soon:
        return "Nothing is to ship soon, so no date asks for fixed sprints."
    if cadence is Cadence.SCRUM:
        return "Productisation is close: sprints give it a goal, a date and a review."
    return (
        "Something is to ship soon: sprints carry that part to its date, and the experiments beside it go on."
    )


def _dates(cadence: Cadence, *, dates: bool) -> str:
    if not dates:
        return "Nobody outside waits for dates."
    if cadence is Cadence.KANBAN:
        return "For those who wait for dates, give decisions a date on the page Phase, in place of promising results."
    return "Others wait for dates: the end of a sprint is one they can rely on."
