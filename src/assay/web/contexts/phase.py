"""The phase page."""

from __future__ import annotations

from dataclasses import dataclass

from assay.web.contexts.gates import GateProblem, ResultChip
from assay.web.contexts.ticket_form import Choice


@dataclass(frozen=True, slots=True)
class PhaseStep:
    """One of the four phases."""

    name: str
    current: bool
    weeks: str
    mix: str
    focus: str


@dataclass(frozen=True, slots=True)
class DecisionLine:
    """A decision with a date."""

    number: int
    """In the names of its inputs, from 0."""
    place: int
    """For people, from 1."""
    question: str
    by: str
    """As it is typed: a number of a sprint, or a day."""
    by_words: str
    settled: str
    chip: ResultChip


@dataclass(frozen=True, slots=True)
class StuckLine:
    """One way in which the project is stuck."""

    kind: str
    evidence: str
    fix: str
    tickets: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class PhasePage:
    """Context of pages/phase.html."""

    steps: tuple[PhaseStep, ...]
    headline: str
    tone: str
    sign: str
    detail: tuple[str, ...]
    bar: str | None
    """Width of the part that explores; None where it is not known."""
    target: str
    """Where the target stands on the bar."""
    bar_label: str
    decisions: tuple[DecisionLine, ...]
    stuck: tuple[StuckLine, ...]
    phases: tuple[Choice, ...]
    measures: tuple[Choice, ...]
    since: str
    version: int
    action: str
    canvas_href: str
    problem: GateProblem | None
    csrf_token: str
