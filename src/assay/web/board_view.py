"""From the board as workflows tell it to the board as the page prints it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import quote, urlencode

from fastapi import FastAPI
from markupsafe import Markup

from assay.domain.board.board import Board
from assay.errors import Invalid
from assay.web.cards import CardCache, cards_digest, join_cards
from assay.web.contexts.board import CardsPage, Column
from assay.web.templating import render
from assay.workflows.actor import Actor
from assay.workflows.board import BoardParts, board_parts
from assay.workflows.ports import Workspace
from assay.workflows.views import CardView, ColumnPage, ColumnSlots

PER_COLUMN = 50
MOST_PER_COLUMN = 500


@dataclass(frozen=True, slots=True)
class Have:
    """What a browser shows of one column: how many cards, and their digest."""

    shown: int
    digest: str


def card_cache(app: FastAPI) -> CardCache:
    """The cards this application has rendered so far."""
    found: CardCache | None = getattr(app.state, "card_cache", None)
    if found is None:
        found = app.state.card_cache = CardCache()
    return found


def read_board(
    ws: Workspace,
    actor: Actor,
    slug: str,
    cache: CardCache,
    *,
    per_column: int = PER_COLUMN,
    filters: Mapping[str, str],
) -> BoardParts:
    """The board, with every card of it in the cache."""
    parts = board_parts(ws, actor, slug, per_column=per_column, filters=filters, known=cache.has)
    cache.add(slug, parts.cards)
    return parts


def columns(
    parts: BoardParts, cache: CardCache, *, filters: Mapping[str, str], hidden: bool
) -> tuple[Column, ...]:
    """The columns that are shown, in board order."""
    board = parts.project.settings.board
    return tuple(
        _column(parts, column, board, cache, filters)
        for column in parts.slots.columns
        if hidden or not _is_hidden(board, column.key)
    )


def _is_hidden(board: Board, key: str) -> bool:
    stage = board.stage(key)
    return stage is not None and stage.hidden


def _column(
    parts: BoardParts, column: ColumnSlots, board: Board, cache: CardCache, filters: Mapping[str, str]
) -> Column:
    limit, count = column.wip_limit, column.count
    return Column(
        key=column.key,
        title=column.title,
        count=count,
        wip=str(count) if limit is None else f"{count} / {limit}",
        wip_label=f"{count} cards" if limit is None else f"{count} cards, limit {limit}",
        full=limit is not None and count >= limit,
        gate=column.gate,
        digest=cards_digest(count, column.slots),
        targets=" ".join(board.legal_targets(column.key)),
        shown=len(column.slots),
        cards=cache.join(column.slots, parts.cards),
        more_href=more_href(parts.project.slug, column.key, column.next_cursor, filters),
        empty_text="Nothing matches" if filters else "No cards",
    )


def changed_columns(
    ws: Workspace,
    actor: Actor,
    slug: str,
    cache: CardCache,
    *,
    have: Mapping[str, Have],
    filters: Mapping[str, str],
) -> Markup:
    """The columns that look different from what a browser shows, each with as many cards as it had."""
    most = min(MOST_PER_COLUMN, max([PER_COLUMN, *(one.shown + 1 for one in have.values())]))
    parts = read_board(ws, actor, slug, cache, per_column=most, filters=filters)
    board = parts.project.settings.board
    changed = []
    for column in parts.slots.columns:
        known = have.get(column.key)
        if known is None:
            continue
        cut = _cut(column, max(PER_COLUMN, known.shown))
        if cards_digest(cut.count, cut.slots) != known.digest:
            changed.append(_column(parts, cut, board, cache, filters))
    return Markup(render("fragments/board/_columns.html", columns=changed)) if changed else Markup()  # noqa: S704


def _cut(column: ColumnSlots, shown: int) -> ColumnSlots:
    if len(column.slots) <= shown:
        return column
    last = column.slots[shown - 1]
    return replace(column, slots=column.slots[:shown], next_cursor=f"{last.rank!r}~{last.key}")


def read_have(text: str) -> dict[str, Have]:
    """What a browser says it shows: `column:cards:digest`, separated by commas.

    >>> read_have("backlog:2:0a,killed:0:ff")["killed"]
    Have(shown=0, digest='ff')
    """
    found = {}
    for part in text[:4000].split(",") if text else []:
        fields = part.split(":")
        if len(fields) != 3 or not (fields[1].isascii() and fields[1].isdigit() and len(fields[1]) < 6):
            raise Invalid(
                f"cannot read column state {part[:60]!r} (expected column:cards:digest)",
                hint="load the board again",
                code="board-state-malformed",
                field="have",
            )
        found[fields[0]] = Have(shown=min(int(fields[1]), MOST_PER_COLUMN - 1), digest=fields[2])
    return found


def more_href(slug: str, stage: str, cursor: str | None, filters: Mapping[str, str]) -> str:
    """Where the next cards of a column are; empty when there are none."""
    if cursor is None:
        return ""
    return f"/p/{slug}/board/{quote(stage)}/cards?" + urlencode({**filters, "cursor": cursor})


def cards_page(slug: str, stage: str, page: ColumnPage, *, filters: Mapping[str, str]) -> CardsPage:
    """More cards of one column."""
    cards: tuple[CardView, ...] = page.cards
    return CardsPage(
        cards=join_cards(slug, cards), more_href=more_href(slug, stage, page.next_cursor, filters)
    )
