"""Who follows a ticket, and the files that belong to it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, delete, insert, literal, select, update

from assay.storage.session import Session, Statement
from assay.storage.tables import attachments, inbox_marks, watchers
from assay.workflows.records import Attachment

_A, _W = attachments.c, watchers.c
_WATCHER = (_W.ticket_id == bindparam("the_ticket")) & (_W.name == bindparam("the_name"))
_ATTACHED = (_A.ticket_id == bindparam("the_ticket")) & (_A.digest == bindparam("the_digest"))
WATCHERS = Statement(
    select(_W.name).where(_W.ticket_id == bindparam("the_ticket")).order_by(_W.since, _W.name)
)
WATCHES = Statement(select(_W.name).where(_WATCHER))
WATCH = Statement(insert(watchers), ("ticket_id", "name", "since"))
UNWATCH = Statement(delete(watchers).where(_WATCHER))
_MARKED = (inbox_marks.c.project_id == bindparam("the_project"), inbox_marks.c.name == bindparam("the_name"))
MARK = Statement(select(inbox_marks.c.seq).where(*_MARKED))
ADD_MARK = Statement(insert(inbox_marks), ("project_id", "name", "seq"))
MOVE_MARK = Statement(update(inbox_marks).where(*_MARKED), ("seq",))
ATTACHMENTS = Statement(
    select(_A.digest, _A.name, _A.size, _A.by, _A.at)
    .where(_A.ticket_id == bindparam("the_ticket"))
    .order_by(_A.id)
)
COMPANY = Statement(
    select(
        literal(0).label("is_file"),
        literal(0).label("number"),
        _W.name.label("name"),
        literal("").label("digest"),
        literal(0).label("size"),
        literal("").label("by"),
        _W.since.label("at"),
    )
    .where(_W.ticket_id == bindparam("the_ticket"))
    .union_all(
        select(literal(1), _A.id, _A.name, _A.digest, _A.size, _A.by, _A.at).where(
            _A.ticket_id == bindparam("the_ticket")
        )
    )
)
ATTACH = Statement(insert(attachments), ("ticket_id", "digest", "name", "size", "by", "at"))
DETACH = Statement(delete(attachments).where(_ATTACHED))


class CompanyReader(Session):
    """What is around a ticket?"""

    __slots__ = ()

    def watchers(self, ticket_id: int) -> Sequence[str]:
        """Who follows it, the first first."""
        return [name for (name,) in self.rows(WATCHERS, the_ticket=ticket_id)]

    def attachments(self, ticket_id: int) -> Sequence[Attachment]:
        """Its files, the oldest first."""
        return [Attachment(*row) for row in self.rows(ATTACHMENTS, the_ticket=ticket_id)]

    def company(self, ticket_id: int) -> tuple[Sequence[str], Sequence[Attachment]]:
        """Who follows it, the first first, and its files, the oldest first."""
        rows = self.rows(COMPANY, the_ticket=ticket_id)
        names = sorted((row[6], row[2]) for row in rows if not row[0])
        files = sorted((row for row in rows if row[0]), key=lambda row: row[1])
        return (
            [name for _, name in names],
            [Attachment(digest, name, size, by, at) for _, _, name, digest, size, by, at in files],
        )


class CompanyWriter(CompanyReader):
    """Changes to what is around a ticket."""

    __slots__ = ()

    def watch(self, ticket_id: int, name: str, *, at: datetime) -> bool:
        """Somebody follows it; False when they did already."""
        if self.row(WATCHES, the_ticket=ticket_id, the_name=name) is not None:
            return False
        self.execute(WATCH, ticket_id=ticket_id, name=name, since=at)
        return True

    def unwatch(self, ticket_id: int, name: str) -> bool:
        """Somebody follows it no longer; False when they did not."""
        return self.execute(UNWATCH, the_ticket=ticket_id, the_name=name) == 1

    def mark_read(self, project_id: int, name: str, seq: int) -> int:
        """Somebody has read up to this journal number; returns up to which one they had before."""
        whose = {"the_project": project_id, "the_name": name}
        row = self.row(MARK, **whose)
        if row is None:
            self.execute(ADD_MARK, project_id=project_id, name=name, seq=seq)
            return 0
        self.execute(MOVE_MARK, **whose, seq=seq)
        return int(row[0])

    def add_attachment(self, ticket_id: int, attachment: Attachment) -> None:
        """A file whose content is kept by `put_blob` belongs to it."""
        self.execute(
            ATTACH,
            ticket_id=ticket_id,
            digest=attachment.digest,
            name=attachment.name,
            size=attachment.size,
            by=attachment.by,
            at=attachment.at,
        )

    def remove_attachment(self, ticket_id: int, digest: str) -> bool:
        """A file belongs to it no longer; False when it did not."""
        return self.execute(DETACH, the_ticket=ticket_id, the_digest=digest) == 1
