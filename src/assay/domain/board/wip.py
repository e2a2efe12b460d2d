"""How much a column may hold: so many cards, or so many GPUs that its cards run on."""

from __future__ import annotations

from collections.abc import Mapping

from assay.domain.board.board import Board, LimitBy, Stage
from assay.domain.experiments.experiment import TicketContent
from assay.domain.kernel.model import Value


def gpus_taken(content: TicketContent) -> int:
    """How many GPUs does a ticket hold while it runs? One where nobody said: that is not none.

    >>> gpus_taken(TicketContent(title="Prompt", gpus=0)), gpus_taken(TicketContent(title="Fine-tune"))
    (0, 1)
    """
    return 1 if content.gpus is None else content.gpus


class WipState(Value):
    """What a column holds against its limit, before a move."""

    stage: str
    count: int
    """Cards there now, or the GPUs they run on."""
    limit: int | None
    """None: no limit."""
    by: LimitBy = LimitBy.CARDS
    asks: int = 1
    """What the card that comes takes of it."""

    @property
    def has_room(self) -> bool:
        """Whether the card that comes fits."""
        return self.limit is None or self.asks == 0 or self.count + self.asks <= self.limit

    @property
    def text(self) -> str:
        """As shown at the column head: `2 / 5`, `2 / 3 GPUs`."""
        return wip_text(self.count, self.limit, self.by)


def wip_text(count: int, limit: int | None, by: LimitBy) -> str:
    """What a column holds against its limit.

    >>> wip_text(2, 5, LimitBy.CARDS), wip_text(2, 3, LimitBy.GPUS), wip_text(2, None, LimitBy.CARDS)
    ('2 / 5', '2 / 3 GPUs', '2')
    """
    if limit is None:
        return str(count)
    return f"{count} / {limit}{' GPUs' if by is LimitBy.GPUS else ''}"


def limited_by_gpus(board: Board) -> tuple[str, ...]:
    """Keys of the columns whose limit counts GPUs."""
    return tuple(
        one.key for one in board.stages if one.limit_by is LimitBy.GPUS and one.wip_limit is not None
    )


def taken_of(stage: Stage, cards: int, gpus: Mapping[str, int]) -> int:
    """What counts against the limit of a column with so many cards, where `gpus` are taken by those of each column."""
    by_gpus = stage.limit_by is LimitBy.GPUS and stage.wip_limit is not None
    return gpus.get(stage.key, 0) if by_gpus else cards
