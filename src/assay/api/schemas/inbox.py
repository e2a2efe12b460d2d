"""The inbox as it travels."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field
from typing_extensions import TypedDict

from assay.api.schemas.tickets import Body
from assay.domain.kernel.model import NUMBER
from assay.workflows.inbox import InboxView


class MarkBody(Body):
    """How far somebody has read."""

    read_up_to: Annotated[
        int,
        NUMBER,
        Field(
            ge=0,
            lt=2**63,
            description="Number of the journal; an earlier one makes what came after it new again.",
        ),
    ]
    who: Annotated[str, Field(max_length=200)] | None = None


class NoticeDocument(TypedDict):
    """Something that happened on a followed ticket."""

    seq: int
    at: datetime
    actor: str
    kind: str
    ticket: str | None
    title: str
    payload: dict[str, Any]
    mentions: bool
    is_new: bool


class InboxDocument(TypedDict):
    """A page of somebody's inbox."""

    who: str
    rows: tuple[NoticeDocument, ...]
    next_before: int | None
    unread: int
    read_up_to: int
    last_seq: int
    follows: int
    people: tuple[str, ...]


def inbox_document(view: InboxView) -> InboxDocument:
    """An inbox as the API tells it."""
    return InboxDocument(
        who=view.name,
        rows=tuple(
            NoticeDocument(
                seq=one.row.seq,
                at=one.row.at,
                actor=one.row.actor,
                kind=one.row.kind,
                ticket=one.row.subject,
                title=one.title,
                payload=one.row.payload,
                mentions=one.mentions,
                is_new=one.is_new,
            )
            for one in view.rows
        ),
        next_before=view.next_before,
        unread=view.unread,
        read_up_to=view.read_up_to,
        last_seq=view.last_seq,
        follows=view.follows,
        people=view.people,
    )
