"""The pages of a sprint and of its ceremonies."""

from __future__ import annotations

from dataclasses import dataclass

from assay.web.contexts.board import Fact
from assay.web.contexts.experiment import ChartBox
from assay.web.contexts.ticket_form import Choice


@dataclass(frozen=True, slots=True)
class Tab:
    """One page of a sprint."""

    label: str
    href: str
    current: bool


@dataclass(frozen=True, slots=True)
class SprintLine:
    """One sprint in the list."""

    number: int
    name: str
    href: str
    goal: str
    days: str
    state: str
    look: str
    committed: str


@dataclass(frozen=True, slots=True)
class SprintListPage:
    """Context of pages/sprints/list.html."""

    rows: tuple[SprintLine, ...]
    charts: tuple[ChartBox, ...]
    next_name: str
    next_goal: str
    next_from: str
    next_to: str
    action: str
    csrf_token: str
    problem: str
    problem_hint: str
    standup_href: str
    planning_href: str
    cadence: str
    """What the project's cadence says of sprints, where it is not Scrum; empty otherwise."""
    has_sprints: bool
    """Sprints are asked for."""
    settings_href: str


@dataclass(frozen=True, slots=True)
class CommitmentLine:
    """One ticket of a sprint."""

    key: str
    href: str
    title: str
    type: str
    column: str
    progress: str
    look: str
    note: str
    extension: str


@dataclass(frozen=True, slots=True)
class CommitmentForms:
    """How a commitment is changed on this page: taken out, or flagged for extension."""

    label: str
    base: str
    """Address of the sprint."""
    back: str
    """The page that one comes back to: empty for the sprint's own, else check or planning."""
    needs_reason: bool
    """The sprint runs: what goes out goes out with a reason."""
    can_flag: bool
    csrf_token: str


@dataclass(frozen=True, slots=True)
class Share:
    """Share of one kind of work, with what that is."""

    name: str
    label: str
    people: str
    compute: str
    people_amount: str
    compute_amount: str
    hint: str


@dataclass(frozen=True, slots=True)
class SprintPage:
    """Context of pages/sprints/sprint.html."""

    name: str
    days: str
    goal: str
    state: str
    tabs: tuple[Tab, ...]
    facts: tuple[Fact, ...]
    over: tuple[str, ...]
    """What stands in its way, and what is promised twice."""
    tickets: tuple[CommitmentLine, ...]
    charts: tuple[ChartBox, ...]
    gone: tuple[str, ...]
    """One sentence for each ticket that was taken out."""
    candidates: tuple[Choice, ...]
    """Tickets that could be taken in."""
    shares: tuple[Share, ...]
    person_days: str
    gpu_hours: str
    starts_on: str
    ends_on: str
    demos: tuple[Choice, ...]
    can_start: bool
    can_end: bool
    can_reopen: bool
    can_restore: bool
    """It was cancelled, and can be planned again."""
    is_open: bool
    forms: CommitmentForms
    planning_href: str
    version: int
    here: str
    csrf_token: str
    problem: str
    problem_hint: str
    doubt: str
    """Why the team is asked whether it is sure; empty when it is not."""
    doubted: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CeremonyLine:
    """One line of a ceremony."""

    key: str
    href: str
    title: str
    text: str
    chip: str = ""
    look: str = ""
    icon: str = ""
    iso: str = ""
    when: str = ""
    is_asked: bool = False
    """The team has to say something about it here: it can be flagged, or taken out."""
    extension: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """One part of a ceremony."""

    id: str
    title: str
    note: str
    lines: tuple[CeremonyLine, ...]
    empty: str
    """What stands there when nothing does; empty leaves the part out."""
    next_href: str = ""
    next_label: str = ""
    """What to do next, where the page leaves that open."""


@dataclass(frozen=True, slots=True)
class Headline:
    """What the ceremony says first."""

    text: str
    detail: str
    look: str


@dataclass(frozen=True, slots=True)
class CeremonyPage:
    """Context of pages/sprints/ceremony.html."""

    heading: str
    where: str
    goal: str
    tabs: tuple[Tab, ...]
    headline: Headline | None
    facts: tuple[Fact, ...]
    first: tuple[Section, ...]
    second: tuple[Section, ...]
    minutes: int
    """Length of the timer."""
    markdown_href: str
    retro: RetroForm | None = None
    forms: CommitmentForms | None = None
    problem: str = ""
    problem_hint: str = ""


@dataclass(frozen=True, slots=True)
class KillQuestion:
    """One kill to be looked back on."""

    key: str
    title: str
    text: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class RetroForm:
    """What only the team can say at the retro."""

    action: str
    version: int
    went_well: str
    to_change: str
    data_and_tooling: str
    kills: tuple[KillQuestion, ...]
    improvement: str
    """Key and title of the improvement picked; empty while none is."""
    improvement_href: str
    can_pick: bool
    """None is picked yet, and the sprint has begun."""
    can_keep: bool
    """It was not cancelled."""
    title: str
    """What was typed for it, where that could not be taken."""
    csrf_token: str
