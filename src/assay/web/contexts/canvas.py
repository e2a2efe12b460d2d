"""The canvas page and its form."""

from __future__ import annotations

from dataclasses import dataclass

from assay.web.contexts.gates import GateProblem, ResultChip


@dataclass(frozen=True, slots=True)
class CanvasNumber:
    """One number of the canvas with today's value beside it."""

    criterion: str
    note: str
    value: str
    interval: str
    chip: ResultChip
    ticket: str
    href: str
    reason: str
    when: str = ""
    """From when on a kill criterion counts."""


@dataclass(frozen=True, slots=True)
class CanvasPart:
    """A ticket a feature was broken down into."""

    key: str
    href: str
    title: str
    backlog: str
    stage: str
    model_version: str


@dataclass(frozen=True, slots=True)
class CanvasFeature:
    """A feature with its tickets."""

    key: str
    href: str
    title: str
    stage: str
    action: str
    parts: tuple[CanvasPart, ...]
    is_whole: bool
    """Every stage has a ticket."""


@dataclass(frozen=True, slots=True)
class CanvasPage:
    """Context of pages/canvas.html."""

    objective: str
    alarm: str
    """What a kill criterion that is met says; empty while none is."""
    success: tuple[CanvasNumber, ...]
    kill: tuple[CanvasNumber, ...]
    latency: CanvasNumber | None
    data: tuple[tuple[str, str, str], ...]
    limits: tuple[tuple[str, str], ...]
    risks: tuple[tuple[str, str], ...]
    time_box: str
    features: tuple[CanvasFeature, ...]
    written: str
    judged: str
    judged_iso: str
    is_empty: bool
    edit_href: str
    phase_href: str
    choices_href: str
    downloads: tuple[tuple[str, str], ...]
    csrf_token: str


@dataclass(frozen=True, slots=True)
class FormRow:
    """One entry of a list: its inputs by name, with what stands in them."""

    number: int
    """In the names of its inputs, from 0."""
    place: int
    """For people, from 1."""
    values: dict[str, str]


@dataclass(frozen=True, slots=True)
class CanvasForm:
    """Context of pages/canvas_edit.html."""

    action: str
    back: str
    version: int
    objective: str
    success: tuple[FormRow, ...]
    data: tuple[FormRow, ...]
    risks: tuple[FormRow, ...]
    kill: tuple[FormRow, ...]
    fields: dict[str, str]
    """Inputs that stand alone."""
    text: str
    problem: GateProblem | None
    csrf_token: str
