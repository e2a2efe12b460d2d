"""Saved filters as buttons above the board and the list, and on the page that keeps them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from assay.errors import AssayError
from assay.web.contexts.saved_filters import FilterLine, FiltersPage, SavedFilters
from assay.web.contexts.ticket_form import Choice
from assay.web.lists_view import address
from assay.workflows.records import Project, SavedFilter


def saved_filters(
    project: Project, page: str, names: Sequence[str], filters: Mapping[str, str]
) -> SavedFilters:
    """The saved filters that this page (`board` or `experiments`) can ask for; `names` are the filters it knows."""
    href, kept = f"/p/{project.slug}/{page}", f"/p/{project.slug}/filters"
    fitting = [one for one in project.settings.filters if set(one.filters) <= set(names)]
    chosen = next((one.name for one in fitting if one.filters == dict(filters)), "")
    return SavedFilters(
        chips=tuple(
            Choice(address(href, one.filters), one.name, chosen=one.name == chosen) for one in fitting
        ),
        save_href=address(kept, {**filters, "page": page}) if filters and not chosen else "",
        manage_href=kept if project.settings.filters else "",
    )


def filters_page(
    project: Project,
    asked: Mapping[str, str],
    *,
    page: str,
    csrf_token: str,
    typed: str = "",
    problem: AssayError | None = None,
) -> FiltersPage:
    """Every saved filter, and a form for the one that was `asked` on a page."""
    base = f"/p/{project.slug}"
    return FiltersPage(
        csrf_token=csrf_token,
        action=f"{base}/filters",
        remove_action=f"{base}/filters/remove",
        rows=tuple(
            FilterLine(one.name, _asks(one.filters), address(_page_of(base, one), one.filters))
            for one in project.settings.filters
        ),
        fields=tuple(asked.items()),
        asks=_asks(asked),
        page=page,
        typed=typed,
        board_href=f"{base}/board",
        list_href=f"{base}/experiments",
        problem=problem.message if problem is not None else "",
        problem_hint=problem.hint if problem is not None else "",
    )


def _page_of(base: str, saved: SavedFilter) -> str:
    return f"{base}/board" if "lanes" in saved.filters else f"{base}/experiments"


def _asks(filters: Mapping[str, str]) -> str:
    names = {"q": "words", "stage": "column", "lanes": "lanes by"}
    return ", ".join(f"{names.get(name, name)} {value}" for name, value in filters.items())
