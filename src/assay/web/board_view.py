"""From the board as workflows tell it to the board as the page prints it.

Rendering is what a board costs, so nothing is rendered twice: cards are kept by ticket and card version, columns by what they
show, whole pages for as long as the journal does not grow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from urllib.parse import quote, urlencode

from fastapi import FastAPI
from markupsafe import Markup

from assay.domain.board.board import Board, LimitBy
from assay.domain.board.roles import ColumnRole
from assay.domain.board.wip import wip_text
from assay.errors import Invalid
from assay.web import wording
from assay.web.cards import cards_digest, join_cards, render_card
from assay.web.contexts.board import CardsPage, Column
from assay.web.kept import Kept
from assay.web.parts import KeptPage, Part
from assay.web.templating import render
from assay.workflows.actor import Actor
from assay.workflows.board import BoardParts, board_parts
from assay.workflows.ports import Workspace
from assay.workflows.views import CardSlot, CardView, ColumnPage, ColumnSlots

PER_COLUMN = 50
MOST_PER_COLUMN = 500
KEPT_CARDS = 20_000
"""About 1.5 kB each: at most 30 MB, where a team would need forty full boards."""
KEPT_COLUMNS = 200
"""At most 50 cards each: about 10 MB."""
KEPT_PAGES = 50
"""They share the columns: a few kilobytes each."""

Filters = Mapping[str, str]


class BoardKeep:
    """What an application keeps of the boards it has shown."""

    def __init__(self) -> None:
        self.cards: Kept[tuple[int, int, ColumnRole], str] = Kept(KEPT_CARDS)
        """HTML by ticket, card version and what its column is for, which name what a card shows for good."""
        self.columns: Kept[tuple[str, Column], Part] = Kept(KEPT_COLUMNS)
        """By project and everything the column shows."""
        self._pages: Kept[tuple[object, ...], tuple[int, KeptPage]] = Kept(KEPT_PAGES)

    def page(self, look: tuple[object, ...], *, seq: int) -> KeptPage | None:
        """The page of this look, if the journal has not grown since: everything that a page shows stands in it."""
        found = self._pages.get(look)
        return found[1] if found is not None and found[0] == seq else None

    def put_page(self, look: tuple[object, ...], page: KeptPage, *, seq: int) -> None:
        """Keep a page made from what stood in the journal at `seq`."""
        self._pages.put({look: (seq, page)})


def keep(app: FastAPI) -> BoardKeep:
    """What this application keeps."""
    found: BoardKeep | None = getattr(app.state, "board_keep", None)
    if found is None:
        found = app.state.board_keep = BoardKeep()
    return found


@dataclass(frozen=True, slots=True)
class BoardHtml:
    """A board with the HTML of its cards, by ticket."""

    parts: BoardParts
    cards: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class Have:
    """What a browser shows of one column: how many cards, and their digest."""

    shown: int
    digest: str


def read_board(
    ws: Workspace, actor: Actor, slug: str, kept: BoardKeep, *, per_column: int = PER_COLUMN, filters: Filters
) -> BoardHtml:
    """The board, with only those cards read and rendered that were not seen before."""
    shown, is_known = remembered_cards(kept)
    parts = board_parts(ws, actor, slug, per_column=per_column, filters=filters, known=is_known)
    return BoardHtml(parts, shown | keep_cards(kept, slug, parts.cards))


def remembered_cards(kept: BoardKeep) -> tuple[dict[int, str], Callable[[CardSlot, ColumnRole], bool]]:
    """HTML by ticket of the cards that were seen before, filled by the question whether one was."""
    shown: dict[int, str] = {}

    def is_known(slot: CardSlot, role: ColumnRole) -> bool:
        html = kept.cards.get((slot.id, slot.card_version, role))
        if html is None:
            return False
        shown[slot.id] = html
        return True

    return shown, is_known


def keep_cards(kept: BoardKeep, slug: str, cards: Mapping[int, CardView]) -> dict[int, str]:
    """HTML of these cards, by ticket, kept for the next look."""
    made = {number: render_card(slug, card) for number, card in cards.items()}
    kept.cards.put(
        {(number, cards[number].card_version, cards[number].role): html for number, html in made.items()}
    )
    return made


def columns(
    board: BoardHtml, kept: BoardKeep, *, filters: Filters, with_hidden: bool = False
) -> tuple[Part, ...]:
    """The columns that are shown, in board order."""
    settings = board.parts.project.settings.board
    return tuple(
        _column(board, column, kept, filters)
        for column in board.parts.slots.columns
        if with_hidden or not is_hidden(settings, column.key)
    )


def is_hidden(board: Board, key: str) -> bool:
    """Whether a column is off the board unless it is asked for."""
    stage = board.stage(key)
    return stage is not None and stage.hidden


def _column(board: BoardHtml, column: ColumnSlots, kept: BoardKeep, filters: Filters) -> Part:
    project = board.parts.project
    context = column_context(
        project.slug, project.settings.board, column, filters, role=board.parts.roles[column.key]
    )
    part = kept.columns.get((project.slug, context))
    if part is None:
        cards = Markup("".join([board.cards[slot.id] for slot in column.slots]))  # noqa: S704 - made by the template
        part = Part(render("fragments/board/_column.html", column=context, cards=cards))
        if context.shown <= PER_COLUMN:
            kept.columns.put({(project.slug, context): part})
    return part


def column_context(
    slug: str, board: Board, column: ColumnSlots, filters: Filters, *, role: ColumnRole
) -> Column:
    """What a column's template prints, beside its cards."""
    limit, count, stage = column.wip_limit, column.count, board.stage(column.key)
    gate = None if stage is None else stage.gate
    by = LimitBy.CARDS if stage is None else stage.limit_by
    return Column(
        key=column.key,
        title=column.title,
        wip=wip_text(column.taken, limit, by),
        wip_label=wording.plural(count, "card") + _limit_words(column.taken, limit, by),
        full=limit is not None and column.taken >= limit,
        gate=column.gate,
        gate_name=gate or "",
        gate_href=f"/p/{slug}/gates/{gate}" if gate else "",
        digest=cards_digest(count, column.slots, role),
        targets=" ".join(board.legal_targets(column.key)),
        shown=len(column.slots),
        more_href=more_href(slug, column.key, column.next_cursor, filters),
        empty_text="Nothing matches" if filters else "No cards",
    )


