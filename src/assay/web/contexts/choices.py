"""The page of build or buy."""

from __future__ import annotations

from dataclasses import dataclass

from assay.web.contexts.gates import GateProblem, ResultChip


@dataclass(frozen=True, slots=True)
class OptionLine:
    """One option of a comparison."""

    name: str
    route: str
    costs: tuple[tuple[str, bool], ...]
    """Over 1, 2 and 3 years; whether it is the cheapest that fits."""
    missing: str
    leaving: str
    maintenance: str
    sees: ResultChip
    latency: str
    fast: ResultChip
    notes: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class ChoiceCard:
    """One comparison."""

    name: str
    question: str
    expected: str
    chosen: str
    reason: str
    written: str
    options: tuple[OptionLine, ...]
    edit_href: str
    yaml_href: str


@dataclass(frozen=True, slots=True)
class ChoicesPage:
    """Context of pages/build_or_buy.html."""

    cards: tuple[ChoiceCard, ...]
    action: str
    here: str
    canvas_href: str
    name: str
    version: int
    text: str
    is_new: bool
    problem: GateProblem | None
    csrf_token: str
