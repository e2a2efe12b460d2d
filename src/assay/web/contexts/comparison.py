"""Runs side by side, as their page prints them."""

from __future__ import annotations

from dataclasses import dataclass

from assay.web.contexts.ticket_form import Choice


@dataclass(frozen=True, slots=True)
class RunLink:
    """A run of a group, by its seed."""

    text: str
    href: str
    title: str


@dataclass(frozen=True, slots=True)
class GroupLine:
    """A group of seeds as a line of the table."""

    name: str
    best: bool
    ticket: str
    ticket_href: str
    seeds: str
    mean: str
    spread: str
    interval: str
    method: str
    note: str
    runs: tuple[RunLink, ...]
    more: str
    """How many runs are not linked one by one, with `only_href` leading to all of them."""
    only_href: str


@dataclass(frozen=True, slots=True)
class CurvePanel:
    """A picture of curves: where its specification is."""

    title: str
    note: str
    href: str
    label: str


@dataclass(frozen=True, slots=True)
class RunValue:
    """One drawn run in numbers."""

    name: str
    href: str
    group: str
    seed: str
    state: str
    value: str


@dataclass(frozen=True, slots=True)
class ComparedPart:
    """Context of fragments/runs/_compared.html: all that new points change, apart from the pictures."""

    said: tuple[str, ...]
    """How many runs are drawn and taken, of how many."""
    pages: tuple[tuple[str, str], ...]
    """The way to the others: what a link says, and where it leads."""
    best: str
    best_note: str
    value_name: str
    read: str
    grouping: str
    grouping_href: str
    groups: tuple[GroupLine, ...]
    more_groups: str
    more_groups_href: str
    values: tuple[RunValue, ...]


@dataclass(frozen=True, slots=True)
class ComparisonPage:
    """Context of pages/compare.html."""

    part: ComparedPart
    panels: tuple[CurvePanel, ...]
    parameters: CurvePanel | None
    seq: int
    here: str
    part_href: str
    clear_href: str
    runs_href: str
    chosen: tuple[str, ...]
    """Run ids that were picked one by one."""
    text: str
    ticket: str
    dataset: str
    datasets: tuple[str, ...]
    seed: str
    models: tuple[Choice, ...]
    """The models that there are, as entries of the parameter that names them; empty where none does."""
    config: tuple[str, ...]
    """Two fields, filled as far as was asked."""
    entries: tuple[str, ...]
    """Parameters with their values that there are, to choose from."""
    since: str
    until: str
    statuses: tuple[Choice, ...]
    metrics: tuple[Choice, ...]
    beside: tuple[Choice, ...]
    colours: tuple[Choice, ...]
    acrosses: tuple[Choice, ...]
    read: str
    smooth: str
    log_values: bool
    log_across: bool
    is_empty: bool
    filtered: bool
