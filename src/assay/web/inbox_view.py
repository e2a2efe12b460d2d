"""The inbox, in plain words."""

from __future__ import annotations

from assay.web import happenings, wording
from assay.web.contexts.inbox import InboxPage, NoticeLine
from assay.web.contexts.ticket_form import Choice
from assay.web.lists_view import address
from assay.workflows.inbox import InboxView, Notice

LONGEST_QUOTE = 400


def inbox_page(
    view: InboxView, slug: str, *, me: str, is_first: bool, undo: str, csrf_token: str
) -> InboxPage:
    """What is new for somebody, and how it is marked as read."""
    here, is_own = f"/p/{slug}/inbox", view.name == me
    whose = {} if is_own else {"who": view.name}
    older = {**whose, "before": str(view.next_before)}
    return InboxPage(
        rows=tuple(_line(one, slug) for one in view.rows),
        news=f"{view.unread} new" if view.unread else "nothing new",
        name=view.name,
        is_own=is_own,
        people=_people(view, me),
        here=here,
        read_action=f"{here}/read",
        csrf_token=csrf_token,
        last_seq=view.last_seq,
        has_news=view.unread > 0,
        undo=undo,
        next_href=address(here, older) if view.next_before else "",
        first_href="" if is_first else address(here, whose),
        empty="" if view.rows else _first_step(view, is_own=is_own),
        board_href=f"/p/{slug}/board",
    )


def _people(view: InboxView, me: str) -> tuple[Choice, ...]:
    names = sorted({*view.people, view.name, me})
    if len(names) < 2:
        return ()
    return tuple(Choice(name, f"{name} (you)" if name == me else name, name == view.name) for name in names)


def _first_step(view: InboxView, *, is_own: bool) -> str:
    if view.follows:
        tickets = wording.plural(view.follows, "ticket")
        return f"Nobody else did anything on the {tickets} that {'you follow' if is_own else view.name + ' follows'}."
    if is_own:
        return "Open a ticket and choose “Follow”, or be mentioned in a note: what others do on it then stands here."
    return f"Mention @{view.name} in a note of a ticket: what others do on it then stands here."


def _line(one: Notice, slug: str) -> NoticeLine:
    row = one.row
    is_note = row.kind == "ticket.noted"
    text = str(row.payload.get("text", "")) if is_note else ""
    return NoticeLine(
        key=row.subject or "",
        href=f"/p/{slug}/t/{row.subject}",
        title=one.title,
        who=row.actor,
        what="wrote" if is_note else happenings.sentence(row),
        quote=text if len(text) <= LONGEST_QUOTE else f"{text[:LONGEST_QUOTE]}…",
        mentions=one.mentions,
        is_new=one.is_new,
        at_iso=wording.iso(row.at),
        at=wording.minute(row.at),
    )
