"""Saved filters: as buttons above board and list, and the page that keeps them."""

from __future__ import annotations

from dataclasses import dataclass

from assay.web.contexts.ticket_form import Choice


@dataclass(frozen=True, slots=True)
class SavedFilters:
    """Context of fragments/_saved_filters.html."""

    chips: tuple[Choice, ...]
    """Address, name, and whether it is what is shown."""
    save_href: str
    """Where to keep what is shown now; empty when everything is shown, or it is saved already."""
    manage_href: str


@dataclass(frozen=True, slots=True)
class FilterLine:
    """One saved filter."""

    name: str
    asks: str
    href: str


@dataclass(frozen=True, slots=True)
class FiltersPage:
    """Context of pages/filters.html."""

    csrf_token: str
    action: str
    remove_action: str
    rows: tuple[FilterLine, ...]
    fields: tuple[tuple[str, str], ...]
    """What is to be saved; empty where nothing was narrowed."""
    asks: str
    page: str
    typed: str
    board_href: str
    list_href: str
    problem: str
    problem_hint: str
