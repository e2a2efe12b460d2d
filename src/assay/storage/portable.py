"""How does everything remembered become plain lines, and lines a database again?

One JSON Lines file a table: a list a row, in the order of the columns; bytes as base64, moments as ISO text. The same lines
load into either engine, so a team moves from SQLite to PostgreSQL with every hash intact.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

import orjson
from sqlalchemy import LargeBinary, Table, delete, func, insert, select, text

from assay.errors import Invalid
from assay.storage import documents
from assay.storage.amounts import fill_amounts
from assay.storage.migrations import HEAD
from assay.storage.queries.filters import MAX_PAGE
from assay.storage.run_ends import fill_run_ends
from assay.storage.session import Session, Statement
from assay.storage.tables import decisions, instance, journal_head, metadata, notes, ticket_documents, tickets
from assay.storage.transactions import Writing
from assay.storage.types import UtcDateTime

CHUNK_ROWS = 2 * MAX_PAGE

CARRIED = (
    "answers", "attachments", "blobs", "blockers", "checkpoints", "commitments", "curves", "decisions", "gate_runs", "gates", "inbox_marks", "instance", "journal", "journal_head", "links",
    "metrics", "notes", "past_curves", "pipeline_jobs", "project_documents", "projects", "run_pasts", "runs", "sources", "sprints", "stage_counts", "ticket_documents", "tickets", "verdicts",
    "watchers", "webhook_deliveries", "webhooks",
)  # fmt: skip
"""Tables whose rows a backup carries."""

ADDED = {
    "0002": {"sources.connected", "runs.first_candidate", "tickets.results_since", "tickets.verdict_due"},
    "0004": {"run_pasts", "runs.first_arm", "sources.qualified"},
    "0005": {"gates", "gate_runs", "tickets.evidence_seq"},
    "0006": {"sprints", "commitments"},
    "0007": {"blockers"},
    "0008": {"attachments", "watchers"},
    "0009": {"project_documents"},
    "0010": {"runs.broken", "runs.ended_at", "runs.of_baseline"},
    "0011": {"tickets.begun_at"},
    "0012": {"blobs.only_attached", "inbox_marks"},
    "0014": {"runs.cost_usd", "tickets.budget_cost_usd"},
    "0015": {"pipeline_jobs", "tickets.job_id"},
    "0017": {"webhooks", "webhook_deliveries"},
    "0019": {"past_curves", "run_pasts.knows_curves"},
    "0020": {"pipeline_jobs.source_id"},
}
"""Tables and columns that came with a version: a backup of an older one has none of them."""

DERIVED = ("ticket_search",)
"""Tables made again from the carried ones."""

BEGUN = Statement(
    text(
        "UPDATE tickets SET begun_at = (SELECT min(journal.at) FROM journal JOIN projects ON projects.slug = journal.project "
        "WHERE projects.id = tickets.project_id AND journal.subject = tickets.key AND journal.kind = 'ticket.moved')"
    )
)
"""When work began, for tickets of a backup that does not know it."""

MADE_EMPTY = (journal_head, instance)
"""Tables that a new database has a row in, which the backup's row replaces."""


def carried_tables(version: str = HEAD) -> Sequence[Table]:
    """The tables that a backup of this version carries, each after those it refers to."""
    tables = [table for table in metadata.sorted_tables if table.name in CARRIED]
    return [table for table in tables if table.name not in _added_after(version)]


def _added_after(version: str) -> set[str]:
    return {name for since, names in ADDED.items() if since > version for name in names}


def lines_of(session: Session, table: Table) -> Iterator[bytes]:
    """One line for each row, by primary key."""
    writers = [_writer(column.type) for column in table.columns]
    chosen = Statement(select(*table.columns).order_by(*table.primary_key.columns))
    for row in session.stream(chosen, size=CHUNK_ROWS):
        yield orjson.dumps([write(value) for write, value in zip(writers, row, strict=True)]) + b"\n"


