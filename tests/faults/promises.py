"""What writers are promised, and whether it was kept: nothing acknowledged is lost, and nothing is half done."""

import json
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime
from sqlite3 import connect
from typing import NamedTuple

from assay.domain.experiments.experiment import TicketContent
from assay.domain.governance.verification import verify_chain
from assay.domain.kernel.events import Event
from assay.storage.portable import counts
from assay.workflows.actor import Actor
from assay.workflows.records import StoredAnswer

AT = datetime(2026, 5, 12, tzinfo=UTC)
ADA = Actor("ada")


class Promise(NamedTuple):
    """One acknowledged change."""

    kind: str
    seq: int
    key: str
    token: str


class Broken(AssertionError):
    """A promise was not kept."""


def create(tx, project, token):
    """A ticket, its journal entry and the kept answer, to be written together."""
    ticket = tx.add_ticket(project, TicketContent(title=token), stage="backlog", rank=1.0, by="ada", at=AT)
    event = Event.of("ticket.created", project="vision", subject=ticket.key, token=token)
    seq = tx.append(event, actor=ADA, at=AT)
    tx.put_answer("faults", token, StoredAnswer(token, 201, ticket.key.encode(), {}), at=AT)
    return ticket, seq


def move(tx, ticket):
    """A move, a note and the journal entry, to be written together."""
    moved = tx.place_ticket(ticket, stage="hypothesis", rank=2.0, at=AT)
    tx.add_note(ticket.id, text="moved", by="ada", at=AT)
    return moved, tx.append(Event.of("ticket.moved", project="vision", subject=ticket.key), actor=ADA, at=AT)


def refused(tx, project):
    """A change that its own rules undo after it wrote."""
    tx.add_ticket(project, TicketContent(title="never"), stage="backlog", rank=1.0, by="ada", at=AT)
    tx.append(Event.of("ticket.created", project="vision", subject="never", token="never"), actor=ADA, at=AT)
    raise KeyError("refused")


def check_kept(store, promises):
    """Every promise is kept; of all that was not promised, either everything is there or nothing. Entries in the journal.

    Raises:
        Broken: which promise is not, or what is half done.
    """
    with store.read() as tx:
        report = verify_chain(tx.raw_entries())
        _expect(
            report.ok and report.head == tx.journal_head(), f"journal: {report.fault or 'its end is lost'}"
        )
        entries = {seq: json.loads(body) for seq, body, _ in tx.raw_entries()}
        project = tx.project("vision")
        if project is None:
            _expect(not promises and not entries, "the project is lost")
            return 0
        tickets = {ticket.key: ticket for ticket in tx.tickets(project.id)}
        for promise in promises:
            entry, ticket = entries.get(promise.seq), tickets.get(promise.key)
            _expect(entry is not None, f"acknowledged entry {promise.seq} is lost")
            _expect(
                (entry["kind"], entry["subject"]) == (f"ticket.{promise.kind}", promise.key), "other entry"
            )
            _expect(ticket is not None and ticket.content.title == promise.token, f"{promise.key} is lost")
            answer = tx.answer("faults", promise.token)
            _expect(answer is not None and answer.body == promise.key.encode(), f"answer {promise} is lost")
        _check_whole(tx, project, entries, tickets)
    return len(entries)


def _check_whole(tx, project, entries, tickets):
    created = {e["subject"]: e["payload"]["token"] for e in entries.values() if e["kind"] == "ticket.created"}
    moved = Counter(e["subject"] for e in entries.values() if e["kind"] == "ticket.moved")
    moves = {key: ticket.version - 1 for key, ticket in tickets.items() if ticket.version > 1}
    _expect(
        {key: ticket.content.title for key, ticket in tickets.items()} == created, "tickets without entry"
    )
    _expect(moves == moved, "moves without entry, or entries without move")
    _expect(Counter(t.stage for t in tickets.values()) == tx.stage_counts(project.id), "columns disagree")
    _expect(len(entries) == len(created) + sum(moved.values()), "entries of nothing")
    rows = counts(tx)
    _expect(rows["answers"] == len(created), "answers without ticket, or tickets without answer")
    _expect(rows["notes"] == sum(moved.values()), "notes without move, or moves without note")


def check_file(path):
    """SQLite finds the file itself whole, its full-text index included."""
    with closing(connect(path)) as database:
        _expect(database.execute("PRAGMA integrity_check").fetchall() == [("ok",)], "integrity check")
        _expect(database.execute("PRAGMA foreign_key_check").fetchall() == [], "rows without parent")
        tickets, found = (
            database.execute(f"SELECT count(*) FROM {table}").fetchone()
            for table in ("tickets", "ticket_search")
        )
        _expect(tickets == found, "search disagrees")


def _expect(kept, what):
    if not kept:
        raise Broken(what)
