"""Where a project stands, as its page prints it."""

from __future__ import annotations

from dataclasses import dataclass

from assay.web.contexts.experiment import ChartBox


@dataclass(frozen=True, slots=True)
class LinkedFact:
    """A figure that leads to what is behind it."""

    label: str
    value: str
    rest: str
    href: str


@dataclass(frozen=True, slots=True)
class RiskLine:
    """Something that may go wrong, and where it is seen to."""

    word: str
    text: str
    href: str


@dataclass(frozen=True, slots=True)
class StateLine:
    """A ticket of the sprint."""

    key: str
    href: str
    hypothesis: str
    progress: str
    look: str
    metric: str
    best: str
    best_href: str
    target: str
    gap: str
    decision: str
    data: str
    data_look: str


@dataclass(frozen=True, slots=True)
class StatePage:
    """Context of pages/state.html."""

    facts: tuple[LinkedFact, ...]
    headline: str
    confidence: str
    ahead: str
    """What may come of it, in a sentence or two; empty before anything was measured."""
    headline_href: str
    meaning: str
    chart: ChartBox | None
    risks: tuple[RiskLine, ...]
    sprint_title: str
    sprint_href: str
    sprint_facts: tuple[LinkedFact, ...]
    tickets: tuple[StateLine, ...]
    no_tickets: str
