"""What can be found by its words? Written when text changes, never by a move."""

from __future__ import annotations

from sqlalchemy import TextClause, text

from assay.domain.experiments.experiment import TicketContent
from assay.storage.session import Session, Statement
from assay.storage.types import storable

COLUMNS = ("key", "title", "hypothesis", "method", "learnings", "notes")


def _put(engine: str) -> TextClause:
    names = ", ".join(COLUMNS)
    values = ", ".join(f":{name}" for name in COLUMNS)
    id_column = "rowid" if engine == "sqlite" else "ticket_id"
    return text(f"INSERT INTO ticket_search ({id_column}, {names}) VALUES (:ticket_id, {values})")  # noqa: S608  # fixed names


def _change(engine: str, assignments: str) -> TextClause:
    id_column = "rowid" if engine == "sqlite" else "ticket_id"
    return text(f"UPDATE ticket_search SET {assignments} WHERE {id_column} = :ticket_id")  # noqa: S608  # fixed names


ADD = Statement(_put)
EDIT = Statement(
    lambda engine: _change(engine, "key = :key, title = :title, hypothesis = :hypothesis, method = :method")
)
MORE = {
    name: Statement(
        lambda engine, name=name: _change(engine, f"{name} = {name} || :more")  # type: ignore[misc]  # bound per loop
    )
    for name in ("learnings", "notes")
}
DROP = Statement(
    lambda engine: text(
        "DELETE FROM ticket_search WHERE rowid = :ticket_id"
        if engine == "sqlite"
        else "DELETE FROM ticket_search WHERE ticket_id = :ticket_id"
    )
)


class SearchIndex(Session):
    """Keeps the full-text index in step with the text."""

    __slots__ = ()

    def index_ticket(self, ticket_id: int, key: str, content: TicketContent) -> None:
        """Index the words of a ticket's content; learnings and notes stay as they are."""
        words = {
            "ticket_id": ticket_id,
            "key": key,
            "title": storable(content.title),
            "hypothesis": storable(content.hypothesis),
            "method": storable(content.method),
        }
        if self.execute(EDIT, **words) != 1:
            self.execute(ADD, **words, learnings="", notes="")

    def index_more(self, ticket_id: int, column: str, more: str) -> None:
        """Add words to `learnings` or `notes`."""
        self.execute(MORE[column], ticket_id=ticket_id, more=storable(more) + "\n")

    def unindex_ticket(self, ticket_id: int) -> None:
        """Forget the words of a ticket."""
        self.execute(DROP, ticket_id=ticket_id)
