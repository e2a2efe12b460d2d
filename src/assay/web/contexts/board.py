"""The board: columns with their cards as HTML that was made before."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from assay.web.contexts.saved_filters import SavedFilters
from assay.web.contexts.ticket_form import Choice


@dataclass(frozen=True, slots=True)
class Bar:
    """Where things lie on a card's bar, as SVG lengths; None is not known and not drawn."""

    low: str | None
    width: str | None
    estimate: str | None
    target: str | None
    baseline: str | None
    tone: str


@dataclass(frozen=True, slots=True)
class CardFact:
    """A few words in the foot of a card."""

    label: str
    """For screen readers; empty where the words say it."""
    text: str


@dataclass(frozen=True, slots=True)
class Card:
    """One card, ready to print: nothing here depends on the time or on who looks."""

    key: str
    href: str
    move_href: str
    title: str
    version: int
    card_version: int
    owner: str
    owner_initials: str
    chip: str
    chip_tone: str
    chip_icon: str
    priority: str
    """ "urgent" or "high", empty otherwise."""
    overridden: bool
    amended_after_results: bool
    baseline: str
    current: str
    read: str
    """Which value of the runs `current` is, where that is not the last one."""
    target: str
    has_numbers: bool
    bar: Bar | None
    bar_label: str
    compute: str
    compute_width: str | None
    compute_hot: bool
    money: str
    money_width: str | None
    money_hot: bool
    box_iso: str
    """When its time box began; empty without one, and once it is decided."""
    box_days: int
    box_end: str
    data: str
    """ "ready", "at-risk" or "blocked"; empty where it names no data."""
    data_text: str
    data_due_iso: str
    block_href: str
    block_label: str
    """Category of its oldest open blocker; empty without one."""
    block_text: str
    block_more: str
    block_iso: str
    block_day: str
    job: str
    """Where its training job stands, by what its pipeline told; empty without one."""
    job_bad: bool
    job_iso: str
    job_since: str
    job_age: str
    """What stands behind its age: so far, or ago."""
    job_unread: str
    """Which orchestrator was last read a while ago and cannot be read now; empty where the job is up to date."""
    job_read_iso: str
    job_read: str
    why: str
    """Why it was killed; empty for every other card."""
    foot: str
    facts: tuple[CardFact, ...]
    """What its column asks of it: success criteria and budget, what serves, how often it was refined."""
    age_word: str
    entered_iso: str
    entered_day: str


@dataclass(frozen=True, slots=True)
class Cell:
    """One lane of one column."""

    lane: str
    """What makes the lane, empty for none."""
    title: str
    shown: int
    more_href: str


@dataclass(frozen=True, slots=True)
class LaneNames:
    """Context of fragments/board/_lanes.html: names of the lanes beside their rows."""

    by: str
    titles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """Context of fragments/board/_column.html, beside its cards: all that a column shows is named here, its cards by digest."""

    key: str
    title: str
    wip: str
    """ "2 / 5" or "6"."""
    wip_label: str
    """The same in words, for screen readers."""
    full: bool
    gate: str
    gate_name: str
    """The gate of the project that it asks, empty where it names none."""
    gate_href: str
    digest: str
    """Changes when what the column shows changes."""
    targets: str
    """Columns its cards may go to, separated by spaces."""
    shown: int
    more_href: str
    """Address of the next page of cards, empty when all are shown."""
    empty_text: str
    cells: tuple[Cell, ...] = ()
    """Its lanes, the same in all columns; empty on a board without."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One figure of the strip above a board."""

    label: str
    value: str
    rest: str


@dataclass(frozen=True, slots=True)
class Filter:
    """What the board is narrowed to."""

    text: str
    owner: str
    axis: str
    phase: str
    blocked: bool
    stale: bool
    waiting: bool
    mode: str
    sprint: str
    active: bool


@dataclass(frozen=True, slots=True)
class BoardPage:
    """Context of pages/board/board.html."""

    slug: str
    here: str
    board_href: str
    """The board without filters, in the same lanes."""
    new_href: str
    columns: Markup
    facts: tuple[Fact, ...]
    seq: int
    sprint: str
    """The running sprint and its last day; empty while none runs."""
    sprint_href: str
    filter: Filter
    axes: tuple[str, ...]
    modes: tuple[str, ...]
    phases: tuple[str, ...]
    saved: SavedFilters
    is_empty: bool
    sources_href: str
    shows_hidden: bool
    lanes: str
    """By what the board is cut into lanes; empty without."""
    lane_choices: tuple[Choice, ...]
    phase_href: str
    """Where to say which phase it is, where lanes by phase have nothing to go by; empty otherwise."""


@dataclass(frozen=True, slots=True)
class CardsPage:
    """Context of fragments/board/_cards.html and of pages/board/more.html: more cards of one column."""

    cards: Markup
    more_href: str
