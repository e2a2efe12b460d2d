"""The board in lanes: the same cards, columns cut into cells, and the names of the lanes beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import blake2s

from markupsafe import Markup

from assay.domain.board.roles import ColumnRole
from assay.domain.portfolio.lanes import LaneBy, in_order
from assay.web.board_view import (
    BoardKeep,
    Filters,
    Have,
    column_context,
    is_hidden,
    keep_cards,
    more_href,
    most_shown,
    remembered_cards,
)
from assay.web.contexts.board import Cell, Column, LaneNames
from assay.web.contexts.ticket_form import Choice
from assay.web.lists_view import address
from assay.web.parts import Part
from assay.web.templating import render
from assay.workflows.actor import Actor
from assay.workflows.filters import NOT_SET
from assay.workflows.lane_views import LaneCell, LaneColumn
from assay.workflows.lanes import LaneParts, lane_parts
from assay.workflows.ports import Workspace
from assay.workflows.views import ColumnSlots

PER_CELL = 20
"""Cards of one lane in one column, at first."""
NOTHING = LaneCell(slots=(), next_cursor=None)
UNNAMED = {LaneBy.OWNER: "No owner", LaneBy.AXIS: "No axis", LaneBy.PHASE: "No phase"}


@dataclass(frozen=True, slots=True)
class LanesHtml:
    """A board in lanes with the HTML of its cards, by ticket."""

    by: LaneBy
    parts: LaneParts
    cards: Mapping[int, str]


def read_lanes(
    ws: Workspace,
    actor: Actor,
    slug: str,
    kept: BoardKeep,
    by: LaneBy,
    *,
    filters: Filters,
    per_cell: int = PER_CELL,
) -> LanesHtml:
    """The board in lanes, with only those cards read and rendered that were not seen before."""
    shown, is_known = remembered_cards(kept)
    parts = lane_parts(ws, actor, slug, by, per_cell=per_cell, filters=filters, known=is_known)
    return LanesHtml(by, parts, shown | keep_cards(kept, slug, parts.cards))


def lane_columns(
    board: LanesHtml, kept: BoardKeep, *, filters: Filters, with_hidden: bool = False
) -> tuple[Part, ...]:
    """The names of the lanes, then the columns that are shown, in board order."""
    lanes = _lanes(board, with_hidden=with_hidden)
    shown = _shown(board, with_hidden=with_hidden)
    return (_names(board, lanes), *(_column(board, column, kept, lanes, filters) for column in shown))


def changed_lane_columns(
    ws: Workspace,
    actor: Actor,
    slug: str,
    kept: BoardKeep,
    by: LaneBy,
    *,
    have: Mapping[str, Have],
    filters: Filters,
) -> Markup:
    """The columns that look different from what a browser shows, with the names of the lanes before them; empty when none does."""
    most = most_shown(have, least=PER_CELL)
    board = read_lanes(ws, actor, slug, kept, by, filters=filters, per_cell=most)
    with_hidden = any(is_hidden(board.parts.project.settings.board, key) for key in have)
    lanes = _lanes(board, with_hidden=with_hidden)
    changed = []
    for column in board.parts.slots.columns:
        known = have.get(column.key)
        if known is None:
            continue
        cut = _cut(column, max(PER_CELL, known.shown))
        if _digest(cut, lanes, board.parts.roles[column.key]) != known.digest:
            changed.append(_column(board, cut, kept, lanes, filters).body.decode())
    names = _names(board, lanes).body.decode() if changed else ""
    return Markup(names + "".join(changed))  # noqa: S704 - made by the templates


def lane_choices(slug: str, by: LaneBy | None, asked: Mapping[str, str]) -> tuple[Choice, ...]:
    """Ways to cut the board into lanes, each as an address that keeps what else is asked."""
    href = f"/p/{slug}/board"
    ways = (("", "No lanes"), *((one.value, f"By {one.value}") for one in LaneBy))
    return tuple(
        Choice(address(href, {**asked, "lanes": way}), label, chosen=way == (by or "")) for way, label in ways
    )


def _shown(board: LanesHtml, *, with_hidden: bool) -> list[LaneColumn]:
    settings = board.parts.project.settings.board
    return [one for one in board.parts.slots.columns if with_hidden or not is_hidden(settings, one.key)]


def _lanes(board: LanesHtml, *, with_hidden: bool) -> tuple[str, ...]:
    found = (lane for column in _shown(board, with_hidden=with_hidden) for lane in column.cells)
    return in_order(board.by, found)


def _title(by: LaneBy, lane: str) -> str:
    return lane or UNNAMED[by]


def _names(board: LanesHtml, lanes: tuple[str, ...]) -> Part:
    names = LaneNames(by=board.by.value, titles=tuple(_title(board.by, lane) for lane in lanes))
    return Part(render("fragments/board/_lanes.html", names=names))


def _column(
    board: LanesHtml, column: LaneColumn, kept: BoardKeep, lanes: tuple[str, ...], filters: Filters
) -> Part:
    project = board.parts.project
    context = _context(board, column, lanes, filters)
    part = kept.columns.get((project.slug, context))
    if part is None:
        cards = tuple(
            Markup("".join([board.cards[slot.id] for slot in column.cells.get(lane, NOTHING).slots]))  # noqa: S704
            for lane in lanes
        )
        part = Part(render("fragments/board/_column.html", column=context, cards=cards))
        if context.shown <= PER_CELL:
            kept.columns.put({(project.slug, context): part})
    return part


def _context(board: LanesHtml, column: LaneColumn, lanes: tuple[str, ...], filters: Filters) -> Column:
    project, by = board.parts.project, board.by
    whole = ColumnSlots(
        column.key, column.title, column.wip_limit, column.count, column.gate, (), None, column.taken
    )
    role = board.parts.roles[column.key]
    plain = column_context(project.slug, project.settings.board, whole, filters, role=role)
    cells = tuple(
        Cell(
            lane=lane,
            title=_title(by, lane),
            shown=len(cell.slots),
            more_href=more_href(
                project.slug, column.key, cell.next_cursor, {**filters, by.value: lane or NOT_SET}
            ),
        )
        for lane in lanes
        for cell in (column.cells.get(lane, NOTHING),)
    )
    largest = max((cell.shown for cell in cells), default=0)
    return replace(plain, digest=_digest(column, lanes, role), shown=largest, cells=cells)


def _cut(column: LaneColumn, shown: int) -> LaneColumn:
    return replace(column, cells={lane: _cut_cell(cell, shown) for lane, cell in column.cells.items()})


def _cut_cell(cell: LaneCell, shown: int) -> LaneCell:
    if len(cell.slots) <= shown:
        return cell
    last = cell.slots[shown - 1]
    return LaneCell(slots=cell.slots[:shown], next_cursor=f"{last.rank!r}~{last.key}")


def _digest(column: LaneColumn, lanes: tuple[str, ...], role: ColumnRole) -> str:
    """Short digest of what a column shows: its count, what it is for, and by lane the versions of its cards in order."""
    cells = [
        f"{lane}={[(slot.id, slot.card_version) for slot in column.cells.get(lane, NOTHING).slots]}"
        for lane in lanes
    ]
    return blake2s(f"{column.count}|{role}|{cells}".encode(errors="surrogatepass"), digest_size=8).hexdigest()
