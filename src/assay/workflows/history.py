"""The history of a board that another tool kept comes in: its tickets, where they stand, and which way they went.

What comes in is never told as if it had happened here: an entry of the journal has the moment at which it came in, and holds
the moves with the moments at which they happened, under the word `imported`. Flow is counted by when they happened.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from assay.domain.board.board import Board
from assay.domain.board.flow import BulkEdit, Outcome
from assay.domain.board.history import (
    History,
    HistoryRow,
    ItemHistory,
    board_of,
    column_of,
    gaps,
    status_key,
    together,
)
from assay.domain.experiments.experiment import TicketContent
from assay.domain.kernel.events import Event
from assay.domain.kernel.time import timestamp
from assay.errors import Invalid, Refused
from assay.workflows.actor import Actor, Permission
from assay.workflows.board_file import board_to_text
from assay.workflows.history_file import TITLE_LENGTH, history_from_text
from assay.workflows.journaled import content_data, rows_of_kind
from assay.workflows.lookup import required_project
from assay.workflows.ports import ReadTransaction, Workspace, WriteTransaction
from assay.workflows.records import Project, Ticket

IMPORTED = "history.imported"
MOVES_AN_ENTRY = 500
MOST_TOLD = 20
SOURCE_LENGTH = 60
RANK_STEP = 1024.0

Move = dict[str, Any]
"""As the journal keeps it: `at`, `before` and `after` as columns, `said` as the file names it, `bulk` where the file says so."""


@dataclass(frozen=True, slots=True)
class HistoryReport:
    """What an import did, or would do."""

    created: tuple[str, ...]
    """Keys of new tickets; of a preview, what the other tool calls them."""
    extended: tuple[str, ...]
    """Tickets that were brought in before and went on since."""
    unchanged: int
    """Tickets of which the file tells nothing new."""
    left_alone: tuple[str, ...]
    """Tickets that were deleted here."""
    moves: int
    """Moves that came in now."""
    first_at: datetime | None
    last_at: datetime | None
    """Between which moments they happened."""
    bulk_edits: tuple[BulkEdit, ...]
    """Moments of the file at which many tickets were moved at once."""
    gaps: tuple[str, ...]
    """Moves that do not begin where the one before ended, the first of them."""
    gaps_left_out: int
    unread: tuple[str, ...]
    """Columns of the file that say nothing of a move."""


@dataclass(slots=True)
class _Done:
    created: list[str] = field(default_factory=list)
    extended: list[str] = field(default_factory=list)
    left_alone: list[str] = field(default_factory=list)
    unchanged: int = 0
    moves: list[Move] = field(default_factory=list)


@dataclass(slots=True)
class _Known:
    """What came in earlier of an item."""

    key: str
    moves: list[Move]


@dataclass(frozen=True, slots=True)
class _New:
    """Moves of an item that did not come in before."""

    item: ItemHistory
    moves: list[Move]
    ticket: Ticket | None
    """None for an item that is new."""


def import_history(
    ws: Workspace, actor: Actor, slug: str, text: str, *, name: str = "history.csv", source: str = ""
) -> HistoryReport:
    """Bring in the history of a board: new tickets where they stand now, and what earlier ones did since. All of it, or nothing.

    The same file again changes nothing; one that tells more adds what is new. Gates and limits are not asked: it happened.

    Args:
        ws: the workspace.
        actor: who brings it in.
        slug: the project.
        text: CSV or JSON Lines, as `history_from_text` reads it.
        name: of the file, for messages and the journal.
        source: which tool it comes from, where items of several have the same names.

    Raises:
        Invalid: a row cannot be read, lies in the future, or goes to a status that is no column of the board.
        Refused: it tells of moves before those that came in earlier, or of a ticket that moved here meanwhile.
    """
    actor.require(Permission.CONFIGURE)
    history, source = _read(text, name, source)

    def work(tx: WriteTransaction) -> HistoryReport:
        project = required_project(tx, slug)
        at, done = ws.clock(), _Done()
        for new in _news(tx, project, history, source, name, at, done):
            if new.ticket is None:
                key = _insert(tx, actor, project, new, source=source, at=at).key
                done.created.append(key)
            else:
                key = new.ticket.key
                _move(tx, project, new.ticket, new.moves)
                done.extended.append(key)
            _journal(tx, actor, project, key, new, source=source, name=name, at=at)
        return _report(history, done)

    return ws.store.write(work)


def preview_history(
    ws: Workspace, actor: Actor, slug: str, text: str, *, name: str = "history.csv", source: str = ""
) -> HistoryReport:
    """What would this file bring in? Nothing is stored.

    Raises:
        Invalid, Refused: what bringing it in would raise.
    """
    actor.require(Permission.READ)
    history, source = _read(text, name, source)
    with ws.store.read() as tx:
        project = required_project(tx, slug)
        done = _Done()
        for new in _news(tx, project, history, source, name, ws.clock(), done):
            if new.ticket is None:
                done.created.append(new.item.item)
            else:
                done.extended.append(new.ticket.key)
    return _report(history, done)


def board_for_history(
    text: str,
    *,
    name: str = "history.csv",
    ended: Mapping[str, Outcome] | None = None,
    waiting: str | None = None,
) -> str:
    """A board file with a column for each status of a history, and the moves that happened, to begin with.

    Args:
        text: as `history_from_text` reads it.
        name: of the file, for messages.
        ended: what it means that a ticket reaches a status.
        waiting: the status of tickets that nobody has started; None puts an empty column before all others.

    Raises:
        Invalid: a row cannot be read, or a status that is named does not occur.
    """
    history = history_from_text(text, name=name)
    statuses = {status_key(row.target) for item in history.items for row in item.rows}
    for status in (*(ended or {}), *([waiting] if waiting else [])):
        if status_key(status) not in statuses:
            raise Invalid(
                f"cannot write a board for {name[:100]!r}: no ticket ever came to {status[:60]!r} (expected a status of the file)",
                hint="name it as the file does",
                code="status-unknown",
                field="ended",
            )
    return board_to_text(board_of(history, ended=ended, waiting=waiting))


def _read(text: str, name: str, source: str) -> tuple[History, str]:
    source = source.strip()
    if len(source) > SOURCE_LENGTH or not source.isprintable():
        raise Invalid(
            f"cannot import history {name[:100]!r}: its source is {source[:60]!r} (expected up to {SOURCE_LENGTH} visible characters)",
            hint="correct the file, then: assay board import-history FILE",
            code="history-invalid",
            field="source",
        )
    return history_from_text(text, name=name), source


def _news(
    tx: ReadTransaction,
    project: Project,
    history: History,
    source: str,
    name: str,
    now: datetime,
    done: _Done,
) -> list[_New]:
    """Items with moves that did not come in before."""
    columns = _columns(project.settings.board, history, name)
    known = _known(tx, project, source)
    there = {ticket.key: ticket for ticket in tx.tickets(project.id)} if known else {}
    found: list[_New] = []
    for item in history.items:
        late = next((row for row in item.rows if row.at > now), None)
        if late is not None:
            raise _broken(name, late, f"{item.item} moves on {late.at.date()}", "a time in the past")
        before = known.get(item.item)
        moves = [_move_data(row, columns) for row in item.rows]
        if before is None:
            done.moves += moves
            found.append(_New(item, moves, None))
            continue
        old = {_same(move) for move in before.moves}
        fresh = [(row, move) for row, move in zip(item.rows, moves, strict=True) if _same(move) not in old]
        ticket = there.get(before.key)
        if not fresh:
            done.unchanged += 1
        elif ticket is None:
            done.left_alone.append(before.key)
        else:
            moved_here = bool(tx.journal_about(project.slug, ticket.key, ("ticket.moved",)))
            _goes_on(name, item, fresh[0][0], before, moved_here=moved_here)
            found.append(_New(item, [move for _, move in fresh], ticket))
            done.moves += found[-1].moves
    return found


def _same(move: Move) -> tuple[str, str]:
    """By what the file said: columns may have another name since."""
    return str(move["at"]), str(move["said"])


def _columns(board: Board, history: History, name: str) -> dict[str, str]:
    """The column of each status that tickets go to; one that they only come from may be gone."""
    rows = [row for item in history.items for row in item.rows]
    found = {status: column_of(board, status) for status in {row.target for row in rows}}
    unknown = sorted(status for status, column in found.items() if column is None)
    if unknown:
        first = next(row for row in rows if row.target in unknown)
        raise Invalid(
            f"cannot import history {name[:100]!r}: the board has no column {', '.join(map(repr, unknown[:8]))} "
            f"(expected, from line {first.line} on, one of: {', '.join(stage.title for stage in board.stages)})",
            hint="assay board draft FILE > board.yaml writes a board that has them all",
            code="history-column-unknown",
            field="to",
            details={"line": first.line, "unknown": unknown},
        )
    sources = {row.source for row in rows if row.source is not None}
    named = {status: column_of(board, status) or status for status in sources}
    return {**named, **{status: column for status, column in found.items() if column is not None}}


def _move_data(row: HistoryRow, columns: Mapping[str, str]) -> Move:
    return {
        "at": timestamp(row.at),
        "before": None if row.source is None else columns[row.source],
        "after": columns[row.target],
        "said": row.target,
        **({"bulk": True} if row.bulk else {}),
    }


def _known(tx: ReadTransaction, project: Project, source: str) -> dict[str, _Known]:
    found: dict[str, _Known] = {}
    for row in rows_of_kind(tx, project, IMPORTED):
        if row.payload["source"] == source and row.subject is not None:
            found.setdefault(row.payload["item"], _Known(row.subject, [])).moves.extend(row.payload["moves"])
    return found


def _goes_on(name: str, item: ItemHistory, first: HistoryRow, before: _Known, *, moved_here: bool) -> None:
    """What is new comes after what is known, and nobody moved the card here meanwhile."""
    last = max(str(move["at"]) for move in before.moves)
    if timestamp(first.at) < last:
        raise Refused(
            f"cannot import history {name[:100]!r}: line {first.line} moves {item.item} on {first.at.date()}, before what was "
            f"brought in of it up to {last[:10]} (expected later moves alone)",
            hint="what was brought in is in the journal for good; leave that line out",
            code="history-rewritten",
            details={"line": first.line, "key": before.key},
        )
    if moved_here:
        raise Refused(
            f"cannot import history {name[:100]!r}: line {first.line} moves {item.item}, but {before.key} was moved here since it "
            "was brought in (expected one board on which it moves)",
            hint="leave its lines out",
            code="history-moved-here",
            details={"line": first.line, "key": before.key},
        )


def _insert(
    tx: WriteTransaction,
    actor: Actor,
    project: Project,
    new: _New,
    *,
    source: str,
    at: datetime,
) -> Ticket:
    item = new.item
    title = f"{item.item}: {item.title}" if item.title else item.item
    content = TicketContent(type=item.type, title=title[:TITLE_LENGTH], owner=item.owner)
    stage = new.moves[-1]["after"]
    above, _ = tx.ranks_around(project.id, stage, before_key=None)
    ticket = tx.add_ticket(
        project,
        content,
        stage=stage,
        rank=(above or 0.0) + RANK_STEP,
        by=actor.name,
        at=at,
        entered_stage_at=item.rows[-1].at,
        begun_at=_begun(new.moves, project.settings.board.first.key),
    )
    event = Event.of(
        "ticket.created",
        project=project.slug,
        subject=ticket.key,
        column=stage,
        after=content_data(content),
        imported={"item": item.item, "source": source},
    )
    tx.append(event, actor=actor, at=at)
    return ticket


def _begun(moves: Sequence[Move], first: str) -> datetime | None:
    """When it first left the first column; None where it never did."""
    return next((datetime.fromisoformat(move["at"]) for move in moves if move["after"] != first), None)


def _move(tx: WriteTransaction, project: Project, ticket: Ticket, moves: Sequence[Move]) -> None:
    for move in moves:
        stage, at = move["after"], datetime.fromisoformat(move["at"])
        above, _ = tx.ranks_around(project.id, stage, before_key=None)
        rank = ticket.rank if stage == ticket.stage else (above or 0.0) + RANK_STEP
        ticket = tx.place_ticket(ticket, stage=stage, rank=rank, at=at) or ticket


def _journal(
    tx: WriteTransaction,
    actor: Actor,
    project: Project,
    key: str,
    new: _New,
    *,
    source: str,
    name: str,
    at: datetime,
) -> None:
    for begin in range(0, len(new.moves), MOVES_AN_ENTRY):
        event = Event.of(
            IMPORTED,
            project=project.slug,
            subject=key,
            imported=True,
            source=source,
            file=name[-100:],
            item=new.item.item,
            moves=new.moves[begin : begin + MOVES_AN_ENTRY],
        )
        tx.append(event, actor=actor, at=at)


def _report(history: History, done: _Done) -> HistoryReport:
    broken, moments = gaps(history), sorted(str(move["at"]) for move in done.moves)
    return HistoryReport(
        created=tuple(done.created),
        extended=tuple(done.extended),
        unchanged=done.unchanged,
        left_alone=tuple(done.left_alone),
        moves=len(done.moves),
        first_at=datetime.fromisoformat(moments[0]) if moments else None,
        last_at=datetime.fromisoformat(moments[-1]) if moments else None,
        bulk_edits=together(history),
        gaps=broken[:MOST_TOLD],
        gaps_left_out=max(0, len(broken) - MOST_TOLD),
        unread=history.unread,
    )


def _broken(name: str, row: HistoryRow, fact: str, expected: str) -> Invalid:
    return Invalid(
        f"cannot import history {name[:100]!r}: {fact} in line {row.line} (expected {expected})",
        hint="correct the file, then: assay board import-history FILE",
        code="history-invalid",
        field="at",
        details={"line": row.line},
    )
