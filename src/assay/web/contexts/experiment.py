"""The experiment page: verdict, criteria with findings, chart, runs, and what stands around them."""

from __future__ import annotations

from dataclasses import dataclass

from assay.web.contexts.blockers import BlockerBox
from assay.web.contexts.jobs import JobBox
from assay.web.contexts.kills import KillLine
from assay.web.contexts.moves import Check, Move


@dataclass(frozen=True, slots=True)
class VerdictPanel:
    """What the evidence says, at the top of the page."""

    tone: str
    icon: str
    headline: str
    detail: str
    notes: tuple[str, ...]
    advice: tuple[str, ...]
    chances: tuple[str, ...]
    """What past runs say of the runs under way."""
    strictness: str
    digest: str
    since: str = ""
    """What came after the kill that this verdict is the ground of, and what the evidence would say with it."""


@dataclass(frozen=True, slots=True)
class CriterionRow:
    """One criterion with what was found."""

    role: str
    text: str
    word: str
    tone: str
    icon: str
    estimate: str
    interval: str
    reason: str
    settle: str
    notes: tuple[str, ...]
    facts: tuple[str, ...]
    """How much evidence, by which method, which interval."""


@dataclass(frozen=True, slots=True)
class AmendmentRow:
    """One change after the lock."""

    number: int
    at_iso: str
    day: str
    author: str
    reason: str
    changes: tuple[str, ...]
    loosens: bool
    after_results: bool


@dataclass(frozen=True, slots=True)
class LockLine:
    """Since when the pre-registration is locked."""

    day: str
    at_iso: str
    by: str
    digest: str
    short_digest: str
    amendments: tuple[AmendmentRow, ...]


@dataclass(frozen=True, slots=True)
class RunLine:
    """One run of the ticket."""

    href: str
    name: str
    status: str
    status_tone: str
    status_icon: str
    seed: str
    value: str
    broken: bool
    started_iso: str
    started: str
    gpu_hours: str
    deleted: bool


@dataclass(frozen=True, slots=True)
class RunGroup:
    """Runs that differ only in seed, or that do not count for the same reason."""

    title: str
    """Empty before there are groups."""
    note: str
    runs: tuple[RunLine, ...]
    more: str
    """How many stand in the list of runs alone; empty where all are here."""
    more_href: str


@dataclass(frozen=True, slots=True)
class Dot:
    """One seed on a line of dots."""

    x: str
    label: str


@dataclass(frozen=True, slots=True)
class DotLine:
    """The seeds of one group."""

    label: str
    dots: tuple[Dot, ...]
    candidate: bool
    spread: str
    broken: str
    """Seeds that logged no number, empty when all did."""
    beyond: str
    """Seeds that are too far off to be drawn beside the others, empty when none is."""


@dataclass(frozen=True, slots=True)
class SeedDots:
    """Seeds as dots beside the number to clear."""

    title: str
    lines: tuple[DotLine, ...]
    zone_x: str | None
    zone_width: str | None
    edge_x: str | None
    low: str
    high: str
    threshold: str
    more: str
    """How many groups there is no room for; empty where all are drawn."""
    description: str


@dataclass(frozen=True, slots=True)
class ChartBox:
    """A chart: where its specification is, and the same in words and in a table."""

    title: str
    note: str
    href: str
    warnings: tuple[str, ...]
    """What the picture leaves out, such as values beyond the axis."""
    summary: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    links: tuple[str, ...] = ()
    """Where each row's first cell leads, to the tickets behind it; none for a table without."""
    more: str = ""
    """What a link to more of the same says."""
    more_href: str = ""


@dataclass(frozen=True, slots=True)
class Meter:
    """How much of a budget is used."""

    label: str
    text: str
    width: str | None
    hot: bool
    note: str


@dataclass(frozen=True, slots=True)
class Expectation:
    """What is expected of the ticket."""

    lines: tuple[tuple[str, str], ...]
    note: str
    """Whether this is what is scored."""
    place: str
    """A place in planning that somebody gave by hand; empty without."""


@dataclass(frozen=True, slots=True)
class NeedLine:
    """A data set the experiment needs."""

    name: str
    ready: bool
    needed_by: str
    arrives: str


@dataclass(frozen=True, slots=True)
class Related:
    """Another ticket: linked, or similar."""

    key: str
    href: str
    title: str
    relation: str
    excerpt: str
    shared: str
    """Words that both tickets hold, where it is similar."""
    kind: str
    outgoing: bool


