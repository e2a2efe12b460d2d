"""How many cards a column may hold."""

from __future__ import annotations

from assay.domain.kernel.model import Value


class WipState(Value):
    """A column's count against its limit, as a move would leave it."""

    stage: str
    count: int
    """Cards there now."""
    limit: int | None
    """None: no limit."""

    @property
    def has_room(self) -> bool:
        """Whether one more card fits."""
        return self.limit is None or self.count < self.limit

    @property
    def text(self) -> str:
        """As shown at the column head: `2 / 5`."""
        return str(self.count) if self.limit is None else f"{self.count} / {self.limit}"
