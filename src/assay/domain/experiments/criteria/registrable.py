"""What do the rules read of a ticket? Its own module, so that tickets may hold criteria and rules may read tickets."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Protocol

from assay.domain.experiments.criteria.model import Criterion
from assay.domain.kernel.ids import TicketType


class ComparedWith(Protocol):
    """What the rules read of a baseline."""

    @property
    def metric(self) -> str:
        """Name of the metric."""

    @property
    def value(self) -> Decimal | None:
        """The number compared with, None when runs are."""


class Spending(Protocol):
    """What the rules read of a budget."""

    @property
    def gpu_hours(self) -> Decimal | None:
        """Compute, None when not set."""

    @property
    def cost_usd(self) -> Decimal | None:
        """Money, None when not set."""


class Registrable(Protocol):
    """What the rules read of a ticket; `TicketContent` is one."""

    @property
    def type(self) -> TicketType:
        """Only experiments need a hypothesis and criteria."""

    @property
    def hypothesis(self) -> str:
        """What could turn out false."""

    @property
    def criteria(self) -> tuple[Criterion, ...]:
        """The numbers that decide."""

    @property
    def baseline(self) -> Sequence[ComparedWith]:
        """What the hypothesis is compared with."""

    @property
    def budget(self) -> Spending:
        """What may be spent."""

    @property
    def time_box_days(self) -> int | None:
        """How long it may take, None when not set."""
