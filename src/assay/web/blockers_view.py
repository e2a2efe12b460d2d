"""What is in the way, in plain words."""

from __future__ import annotations

from collections.abc import Iterable

from assay.domain.board.blockers import Blocker, BlockerCategory, days_open
from assay.domain.kernel.durations import duration_text
from assay.errors import AssayError
from assay.web import wording
from assay.web.contexts.blockers import BlockerBox, BlockerLine, BlockersPage
from assay.web.contexts.ticket_form import Choice
from assay.web.errors import sentences
from assay.web.inputs import Form, text
from assay.workflows.blockers import BlockerList, BlockerState, BlockerView
from assay.workflows.records import Project

STATES = {BlockerState.OPEN: "Open", BlockerState.CLOSED: "Closed", BlockerState.ALL: "Open and closed"}


def line(slug: str, one: Blocker | BlockerView) -> BlockerLine:
    """One blocker; nothing of it is relative to now."""
    ended, lasted = "", ""
    if one.closed_at is not None:
        lasted = duration_text(days_open(one.opened_at, one.closed_at, one.closed_at))
        ended = f"closed {wording.day(one.closed_at)} by {one.closed_by}: {one.resolution}"
    return BlockerLine(
        number=one.number,
        ticket=one.ticket,
        href=f"/p/{slug}/t/{one.ticket}#blockers",
        title=one.title,
        category=one.category.label,
        text=one.text,
        owner=one.owner,
        opened_iso=wording.iso(one.opened_at),
        opened_day=wording.day(one.opened_at),
        opened_by=one.opened_by,
        is_open=one.closed_at is None,
        lasted=lasted,
        ended=ended,
    )


def box(
    slug: str,
    key: str,
    blockers: Iterable[Blocker | BlockerView],
    *,
    owner: str,
    can_open: bool,
    csrf_token: str,
    back: str,
) -> BlockerBox:
    """What is in the way of a ticket of this owner, with its forms; `can_open` where work on it has not ended."""
    lines = [line(slug, one) for one in blockers]
    href = f"/p/{slug}/t/{key}/blockers"
    return BlockerBox(
        key=key,
        action=href,
        close_action=f"{href}/close",
        csrf_token=csrf_token,
        back=back,
        open=tuple(one for one in lines if one.is_open),
        closed=tuple(one for one in lines if not one.is_open),
        can_open=can_open,
        categories=_categories(""),
        owner_hint=owner or "you",
        text="",
        owner="",
        resolution="",
        number=None,
        problem="",
    )


def typed(form: Form, error: AssayError) -> dict[str, object]:
    """What of a form that was refused is shown again, and why it was."""
    what, expected = sentences(error.message)
    number = text(form, "number")
    return {
        "categories": _categories(text(form, "category")),
        "text": text(form, "text"),
        "owner": text(form, "owner"),
        "resolution": text(form, "resolution"),
        "number": int(number) if number.isascii() and number.isdigit() and len(number) < 10 else None,
        "problem": f"{what}. Expected: {expected}." if expected else f"{what}.",
    }


def blockers_page(
    project: Project, found: BlockerList, *, state: BlockerState, category: BlockerCategory | None
) -> BlockersPage:
    """Everything the page prints."""
    href = f"/p/{project.slug}"
    rows = [one for one in found.rows if category is None or one.category is category]
    still_open = [one for one in rows if one.closed_at is None]
    return BlockersPage(
        rows=tuple(line(project.slug, one) for one in rows),
        headline=_headline(still_open),
        detail=f"{wording.plural(len(rows) - len(still_open), 'closed blocker')} below."
        if len(rows) > len(still_open)
        else "",
        states=tuple(Choice(value.value, label, value is state) for value, label in STATES.items()),
        categories=_categories(category.value if category else "", "Any category"),
        filtered=category is not None or state is not BlockerState.OPEN,
        here=f"{href}/blockers",
        board_href=f"{href}/board?blocked=yes",
        flow_href=f"{href}/flow",
    )


def _headline(still_open: list[BlockerView]) -> str:
    if not still_open:
        return "Nothing is in the way."
    tickets = len({one.ticket for one in still_open})
    are = "is" if len(still_open) == 1 else "are"
    return f"{wording.plural(len(still_open), 'blocker')} {are} open on {wording.plural(tickets, 'ticket')}."


def _categories(chosen: str, first: str = "Choose one") -> tuple[Choice, ...]:
    entries = ((category.value, category.label) for category in BlockerCategory)
    return tuple(Choice(value, label, value == chosen) for value, label in (("", first), *entries))