def load_lines(session: Session, table: Table, lines: Iterable[bytes], *, version: str = HEAD) -> int:
    """Insert one row for each line; returns how many. Columns that came after the version get their defaults.

    Raises:
        Invalid: a line is not a row of this table; table and line are named.
    """
    newer = _added_after(version)
    columns = [column for column in table.columns if f"{table.name}.{column.name}" not in newer]
    names = [column.name for column in columns]
    readers = [_reader(column.type) for column in columns]
    add = Statement(insert(table), names)
    numbered = enumerate(lines, start=1)
    count = 0
    while chunk := list(islice(numbered, CHUNK_ROWS)):
        session.execute_many(add, [_row(table, number, line, names, readers) for number, line in chunk])
        count += len(chunk)
    return count


def make_room(session: Session) -> None:
    """Take away the rows that a new database begins with."""
    for table in MADE_EMPTY:
        session.execute(Statement(delete(table)))


def finish_load(tx: Writing, *, version: str = HEAD) -> None:
    """Make again what is derived or came after the version, and let new rows get new numbers."""
    rebuild_search(tx)
    if "runs.ended_at" in _added_after(version):
        fill_run_ends(tx)
    if "tickets.begun_at" in _added_after(version):
        tx.execute(BEGUN)
    if "runs.cost_usd" in _added_after(version):
        fill_amounts(tx.connection)
    if tx.engine == "postgresql":
        for table in carried_tables():
            _advance_sequence(tx, table)


def counts(session: Session, version: str = HEAD) -> dict[str, int]:
    """Rows in each carried table of this version."""
    return {
        table.name: int(session.one(Statement(select(func.count()).select_from(table)))[0])
        for table in carried_tables(version)
    }


def rebuild_search(tx: Writing) -> None:
    """Index every ticket, its learnings and its notes again."""
    tx.execute(Statement(text("DELETE FROM ticket_search")))
    content = Statement(
        select(tickets.c.id, tickets.c.key, ticket_documents.c.content).join_from(
            tickets, ticket_documents, ticket_documents.c.ticket_id == tickets.c.id
        )
    )
    for ticket_id, key, body in tx.rows(content):
        tx.index_ticket(ticket_id, key, documents.content(body))
    for ticket_id, learnings in tx.rows(
        Statement(select(decisions.c.ticket_id, decisions.c.learnings).order_by(decisions.c.id))
    ):
        if learnings:
            tx.index_more(ticket_id, "learnings", learnings)
    for ticket_id, note in tx.rows(Statement(select(notes.c.ticket_id, notes.c.text).order_by(notes.c.id))):
        tx.index_more(ticket_id, "notes", note)


def _advance_sequence(session: Session, table: Table) -> None:
    key = table.autoincrement_column
    if key is None:
        return
    statement = (
        f"SELECT setval(pg_get_serial_sequence('{table.name}', '{key.name}'), "  # noqa: S608  # our own names
        f"coalesce(max({key.name}), 0) + 1, false) FROM {table.name}"
    )
    session.rows(Statement(text(statement)))


def _row(
    table: Table, number: int, line: bytes, names: Sequence[str], readers: Sequence[Callable[[Any], Any]]
) -> dict[str, Any]:
    try:
        values = orjson.loads(line)
        return {name: read(value) for name, read, value in zip(names, readers, values, strict=True)}
    except (ValueError, TypeError, AttributeError) as error:
        raise Invalid(
            f"cannot restore table {table.name!r}: line {number}: {str(error)[:200]} (expected one row of the table)",
            hint="the backup is damaged or made by hand: restore another one",
            code="backup-malformed",
        ) from error


def _writer(kind: Any) -> Callable[[Any], Any]:
    if isinstance(kind, LargeBinary):
        return lambda value: None if value is None else base64.b64encode(value).decode()
    if isinstance(kind, UtcDateTime):
        return lambda value: None if value is None else value.isoformat()
    return lambda value: value


def _reader(kind: Any) -> Callable[[Any], Any]:
    if isinstance(kind, LargeBinary):
        return lambda value: None if value is None else base64.b64decode(value, validate=True)
    if isinstance(kind, UtcDateTime):
        return lambda value: None if value is None else datetime.fromisoformat(value)
    return lambda value: value
