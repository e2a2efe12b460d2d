"""Notes, those who follow a ticket, and its files, as its page prints them."""

from __future__ import annotations

from urllib.parse import urlencode

from assay.domain.experiments.mentions import mention_spans
from assay.web import wording
from assay.web.contexts.experiment import Company, FileLine, NoteLine
from assay.workflows.views import TicketView


def company(view: TicketView, viewer: str) -> Company:
    """Who follows the ticket, and its files, for the one who looks."""
    slug = view.project.slug
    return Company(
        watchers=tuple((name, _of_owner(name, slug)) for name in view.watchers),
        watching=viewer in view.watchers,
        files=tuple(
            FileLine(
                name=one.name,
                href=f"/p/{slug}/t/{view.ticket.key}/files/{one.digest}",
                digest=one.digest,
                size=wording.file_size(one.size),
                by=one.by,
                day=wording.day(one.at),
            )
            for one in view.attachments
        ),
    )


def note_lines(view: TicketView) -> tuple[NoteLine, ...]:
    """What people wrote."""
    return tuple(
        NoteLine(
            by=note.by,
            at_iso=wording.iso(note.at),
            day=wording.clock(note.at),
            parts=_parts(note.text, view.project.slug),
        )
        for note in view.notes
    )


def _parts(text: str, slug: str) -> tuple[tuple[str, str], ...]:
    """A text in pieces, those that mention somebody with where their tickets are."""
    parts, end = [], 0
    for begin, after, name in mention_spans(text):
        parts += [(text[end:begin], ""), (text[begin:after], _of_owner(name, slug))]
        end = after
    return tuple(part for part in (*parts, (text[end:], "")) if part[0])


def _of_owner(name: str, slug: str) -> str:
    return f"/p/{slug}/experiments?{urlencode({'owner': name})}"