def _limit_words(taken: int, limit: int | None, by: LimitBy) -> str:
    if limit is None:
        return ""
    return f", {taken} of {limit} GPUs taken" if by is LimitBy.GPUS else f", limit {limit}"


def changed_columns(
    ws: Workspace, actor: Actor, slug: str, kept: BoardKeep, *, have: Mapping[str, Have], filters: Filters
) -> Markup:
    """The columns that look different from what a browser shows, each with as many cards as it had."""
    most = most_shown(have, least=PER_COLUMN)
    board = read_board(ws, actor, slug, kept, per_column=most, filters=filters)
    changed = []
    for column in board.parts.slots.columns:
        known = have.get(column.key)
        if known is None:
            continue
        cut = _cut(column, max(PER_COLUMN, known.shown))
        if cards_digest(cut.count, cut.slots, board.parts.roles[column.key]) != known.digest:
            changed.append(_column(board, cut, kept, filters).body.decode())
    return Markup("".join(changed))  # noqa: S704 - made by the template


def most_shown(have: Mapping[str, Have], *, least: int) -> int:
    """How many cards have to be read so that every column can be shown as far as the browser does."""
    return min(MOST_PER_COLUMN, max([least, *(one.shown + 1 for one in have.values())]))


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


def more_href(slug: str, stage: str, cursor: str | None, filters: Filters) -> str:
    """Where the next cards of a column are; empty when there are none."""
    if cursor is None:
        return ""
    return f"/p/{slug}/board/{quote(stage)}/cards?" + urlencode({**filters, "cursor": cursor})


def cards_page(slug: str, stage: str, page: ColumnPage, *, filters: Filters) -> CardsPage:
    """More cards of one column."""
    cards: tuple[CardView, ...] = page.cards
    return CardsPage(
        cards=join_cards(slug, cards), more_href=more_href(slug, stage, page.next_cursor, filters)
    )
