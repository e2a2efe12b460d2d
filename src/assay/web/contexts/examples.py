"""Examples behind a value, as their page prints them."""

from __future__ import annotations

from dataclasses import dataclass

from assay.web.contexts.comparison import RunLink
from assay.web.contexts.ticket_form import Choice


@dataclass(frozen=True, slots=True)
class HardLine:
    """One of the hardest examples."""

    place: str
    sample_id: str
    mean: str
    seeds: str
    labels: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ClassLine:
    """One class, or one label of another column."""

    label: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MatrixCell:
    """How often one class was taken for another; weight, from 0 to 10, is its share of the row."""

    count: str
    weight: int
    right: bool


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """One true class."""

    label: str
    cells: tuple[MatrixCell, ...]


@dataclass(frozen=True, slots=True)
class ExamplesPage:
    """Context of pages/examples.html."""

    title: str
    back_href: str
    back: str
    here: str
    hidden: tuple[tuple[str, str], ...]
    groups: tuple[Choice, ...]
    metrics: tuple[Choice, ...]
    columns: tuple[Choice, ...]
    metric: str
    about: str
    runs: tuple[RunLink, ...]
    left_out: tuple[tuple[str, str, str], ...]
    hard: tuple[HardLine, ...]
    hard_note: str
    unknown: str
    """Why there is nothing at all, with what to log; empty where there is something."""
    hard_unknown: str
    matrix_head: tuple[str, ...]
    matrix: tuple[MatrixRow, ...]
    matrix_note: str
    matrix_unknown: str
    classes_title: str
    class_head: tuple[str, ...]
    classes: tuple[ClassLine, ...]
    classes_unknown: str
