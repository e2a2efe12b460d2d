"""The pages of gates: the list, one gate, one answer with its what-if."""

from __future__ import annotations

from dataclasses import dataclass

from assay.web.contexts.experiment import SeedDots
from assay.web.contexts.ticket_form import Choice


@dataclass(frozen=True, slots=True)
class ResultChip:
    """One of the four answers of a gate."""

    word: str
    tone: str
    icon: str


@dataclass(frozen=True, slots=True)
class GateProblem:
    """Why a form was refused."""

    text: str
    expected: str
    hint: str
    lines: tuple[str, ...] = ()
    """Changes that need a reason."""
    section: str = ""
    """Which form of the page."""


@dataclass(frozen=True, slots=True)
class IntervalBar:
    """An interval against the number it has to clear, as lengths of an SVG."""

    low: str | None
    width: str | None
    estimate: str | None
    threshold: str | None
    zero: str | None
    tone: str
    label: str
    """The same in words."""


@dataclass(frozen=True, slots=True)
class PartRow:
    """One slice, metric, group, example or item of a check."""

    label: str
    chip: ResultChip
    n: str
    estimate: str
    interval: str
    bar: IntervalBar | None
    p_value: str
    detectable: str
    reason: str


@dataclass(frozen=True, slots=True)
class PartTable:
    """The parts of one check, those that decide first."""

    title: str
    noun: str
    note: str
    rows: tuple[PartRow, ...]
    rest: tuple[PartRow, ...]
    """Less bad ones, behind a fold."""
    more: str
    """How many are not shown, empty when all are."""
    open: bool
    has_numbers: bool


@dataclass(frozen=True, slots=True)
class GateCheckRow:
    """One criterion or check with what was found."""

    number: str
    role: str
    text: str
    chip: ResultChip
    estimate: str
    interval: str
    bar: IntervalBar | None
    evidence: str
    reason: str
    settle: str
    strict: ResultChip
    point: ResultChip
    facts: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FlipRow:
    """One example that changed, with what both sides said."""

    sample_id: str
    labels: str
    question: str
    target: str
    before: str
    after: str
    before_score: str
    after_score: str


@dataclass(frozen=True, slots=True)
class FlipSide:
    """Examples that changed in one direction."""

    title: str
    tone: str
    icon: str
    count: str
    rows: tuple[FlipRow, ...]
    rest: tuple[FlipRow, ...]
    more: str


@dataclass(frozen=True, slots=True)
class FlipPanel:
    """Examples that got better and worse."""

    metric: str
    note: str
    sides: tuple[FlipSide, ...]
    has_texts: bool
    metrics: tuple[tuple[str, str, bool], ...]
    """Other metrics to look at: name, address, whether it is this one."""


@dataclass(frozen=True, slots=True)
class HistoryMark:
    """One answer in the history chart."""

    x: str
    y: str
    tone: str
    label: str
    current: bool


@dataclass(frozen=True, slots=True)
class HistoryEdge:
    """Where a new version of the gate begins to judge."""

    x: str
    label: str
    loosens: bool


@dataclass(frozen=True, slots=True)
class HistoryFigure:
    """The leading number of one answer with its interval and the number it had to clear."""

    x: str
    y: str
    top: str
    height: str
    threshold_y: str
    threshold_x: str
    threshold_width: str
    tone: str
    label: str
    current: bool


@dataclass(frozen=True, slots=True)
class FigureLane:
    """The leading number over the answers."""

    title: str
    figures: tuple[HistoryFigure, ...]
    high: str
    low: str
    summary: str


@dataclass(frozen=True, slots=True)
class HistoryChart:
    """Answers in their order, with the versions of the gate."""

    marks: tuple[HistoryMark, ...]
    edges: tuple[HistoryEdge, ...]
    lanes: tuple[tuple[str, str], ...]
    """Word and height of its line."""
    summary: str
    leading: FigureLane | None


@dataclass(frozen=True, slots=True)
class GateRunLine:
    """One answer in a list."""

    number: int
    href: str
    title: str
    ticket: str
    ticket_href: str
    chip: ResultChip
    headline: str
    version: str
    by: str
    at_iso: str
    at: str


@dataclass(frozen=True, slots=True)
class GateLine:
    """One gate in the list."""

    name: str
    href: str
    version: str
    description: str
    loosened: bool
    stages: str
    asks: str
    runs: str
    last: GateRunLine | None


