"""The planning page."""

from __future__ import annotations

from dataclasses import dataclass

from assay.web.contexts.board import Fact
from assay.web.contexts.sprints import CommitmentForms, CommitmentLine, Share, Tab


@dataclass(frozen=True, slots=True)
class ReadyChip:
    """One line of the Definition of Ready."""

    title: str
    look: str
    icon: str
    answer: str
    reason: str
    do: str


@dataclass(frozen=True, slots=True)
class CandidateRow:
    """One candidate at its place."""

    key: str
    href: str
    title: str
    rank: int
    sentence: str
    by_hand: str
    """Why a person put it here and where it was computed to be; empty without."""
    feasibility: str
    remedies: str
    fit: str
    fit_look: str
    cells: tuple[tuple[str, str], ...]
    """Name of the column and what stands in it; empty where it is not known."""
    ready: tuple[ReadyChip, ...]
    ready_text: str
    is_in: bool
    """It is committed to already."""
    version: int


@dataclass(frozen=True, slots=True)
class PlanningPage:
    """Context of pages/sprints/planning.html."""

    heading: str
    days: str
    goal: str
    tabs: tuple[Tab, ...]
    here: str
    number: int | None
    """Of the sprint that is planned; None before there is one."""
    version: int | None
    can_start: bool
    start_action: str
    make_action: str
    next_name: str
    next_from: str
    next_to: str
    facts: tuple[Fact, ...]
    over: tuple[str, ...]
    silence: str
    candidates: tuple[CandidateRow, ...]
    columns: tuple[str, ...]
    by_delay: bool
    first_href: str
    """The first page; empty there."""
    next_href: str
    next_label: str
    views: tuple[Tab, ...]
    scale_text: str
    record_text: str
    new_href: str
    committed: tuple[CommitmentLine, ...]
    forms: CommitmentForms | None
    """How what is committed is taken out; None before there is a sprint."""
    shares: tuple[Share, ...]
    person_days: str
    gpu_hours: str
    cadence: str
    """What the project's cadence says of sprints, where it is not Scrum; empty otherwise."""
    has_sprints: bool
    takes_experiments: bool
    """Experiments are taken into sprints, and do not flow beside them."""
    settings_href: str
    markdown_href: str
    csrf_token: str
    problem: str
    problem_hint: str
    doubt: str
    doubted: tuple[str, ...]