@dataclass(frozen=True, slots=True)
class NoteLine:
    """Something a person wrote."""

    by: str
    at_iso: str
    day: str
    parts: tuple[tuple[str, str], ...]
    """The text in pieces, each with an address where it mentions somebody."""


@dataclass(frozen=True, slots=True)
class FileLine:
    """A file of the ticket."""

    name: str
    href: str
    digest: str
    size: str
    by: str
    day: str


@dataclass(frozen=True, slots=True)
class Company:
    """Who follows the ticket, and its files."""

    watchers: tuple[tuple[str, str], ...]
    """Name and address of everybody who follows it."""
    watching: bool
    """The one who looks follows it."""
    files: tuple[FileLine, ...]


@dataclass(frozen=True, slots=True)
class DecisionLine:
    """What was decided."""

    word: str
    tone: str
    icon: str
    by: str
    at_iso: str
    day: str
    verdict: str
    deviates: bool
    reason: str
    learnings: str


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One journal entry on this ticket."""

    seq: int
    who: str
    what: str
    at_iso: str
    day: str


@dataclass(frozen=True, slots=True)
class Confirmable:
    """An item of the exit gate that a person confirms."""

    item: str
    title: str
    by: str
    day: str
    note: str
    done: bool


@dataclass(frozen=True, slots=True)
class Exit:
    """One way out of the column, with its gate."""

    move: Move
    met: tuple[Check, ...]


@dataclass(frozen=True, slots=True)
class GateOfTicket:
    """The gate that a column asks of the ticket, and what it said last."""

    name: str
    href: str
    stage: str
    check: Check
    run: str
    """Number of its newest answer on the ticket, empty where there is none."""
    run_href: str
    can_ask: bool


@dataclass(frozen=True, slots=True)
class ExperimentPage:
    """Context of pages/tickets/ticket.html."""

    key: str
    href: str
    title: str
    kind: str
    stage_title: str
    stage_tone: str
    version: int
    csrf_token: str
    closed: bool
    can_decide: bool
    can_delete: bool
    verdict: VerdictPanel | None
    problems: tuple[tuple[str, str], ...]
    """What keeps it from being locked, with the fix."""
    criteria: tuple[CriterionRow, ...]
    lock: LockLine | None
    chart: ChartBox | None
    seeds: SeedDots | None
    runs: tuple[RunGroup, ...]
    run_metric: str
    run_value: str
    """Which value of each run the table shows."""
    runs_note: str
    hypothesis: str
    method: str
    baselines: tuple[str, ...]
    meters: tuple[Meter, ...]
    meters_note: str
    facts: tuple[tuple[str, str], ...]
    expectation: Expectation | None
    needs: tuple[NeedLine, ...]
    own: tuple[tuple[str, str], ...]
    """What only tickets of its type say, by name."""
    trackers: tuple[tuple[str, str], ...]
    """Address and title of each link to a tracker."""
    company: Company
    overrun: str
    """How far a spike is past its time box; empty while it is not."""
    similar: tuple[Related, ...]
    links: tuple[Related, ...]
    link_kinds: tuple[tuple[str, str], ...]
    notes: tuple[NoteLine, ...]
    decisions: tuple[DecisionLine, ...]
    history: tuple[HistoryLine, ...]
    confirmables: tuple[Confirmable, ...]
    exits: tuple[Exit, ...]
    gate: GateOfTicket | None
    blockers: BlockerBox
    jobs: JobBox
    tag_hint: str
    kills: tuple[KillLine, ...] = ()


@dataclass(frozen=True, slots=True)
class DecisionOption:
    """One thing that can be decided."""

    value: str
    title: str
    meaning: str
    recommended: bool
    chosen: bool


@dataclass(frozen=True, slots=True)
class DecidePage:
    """Context of pages/tickets/decide.html."""

    key: str
    href: str
    title: str
    version: int
    csrf_token: str
    verdict: VerdictPanel | None
    recommendation: str
    recommendation_word: str
    criteria: tuple[CriterionRow, ...]
    options: tuple[DecisionOption, ...]
    learnings: str
    reason: str
    move: bool
    problem_field: str
    problem: str
    problem_hint: str
    locked: bool
    closed: bool