@dataclass(frozen=True, slots=True)
class GatesPage:
    """Context of pages/gates/list.html."""

    rows: tuple[GateLine, ...]
    action: str
    csrf_token: str
    text: str
    problem: GateProblem | None
    example: str
    templates: tuple[Choice, ...]
    """Gate files to begin with: address, title, whether it is the one that is shown."""
    command: str


@dataclass(frozen=True, slots=True)
class GateVersionLine:
    """One version of a gate."""

    version: str
    by: str
    at_iso: str
    at: str
    reason: str
    changes: tuple[tuple[str, bool], ...]
    """What changed, and whether it became easier to pass."""
    loosens: bool
    digest: str
    short_digest: str


@dataclass(frozen=True, slots=True)
class GatePage:
    """Context of pages/gates/gate.html."""

    name: str
    href: str
    version: int
    loosens: bool
    description: str
    asks: tuple[tuple[str, str], ...]
    """Role and text of every criterion and check."""
    settings: tuple[tuple[str, str], ...]
    guards: tuple[Choice, ...]
    """Columns that may ask it, those that do chosen."""
    project_version: int
    last: GateRunLine | None
    runs: tuple[GateRunLine, ...]
    next_href: str
    history: HistoryChart | None
    versions: tuple[GateVersionLine, ...]
    text: str
    reason: str
    files: tuple[str, ...]
    """Files that the text names: a change has to bring them again."""
    csrf_token: str
    problem: GateProblem | None
    baselines: tuple[Choice, ...]
    training: tuple[str, ...]
    """Files of training data that its leakage checks name."""
    shown_by: tuple[str, ...]
    """Files that show its items."""
    needs_candidate: bool
    """Whether it asks for anything but its items."""
    upload_most: int
    """Bytes of all files together."""
    upload_limit: str
    command: str
    digest: str


@dataclass(frozen=True, slots=True)
class RefusedUpload:
    """Context of fragments/gates/_refused.html: why files were not judged."""

    problem: GateProblem


@dataclass(frozen=True, slots=True)
class KeptFileLine:
    """A file that was judged."""

    side: str
    name: str
    size: str
    href: str
    digest: str


@dataclass(frozen=True, slots=True)
class DialField:
    """One number of the gate, to be turned."""

    name: str
    label: str
    value: str
    start: str
    suffix: str
    low: str
    high: str
    step: str


@dataclass(frozen=True, slots=True)
class WhatIfForm:
    """What can be asked."""

    action: str
    reset: str
    seeds: str
    seeds_max: str
    seeds_why_not: str
    examples: str
    examples_max: str
    examples_step: str
    examples_why_not: str
    dials: tuple[DialField, ...]
    more_dials: tuple[DialField, ...]


@dataclass(frozen=True, slots=True)
class Share:
    """How often a result comes out."""

    chip: ResultChip
    width: str
    x: str
    percent: str


@dataclass(frozen=True, slots=True)
class ExpectedRow:
    """How often one check comes out in each way."""

    text: str
    now: ResultChip
    shares: tuple[Share, ...]
    label: str


@dataclass(frozen=True, slots=True)
class WhatIfAnswer:
    """Context of fragments/gates/_what_if.html: what would be, clearly no evidence."""

    asked: bool
    problem: GateProblem | None
    now: ResultChip | None
    headline: str
    detail: str
    changes: tuple[tuple[str, bool], ...]
    shares: tuple[Share, ...]
    shares_label: str
    rows: tuple[ExpectedRow, ...]
    futures: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GateRunPage:
    """Context of pages/gates/run.html."""

    gate: str
    gate_href: str
    version: int
    number: int
    title: str
    ticket: str
    ticket_href: str
    chip: ResultChip
    headline: str
    detail: str
    settle: str
    strict: ResultChip
    point: ResultChip
    mode: str
    checks: tuple[GateCheckRow, ...]
    met: str
    parts: tuple[PartTable, ...]
    seeds: SeedDots | None
    flips: FlipPanel | None
    flips_note: str
    evaluation: tuple[tuple[str, str], ...]
    evaluation_text: str
    notes: tuple[str, ...]
    files: tuple[KeptFileLine, ...]
    few_files: bool
    digests: tuple[tuple[str, str, str], ...]
    """Id on the page, what it is of, the digest."""
    downloads: tuple[tuple[str, str], ...]
    history: HistoryChart | None
    what_if: WhatIfForm | None
    what_if_note: str
    answer: WhatIfAnswer
    newer: str
    """Address of a newer version of the gate's page, empty when this one is the newest."""
