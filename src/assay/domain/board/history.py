"""The history of a board that another tool kept: which way did its items go, and which board has such columns?

A history is rows of an item, the status it came from, the one it went to, and when. Nothing in it is judged: what was moved
there was moved there, whatever our gates would have said.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from assay.domain.board.board import Board, ExitItem, Stage, Transition
from assay.domain.board.flow import BulkEdit, Crossing, Outcome, bulk_edits
from assay.domain.kernel.ids import TicketType

KEY_LENGTH = 40
WAITING = "Backlog"


class HistoryRow(NamedTuple):
    """One row of a history."""

    line: int
    item: str
    """What the other tool calls it."""
    source: str | None
    """None: the item was new."""
    target: str
    at: datetime
    title: str
    owner: str
    type: TicketType
    bulk: bool
    """The other tool says that it was moved together with others, to tidy up."""


@dataclass(frozen=True, slots=True)
class ItemHistory:
    """The way of one item, in the order of time."""

    item: str
    title: str
    owner: str
    type: TicketType
    rows: tuple[HistoryRow, ...]


@dataclass(frozen=True, slots=True)
class History:
    """What a file tells."""

    items: tuple[ItemHistory, ...]
    """In the order in which they were first moved."""
    unread: tuple[str, ...] = ()
    """Columns of the file that say nothing of a move."""

    @property
    def rows(self) -> int:
        """How many moves it tells of."""
        return sum(len(item.rows) for item in self.items)


def history_of(rows: Iterable[HistoryRow], unread: Sequence[str] = ()) -> History:
    """Which way did each item go? Rows of one moment stay in their order; of title, owner and type the last that is said counts."""
    by_item: dict[str, list[HistoryRow]] = {}
    for row in rows:
        by_item.setdefault(row.item, []).append(row)
    items = [_item(item, sorted(found, key=lambda row: row.at)) for item, found in by_item.items()]
    return History(tuple(sorted(items, key=lambda item: item.rows[0].at)), tuple(unread))


def _item(item: str, rows: list[HistoryRow]) -> ItemHistory:
    title = next((row.title for row in rows[::-1] if row.title), "")
    owner = next((row.owner for row in rows[::-1] if row.owner), "")
    return ItemHistory(item, title, owner, rows[-1].type, tuple(rows))


def gaps(history: History) -> tuple[str, ...]:
    """Which moves do not begin where the one before ended? A sentence each: a status was renamed, or a move is missing."""
    found = []
    for item in history.items:
        for before, row in zip(item.rows, item.rows[1:], strict=False):
            if row.source is not None and row.source.casefold() != before.target.casefold():
                found.append(
                    f"line {row.line}: {item.item} leaves {row.source}, line {before.line} took it to {before.target}"
                )
    return tuple(found)


def together(history: History) -> tuple[BulkEdit, ...]:
    """At which moments were many items moved at once, or does the file say so?"""
    return bulk_edits(
        Crossing(row.at, row.item, row.source, row.target, bulk=row.bulk)
        for item in history.items
        for row in item.rows
    )


def column_of(board: Board, status: str) -> str | None:
    """Which column of a board is this status? By key or title, whatever the case; None where there is none.

    >>> column_of(Board.default(), "EVALUATION"), column_of(Board.default(), "Done")
    ('evaluation', None)
    """
    wanted = {status.strip().casefold(), status_key(status)}
    return next(
        (stage.key for stage in board.stages if stage.key in wanted or stage.title.casefold() in wanted), None
    )


def status_key(status: str) -> str:
    """The key of the column for a status.

    >>> status_key("In Review!")
    'in-review'
    """
    key = re.sub(r"[^a-z0-9]+", "-", status.strip().casefold()).strip("-")
    return (key if key[:1].isalpha() else f"s-{key}".strip("-"))[:KEY_LENGTH].rstrip("-")


def board_of(
    history: History, *, ended: Mapping[str, Outcome] | None = None, waiting: str | None = None
) -> Board:
    """A board with a column for each status of a history and the moves that happened, to begin with.

    Args:
        history: at least one item.
        ended: what it means that an item reaches a status; statuses that are not named mean that work goes on.
        waiting: the status of items that nobody has started; None puts an empty column before all others.

    >>> from datetime import UTC
    >>> day = datetime(2026, 5, 1, tzinfo=UTC)
    >>> row = HistoryRow(2, "A-1", None, "Draft", day, "", "", TicketType.EXPERIMENT, False)
    >>> way = [row, row._replace(line=3, source="Draft", target="Rejected")]
    >>> board = board_of(history_of(way), ended={"Rejected": Outcome.KILLED})
    >>> [stage.title for stage in board.stages], board.legal_targets("draft")
    (['Backlog', 'Draft', 'Rejected'], ('rejected',))
    """
    means = {status_key(status): outcome for status, outcome in (ended or {}).items()}
    first = status_key(waiting or WAITING)
    titles, places, moves = _seen(history, first)
    titles.setdefault(first, waiting or WAITING)
    order = sorted(titles, key=lambda key: (key != first, _rank(means.get(key)), places.get(key, 0.0), key))
    left = {source for source, _ in moves}
    stages = tuple(_stage(key, titles[key], means.get(key), is_left=key in left) for key in order)
    return Board(
        stages=stages,
        transitions=tuple(Transition(source=a, target=b) for a, b in sorted(moves, key=_in(order))),
    )


def _in(order: list[str]) -> Callable[[tuple[str, str]], tuple[int, int]]:
    places = {key: place for place, key in enumerate(order)}
    return lambda move: (places[move[0]], places[move[1]])


def _seen(history: History, first: str) -> tuple[dict[str, str], dict[str, float], set[tuple[str, str]]]:
    """Titles by key, how far along each status stands in the middle of the ways, and the moves that happened."""
    titles: dict[str, str] = {}
    reached: dict[str, list[int]] = {}
    moves: set[tuple[str, str]] = set()
    for item in history.items:
        before = first
        for step, row in enumerate(item.rows):
            key = status_key(row.target)
            titles.setdefault(key, row.target.strip())
            reached.setdefault(key, []).append(step)
            if key != before:
                moves.add((before, key))
            before = key
    places = {key: sum(steps) / len(steps) for key, steps in reached.items()}
    return titles, places, moves


def _rank(outcome: Outcome | None) -> int:
    return 0 if outcome is None else 1 + [Outcome.PROMOTED, Outcome.KILLED, Outcome.CLOSED].index(outcome)


def _stage(key: str, title: str, outcome: Outcome | None, *, is_left: bool) -> Stage:
    asked = {Outcome.PROMOTED: ExitItem.DECISION_RECORDED, Outcome.KILLED: ExitItem.KILL_DECIDED}
    entry = (asked[outcome],) if outcome in asked else ()
    ends = outcome in (Outcome.KILLED, Outcome.CLOSED) or not is_left
    return Stage(key=key, title=title[:60], entry_gate=entry, terminal=ends)
